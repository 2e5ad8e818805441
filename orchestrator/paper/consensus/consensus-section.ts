/**
 * Time to consensus by number of nodes, out of raw records: live nodes, the model, the paper's points and another
 * implementation of the same protocol side by side. Pure.
 *
 * Sources: the paper, section VI (300 ms with 8 nodes, < 1 s with 48, estimates for 1,000 and 10,000) and section V.B
 * (a consensus period of 2 s); CWallance, the authors' C++ node, unmodified, measured on another machine.
 */
import type { LatencyFigures } from '../latency-figures.ts';
import type { PaperOptions, RawRecords } from '../measurement.ts';
import type { Cell, PaperHeadline, PaperSection, PaperTable, PlotPoint, PlotSeries } from '../paper-results.ts';
import { fitPowerLaw, type PowerLaw, powerAt } from '../power-law.ts';
import type { LiveConsensus } from './live-consensus.ts';
import { CONSENSUS_MODELS, type ModelConsensus } from './model-consensus.ts';

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

/** What is drawn of the model: that a quorum's votes were sent, which is before they pass, and the end. */
const MODEL_STAGES: readonly { readonly stage: Stage; readonly short: string }[] = [
  { stage: 'quorumMs', short: 'quorum of votes sent' },
  { stage: 'everyMs', short: 'every node' },
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

/** Figures of one measurement and where they stand; or why there are none. */
type Found =
  | { readonly ok: true; readonly data: unknown; readonly file: string }
  | { readonly ok: false; readonly reason: string };

function foundIn(records: RawRecords, id: string): Found {
  const record = records.get(id);
  if (record === undefined) return { ok: false, reason: 'not measured yet' };
  if (record.outcome === 'not-measured') return { ok: false, reason: record.reason };
  return { ok: true, data: record.data, file: `raw/${id}.json` };
}

/** A curve of medians by number of nodes. */
interface Curve {
  readonly name: string;
  readonly source: 'here' | 'model';
  readonly stage: Stage;
  readonly points: readonly PlotPoint[];
  /** Within a raw file. */
  readonly path: string;
  readonly fit: PowerLaw | null;
}

export function consensusSection(records: RawRecords, { runtime }: PaperOptions): PaperSection {
  const live = new Map(LIVE_NODES.map((n) => [n as number, foundIn(records, liveId(n))]));
  const models = new Map(MODEL_NODES.map((n) => [n as number, foundIn(records, modelId(n))]));
  const liveCurves = STAGES.map(({ stage, short }) =>
    curveOf(`here, ${short}`, 'here', stage, LIVE_NODES, live, stage),
  );
  const modelCurves = CONSENSUS_MODELS.flatMap(({ id, title }) =>
    MODEL_STAGES.map(({ stage, short }) =>
      curveOf(`model (${title}), ${short}`, 'model', stage, MODEL_NODES, models, `models.${id}.${stage}`),
    ),
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
        series: seriesOf(curves),
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
  'The authors’ C++ node writes every vote in a transaction of its own: 14.9 SQLite transactions and 59 fdatasync a decision and node with 8 nodes. That explains its time, not hashing (0.1 ms) nor the network: on tmpfs it needs a fifth of what it needs on ext4. On a memory card a synchronous write takes milliseconds, so 59 of them are the order of the paper’s 300 ms.',
  'Live nodes talk over loopback: a hop takes tenths of a millisecond where the paper’s WiFi takes 1.4 ms and more (Table II), and nothing is lost or sent again.',
  'All live nodes, the broker and the driver share the processors of one machine, two where this is meant to run. Growth of the live curve is mostly n nodes checking n votes each on these processors; on n boards it would be n votes each. It is no measurement of the protocol’s own growth.',
  'The model has no loss, no retransmission, no contention for the air and no broker that takes time; where receiving is free in it, its curve is flat, which says that the protocol needs two hops whatever n is, and all growth is the cost of receiving n votes.',
];

// --- cells --------------------------------------------------------------------------------------------------------

function text(words: string | number): Cell {
  return { kind: 'text', text: typeof words === 'number' ? words.toLocaleString('en-US') : words };
}

function missing(reason: string): Cell {
  return { kind: 'missing', reason };
}

function given(value: number | null, unit: string, source: string, words?: string): Cell {
  return { kind: 'given', value, text: words ?? `${value} ${unit}`, unit, source };
}

function at(data: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>> | null | undefined)?.[name], data);
}

