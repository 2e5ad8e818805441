/** Made-up results of an evaluation, with every kind of cell and the shapes of plots that it has. No figure is real. */
import type {
  Cell,
  PaperPlot,
  PaperResults,
  PaperSection,
  PaperTable,
  PlotPoint,
} from '../../orchestrator/paper/paper-results.ts';

export const figure = (value: number, unit: string, low?: number, high?: number): Cell => ({
  kind: 'figure',
  source: 'here',
  value,
  unit,
  ...(low === undefined ? {} : { low }),
  ...(high === undefined ? {} : { high }),
  raw: { file: 'raw/made-up.json', path: 'data.some.p50' },
});
export const model = (value: number, unit: string): Cell => ({
  kind: 'figure',
  source: 'model',
  value,
  unit,
  raw: { file: 'raw/model.json' },
});
export const given = (value: number | null, said: string, unit: string, source = 'Table II of the paper'): Cell => ({
  kind: 'given',
  value,
  text: said,
  unit,
  source,
});
export const formula = (value: number, unit: string, text = '16^d'): Cell => ({
  kind: 'formula',
  value,
  unit,
  formula: text,
});
export const text = (words: string): Cell => ({ kind: 'text', text: words });
export const missing = (reason: string): Cell => ({ kind: 'missing', reason });

export const NO_ENGINE = 'no container engine answers at the usual socket';

const latencyTable: PaperTable = {
  id: 'vote-latency',
  caption: 'Latency of a vote from its sender to its own reception',
  columns: ['id', 'vote', 'paper, average', 'aedes, average', 'mosquitto, average', 'in process', 'p99', 'largest'].map(
    (title) => ({ title }),
  ),
  rows: [8, 16, 32].map((bytes, index) => [
    text(`${bytes} bytes`),
    formula(bytes * 3 + 48, 'B', 'header + 3 ids'),
    given(10.4 + index, '', 'ms'),
    figure(0.412 + index / 50, 'ms', 0.401 + index / 50, 0.423 + index / 50),
    missing(NO_ENGINE),
    figure(0.0083 + index / 1000, 'ms', 0.0081 + index / 1000, 0.0095 + index / 1000),
    figure(1.93, 'ms'),
    figure(23.7123, 'ms'),
  ]),
};

const workTable: PaperTable = {
  id: 'nonces',
  caption: 'Nonces until a solution, and their time',
  columns: [
    { title: 'difficulty', align: 'right' },
    { title: 'expected' },
    { title: 'paper' },
    { title: 'here' },
    { title: 'time here' },
    { title: 'time on a board' },
    { title: 'hash rate' },
    { title: 'note' },
  ],
  rows: [0, 1, 2, 3, 4].map((d) => [
    text(String(d)),
    formula(16 ** d, 'nonces'),
    d === 4
      ? given(null, 'not said', '', 'Table III of the paper')
      : given(16 ** d * 1.1, '', 'nonces', 'Table III of the paper'),
    figure(16 ** d * 1.013, 'nonces', 16 ** d * 0.96, 16 ** d * 1.066),
    figure(16 ** d * 0.00081, 'ms'),
    formula(16 ** d * 0.046, 'ms', '46 us a hash'),
    d === 4 ? missing('a difficulty of 4 is left out of the quick evaluation') : figure(1_234_567 + d, 'hashes/s'),
    text(d === 0 ? 'Without work: one hash, which is counted as one nonce by the paper and by us.' : ''),
  ]),
};

const along = (xs: readonly number[], y: (x: number) => number, spread = 0): readonly PlotPoint[] =>
  xs.map((x) => ({ x, y: y(x), ...(spread === 0 ? {} : { low: y(x) * (1 - spread), high: y(x) * (1 + spread) }) }));

