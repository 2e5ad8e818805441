/**
 * Delays that are looked up and never stored: how long a message takes from its sender to a receiver is a function of
 * (seed, kind, request, sender, receiver) alone. So two engines that visit deliveries in different orders, or only some
 * of them, meet the same network.
 *
 * A delay is a quantile of the network's model (network.ts) at a hash of those five. The quantiles are tabled, straight
 * lines between, since a logarithm for each of a hundred million deliveries would be most of the work; only the last
 * cell, where the tail is, is computed. The table is the model here: nobody needs the logarithm to agree with it.
 * Delays are on the grid of time (time-grid.ts), and grow with the hash, the *draw*: most deliveries can be told to come
 * before a moment or after it by their draw alone.
 */
import { invariant } from '../protocol/invariant.ts';
import { type Latency, latencyMs } from './network.ts';
import type { Prng } from './prng.ts';
import { GRID_MS, onGrid } from './time-grid.ts';

/** Whether each receiver has a path of its own, or one fabric delivers to all at once, in one order. */
export type Paths = 'own' | 'shared';

export interface KeyedLatencyOptions {
  readonly latency: Latency;
  readonly prng: Prng;
  /** Default `own`. */
  readonly paths?: Paths;
}

const CELL_BITS = 10;
const CELLS = 1 << CELL_BITS;
const TAIL_CELL = CELLS - 1;
/** Draws are below 2^30, so that the difference of two is a small integer of the engine. */
const DRAW_BITS = 30;
export const DRAWS = 2 ** DRAW_BITS;
const WITHIN_BITS = DRAW_BITS - CELL_BITS;
const WITHIN_MASK = (1 << WITHIN_BITS) - 1;

export class KeyedLatency {
  /** No delay is shorter, milliseconds; above 0. */
  readonly msMin: number;
  /** No delay is longer. */
  readonly msMax: number;
  readonly #latency: Latency;
  readonly #seed: number;
  readonly #paths: Paths;
  /** Delay at the beginning of each cell, and what each step within it adds. */
  readonly #fromMs = new Float64Array(CELLS);
  readonly #stepMs = new Float64Array(CELLS);

  constructor({ latency, prng, paths = 'own' }: KeyedLatencyOptions) {
    this.#latency = latency;
    this.#paths = paths;
    this.#seed = prng.stream('keyed-latency').uint32() | 0;
    this.msMin = onGrid(latencyMs(latency, 0));
    this.msMax = onGrid(latencyMs(latency, (DRAWS - 1) / DRAWS));
    invariant(this.msMin > 0, () => `a keyed latency is above 0 ms, got ${this.msMin}`);
    for (let cell = 0; cell < CELLS; cell++) {
      const fromMs = latencyMs(latency, cell / CELLS);
      this.#fromMs[cell] = fromMs;
      if (cell === TAIL_CELL) break;
      this.#stepMs[cell] = (latencyMs(latency, (cell + 1) / CELLS) - fromMs) / (1 << WITHIN_BITS);
    }
  }

  /** Names a message: the request with this index (0..2^20), or `sender`'s vote for it. */
  messageKey(kind: 'request' | 'vote', request: number, sender: number): number {
    const first = mixed(this.#seed ^ Math.imul(2 * request + (kind === 'vote' ? 1 : 0) + 1, 0x9e3779b1));
    return mixed(first ^ Math.imul(sender + 1, 0x85ebca6b));
  }

  /** Names a receiver, by its number from 0. */
  receiverKey(receiver: number): number {
    return this.#paths === 'shared' ? 0 : mixed(mixed(this.#seed + 1) ^ Math.imul(receiver + 1, 0xc2b2ae35));
  }

  /** What is drawn for a delivery, 0..{@link DRAWS} - 1. */
  draw(messageKey: number, receiverKey: number): number {
    let x = (messageKey + receiverKey) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return (x ^ (x >>> 15)) >>> (32 - DRAW_BITS);
  }

  /** Milliseconds, `msMin`..`msMax`, no less for a larger draw. */
  drawnMs(draw: number): number {
    const cell = draw >>> WITHIN_BITS;
    if (cell === TAIL_CELL) return onGrid(latencyMs(this.#latency, draw / DRAWS));
    return onGrid(this.#fromMs[cell]! + (draw & WITHIN_MASK) * this.#stepMs[cell]!);
  }

  /** Milliseconds of a delivery. */
  delayMs(messageKey: number, receiverKey: number): number {
    return this.drawnMs(this.draw(messageKey, receiverKey));
  }

  /** A draw below which every delay is shorter than `ms`: near the largest such draw, never above it. */
  drawsShorter(ms: number): number {
    return Math.max(0, this.#cellsFrom(ms - GRID_MS) - 1) << WITHIN_BITS;
  }

  /** A draw from which every delay is `ms` or longer: near the smallest such draw, never below it; may be DRAWS. */
  drawsNoShorter(ms: number): number {
    return this.#cellsFrom(ms + GRID_MS) << WITHIN_BITS;
  }

  /** Cells that begin before `ms`, 0..CELLS. */
  #cellsFrom(ms: number): number {
    let from = 0;
    let to = CELLS;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#fromMs[middle]! < ms) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** A bijection of 32 bits in which each input bit changes each output bit with probability near 1/2 (lowbias32). */
function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}
