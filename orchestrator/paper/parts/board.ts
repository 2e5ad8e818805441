/** Memory and processor time of a node in a container with the limits of the paper's board. */
import { distributionOf } from '../../history/distribution.ts';
import { type BoardData, type ContainerStretch, measureBoard } from '../board-run.ts';
import type { PaperPart } from '../measurement.ts';
import type { Cell, PaperTable } from '../paper-results.ts';
import { type Measured, measuredData } from '../raw-data.ts';

const BOARD = 'pi3bplus';
const ID = `board-${BOARD}`;
const QUICK = { nodes: 8, idleMs: 3000, purchases: 32 };
const FULL = { nodes: 8, idleMs: 30_000, purchases: 320 };
const MEBIBYTE = 1024 * 1024;
/** By `ps`, of CWallance on another machine. */
const PEER_RSS_MB = 4.7;

export const boardPart: PaperPart = {
  id: 'board',
  measurements: ({ quick }) => [
    {
      id: ID,
      title: `eight nodes in ${BOARD} containers`,
      seconds: quick ? 20 : 70,
      measure: async (context) => ({ ...(await measureBoard(BOARD, quick ? QUICK : FULL, context)) }),
    },
  ],
  present: (records) => {
    const measured = measuredData<BoardData>(records, ID);
    return {
      id: 'board',
      title: 'A node on a board profile',
      finding: findingOf(measured),
      method: [
        `Eight containers with the limits of board profile ${BOARD} (memory of a Raspberry Pi 3B+ less the share of graphics, four cores), whatever runtime the rest of the evaluation has; profile paper, the default durability, no sensors.`,
        'At rest: nothing is ordered. Purchases: one after another, requesters in turn, each ordered when every node has the one before. Processor time, throttled periods and memory are what the engine counts for the container; RSS is the node’s own word. Each figure is the median over the nodes, with the least and the most.',
      ],
      tables: [costTable(measured), limitTable(measured)],
      plots: [],
      limits: [
        'Limits of memory and processors are those of the board; its speed is not imitated: a core of this machine is several times as fast as a Cortex-A53, and has instructions for SHA-256 that the board lacks.',
        'Eight containers and the broker share the processors of one machine, where eight boards have four each.',
        `The authors’ C++ node holds ${PEER_RSS_MB} MB; most of a node here is Node.js itself.`,
      ],
    };
  },
};

interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

function spread(stretches: readonly ContainerStretch[], pick: (stretch: ContainerStretch) => number): Spread | null {
  const all = distributionOf(stretches.map(pick));
  return all === null ? null : { median: all.p50, least: all.min, most: all.max };
}

const cpuPercent = ({ cpuMs, tookMs }: ContainerStretch): number => (cpuMs / tookMs) * 100;

