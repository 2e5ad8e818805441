/**
 * The arrivals of one group of votes, receiver by receiver: which vote is the q-th to come, and when. Nothing is kept
 * for a delivery; a receiver's arrivals are computed from the send times and the keyed latency, used and forgotten.
 *
 * Receivers differ little in when the q-th vote comes, because each averages over all voters. So after the first one a
 * narrow band round that moment is enough: votes below it are counted, those in it are looked at. Which of the three a
 * vote is, its draw tells, for nearly all votes without a delay being computed: for each vote there is a draw below
 * which it comes before the band, and one from which it comes after it. Votes that are sent too late for the band are
 * not looked at. Where the band misses, the receiver is sorted in full and the band laid anew; the result never depends
 * on the band.
 *
 * Order of arrival is (time, sender): the smaller number of a sender first where two votes come at the same moment.
 */
import { invariant } from '../protocol/invariant.ts';
import type { KeyedLatency } from './keyed-latency.ts';

/** Width of the band in standard deviations of a rank, to each side. */
const BAND_DEVIATIONS = 4;
const BAND_EXTRA = 8;

/** The q-th arrival at a receiver. */
export interface Arrival {
  timeMs: number;
  /** Number of the vote's sender. */
  sender: number;
}

/** Votes that are equal in everything but voter and nonce. */
export class Arrivals {
  /** Votes. */
  count = 0;
  /** By vote, in order of sending once {@link close} was called. */
  readonly senders: Int32Array;
  readonly sendMs: Float64Array;
  readonly #keys: Int32Array;
  /** Draws below which a vote comes before the band, and from which it comes after it. */
  readonly #drawsBefore: Int32Array;
  readonly #drawsAfter: Int32Array;
  /** Votes that are sent early enough for the band. */
  #reaching = 0;
  readonly #latency: KeyedLatency;
  readonly #scratch: ArrivalScratch;
  #fromMs = 0;
  #untilMs = 0;
  #gathered = 0;

  /** `scratch` may be shared by groups that are not used at the same moment. */
  constructor(size: number, latency: KeyedLatency, scratch: ArrivalScratch) {
    this.#latency = latency;
    this.senders = new Int32Array(size);
    this.sendMs = new Float64Array(size);
    this.#keys = new Int32Array(size);
    this.#drawsBefore = new Int32Array(size);
    this.#drawsAfter = new Int32Array(size);
    this.#scratch = scratch;
  }

  clear(): void {
    this.count = 0;
  }

  /** `key`: of the message, for the latency. */
  add(sender: number, sendMs: number, key: number): void {
    this.senders[this.count] = sender;
    this.sendMs[this.count] = sendMs;
    this.#keys[this.count] = key;
    this.count++;
  }

  /** To be called after the last `add`. */
  close(): void {
    const { count, senders, sendMs } = this;
    const keys = this.#keys;
    const order = Int32Array.from({ length: count }, (_, at) => at).sort((a, b) => sendMs[a]! - sendMs[b]!);
    const [oldSenders, oldSendMs, oldKeys] = [senders.slice(0, count), sendMs.slice(0, count), keys.slice(0, count)];
    for (let at = 0; at < count; at++) {
      const from = order[at]!;
      senders[at] = oldSenders[from]!;
      sendMs[at] = oldSendMs[from]!;
      keys[at] = oldKeys[from]!;
    }
    this.#drawBand();
  }

  /** Writes the `rank`-th (1..count) arrival at a receiver into `into`. */
  select(receiverKey: number, rank: number, into: Arrival): void {
    invariant(rank >= 1 && rank <= this.count, () => `arrival ${rank} of ${this.count}`);
    const below = this.#gatherBand(receiverKey);
    if (below < rank && rank <= below + this.#gathered) {
      this.#pick(rank - below, into);
      return;
    }
    this.#gatherAll(receiverKey);
    this.#layBand(rank);
    this.#pick(rank, into);
  }

  /** Senders whose votes come no later than (`timeMs`, `sender`), in order of arrival. */
  until(receiverKey: number, timeMs: number, sender: number): number[] {
    const count = this.count;
    const arrivals: { from: number; timeMs: number }[] = [];
    for (let at = 0; at < count; at++) {
      const from = this.senders[at]!;
      const ms = this.sendMs[at]! + this.#latency.delayMs(this.#keys[at]!, receiverKey);
      if (ms < timeMs || (ms === timeMs && from <= sender)) arrivals.push({ from, timeMs: ms });
    }
    arrivals.sort((a, b) => a.timeMs - b.timeMs || a.from - b.from);
    return arrivals.map(({ from }) => from);
  }

