/**
 * Time to consensus by number of nodes, out of raw records: live nodes, the model, the paper's points and another
 * implementation of the same protocol side by side. Pure.
 *
 * Sources: the paper, section VI (300 ms with 8 nodes, < 1 s with 48, estimates for 1,000 and 10,000) and section V.B
 * (a consensus period of 2 s); CWallance, the authors' C++ node, unmodified, measured on another machine.
 */
import type { PaperOptions, RawRecords } from '../measurement.ts';
import type { Cell, PaperHeadline, PaperSection, PaperTable, PlotPoint, PlotSeries } from '../paper-results.ts';
import { fitPowerLaw, type PowerLaw, powerAt } from '../power-law.ts';
import { formula, given, missing, plotted, RawCells, text } from '../raw-cells.ts';
import type { LiveConsensus } from './live-consensus.ts';
import { CONSENSUS_MODELS } from './model-consensus.ts';

export const CONSENSUS_SECTION_ID = 'consensus';
export const LIVE_NODES = [2, 4, 8, 16, 32, 48] as const;
export const MODEL_NODES = [8, 48, 100, 300, 1000, 3000, 10_000] as const;

export function liveId(n: number | '<n>'): string {
  return `consensus-live-${n}`;
}

export function modelId(n: number | '<n>'): string {
  return `consensus-model-${n}`;
}

type Stage = 'quorumMs' | 'requesterMs' | 'everyMs';

const STAGES: readonly { readonly stage: Stage; readonly title: string; readonly short: string }[] = [
  { stage: 'quorumMs', title: 'quorum on the wire', short: 'quorum on the wire' },
  { stage: 'requesterMs', title: 'durable at the requester', short: 'requester' },
  { stage: 'everyMs', title: 'durable at every node', short: 'every node' },
];

interface PaperPoint {
  readonly n: number;
  readonly ms: number;
  readonly text: string;
  /** "less than". */
  readonly upper: boolean;
  readonly estimate: boolean;
}

const PAPER = 'the paper, section VI';
const PAPER_POINTS: readonly PaperPoint[] = [
  { n: 8, ms: 300, text: '300 ms', upper: false, estimate: false },
  { n: 48, ms: 1000, text: '< 1 s', upper: true, estimate: false },
  { n: 1000, ms: 2000, text: '2 s (estimate)', upper: false, estimate: true },
  { n: 10_000, ms: 20_000, text: '< 20 s (estimate)', upper: true, estimate: true },
];

const PEER = 'CWallance, measured on another machine';
/** Milliseconds; null: not measured. */
const PEER_ROWS: readonly {
  readonly n: number;
  readonly storage: string;
  readonly quorumMs: number;
  readonly everyMs: number;
  readonly everyMsP95: number | null;
  readonly cpuMs: number | null;
}[] = [
  { n: 8, storage: 'tmpfs', quorumMs: 3.1, everyMs: 10.3, everyMsP95: 13.4, cpuMs: 17 },
  { n: 8, storage: 'ext4', quorumMs: 13, everyMs: 51, everyMsP95: 73, cpuMs: null },
  { n: 16, storage: 'tmpfs', quorumMs: 17, everyMs: 43, everyMsP95: null, cpuMs: null },
  { n: 16, storage: 'ext4', quorumMs: 41, everyMs: 179, everyMsP95: null, cpuMs: null },
  { n: 48, storage: 'tmpfs', quorumMs: 56, everyMs: 234, everyMsP95: null, cpuMs: 440 },
  { n: 48, storage: 'ext4', quorumMs: 65, everyMs: 774, everyMsP95: null, cpuMs: 1200 },
];

/** From here on the model's growth is fitted once more. */
const FAR_NODES = 1000;
const POLL_MS = 2000;
const PEER_SYNCS = 59;
const SD_SYNC_MS = 5;

/** A curve of medians by number of nodes. */
interface Curve {
  readonly name: string;
  readonly source: 'here' | 'model';
  readonly points: readonly PlotPoint[];
  /** Within a raw file. */
  readonly path: string;
  readonly fit: PowerLaw | null;
}