/** A number of a raw file. */
function count(found: Found | undefined, path: string, unit: string, source: 'here' | 'model' = 'here'): Cell {
  if (found === undefined) return missing('not part of this evaluation');
  if (!found.ok) return missing(found.reason);
  const value = at(found.data, path);
  if (typeof value !== 'number') return missing('no request got so far');
  return { kind: 'figure', source, value, unit, raw: { file: found.file, path: `data.${path}` } };
}

/** A median with its interval. */
function medianCell(found: Found | undefined, path: string, source: 'here' | 'model' = 'here'): Cell {
  const cell = count(found, `${path}.p50`, 'ms', source);
  if (cell.kind !== 'figure' || found?.ok !== true) return cell;
  const { low, high } = at(found.data, path) as LatencyFigures;
  return low === null || high === null ? cell : { ...cell, low, high };
}

/** The paper's points beside what is like them here: live where there are live nodes, else the fullest model. */
function headlines(live: ReadonlyMap<number, Found>, models: ReadonlyMap<number, Found>): PaperHeadline[] {
  const { id } = CONSENSUS_MODELS.at(-1)!;
  return PAPER_POINTS.map((point) => ({
    name: `Time to consensus, ${point.n.toLocaleString('en-US')} nodes${live.has(point.n) ? '' : ' (model)'}`,
    paper: paperCell(point),
    here: live.has(point.n)
      ? medianCell(live.get(point.n), 'everyMs')
      : medianCell(models.get(point.n), `models.${id}.everyMs`, 'model'),
  }));
}

function paperCell({ ms, text: words, upper }: PaperPoint): Cell {
  return given(upper ? null : ms, 'ms', PAPER, words);
}

// --- tables -------------------------------------------------------------------------------------------------------

function besidePaper(live: ReadonlyMap<number, Found>, models: ReadonlyMap<number, Found>): PaperTable {
  const beyond = missing(`live nodes go up to ${LIVE_NODES.at(-1)}`);
  return {
    id: 'consensus-beside-paper',
    caption: 'Time to consensus: the paper, and medians here and in the model',
    columns: [
      right('Nodes'),
      right('Paper'),
      ...STAGES.map(({ short }) => right(`Here: ${short}`)),
      ...CONSENSUS_MODELS.map(({ title }) => right(`Model (${title}): every node`)),
    ],
    rows: PAPER_POINTS.map((point) => [
      text(point.n),
      paperCell(point),
      ...STAGES.map(({ stage }) => (live.has(point.n) ? medianCell(live.get(point.n), stage) : beyond)),
      ...CONSENSUS_MODELS.map(({ id }) => medianCell(models.get(point.n), `models.${id}.everyMs`, 'model')),
    ]),
  };
}

function liveTable(live: ReadonlyMap<number, Found>): PaperTable {
  return {
    id: 'consensus-live',
    caption: 'Live nodes: milliseconds from the request',
    columns: [
      right('Nodes'),
      right('Quorum'),
      { title: 'Until' },
      ...['Requests', 'Undecided', 'p50', 'p95', 'Min', 'Max'].map(right),
    ],
    rows: [...live].flatMap(([n, found]) =>
      STAGES.map(({ stage, title }) => [
        text(n),
        count(found, 'quorum', ''),
        text(title),
        count(found, 'requests', ''),
        count(found, 'undecided', ''),
        medianCell(found, stage),
        ...['p95', 'min', 'max'].map((name) => count(found, `${stage}.${name}`, 'ms')),
      ]),
    ),
  };
}

