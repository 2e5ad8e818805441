/**
 * What happened over time, from one pass over a history of any length: counts in buckets, latencies, and the wallets as
 * all correct nodes hold them, looked at in equal distances. The size of the result depends on how much is drawn, not
 * on how long the run was, but for the latencies, which are a number a request.
 *
 * It judges nothing.
 */
import { numberOf, textOf } from '../history/observation.ts';
import type { RunRecord } from '../run/run-record.ts';
import { minMax, type Sample } from './plot/downsample.ts';
import { niceStep } from './plot/ticks.ts';
import { RequestTimes } from './request-times.ts';
import { loadBegan } from './run-summary.ts';
import { type ViewSample, type WalletSeries, WalletViews } from './wallet-views.ts';

/** Milliseconds from the beginning of the load; before it negative. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface CountSeries {
  readonly bucketMs: number;
  /** The first begins at the span's `fromMs`. */
  readonly counts: readonly number[];
}

export interface RunSeries {
  readonly span: TimeSpan;
  /** Lines of the history. */
  readonly lines: number;
  /** Of correct requesters, at the seat that sent them. */
  readonly decisions: CountSeries;
  /** Sent by correct nodes. */
  readonly votes: CountSeries;
  /** From when it was meant to be ordered to its decision at the requester, ms (request-times.ts). */
  readonly requesterMs: readonly number[];
  /** The same to the commit on the last correct node; of those that got there. */
  readonly allMs: readonly number[];
  /** `requesterMs` by when it began; the extremes of each bucket where there are many. */
  readonly latencyOverTime: readonly Sample[];
  /** In order of their ids. */
  readonly wallets: readonly WalletSeries[];
  /** All wallets together. */
  readonly supply: readonly ViewSample[];
}

const COUNT_BUCKETS = 120;
const LATENCY_BUCKETS = 600;

/** `correct`: seats; all where it is empty. */
export function readSeries(record: RunRecord, correct: readonly string[]): RunSeries {
  const { plan, events } = record;
  const seats = correct.length > 0 ? correct : plan.seats.map(({ seat }) => seat);
  const members = new Set(seats);
  const loadT = loadBegan(events);
  const { fromT, toT } = timesOf(record);
  const span = { fromMs: fromT - loadT, toMs: toT - loadT };
  const bucketMs = niceStep(Math.max(1, span.toMs - span.fromMs) / COUNT_BUCKETS);
  const buckets = Math.max(1, Math.ceil((span.toMs - span.fromMs) / bucketMs));
  const decisions = new Array<number>(buckets).fill(0);
  const votes = new Array<number>(buckets).fill(0);
  const count = (counts: number[], t: number): void => {
    const bucket = Math.floor((t - fromT) / bucketMs);
    if (bucket >= 0 && bucket < buckets) counts[bucket]!++;
  };
  const requests = new RequestTimes(record, members);
  const views = new WalletViews(seats, fromT, toT, loadT, events);
  let lines = 0;
  for (const { seat, observation } of record.history()) {
    lines++;
    const { event, t } = observation;
    views.advance(t);
    requests.take(seat, observation);
    if (!members.has(seat)) continue;
    if (event === 'wallet') views.take(seat, textOf(observation, 'id'), numberOf(observation, 'cU'));
    else if (event === 'vote.tx') count(votes, t);
  }
  views.advance(toT);
  const times = requests.times();
  const decided = times.flatMap(({ fromT: begunT, requesterMs }): Sample[] =>
    requesterMs === null ? [] : [{ atMs: begunT - loadT, value: requesterMs }],
  );
  for (const { atMs, value } of decided) count(decisions, loadT + atMs + value);
  return {
    span,
    lines,
    decisions: { bucketMs, counts: decisions },
    votes: { bucketMs, counts: votes },
    requesterMs: decided.map(({ value }) => value),
    allMs: times.flatMap(({ allMs }) => (allMs === null ? [] : [allMs])),
    latencyOverTime: minMax(decided, LATENCY_BUCKETS),
    wallets: views.wallets(),
    supply: views.supply(),
  };
}

/** From the funding, or the load, to the stop; of the history's own lines where nothing was written of phases. */
function timesOf({ events, history }: RunRecord): { readonly fromT: number; readonly toT: number } {
  const phase = (name: string): number | undefined =>
    events.find((event) => event.event === 'phase' && event.phase === name)?.t;
  const fromT = phase('fund') ?? phase('load');
  const toT = phase('stop') ?? phase('collect') ?? events.at(-1)?.t;
  if (fromT !== undefined && toT !== undefined && toT > fromT) return { fromT, toT };
  let first = Infinity;
  let last = -Infinity;
  for (const { observation } of history()) {
    first = Math.min(first, observation.t);
    last = Math.max(last, observation.t);
  }
  return last >= first ? { fromT: first, toT: Math.max(last, first + 1) } : { fromT: 0, toT: 1 };
}
