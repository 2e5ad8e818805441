/**
 * The arrivals of one group of votes, receiver by receiver: which vote is the q-th to come, and when. Nothing is kept
 * for a delivery; a receiver's arrivals are computed from the send times and the keyed latency, used and forgotten.
 *
 * Receivers differ little in when the q-th vote comes, because each averages over all voters. So after the first one a
 * narrow band round that moment is enough: votes below it are counted, those in it are looked at. Where the band
 * misses, the receiver is sorted in full and the band laid anew; the result never depends on the band.
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

/** Votes that are equal in everything but voter and nonce. Senders in ascending order. */
export class Arrivals {
  count = 0;
  readonly senders: Int32Array;
  readonly #sendMs: Float64Array;
  readonly #keys: Int32Array;
  readonly #latency: KeyedLatency;
  readonly #bandMs: Float64Array;
  readonly #bandAt: Int32Array;
  readonly #selected: Float64Array;
  #fromMs = 0;
  #untilMs = 0;

  /** `scratch` may be shared by groups that are not used at the same moment. */
  constructor(size: number, latency: KeyedLatency, scratch: ArrivalScratch) {
    this.#latency = latency;
    this.senders = new Int32Array(size);
    this.#sendMs = new Float64Array(size);
    this.#keys = new Int32Array(size);
    this.#bandMs = scratch.bandMs;
    this.#bandAt = scratch.bandAt;
    this.#selected = scratch.selected;
  }

  clear(): void {
    this.count = 0;
  }

  /** Senders are added in ascending order. `key`: of the message, for the latency. */
  add(sender: number, sendMs: number, key: number): void {
    this.senders[this.count] = sender;
    this.#sendMs[this.count] = sendMs;
    this.#keys[this.count] = key;
    this.count++;
  }

  /** Writes the `rank`-th (1..count) arrival at a receiver into `into`. */
  select(receiverKey: number, rank: number, into: Arrival): void {
    invariant(rank >= 1 && rank <= this.count, () => `arrival ${rank} of ${this.count}`);
    const below = this.#gather(receiverKey, this.#fromMs, this.#untilMs);
    if (below < rank && rank <= below + this.#gathered) {
      this.#pick(rank - below, into);
      return;
    }
    this.#gather(receiverKey, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    this.#layBand(rank);
    this.#pick(rank, into);
  }

  /** Senders whose votes come no later than (`timeMs`, `sender`), in order of arrival. */
  until(receiverKey: number, timeMs: number, sender: number): number[] {
    const count = this.count;
    const arrivals: { at: number; timeMs: number }[] = [];
    for (let at = 0; at < count; at++) {
      const ms = this.#sendMs[at]! + this.#latency.delayMs(this.#keys[at]!, receiverKey);
      if (ms < timeMs || (ms === timeMs && this.senders[at]! <= sender)) arrivals.push({ at, timeMs: ms });
    }
    arrivals.sort((a, b) => a.timeMs - b.timeMs || a.at - b.at);
    return arrivals.map(({ at }) => this.senders[at]!);
  }

  /** What arrives in [fromMs, untilMs), in the order of senders; returns how many come before. */
  #gather(receiverKey: number, fromMs: number, untilMs: number): number {
    const latency = this.#latency;
    const sendMs = this.#sendMs;
    const keys = this.#keys;
    const bandMs = this.#bandMs;
    const bandAt = this.#bandAt;
    const count = this.count;
    let below = 0;
    let gathered = 0;
    for (let at = 0; at < count; at++) {
      const ms = sendMs[at]! + latency.delayMs(keys[at]!, receiverKey);
      if (ms < untilMs) {
        if (ms < fromMs) {
          below++;
        } else {
          bandMs[gathered] = ms;
          bandAt[gathered] = at;
          gathered++;
        }
      }
    }
    this.#gathered = gathered;
    return below;
  }
  #gathered = 0;

  #layBand(rank: number): void {
    const count = this.#gathered;
    const sorted = this.#selected.subarray(0, count);
    sorted.set(this.#bandMs.subarray(0, count));
    sorted.sort();
    const reach = Math.ceil(BAND_DEVIATIONS * Math.sqrt((rank * (count - rank)) / count)) + BAND_EXTRA;
    this.#fromMs = sorted[Math.max(0, rank - 1 - reach)]!;
    this.#untilMs = sorted[Math.min(count - 1, rank - 1 + reach)]!;
  }

  /** The `rank`-th of what was gathered. */
  #pick(rank: number, into: Arrival): void {
    const count = this.#gathered;
    const bandMs = this.#bandMs;
    const selected = this.#selected;
    for (let i = 0; i < count; i++) selected[i] = bandMs[i]!;
    const timeMs = nthSmallest(selected, count, rank - 1);
    let equal = rank;
    for (let i = 0; i < count; i++) if (bandMs[i]! < timeMs) equal--;
    for (let i = 0; i < count; i++) {
      if (bandMs[i] !== timeMs || --equal > 0) continue;
      into.timeMs = timeMs;
      into.sender = this.senders[this.#bandAt[i]!]!;
      return;
    }
    invariant(false, () => `no arrival of rank ${rank} in ${count}`);
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
