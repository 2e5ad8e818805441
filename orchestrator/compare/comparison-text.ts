/** A comparison for people: lines for a terminal, Markdown for a pull request. Pure. */
import type { Terminal } from '../cli/terminal.ts';
import { textTable } from '../cli/text-table.ts';
import { markdownTable, plainMarkdown } from '../report/markdown-text.ts';
import { NONE, significantNumber } from '../report/quantity-text.ts';
import type { ChangeOutcome, ComparedFigure, ComparedSide, Comparison } from './compare.ts';

const STYLES: Partial<Record<ChangeOutcome, 'red' | 'green' | 'yellow'>> = {
  worse: 'red',
  better: 'green',
  changed: 'yellow',
  unclear: 'yellow',
};
const MARKS: Record<ChangeOutcome, string> = {
  worse: '\u274c worse',
  better: '\u2705 better',
  changed: 'changed',
  unclear: 'unclear',
  same: 'same',
};

export function comparisonLines(comparison: Comparison, terminal: Pick<Terminal, 'style'>): string[] {
  const { a, b, figures, differences } = comparison;
  const rows = figures.map((figure) => [
    figure.title,
    figure.unit,
    sideText(figure.a),
    sideText(figure.b),
    changeText(figure),
    styled(figure.outcome, terminal),
  ]);
  const columns = [
    { title: 'figure' },
    { title: 'unit' },
    { title: 'A [interval]', align: 'right' },
    { title: 'B [interval]', align: 'right' },
    { title: 'change', align: 'right' },
    { title: '' },
  ] as const;
  return [
    `A  ${a.title}${verdictText(a.verdict)}`,
    `B  ${b.title}${verdictText(b.verdict)}`,
    ...differences.map(({ name, a: left, b: right }) => `FORCED, although ${name} differs: ${left} against ${right}`),
    '',
    ...textTable(columns, rows),
    ...alone('A', comparison.onlyA),
    ...alone('B', comparison.onlyB),
    '',
    conclusion(comparison),
  ];
}

export function comparisonMarkdown(comparison: Comparison): string {
  const { a, b, figures, differences } = comparison;
  const right = (title: string) => ({ title, align: 'right' as const });
  const table = markdownTable(
    ['figure', 'unit', right('A'), right('B'), right('change'), ''],
    figures.map((figure) => [
      plainMarkdown(figure.title),
      plainMarkdown(figure.unit),
      plainMarkdown(sideText(figure.a)),
      plainMarkdown(sideText(figure.b)),
      plainMarkdown(changeText(figure)),
      MARKS[figure.outcome],
    ]),
  );
  return [
    `**${plainMarkdown(conclusion(comparison))}**`,
    '',
    `- A: ${plainMarkdown(a.title)}${verdictText(a.verdict)}`,
    `- B: ${plainMarkdown(b.title)}${verdictText(b.verdict)}`,
    ...differences.map(
      ({ name, a: left, b: other }) =>
        `- forced, although ${plainMarkdown(name)} differs: ${plainMarkdown(left)} against ${plainMarkdown(other)}`,
    ),
    '',
    ...table,
  ].join('\n');
}

function conclusion({ figures, gate, verdictWorse, a, b }: Comparison): string {
  const count = (outcome: ChangeOutcome): number => figures.filter((figure) => figure.outcome === outcome).length;
  const worse = count('worse');
  const verdict = verdictWorse ? `Verdict ${a.verdict} became ${b.verdict}. ` : '';
  const parts = [
    worse === 0 ? `Nothing is worse by more than ${gate} %` : `${worse} of ${figures.length} figures are worse`,
    ...(count('better') === 0 ? [] : [`${count('better')} better`]),
    ...(count('unclear') === 0 ? [] : [`${count('unclear')} changed by more than that, but not beyond their spread`]),
  ];
  return `${verdict}${parts.join('; ')}.`;
}

function sideText({ value, low, high, coverage }: ComparedSide): string {
  if (low === null || high === null) return significantNumber(value);
  // Less than the usual 95 %: of few values.
  const covers = coverage !== null && coverage < 0.945 ? ` ${Math.round(100 * coverage)} %` : '';
  return `${significantNumber(value)} [${significantNumber(low)}, ${significantNumber(high)}${covers}]`;
}

function changeText({ change }: ComparedFigure): string {
  if (change === null) return NONE;
  const percent = 100 * change;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(Math.abs(percent) < 10 ? 1 : 0)} %`;
}

function styled(outcome: ChangeOutcome, terminal: Pick<Terminal, 'style'>): string {
  const style = STYLES[outcome];
  return style === undefined ? outcome : terminal.style(style, outcome);
}

function verdictText(verdict: Comparison['a']['verdict']): string {
  return verdict === null ? '' : ` (${verdict})`;
}

function alone(side: 'A' | 'B', titles: readonly string[]): string[] {
  return titles.length === 0 ? [] : [`only in ${side}: ${titles.join('; ')}`];
}