function modelTable(models: ReadonlyMap<number, Found>): PaperTable {
  return {
    id: 'consensus-model',
    caption: 'Simulated Pi boards on the paper’s WiFi: milliseconds from the order',
    columns: [
      right('Nodes'),
      { title: 'Model' },
      ...['Decisions', 'Undecided', 'Quorum of votes sent, p50', 'Requester, p50'].map(right),
      ...['Every node, p50', 'Min', 'Max'].map(right),
    ],
    rows: [...models].flatMap(([n, found]) =>
      CONSENSUS_MODELS.map(({ id, title }) => [
        text(n),
        text(title),
        count(found, 'decisions', '', 'model'),
        count(found, `models.${id}.undecided`, '', 'model'),
        ...STAGES.map(({ stage }) => medianCell(found, `models.${id}.${stage}`, 'model')),
        ...['min', 'max'].map((name) => count(found, `models.${id}.everyMs.${name}`, 'ms', 'model')),
      ]),
    ),
  };
}

function growthTable(curves: readonly Curve[]): PaperTable {
  const fitted = curves.flatMap((curve): Cell[][] => {
    if (curve.source === 'here' || curve.stage !== 'everyMs') return [growthRow(curve)];
    // A start that is the same for all n hides how the rest grows.
    const points = curve.points.filter(({ x }) => x >= FAR_NODES);
    return [growthRow(curve), growthRow({ ...curve, points, fit: fitPowerLaw(points) })];
  });
  const claimed = PAPER_POINTS.slice(1).map((to, index): Cell[] => {
    const from = PAPER_POINTS[index]!;
    const value = Math.log(to.ms / from.ms) / Math.log(to.n / from.n);
    const formula = `ln(${to.ms} / ${from.ms}) / ln(${to.n} / ${from.n})`;
    const bound = to.upper ? (from.upper ? '' : ', at most') : from.upper ? ', at least' : '';
    const none = text('');
    return [
      text(`the paper${bound}`),
      text(`${from.n.toLocaleString('en-US')} to ${to.n.toLocaleString('en-US')}`),
      { kind: 'formula', value, unit: '', formula },
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
  const formula = `least squares of ln p50 over ln n, p50 from data.${path}.p50 in ${files}`;
  const of = (value: number | null): Cell =>
    value === null ? missing('two points have no scatter') : { kind: 'formula', value, unit: '', formula };
  return [...heads, of(fit.exponent), of(fit.low), of(fit.high), of(fit.departure)];
}

/** What would take how long: which of the readings of "300 ms" are possible. */
function possibleTable(live: ReadonlyMap<number, Found>, models: ReadonlyMap<number, Found>): PaperTable {
  const sizes = [8, 48];
  const formula = (value: number, words: string): Cell => ({ kind: 'formula', value, unit: 'ms', formula: words });
  const { id, title } = CONSENSUS_MODELS.at(-1)!;
  const perSize = (cellOf: (n: number) => Cell): Cell[] => sizes.map(cellOf);
  return {
    id: 'consensus-readings',
    caption: 'What 300 ms with 8 nodes and less than 1 s with 48 can be',
    columns: [{ title: 'Reading' }, right('8 nodes'), right('48 nodes')],
    rows: [
      [text('the paper'), ...perSize((n) => paperCell(PAPER_POINTS.find((point) => point.n === n)!))],
      [
        text('polled each 2 s: a node, on average after its quorum'),
        ...perSize(() => formula(POLL_MS / 2, `${POLL_MS} / 2`)),
      ],
      [
        text('polled each 2 s, not in step: the last node, on average'),
        ...perSize((n) => formula((POLL_MS * n) / (n + 1), `${POLL_MS} n / (n + 1)`)),
      ],
      [
        text(`event driven, a model of boards on WiFi (${title}): every node`),
        ...perSize((n) => medianCell(models.get(n), `models.${id}.everyMs`, 'model')),
      ],
      [
        text('event driven, one commit a decision, loopback: every node'),
        ...perSize((n) => medianCell(live.get(n), 'everyMs')),
      ],
      [
        text('event driven, a commit a vote, ext4 (CWallance): every node'),
        ...perSize((n) => given(PEER_ROWS.find((row) => row.n === n && row.storage === 'ext4')!.everyMs, 'ms', PEER)),
      ],
      [
        text('event driven, CWallance’s synchronous writes on a memory card (assumed: 5 ms each)'),
        formula(PEER_SYNCS * SD_SYNC_MS, `${PEER_SYNCS} fdatasync a decision and node, ${SD_SYNC_MS} ms each`),
        missing('its synchronous writes were counted with 8 nodes'),
      ],
    ],
  };
}

function peerTable(live: ReadonlyMap<number, Found>): PaperTable {
  const none = (): Cell => missing('not measured there');
  const of = (value: number | null): Cell => (value === null ? none() : given(value, 'ms', PEER));
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
      text(n),
      text(storage),
      of(quorumMs),
      medianCell(live.get(n), 'quorumMs'),
      of(everyMs),
      of(everyMsP95),
      medianCell(live.get(n), 'everyMs'),
      count(live.get(n), 'everyMs.p95', 'ms'),
      of(cpuMs),
    ]),
  };
}

