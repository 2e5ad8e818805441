/** What the summary of an evaluation says, for the page and Markdown alike: on what, how, when. Pure; not escaped. */
import { bytesText, secondsText, significantNumber } from '../../report/quantity-text.ts';
import type { PaperHeadline, PaperResults, PaperTable } from '../paper-results.ts';

export const PAPER_TITLE = 'Evaluation of the paper, measured here';

export function extentText({ options: { quick } }: PaperResults): string {
  return quick ? 'Quick evaluation: fewer sizes and smaller samples than the full one.' : 'Full evaluation.';
}

/** Name and value. */
export function factTexts(results: PaperResults): readonly (readonly [name: string, value: string])[] {
  const { at, options, machine, hashesPerSecond, tookMs } = results;
  const revision = machine.revision === null ? '' : ` at ${machine.revision}`;
  return [
    [
      'Machine',
      `${machine.cores} \u00d7 ${machine.cpu} (${machine.arch}), ${bytesText(machine.memoryBytes)} of memory`,
    ],
    ['System', `${machine.platform}, kernel ${machine.kernel}`],
    [
      'Program',
      `Wallance Lab ${machine.wallance}${revision}, ${machine.built ? 'built' : 'from sources'}; Node.js ${machine.node}`,
    ],
    ['Nodes', options.runtime === 'docker' ? 'in containers' : 'as processes'],
    ['Calibration', `${significantNumber(hashesPerSecond)} hashes a second`],
    ['Extent', options.quick ? 'quick' : 'full'],
    ['Measured', `${at}; ${secondsText(tookMs)} of measuring; seed ${options.seed}`],
  ];
}

/** The headlines of all sections as one table; null where there are none. */
export function headlineTable({ sections }: PaperResults): PaperTable | null {
  const headlines: readonly PaperHeadline[] = sections.flatMap((section) => section.headlines ?? []);
  if (headlines.length === 0) return null;
  return {
    id: 'headlines',
    caption: 'What the paper says, and what was found here',
    columns: [{ title: '' }, { title: 'paper', align: 'right' }, { title: 'here', align: 'right' }],
    rows: headlines.map(({ name, paper, here }) => [{ kind: 'text', text: name }, paper, here]),
  };
}
