/** Decisions a second, which the paper leaves open: one requester, and everybody at once. One measurement a case. */
import type { Measurement, PaperPart } from '../measurement.ts';
import type { Cell, PaperPlot } from '../paper-results.ts';
import { type Measured, measuredData } from '../raw-data.ts';
import { type Load, measureThroughput, type ThroughputCase, type ThroughputData } from '../throughput-run.ts';

const QUICK: readonly ThroughputCase[] = [
  { nodes: 8, load: 'one', orders: 300 },
  { nodes: 8, load: 'all', orders: 304 },
];
const FULL: readonly ThroughputCase[] = [2, 8, 16].flatMap((nodes) =>
  (['one', 'all'] as const).map((load) => ({ nodes, load, orders: nodes === 16 ? 640 : 1200 })),
);
const SECONDS: Readonly<Record<number, number>> = { 2: 8, 8: 16, 16: 24 };
const SECONDS_QUICK = 8;

export const LOADS: Readonly<Record<Load, string>> = { one: 'one requester', all: 'everybody at once' };

/** Of the authors' own node, unmodified, eight of them on one machine; not on the machine at hand. */
const PEER = 'CWallance, the authors’ C++ node, eight nodes over UDP multicast, one after another; on another machine';

export const throughputPart: PaperPart = {
  id: 'throughput',
  measurements: ({ quick }) =>
    (quick ? QUICK : FULL).map(
      (wanted): Measurement => ({
        id: throughputId(wanted),
        title: `throughput: ${wanted.nodes} nodes, ${LOADS[wanted.load]}`,
        seconds: quick ? SECONDS_QUICK : SECONDS[wanted.nodes]!,
        measure: async (context) => ({ ...(await measureThroughput(wanted, context)) }),
      }),
    ),
  present: (records, { quick, runtime }) => {
    const cases = (quick ? QUICK : FULL).map((wanted) => ({
      ...wanted,
      measured: measuredData<ThroughputData>(records, throughputId(wanted)),
    }));
    return {
      id: 'throughput',
      title: 'Throughput',
      finding: findingOf(cases),
      method: [
        `Real nodes (${runtime}), profile paper, difficulty 1, the default durability, no sensors, wallets funded beforehand. One requester: its orders wait at the node, which sends the next request in the step of its decision on the last. Everybody at once: all nodes do so.`,
        'Decisions at requesters, by the times of their durable commits, from the moment at which the last order was taken until the first buyer has nothing left to buy; a quarter of the orders go before and do not count. The interval is that of the mean over ten stretches.',
        'Live observations and the fabric’s journal are off; each node writes its record to its file as always.',
      ],
      tables: [
        {
          id: 'throughput-rates',
          caption: 'Decisions a second',
          columns: [
            { title: 'nodes', align: 'right' },
            { title: 'load' },
            { title: 'decisions a second', align: 'right' },
            { title: 'request to commit on all, p50', align: 'right' },
            { title: 'p95', align: 'right' },
            { title: 'CPU of all nodes a decision', align: 'right' },
            { title: 'stuck', align: 'right' },
          ],
          rows: [
            ...cases.map(({ nodes, load, measured }) => [text(String(nodes)), text(LOADS[load]), ...figures(measured)]),
            ...PEER_ROWS,
          ],
        },
      ],
      plots: plotsOf(cases),
      limits: [
        'All nodes and the broker share the processors of one machine: more nodes are more work for the same cores, so the fall with n is that of this machine, not of a network of boards.',
        'The figures of the authors’ node are from another machine, storage and transport: they show the order of magnitude, not a comparison.',
        'Requests of one wallet follow each other by the rules (one State after another), so one requester’s rate is the reciprocal of its time to decision.',
      ],
    };
  },
};

export function throughputId({ nodes, load }: Pick<ThroughputCase, 'nodes' | 'load'>): string {
  return `throughput-${load}-${nodes}`;
}