function right(title: string): { readonly title: string; readonly align: 'right' } {
  return { title, align: 'right' };
}

// --- curves -------------------------------------------------------------------------------------------------------

function curveOf(
  name: string,
  source: Curve['source'],
  stage: Stage,
  sizes: readonly number[],
  all: ReadonlyMap<number, Found>,
  path: string,
): Curve {
  const points = sizes.flatMap((n) => {
    const found = all.get(n);
    const figures = found?.ok === true ? (at(found.data, path) as LatencyFigures | null | undefined) : null;
    if (found?.ok !== true || figures == null) return [];
    const { p50, low, high } = figures;
    return [{ x: n, y: p50, ...(low === null || high === null ? {} : { low, high }) }];
  });
  return { name, source, stage, points, path, fit: fitPowerLaw(points) };
}

function seriesOf(curves: readonly Curve[]): PlotSeries[] {
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
  // Of what is compared: the last node's commit.
  const fitted = curves.flatMap(({ name, stage, points, fit }): PlotSeries[] => {
    if (fit === null || stage !== 'everyMs') return [];
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
  return [claims(false, false), claims(false, true), claims(true, false), claims(true, true), ...measured, ...fitted];
}

function rangeOf(points: readonly { readonly x: number }[]): string {
  if (points.length === 0) return 'none';
  const [from, to] = [points[0]!.x, points.at(-1)!.x].map((x) => x.toLocaleString('en-US'));
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
function circumstances(live: ReadonlyMap<number, Found>, models: ReadonlyMap<number, Found>): string[] {
  const lines: string[] = [];
  for (const [n, found] of live) {
    if (!found.ok) continue;
    const { undecided, overlapping, outOfOrder, requests, verdict, reasons, run } = found.data as LiveConsensus;
    if (verdict !== 'pass')
      lines.push(
        `${n} nodes: the run was judged ${verdict} (${run})${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}.`,
      );
    if (undecided > 0) lines.push(`${n} nodes: ${undecided} of ${requests} requests were not decided by every node.`);
    if (overlapping > 0)
      lines.push(`${n} nodes: ${overlapping} of ${requests} requests overlapped and have no time on the wire.`);
    if (outOfOrder > 0)
      lines.push(`${n} nodes: the times of ${outOfOrder} of ${requests} requests contradict each other.`);
  }
  for (const [n, found] of models) {
    if (!found.ok) continue;
    const { decisions, models: all } = found.data as ModelConsensus;
    for (const [id, { undecided }] of Object.entries(all))
      if (undecided > 0)
        lines.push(`${n} simulated nodes (${id}): ${undecided} of ${decisions} were not decided everywhere.`);
  }
  return lines;
}