export function consensusSection(records: RawRecords, { runtime }: PaperOptions): PaperSection {
  const live = new Map(LIVE_NODES.map((n) => [n as number, new RawCells(records, liveId(n))]));
  const models = new Map(MODEL_NODES.map((n) => [n as number, new RawCells(records, modelId(n))]));
  const liveCurves = STAGES.map(({ stage, short }) => curveOf(`here, ${short}`, 'here', LIVE_NODES, live, stage));
  const modelCurves = CONSENSUS_MODELS.map(({ id, title }) =>
    curveOf(`model (${title}), every node`, 'model', MODEL_NODES, models, `models.${id}.everyMs`),
  );
  const curves = [...liveCurves, ...modelCurves];
  return {
    id: CONSENSUS_SECTION_ID,
    title: 'Time to consensus by number of nodes',
    finding: finding(liveCurves.at(-1)!, modelCurves.at(-1)!),
    method: METHOD.map((text) => text.replace('RUNTIME', runtime === 'docker' ? 'containers' : 'processes')),
    tables: [
      besidePaper(live, models),
      liveTable(live),
      modelTable(models),
      growthTable(curves),
      possibleTable(live, models),
      peerTable(live),
    ],
    plots: [
      {
        id: 'consensus-by-n',
        caption: 'Time to consensus by number of nodes: paper, live and model',
        x: { label: 'nodes', scale: 'log' },
        y: { label: 'ms', scale: 'log' },
        series: seriesOf(curves, [liveCurves.at(-1)!, modelCurves.at(-1)!]),
      },
    ],
    limits: [...LIMITS, ...circumstances(live, models)],
    headlines: headlines(live, models),
  };
}

const METHOD: readonly string[] = [
  'Live nodes are RUNTIME of this machine round one broker, storage WAL with a commit that survives the end of the process, QoS 1, paper rules, difficulty 1. Wallets are funded beforehand, no sensor shares and no link rule is in force during the load. Members buy in turn, the next one a pause after the requester’s decision on the one before, so that requests do not overlap; the first requests are left out.',
  'A time begins when the requester has its request durable and sends it (its req.tx). Quorum on the wire: the broker took the last vote that a quorum needs, by its journal; decisions are the nodes’ own decide lines, written after the durable commit. Journal and records share CLOCK_MONOTONIC of the machine.',
  'Medians have the 95 % interval of order statistics. Undecided requests are in no latency and counted apart.',
  `The model runs the paper’s profile in virtual time, each decision in a network of its own: ${CONSENSUS_MODELS.map(({ title, about }) => `${title}: ${about}`).join('. ')}. Its time begins with the order.`,
  'Growth is fitted as a power law, time = a n^b, by least squares in log-log over the medians; the interval of b is Student’s, from the scatter of the points.',
];

