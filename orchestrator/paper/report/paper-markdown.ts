/**
 * paper.md: the evaluation as Markdown of the GitHub kind. The same findings, tables and reasons as the page; plots are
 * links to their pictures. Text of the results is made plain.
 */
import { markdownTable, plainMarkdown as plain } from '../../report/markdown-text.ts';
import type { PaperPlot, PaperResults, PaperSection, PaperTable } from '../paper-results.ts';
import {
  INTERVAL_MEANING,
  LOOKS,
  MARKS,
  NO_FIGURE,
  plotFile,
  rawAddress,
  type ShownCell,
  shownTable,
} from './shown-cell.ts';
import { extentText, factTexts, headlineTable, PAPER_TITLE } from './summary-text.ts';

const TEXT_MAX = 1000;
const RAW_FILES_MAX = 12;

export function paperMarkdown(results: PaperResults): string {
  const { sections, notMeasured } = results;
  const headlines = headlineTable(results);
  const head = [
    `# ${PAPER_TITLE}`,
    '',
    `**${extentText(results)}**`,
    '',
    ...factTexts(results).map(([name, value]) => `- ${name}: ${plain(value)}`),
    '',
    ...(sections.length === 0 ? ['Nothing has been measured yet.', ''] : ['## Findings', '']),
    ...sections.map(({ title, finding }) => `- **${plain(title)}**: ${plain(finding, TEXT_MAX)}`),
    '',
    ...(notMeasured.length === 0
      ? []
      : [
          '## Not measured',
          '',
          ...notMeasured.map(({ title, reason }) => `- ${plain(title)}: ${plain(reason, TEXT_MAX)}`),
          '',
        ]),
    ...(headlines === null ? [] : ['## Paper and here', '', ...paperTableMarkdown(headlines)]),
    `Marks: ${LOOKS.map((look) => `${MARKS[look].sign} ${MARKS[look].meaning}`).join(', ')}; \u00b1 or \\[low, high\\]: ${INTERVAL_MEANING}.`,
    '',
  ].join('\n');
  return `${head}${sections.map(sectionMarkdown).join('')}`;
}

/** With the notes and the raw files that its figures come from. */
export function paperTableMarkdown(table: Pick<PaperTable, 'columns' | 'rows'>): string[] {
  const { rows, notes, aligns } = shownTable(table);
  const columns = table.columns.map(({ title }, index) => ({ title: plain(title), align: aligns[index]! }));
  const files = [...new Set(rows.flat().flatMap(({ raw }) => (raw === null ? [] : (rawAddress(raw) ?? []))))];
  const links = files.slice(0, RAW_FILES_MAX).map((file) => `[${plain(file)}](${file})`);
  return [
    ...markdownTable(
      columns,
      rows.map((row) => row.map(cellMarkdown)),
    ),
    ...notes.map(({ look, letter, text }) => {
      const sign = look === 'text' ? '' : MARKS[look].sign;
      return `- ${sign}${letter === '' ? '' : ` <sup>${letter}</sup>`} ${look === 'missing' ? `${NO_FIGURE}: ` : ''}${plain(text, TEXT_MAX)}`;
    }),
    ...(notes.length === 0 ? [] : ['']),
    ...(links.length === 0
      ? []
      : [`Raw data: ${links.join(', ')}${files.length > links.length ? ' and more' : ''}`, '']),
  ];
}

function cellMarkdown({ look, text, interval, letter }: ShownCell & { readonly letter: string }): string {
  const value = plain(text);
  if (look === 'text') return value;
  const small = interval === '' ? '' : ` <sub>${plain(interval)}</sub>`;
  return `${MARKS[look].sign}\u00a0${look === 'here' ? `**${value}**` : value}${small}${letter === '' ? '' : ` <sup>${letter}</sup>`}`;
}

function sectionMarkdown({ title, finding, tables, plots, method, limits }: PaperSection): string {
  return [
    '',
    `## ${plain(title)}`,
    '',
    plain(finding, TEXT_MAX),
    '',
    ...tables.flatMap((table) => [`**${plain(table.caption)}**`, '', ...paperTableMarkdown(table)]),
    ...plots.map((plot) => `- ${plotLink(plot)}`),
    ...(plots.length === 0 ? [] : ['']),
    ...folded('How it was measured, and what it can and cannot say', [
      ...method.map((text) => plain(text, TEXT_MAX)),
      ...limits.map((text) => `- ${plain(text, TEXT_MAX)}`),
    ]),
  ].join('\n');
}

function plotLink({ id, caption }: PaperPlot): string {
  return `Plot: [${plain(caption)}](${plotFile(id)})`;
}

function folded(summary: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : ['<details>', `<summary>${summary}</summary>`, '', lines.join('\n\n'), '', '</details>', ''];
}