  /** Gathers what arrives within the band; returns how many come before. */
  #gatherBand(receiverKey: number): number {
    const latency = this.#latency;
    const { bandMs, bandAt } = this.#scratch;
    const keys = this.#keys;
    const drawsBefore = this.#drawsBefore;
    const drawsAfter = this.#drawsAfter;
    const reaching = this.#reaching;
    let below = 0;
    let gathered = 0;
    for (let at = 0; at < reaching; at++) {
      const draw = latency.draw(keys[at]!, receiverKey);
      // No branch on what is as random as a coin: 1 where the difference is negative.
      const before = draw - drawsBefore[at]!;
      below += before >>> 31;
      if ((before ^ (draw - drawsAfter[at]!)) >= 0) continue;
      const ms = this.sendMs[at]! + latency.drawnMs(draw);
      if (ms < this.#fromMs) {
        below++;
      } else if (ms < this.#untilMs) {
        bandMs[gathered] = ms;
        bandAt[gathered] = at;
        gathered++;
      }
    }
    this.#gathered = gathered;
    return below;
  }

  #gatherAll(receiverKey: number): void {
    const { bandMs, bandAt } = this.#scratch;
    for (let at = 0; at < this.count; at++) {
      bandMs[at] = this.sendMs[at]! + this.#latency.delayMs(this.#keys[at]!, receiverKey);
      bandAt[at] = at;
    }
    this.#gathered = this.count;
  }

  #layBand(rank: number): void {
    const { bandMs, selected } = this.#scratch;
    const count = this.#gathered;
    const sorted = selected.subarray(0, count);
    sorted.set(bandMs.subarray(0, count));
    sorted.sort();
    const reach = Math.ceil(BAND_DEVIATIONS * Math.sqrt((rank * (count - rank)) / count)) + BAND_EXTRA;
    this.#fromMs = sorted[Math.max(0, rank - 1 - reach)]!;
    this.#untilMs = sorted[Math.min(count - 1, rank - 1 + reach)]!;
    this.#drawBand();
  }

  /** The band in draws, vote by vote. */
  #drawBand(): void {
    const { count, sendMs } = this;
    const latency = this.#latency;
    let at = 0;
    for (; at < count && sendMs[at]! + latency.msMin < this.#untilMs; at++) {
      this.#drawsBefore[at] = latency.drawsShorter(this.#fromMs - sendMs[at]!);
      this.#drawsAfter[at] = latency.drawsNoShorter(this.#untilMs - sendMs[at]!);
    }
    this.#reaching = at;
  }

  /** The `rank`-th of what was gathered. */
  #pick(rank: number, into: Arrival): void {
    const count = this.#gathered;
    const { bandMs, bandAt, selected } = this.#scratch;
    for (let i = 0; i < count; i++) selected[i] = bandMs[i]!;
    const timeMs = nthSmallest(selected, count, rank - 1);
    let before = 0;
    for (let i = 0; i < count; i++) if (bandMs[i]! < timeMs) before++;
    into.timeMs = timeMs;
    into.sender = this.#nthSender(rank - before, timeMs, bandMs, bandAt);
  }

  /** Of the votes that come at one moment, the `nth` (from 1) by sender. */
  #nthSender(nth: number, timeMs: number, bandMs: Float64Array, bandAt: Int32Array): number {
    const senders: number[] = [];
    for (let i = 0; i < this.#gathered; i++) if (bandMs[i] === timeMs) senders.push(this.senders[bandAt[i]!]!);
    if (senders.length > 1) senders.sort((a, b) => a - b);
    const sender = senders[nth - 1];
    invariant(sender !== undefined, () => `arrival ${nth} of ${senders.length} at one moment`);
    return sender;
  }
}

/** Working space for one receiver at a time. */
export interface ArrivalScratch {
  readonly bandMs: Float64Array;
  readonly bandAt: Int32Array;
  readonly selected: Float64Array;
}

export function arrivalScratch(size: number): ArrivalScratch {
  return { bandMs: new Float64Array(size), bandAt: new Int32Array(size), selected: new Float64Array(size) };
}

/** The value that stands at `nth` (from 0) once the first `count` are in order; they are moved about. Quickselect. */
export function nthSmallest(values: Float64Array, count: number, nth: number): number {
  let from = 0;
  let to = count - 1;
  while (from < to) {
    const pivot = values[(from + to) >> 1]!;
    let i = from;
    let j = to;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i <= j) {
        const swapped = values[i]!;
        values[i++] = values[j]!;
        values[j--] = swapped;
      }
    }
    if (nth <= j) to = j;
    else if (nth >= i) from = i;
    else break;
  }
  return values[nth]!;
}