const LIMITS: readonly string[] = [
  'A mean of 300 ms cannot be a polled decision. With the consensus period of 2 s that section V.B sets, the next look for a majority comes 1 s later on average at a node that finds its quorum at a random moment of the period, and 1.8 s later at the last of 8 nodes whose periods are not in step. So the 300 ms are event driven, or they are the time to the quorum’s votes and not to the decision, or the period was another; the paper does not say which.',
  'Nor does it say from when to when, at which node, over how many requests, or with what spread; 300 ms is a point here, and "less than 1 s" a bound. Its figures for 1,000 and 10,000 nodes are estimates of the authors, made under the assumption that the network grows along.',
  'The authors’ C++ node commits each row that it writes, a vote’s too, by itself and waits for the disk: 14.9 SQLite transactions and 59 fdatasync a decision and node with 8 nodes. That explains its time, not hashing (0.1 ms) nor the network: on tmpfs it needs a fifth of what it needs on ext4. On a memory card a synchronous write takes milliseconds, so 59 of them are the order of the paper’s 300 ms.',
  'Divided by the votes that a quorum needs, the paper’s 300 ms with 8 nodes are 60 ms a vote, its bound for 48 is 31 ms, and its estimates for 1,000 and 10,000 are 3.0 ms: they are not what was measured, carried on, but 3 ms for each vote, of the order of two hops of Table II or of a synchronous write to a memory card.',
  'Live nodes talk over loopback: a hop takes tenths of a millisecond where the paper’s WiFi takes 1.4 ms and more (Table II), and nothing is lost or sent again.',
  'All live nodes, the broker and the driver share the processors of one machine, two where this is meant to run. Growth of the live curve is mostly n nodes checking n votes each on these processors; on n boards it would be n votes each. It is no measurement of the protocol’s own growth.',
  'The model has no loss, no retransmission, no contention for the air and no broker that takes time. Where receiving is free in it the protocol needs two hops whatever n is, and the longest of n searches for a nonce; what grows with n is the cost of receiving n votes. What a delivery and a commit cost a board is assumed, so the slope of the model’s far end is a consequence of the protocol and its height is not.',
];

// --- cells --------------------------------------------------------------------------------------------------------

/** By number of nodes. */
type BySize = ReadonlyMap<number, RawCells>;

function sizeText(n: number): string {
  return n.toLocaleString('en-US');
}

/** A median with its interval; `path` leads to LatencyFigures. */
function medianCell(cells: RawCells | undefined, path: string, source: 'here' | 'model' = 'here'): Cell {
  return cells?.figure(`${path}.p50`, 'ms', { source, interval: path }) ?? missing('not part of this evaluation');
}

function givenMs(value: number | null, source: string, words?: string): Cell {
  return given(value, 'ms', source, words ?? `${value} ms`);
}

/** The paper's points beside what is like them here: live where there are live nodes, else the fullest model. */
function headlines(live: BySize, models: BySize): PaperHeadline[] {
  const { id } = CONSENSUS_MODELS.at(-1)!;
  return PAPER_POINTS.map((point) => ({
    name: `Time to consensus, ${sizeText(point.n)} nodes${live.has(point.n) ? '' : ' (model)'}`,
    paper: paperCell(point),
    here: live.has(point.n)
      ? medianCell(live.get(point.n), 'everyMs')
      : medianCell(models.get(point.n), `models.${id}.everyMs`, 'model'),
  }));
}

function paperCell({ ms, text: words, upper }: PaperPoint): Cell {
  return givenMs(upper ? null : ms, PAPER, words);
}

/** What a vote costs if a decision takes as long as a quorum of votes, one after another. */
function perVote({ n, ms }: PaperPoint): Cell {
  const votes = Math.floor((2 * n) / 3);
  return formula(ms / votes, 'ms', 'time / floor(2 n / 3)');
}

// --- tables -------------------------------------------------------------------------------------------------------

function besidePaper(live: BySize, models: BySize): PaperTable {
  const beyond = missing(`live nodes go up to ${LIVE_NODES.at(-1)}`);
  return {
    id: 'consensus-beside-paper',
    caption: 'Time to consensus: the paper, and medians here and in the model',
    columns: [
      right('Nodes'),
      right('Paper'),
      right('Paper, by votes of a quorum'),
      ...STAGES.map(({ short }) => right(`Here: ${short}`)),
      ...CONSENSUS_MODELS.map(({ title }) => right(`Model (${title}): every node`)),
    ],
    rows: PAPER_POINTS.map((point) => [
      text(sizeText(point.n)),
      paperCell(point),
      perVote(point),
      ...STAGES.map(({ stage }) => (live.has(point.n) ? medianCell(live.get(point.n), stage) : beyond)),
      ...CONSENSUS_MODELS.map(({ id }) => medianCell(models.get(point.n), `models.${id}.everyMs`, 'model')),
    ]),
  };
}

