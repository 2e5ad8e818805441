/**
 * What happened over time, from one pass over a history of any length: counts in buckets, latencies, and the wallets as
 * all correct nodes hold them, looked at in equal distances. The size of the result depends on how much is drawn, not
 * on how long the run was, but for the latencies, which are a number a request.
 *
 * It judges nothing. Nodes that are down are left out of a look: what they held when they fell is nobody's view.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import { byNumberThenText } from '../history/wallet-agreement.ts';
import type { RunEvent, RunRecord } from '../run/run-record.ts';
import { minMax, type Sample } from './plot/downsample.ts';
import { niceStep } from './plot/ticks.ts';
import { loadBegan } from './run-summary.ts';

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

/** The same wallet, or all of them, as the correct nodes see it at one moment. */
export interface ViewSample {
  readonly atMs: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface WalletSeries {
  readonly wallet: string;
  /** Units. */
  readonly samples: readonly ViewSample[];
}

export interface RunSeries {
  readonly span: TimeSpan;
  /** Lines of the history. */
  readonly lines: number;
  /** At their requesters. */
  readonly decisions: CountSeries;
  /** Sent by correct nodes. */
  readonly votes: CountSeries;
  /** From the request's sending to its decision at the requester, ms. */
  readonly requesterMs: readonly number[];
  /** From the request's sending to the commit on the last correct node, ms; of those that got there. */
  readonly allMs: readonly number[];
  /** `requesterMs` by when it was sent; the extremes of each bucket where there are many. */
  readonly latencyOverTime: readonly Sample[];
  /** In order of their ids. */
  readonly wallets: readonly WalletSeries[];
  /** All wallets together. */
  readonly supply: readonly ViewSample[];
}

const COUNT_BUCKETS = 120;
const LOOKS = 160;
const LATENCY_BUCKETS = 600;

interface Request {
  readonly sentT: number;
  requesterT: number | null;
  readonly decidedAt: Set<string>;
  lastT: number;
}

/** `correct`: seats; all where it is empty. */
export function readSeries(record: RunRecord, correct: readonly string[]): RunSeries {
  const { plan, events } = record;
  const seats = correct.length > 0 ? correct : plan.seats.map(({ seat }) => seat);
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
  const nodeOf = new Map(plan.seats.map(({ seat, node }) => [seat, node]));
  const members = new Set(seats);
  const requests = new Map<string, Request>();
  const views = new WalletViews(seats, fromT, toT, loadT, events);
  let lines = 0;

  for (const { seat, observation } of record.history()) {
    lines++;
    const { event, t } = observation;
    views.advance(t);
    switch (event) {
      case 'wallet':
        if (members.has(seat)) views.take(seat, textOf(observation, 'id'), numberOf(observation, 'cU'));
        break;
      case 'vote.tx':
        if (members.has(seat)) count(votes, t);
        break;
      case 'req.tx':
        noteSent(requests, textOf(observation, 'reqId'), t);
        break;
      case 'decide':
        if (textOf(observation, 'R') === (nodeOf.get(seat) ?? seat) && noteOwn(requests, observation))
          count(decisions, t);
        if (members.has(seat)) noteDecided(requests, seat, observation);
        break;
    }
  }
  views.advance(toT);
  const sent = [...requests.values()].sort((a, b) => a.sentT - b.sentT);
  const decided = sent.flatMap(({ sentT, requesterT }): Sample[] =>
    requesterT === null ? [] : [{ atMs: sentT - loadT, value: requesterT - sentT }],
  );
  return {
    span,
    lines,
    decisions: { bucketMs, counts: decisions },
    votes: { bucketMs, counts: votes },
    requesterMs: decided.map(({ value }) => value),
    allMs: sent.flatMap(({ sentT, lastT, decidedAt }) => (decidedAt.size === seats.length ? [lastT - sentT] : [])),
    latencyOverTime: minMax(decided, LATENCY_BUCKETS),
    wallets: views.wallets(),
    supply: views.supply(),
  };
}

function noteSent(requests: Map<string, Request>, id: string, t: number): void {
  // A request that is sent again keeps the time of its first sending.
  if (!requests.has(id)) requests.set(id, { sentT: t, requesterT: null, decidedAt: new Set(), lastT: t });
}

/** True for the first decision at its requester. */
function noteOwn(requests: ReadonlyMap<string, Request>, observation: Observation): boolean {
  const request = requests.get(textOf(observation, 'reqId'));
  if (request === undefined || request.requesterT !== null) return false;
  request.requesterT = observation.t;
  return true;
}

function noteDecided(requests: ReadonlyMap<string, Request>, seat: string, observation: Observation): void {
  const request = requests.get(textOf(observation, 'reqId'));
  if (request === undefined || request.decidedAt.has(seat)) return;
  request.decidedAt.add(seat);
  request.lastT = Math.max(request.lastT, observation.t);
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

/** Balances of every wallet at every correct seat, looked at `LOOKS` times. */
class WalletViews {
  readonly #place: ReadonlyMap<string, number>;
  readonly #up: boolean[];
  readonly #units = new Map<string, Float64Array>();
  readonly #samples = new Map<string, ViewSample[]>();
  readonly #supply: ViewSample[] = [];
  readonly #comings: readonly RunEvent[];
  readonly #fromT: number;
  readonly #everyMs: number;
  readonly #loadT: number;
  #coming = 0;
  #looks = 0;

  constructor(seats: readonly string[], fromT: number, toT: number, loadT: number, events: readonly RunEvent[]) {
    this.#place = new Map(seats.map((seat, index) => [seat, index]));
    this.#up = seats.map(() => true);
    this.#fromT = fromT;
    this.#everyMs = (toT - fromT) / LOOKS;
    this.#loadT = loadT;
    this.#comings = events.filter(({ event }) => event === 'seat');
  }

  take(seat: string, wallet: string, units: number): void {
    const place = this.#place.get(seat);
    if (place === undefined || wallet === '') return;
    let held = this.#units.get(wallet);
    if (held === undefined) {
      held = new Float64Array(this.#place.size).fill(Number.NaN);
      this.#units.set(wallet, held);
    }
    held[place] = units;
  }

  /** Makes every look that is due before `t`. */
  advance(t: number): void {
    for (;;) {
      const lookT = this.#fromT + this.#looks * this.#everyMs;
      if (this.#looks > LOOKS || lookT > t) return;
      this.#note(lookT);
      this.#look(lookT);
      this.#looks++;
    }
  }

  wallets(): WalletSeries[] {
    return [...this.#samples]
      .map(([wallet, samples]) => ({ wallet, samples }))
      .sort((a, b) => byNumberThenText(a.wallet, b.wallet));
  }

  supply(): readonly ViewSample[] {
    return this.#supply;
  }

  #note(t: number): void {
    for (; this.#coming < this.#comings.length && this.#comings[this.#coming]!.t <= t; this.#coming++) {
      const event = this.#comings[this.#coming]!;
      const place = event.event === 'seat' ? this.#place.get(event.seat) : undefined;
      if (event.event === 'seat' && place !== undefined) this.#up[place] = event.state === 'ready';
    }
  }

  #look(t: number): void {
    const atMs = t - this.#loadT;
    const sums = new Float64Array(this.#place.size).fill(Number.NaN);
    for (const [wallet, held] of this.#units) {
      held.forEach((units, place) => {
        if (!Number.isNaN(units)) sums[place] = units + (Number.isNaN(sums[place]!) ? 0 : sums[place]!);
      });
      const sample = this.#sample(atMs, held);
      if (sample === null) continue;
      const samples = this.#samples.get(wallet) ?? [];
      samples.push(sample);
      this.#samples.set(wallet, samples);
    }
    const sample = this.#units.size === 0 ? null : this.#sample(atMs, sums);
    if (sample !== null) this.#supply.push(sample);
  }

  #sample(atMs: number, values: Float64Array): ViewSample | null {
    const known = values.filter((value, place) => this.#up[place] === true && !Number.isNaN(value)).sort();
    if (known.length === 0) return null;
    return { atMs, min: known[0]!, median: known[Math.floor((known.length - 1) / 2)]!, max: known.at(-1)! };
  }
}