type Case = ThroughputCase & { readonly measured: Measured<ThroughputData> };

const PEER_ROWS: readonly (readonly Cell[])[] = [
  { storage: 'ext4', value: 22, text: '22' },
  { storage: 'tmpfs', value: null, text: '89 to 115' },
].map(({ storage, value, text: rate }) => {
  const unknown: Cell = { kind: 'missing', reason: 'not measured for it' };
  const p50Ms = storage === 'ext4' ? 51 : 10.3;
  const p95Ms = storage === 'ext4' ? 73 : 13.4;
  const source = `${PEER}, ${storage}`;
  return [
    text('8'),
    text(`one requester, the authors’ node on ${storage}`),
    { kind: 'given', value, text: rate, unit: '1/s', source },
    { kind: 'given', value: p50Ms, text: String(p50Ms), unit: 'ms', source },
    { kind: 'given', value: p95Ms, text: String(p95Ms), unit: 'ms', source },
    storage === 'tmpfs' ? { kind: 'given', value: 17, text: '17', unit: 'ms', source } : unknown,
    unknown,
  ];
});

function text(value: string): Cell {
  return { kind: 'text', text: value };
}

function figures(measured: Measured<ThroughputData>): readonly Cell[] {
  if (!measured.ok) return Array.from({ length: 5 }, (): Cell => ({ kind: 'missing', reason: measured.reason }));
  const { data, raw } = measured;
  const { cost, everywhereMs, perSecond, interval } = data;
  const here = (value: number, unit: string, path: string): Cell => ({
    kind: 'figure',
    source: 'here',
    value,
    unit,
    raw: raw(path),
  });
  const few: Cell = { kind: 'missing', reason: 'too few were decided' };
  return [
    perSecond === null
      ? few
      : { kind: 'figure', source: 'here', value: perSecond, unit: '1/s', ...interval, raw: raw('perSecond') },
    everywhereMs === null ? few : here(everywhereMs.p50, 'ms', 'everywhereMs.p50'),
    everywhereMs === null ? few : here(everywhereMs.p95, 'ms', 'everywhereMs.p95'),
    cost.decisions === 0 ? few : here(cost.nodesCpuMs / cost.decisions, 'ms', 'cost.nodesCpuMs'),
    here(data.stuck, `of ${data.ordered}`, 'stuck'),
  ];
}

function findingOf(cases: readonly Case[]): string {
  const said = cases.flatMap(({ nodes, load, measured }) => {
    const rate = measured.ok ? measured.data.perSecond : null;
    return rate === null ? [] : [`${Math.round(rate)} with ${nodes} nodes and ${LOADS[load]}`];
  });
  if (said.length === 0) return 'Not measured.';
  const stuck = cases.reduce((sum, { measured }) => sum + (measured.ok ? measured.data.stuck : 0), 0);
  const ordered = cases.reduce((sum, { measured }) => sum + (measured.ok ? measured.data.ordered : 0), 0);
  return `Decisions a second on this machine: ${said.join(', ')}; ${stuck} of ${ordered} requests got stuck.`;
}

function plotsOf(cases: readonly Case[]): readonly PaperPlot[] {
  const series = (['one', 'all'] as const).flatMap((load) => {
    const points = cases.flatMap(({ nodes, load: own, measured }) =>
      own === load && measured.ok && measured.data.perSecond !== null
        ? [{ x: nodes, y: measured.data.perSecond, ...measured.data.interval }]
        : [],
    );
    return points.length < 2 ? [] : [{ name: LOADS[load], source: 'here', mark: 'points-and-line', points } as const];
  });
  if (series.length === 0) return [];
  return [
    {
      id: 'throughput-by-nodes',
      caption: 'Decisions a second by number of nodes, all on this machine',
      x: { label: 'nodes', scale: 'log' },
      y: { label: 'decisions a second', scale: 'log' },
      series,
    },
  ];
}