function liveTable(live: BySize): PaperTable {
  return {
    id: 'consensus-live',
    caption: 'Live nodes: milliseconds from the request',
    columns: [
      right('Nodes'),
      right('Quorum'),
      { title: 'Until' },
      ...['Requests', 'Undecided', 'p50', 'p95', 'Min', 'Max'].map(right),
    ],
    rows: [...live].flatMap(([n, cells]) =>
      STAGES.map(({ stage, title }) => [
        text(sizeText(n)),
        cells.figure('quorum', ''),
        text(title),
        cells.figure('requests', ''),
        cells.figure('undecided', ''),
        medianCell(cells, stage),
        ...['p95', 'min', 'max'].map((name) => cells.figure(`${stage}.${name}`, 'ms')),
      ]),
    ),
  };
}

function modelTable(models: BySize): PaperTable {
  return {
    id: 'consensus-model',
    caption: 'Simulated Pi boards on the paper’s WiFi: milliseconds from the order',
    columns: [
      right('Nodes'),
      { title: 'Model' },
      ...['Decisions', 'Undecided', 'Quorum of votes sent, p50', 'Requester, p50'].map(right),
      ...['Every node, p50', 'Min', 'Max'].map(right),
    ],
    rows: [...models].flatMap(([n, cells]) =>
      CONSENSUS_MODELS.map(({ id, title }) => [
        text(sizeText(n)),
        text(title),
        cells.figure('decisions', '', { source: 'model' }),
        cells.figure(`models.${id}.undecided`, '', { source: 'model' }),
        ...STAGES.map(({ stage }) => medianCell(cells, `models.${id}.${stage}`, 'model')),
        ...['min', 'max'].map((name) => cells.figure(`models.${id}.everyMs.${name}`, 'ms', { source: 'model' })),
      ]),
    ),
  };
}

function growthTable(curves: readonly Curve[]): PaperTable {
  const fitted = curves.flatMap((curve): Cell[][] => {
    if (curve.source === 'here') return [growthRow(curve)];
    // A start that is the same for all n hides how the rest grows.
    const points = curve.points.filter(({ x }) => x >= FAR_NODES);
    return [growthRow(curve), growthRow({ ...curve, points, fit: fitPowerLaw(points) })];
  });
  const claimed = PAPER_POINTS.slice(1).map((to, index): Cell[] => {
    const from = PAPER_POINTS[index]!;
    const value = Math.log(to.ms / from.ms) / Math.log(to.n / from.n);
    const words = `ln(${to.ms} / ${from.ms}) / ln(${to.n} / ${from.n})`;
    const bound = to.upper ? (from.upper ? '' : ', at most') : from.upper ? ', at least' : '';
    const none = text('');
    return [
      text(`the paper${bound}`),
      text(`${sizeText(from.n)} to ${sizeText(to.n)}`),
      formula(value, '', words),
      none,
      none,
      none,
    ];
  });
  return {
    id: 'consensus-growth',
    caption: 'Growth: time = a n^b',
    columns: [
      { title: 'Curve' },
      { title: 'Nodes' },
      ...['b', '95 % from', '95 % to', 'Farthest from the line, times'].map(right),
    ],
    rows: [...fitted, ...claimed],
  };
}

function growthRow({ name, source, points, path, fit }: Curve): Cell[] {
  const heads = [text(name), text(rangeOf(points))];
  if (fit === null) {
    const none = missing('fewer than two sizes are measured');
    return [...heads, none, none, none, none];
  }
  const files = `raw/${source === 'here' ? liveId('<n>') : modelId('<n>')}.json`;
  // One text for the row: the columns say which figure of the fit it is.
  const words = `least squares of ln p50 over ln n, p50 from data.${path}.p50 in ${files}`;
  const of = (value: number | null): Cell =>
    value === null ? missing('two points have no scatter') : formula(value, '', words);
  return [...heads, of(fit.exponent), of(fit.low), of(fit.high), of(fit.departure)];
}