function findingOf(measured: Measured<BoardData>): string {
  if (!measured.ok) return `Not measured: ${measured.reason.split('\n')[0]!.replace(/\.$/, '')}.`;
  const { idle, busy, everywhereMs, limits } = measured.data;
  const memory = spread(busy, ({ memoryBytes }) => memoryBytes / MEBIBYTE);
  const atRest = spread(idle, cpuPercent);
  const throttled = busy.reduce((sum, { throttledPeriods }) => sum + throttledPeriods, 0);
  const share =
    memory === null || limits.memoryBytes === null
      ? ''
      : `, ${rounded((memory.median * MEBIBYTE * 100) / limits.memoryBytes)} % of what the board has`;
  return [
    `A node holds ${memory === null ? 'an unknown amount' : `${rounded(memory.median)} MB`}${share}`,
    `takes ${atRest === null ? 'an unknown share' : `${rounded(atRest.median)} %`} of a core at rest`,
    `and was throttled in ${throttled} periods of the purchases`,
    ...(everywhereMs === null ? [] : [`which every node had after ${rounded(everywhereMs.p50)} ms (p50)`]),
  ]
    .join(', ')
    .concat('.');
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function text(value: string): Cell {
  return { kind: 'text', text: value };
}

interface Row {
  readonly title: string;
  readonly unit: string;
  readonly pick: (stretch: ContainerStretch) => number;
}

const ROWS: readonly Row[] = [
  { title: 'memory of the container', unit: 'MB', pick: ({ memoryBytes }) => memoryBytes / MEBIBYTE },
  { title: 'RSS of the node', unit: 'MB', pick: ({ rssBytes }) => rssBytes / MEBIBYTE },
  { title: 'processor time, of one core', unit: '%', pick: cpuPercent },
  { title: 'throttled periods (nr_throttled)', unit: '', pick: ({ throttledPeriods }) => throttledPeriods },
];

function costTable(measured: Measured<BoardData>): PaperTable {
  const columns = [
    { title: 'a node' },
    ...['at rest', 'least', 'most', 'during purchases', 'least', 'most'].map((title) => ({
      title,
      align: 'right' as const,
    })),
  ];
  const about = { id: 'board-cost', caption: `A node in a ${BOARD} container`, columns };
  if (!measured.ok) {
    const missing: Cell = { kind: 'missing', reason: measured.reason };
    return {
      ...about,
      rows: [...ROWS.map(({ title }) => title), DECISION].map((title) => [
        text(title),
        ...Array<Cell>(6).fill(missing),
      ]),
    };
  }
  const { data, raw } = measured;
  const empty = text('');
  const cells = (stretch: 'idle' | 'busy', { unit, pick }: Row): readonly Cell[] => {
    const values = spread(data[stretch], pick);
    if (values === null) return Array<Cell>(3).fill({ kind: 'missing', reason: 'no container was seen' });
    return [values.median, values.least, values.most].map(
      (value): Cell => ({ kind: 'figure', source: 'here', value, unit, raw: raw(stretch) }),
    );
  };
  const { everywhereMs: all } = data;
  const decision: readonly Cell[] =
    all === null
      ? Array<Cell>(3).fill({ kind: 'missing', reason: 'no purchase was decided everywhere' })
      : (['p50', 'min', 'max'] as const).map(
          (name): Cell => ({
            kind: 'figure',
            source: 'here',
            value: all[name],
            unit: 'ms',
            raw: raw(`everywhereMs.${name}`),
          }),
        );
  return {
    ...about,
    rows: [
      ...ROWS.map((row) => [text(row.title), ...cells('idle', row), ...cells('busy', row)]),
      [text(DECISION), empty, empty, empty, ...decision],
    ],
  };
}

const DECISION = 'request to commit on every node';

/** What holds a container back, and whether it does. */
function limitTable(measured: Measured<BoardData>): PaperTable {
  const about = {
    id: 'board-limits',
    caption: 'Limits of the profile, and what the engine makes of them',
    columns: [{ title: 'limit' }, { title: 'profile', align: 'right' as const }, { title: 'in force' }],
  };
  if (!measured.ok) {
    const missing: Cell = { kind: 'missing', reason: measured.reason };
    return { ...about, rows: ['memory', 'processors', 'speed'].map((title) => [text(title), missing, missing]) };
  }
  const { limits, engine, warnings } = measured.data;
  const enforced = (is: boolean): string => (is ? 'yes' : 'no: the engine does not enforce it');
  return {
    ...about,
    rows: [
      [
        text('memory'),
        text(limits.memoryBytes === null ? 'none' : `${limits.memoryBytes / MEBIBYTE} MB`),
        text(enforced(limits.memoryEnforced)),
      ],
      [
        text('processors'),
        text(limits.processors === null ? 'none' : String(limits.processors)),
        text(
          limits.processorsEnforced ? `yes, of ${engine.processors} that the engine’s machine has` : enforced(false),
        ),
      ],
      [text('speed'), text('46 us a hash'), text(limits.calibrated ? 'yes' : 'no: the profile is uncalibrated')],
      ...warnings.map((warning) => [text('warning'), text(''), text(warning)]),
    ],
  };
}
