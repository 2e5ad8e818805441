/** The evaluation's headlines as a part of README.md, between its two markers. Pure. */
import { markdownTable, plainMarkdown as plain } from '../../report/markdown-text.ts';
import type { PaperPlot, PaperResults } from '../paper-results.ts';
import { MARKS, type ShownCell, shownTable } from './shown-cell.ts';
import { headlineTable } from './summary-text.ts';

const START = '<!-- paper -->';
const END = '<!-- /paper -->';
/** The plot that the README shows, and where its picture is kept. */
export const README_PLOT_ID = 'consensus-by-n';
export const README_PLOT_FILE = 'docs/paper-consensus.svg';

export function readmePlot({ sections }: PaperResults): PaperPlot | null {
  return sections.flatMap(({ plots }) => plots).find(({ id }) => id === README_PLOT_ID) ?? null;
}

/** `readme` with what stands between the markers replaced; null where it has no markers, in this order. */
export function withPaperTable(readme: string, results: PaperResults): string | null {
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (start < 0 || end < start) return null;
  const part = readmePart(results).join('\n').trim();
  return `${readme.slice(0, start + START.length)}\n${part}\n${readme.slice(end)}`;
}

function readmePart(results: PaperResults): readonly string[] {
  const { at, machine, options } = results;
  const plot = readmePlot(results);
  const extent = options.quick ? 'the quick evaluation' : 'the full evaluation';
  const table = headlineTable(results);
  const looks = new Set<string>();
  const lines =
    table === null
      ? ['No headlines were measured.', '']
      : markdownTable(
          table.columns.map(({ title, align = 'left' }) => ({ title, align })),
          shownTable(table).rows.map((row) => row.map((cell) => cellText(cell, looks))),
        );
  const meanings = [...looks].map((look) => `${MARKS[look as 'model'].sign} ${MARKS[look as 'model'].meaning}`);
  return [
    `Measured ${at.slice(0, 10)} on ${machine.cores} \u00d7 ${plain(machine.cpu)} (${plain(machine.arch)}), ${plain(machine.node)}, nodes as ${options.runtime}, ${extent}.${meanings.length === 0 ? '' : ` ${meanings.join(', ')}.`}`,
    '',
    ...lines,
    ...(plot === null ? [] : [`![${plain(plot.caption)}](${README_PLOT_FILE})`]),
  ];
}

/** Without the marks that the columns' heads say already: here, and the paper. */
function cellText({ look, text, interval, note }: ShownCell, looks: Set<string>): string {
  const value = `${plain(text)}${interval === '' ? '' : ` ${plain(interval)}`}`;
  if (look === 'missing') return `${value}: ${plain(note, 120)}`;
  if (look !== 'model' && look !== 'formula') return value;
  looks.add(look);
  return `${MARKS[look].sign}\u00a0${value}`;
}