/** What would take how long: which of the readings of "300 ms" are possible. */
function possibleTable(live: BySize, models: BySize): PaperTable {
  const sizes = [8, 48];
  const perSize = (cellOf: (n: number) => Cell): Cell[] => sizes.map(cellOf);
  return {
    id: 'consensus-readings',
    caption: 'What 300 ms with 8 nodes and less than 1 s with 48 can be',
    columns: [{ title: 'Reading' }, right('8 nodes'), right('48 nodes')],
    rows: [
      [text('the paper'), ...perSize((n) => paperCell(PAPER_POINTS.find((point) => point.n === n)!))],
      [
        text('polled each 2 s: a node, on average after its quorum'),
        ...perSize(() => formula(POLL_MS / 2, 'ms', `${POLL_MS} / 2`)),
      ],
      [
        text('polled each 2 s, not in step: the last node, on average'),
        ...perSize((n) => formula((POLL_MS * n) / (n + 1), 'ms', `${POLL_MS} n / (n + 1)`)),
      ],
      ...CONSENSUS_MODELS.map(({ id, title }) => [
        text(`event driven, model (${title}): every node`),
        ...perSize((n) => medianCell(models.get(n), `models.${id}.everyMs`, 'model')),
      ]),
      [
        text('event driven, commits that do not wait for the disk, loopback (here): every node'),
        ...perSize((n) => medianCell(live.get(n), 'everyMs')),
      ],
      [
        text('event driven, commits that wait for the disk, ext4 (CWallance): every node'),
        ...perSize((n) => givenMs(PEER_ROWS.find((row) => row.n === n && row.storage === 'ext4')!.everyMs, PEER)),
      ],
      [
        text('event driven, CWallance’s synchronous writes on a memory card (assumed: 5 ms each)'),
        formula(PEER_SYNCS * SD_SYNC_MS, 'ms', `${PEER_SYNCS} fdatasync a decision and node, ${SD_SYNC_MS} ms each`),
        missing('its synchronous writes were counted with 8 nodes'),
      ],
    ],
  };
}

function peerTable(live: BySize): PaperTable {
  const none = (): Cell => missing('not measured there');
  const of = (value: number | null): Cell => (value === null ? none() : givenMs(value, PEER));
  return {
    id: 'consensus-cwallance',
    caption: 'Beside the authors’ C++ node (UDP multicast, one network namespace a node; another machine)',
    columns: [
      right('Nodes'),
      { title: 'Its storage' },
      right('CWallance: quorum on the wire, p50'),
      right('Here'),
      right('CWallance: every node, p50'),
      right('p95'),
      right('Here, p50'),
      right('p95'),
      right('CWallance: CPU a decision, all nodes'),
    ],
    rows: PEER_ROWS.map(({ n, storage, quorumMs, everyMs, everyMsP95, cpuMs }) => [
      text(sizeText(n)),
      text(storage),
      of(quorumMs),
      medianCell(live.get(n), 'quorumMs'),
      of(everyMs),
      of(everyMsP95),
      medianCell(live.get(n), 'everyMs'),
      live.get(n)!.figure('everyMs.p95', 'ms'),
      of(cpuMs),
    ]),
  };
}

function right(title: string): { readonly title: string; readonly align: 'right' } {
  return { title, align: 'right' };
}

// --- curves -------------------------------------------------------------------------------------------------------

function curveOf(name: string, source: Curve['source'], sizes: readonly number[], all: BySize, path: string): Curve {
  const points = sizes.flatMap((n) => {
    const cells = all.get(n);
    const figure = (which: string): number | null => cells?.number(`${path}.${which}`) ?? null;
    return plotted(n, figure('p50'), figure('low'), figure('high'));
  });
  return { name, source, points, path, fit: fitPowerLaw(points) };
}