export const consensusPlot: PaperPlot = {
  id: 'consensus-by-n',
  caption: 'Time to consensus by number of nodes',
  x: { label: 'nodes', scale: 'log' },
  y: { label: 'ms until consensus', scale: 'log' },
  series: [
    { name: 'paper, measured', source: 'paper', mark: 'points', points: [{ x: 8, y: 300 }] },
    {
      name: 'paper, upper bounds',
      source: 'paper',
      mark: 'points',
      upperBounds: true,
      points: [
        { x: 48, y: 1000 },
        { x: 10_000, y: 20_000 },
      ],
    },
    { name: 'estimate of the paper', source: 'paper', mark: 'points', points: [{ x: 1000, y: 2000 }] },
    {
      name: 'quorum on the wire',
      source: 'here',
      mark: 'points-and-line',
      points: along([2, 4, 8, 16, 32, 48], (n) => 3 + n * 0.7, 0.1),
    },
    {
      name: 'decision at the requester',
      source: 'here',
      mark: 'points-and-line',
      points: along([2, 4, 8, 16, 32, 48], (n) => 4 + n * 1.1, 0.2),
    },
    {
      name: 'durable on every node',
      source: 'here',
      mark: 'points-and-line',
      points: along([2, 4, 8, 16, 32, 48], (n) => 9 + n * 2.6, 0.4),
    },
    {
      name: 'simulated, Pi preset',
      source: 'model',
      mark: 'points-and-line',
      points: along([100, 300, 1000, 3000, 10_000], (n) => 80 + n * 1.4),
    },
    { name: 'fitted growth', source: 'model', mark: 'line', points: along([2, 10_000], (n) => 4 * n ** 0.9) },
  ],
};

const flatPlot: PaperPlot = {
  id: 'storage',
  caption: 'Bytes of a wallet by number of past transactions',
  x: { label: 'transactions so far', scale: 'linear' },
  y: { label: 'bytes', scale: 'linear' },
  series: [
    { name: 'wallet', source: 'here', mark: 'line', points: along([0, 100, 200, 300, 400, 500], () => 154) },
    {
      name: 'database file',
      source: 'here',
      mark: 'line',
      points: along([0, 100, 200, 300, 400, 500], (x) => 300 + (x % 200)),
    },
    { name: 'by formula', source: 'model', mark: 'line', points: along([0, 500], () => 150) },
  ],
};

export const section = (id: string, parts: Partial<PaperSection> = {}): PaperSection => ({
  id,
  title: `Section ${id}`,
  finding: 'Nothing came out.',
  method: [],
  tables: [],
  plots: [],
  limits: [],
  ...parts,
});

export function madeUpPaper(sections: readonly PaperSection[] = allSections()): PaperResults {
  return {
    kind: 'wallance-paper',
    version: 1,
    at: '2026-11-20T10:11:12.000Z',
    options: { quick: true, runtime: 'processes', seed: '7' },
    machine: {
      wallance: '0.1.0',
      revision: '0123456789',
      node: 'v24.21.0',
      dependencies: {},
      built: true,
      arch: 'x64',
      platform: 'linux',
      kernel: '6.1.0 #1 SMP',
      cpu: 'A made-up CPU @ 2.00GHz',
      cores: 2,
      memoryBytes: 8_123_456_789,
    },
    hashesPerSecond: 1_900_000,
    tookMs: 183_000,
    sections,
    notMeasured: [{ id: 'board', title: 'Cost on a board profile', reason: NO_ENGINE }],
  };
}

function allSections(): readonly PaperSection[] {
  return [
    section('vote-latency', {
      title: 'Table II: latency of a vote by size of id',
      finding: 'A vote takes 0.41 ms through aedes, 25 times less than in the paper, and hardly more with longer ids.',
      method: ['10,000 votes each, one after another, from the sender to its own reception.'],
      tables: [latencyTable],
      limits: ['One machine, no radio: the paper had boards on a network of its own.'],
      headlines: [
        { name: 'Vote of 8-byte ids', paper: given(10.4, '', 'ms'), here: figure(0.412, 'ms', 0.401, 0.423) },
      ],
    }),
    section('work', {
      title: 'Table III: nonces and time by difficulty',
      finding: 'Nonces are 16^d within the interval at each difficulty.',
      method: ['1,000 solutions each.'],
      tables: [workTable],
      limits: ['Time on a board is by calibration.'],
    }),
    section('consensus', {
      title: 'Time to consensus by number of nodes',
      finding: 'Consensus took 12.8 ms at 8 nodes and 57 ms at 48; growth is about n^0.9.',
      method: ['One request at a time.'],
      plots: [consensusPlot],
      limits: ['Nodes share two cores.', 'What the paper measured as consensus is not said.'],
      headlines: [
        { name: 'Consensus at 48 nodes', paper: given(null, '< 1 s', ''), here: figure(56.8, 'ms', 50.1, 70.3) },
        {
          name: 'Consensus at 1,000 nodes',
          paper: given(2, '', 's', 'Estimate of the paper'),
          here: model(1480, 'ms'),
        },
        { name: 'Memory of a node', paper: missing('the paper does not say'), here: missing(NO_ENGINE) },
      ],
    }),
    section('storage', { title: 'Storage', finding: 'A wallet stays at 154 bytes.', plots: [flatPlot] }),
    section('empty', { title: 'What was left as future work', finding: 'Not measured yet.' }),
  ];
}