/** `fitted`: those that get their power law drawn beside them. */
function seriesOf(curves: readonly Curve[], fitted: readonly Curve[]): PlotSeries[] {
  const claims = (estimate: boolean, upper: boolean): PlotSeries => ({
    name: `paper, ${estimate ? 'estimated' : 'measured'}${upper ? ', less than' : ''}`,
    source: 'paper',
    mark: 'points',
    ...(upper ? { upperBounds: true } : {}),
    points: PAPER_POINTS.filter((point) => point.estimate === estimate && point.upper === upper).map(({ n, ms }) => ({
      x: n,
      y: ms,
    })),
  });
  const measured = curves
    .filter(({ points }) => points.length > 0)
    .map(
      ({ name, source, points }): PlotSeries => ({
        name,
        source,
        mark: 'points-and-line',
        points,
      }),
    );
  const lines = fitted.flatMap(({ name, points, fit }): PlotSeries[] => {
    if (fit === null) return [];
    const ends = [points[0]!.x, points.at(-1)!.x];
    return [
      {
        name: `fit of ${name}: n^${fit.exponent.toFixed(2)}`,
        source: 'model',
        mark: 'line',
        points: ends.map((x) => ({ x, y: powerAt(fit, x) })),
      },
    ];
  });
  return [claims(false, false), claims(false, true), claims(true, false), claims(true, true), ...measured, ...lines];
}

function rangeOf(points: readonly { readonly x: number }[]): string {
  if (points.length === 0) return 'none';
  const [from, to] = [points[0]!.x, points.at(-1)!.x].map((x) => sizeText(x));
  return points.length === 1 ? from! : `${from} to ${to}`;
}

// --- words --------------------------------------------------------------------------------------------------------

function finding(live: Curve, model: Curve): string {
  const said = (curve: Curve, n: number): string => {
    const point = curve.points.find(({ x }) => x === n);
    return point === undefined ? 'not measured' : `${spoken(point.y)} ms`;
  };
  const growth = [
    { what: 'the live time grows', curve: live },
    { what: 'the model’s', curve: model },
  ].map(({ what, curve: { fit } }) => {
    if (fit === null) return `${what} in a way that is not known`;
    const interval = fit.low === null || fit.high === null ? '' : ` (${fit.low.toFixed(2)} to ${fit.high.toFixed(2)})`;
    return `${what} as n^${fit.exponent.toFixed(2)}${interval}`;
  });
  return (
    `Every node has the decision durable after ${said(live, 8)} with 8 nodes (paper: 300 ms) and ${said(live, 48)} with 48 ` +
    `(paper: < 1 s); in the model of its boards and WiFi it takes ${said(model, 1000)} with 1,000 (paper’s estimate: 2 s) ` +
    `and ${said(model, 10_000)} with 10,000 (< 20 s); ${growth.join(', ')}.`
  );
}

/** Three significant digits. */
function spoken(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

/** What did not go as it should in these measurements. */
function circumstances(live: BySize, models: BySize): string[] {
  const lines: string[] = [];
  for (const [n, cells] of live) {
    const ofAll = (what: keyof LiveConsensus, words: string): void => {
      const count = cells.number(what) ?? 0;
      if (count > 0) lines.push(`${n} nodes: ${count} of ${cells.number('requests')} requests ${words}.`);
    };
    const verdict = cells.value('verdict');
    if (verdict !== undefined && verdict !== 'pass') {
      const reasons = (cells.value('reasons') as LiveConsensus['reasons']).join('; ');
      lines.push(`${n} nodes: the run was judged ${verdict} (${cells.value('run')})${reasons && `: ${reasons}`}.`);
    }
    ofAll('undecided', 'were not decided by every node');
    ofAll('overlapping', 'overlapped and have no time on the wire');
    ofAll('outOfOrder', 'have times that contradict each other');
  }
  for (const [n, cells] of models) {
    for (const { id, title } of CONSENSUS_MODELS) {
      const undecided = cells.number(`models.${id}.undecided`) ?? 0;
      if (undecided > 0)
        lines.push(
          `${n} simulated nodes (${title}): ${undecided} of ${cells.number('decisions')} requests were not decided by every node.`,
        );
    }
  }
  return lines;
}
