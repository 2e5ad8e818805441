/**
 * How long a message is under way between two nodes, publisher to receiver, as named models with their numbers and
 * where those are from. A model says nothing of loss, partitions and the like: those are link rules.
 *
 * Draws are keyed: the k-th message from one place to another takes the k-th number of that pair, a hash of the seed,
 * both names and k. So neither another node nor the order of arrival shifts what a pair draws, and nothing is stored
 * for a message.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Prng } from './prng.ts';

/** `fixedMs` and an exponential part of mean `jitterMs` on top, no more than `msMax` in all. */
export interface Latency {
  readonly fixedMs: number;
  readonly jitterMs: number;
  /** Null: no bound. */
  readonly msMax: number | null;
}

export interface Network {
  readonly about: string;
  /** Where the numbers are from. */
  readonly source: string;
  /** Publisher to receiver, through the broker where there is one. */
  readonly latency: Latency;
  /** A node's own message, back to itself; null: as to everybody else. */
  readonly ownMs: number | null;
}

export const NETWORKS = {
  loopback: {
    about: 'one machine: nodes and broker speak over its loopback',
    source: 'measured with the embedded broker, 144 bytes at QoS 0: median 0.153 ms',
    latency: { fixedMs: 0.12, jitterMs: 0.05, msMax: null },
    ownMs: null,
  },
  ethernet: {
    about: 'a switch and a broker beside it',
    source: 'assumed: the loopback figure and 0.1 ms for each of two hops',
    latency: { fixedMs: 0.32, jitterMs: 0.08, msMax: null },
    ownMs: null,
  },
  'wifi-144': {
    about: "the paper's 5 GHz WiFi router, votes of 144 bytes (ids of 32)",
    source: 'paper, Table II: average 1.66, minimum 1.41, maximum 4.94 ms over 10,000 samples',
    latency: { fixedMs: 1.41, jitterMs: 0.25, msMax: 4.94 },
    ownMs: null,
  },
  'wifi-96': {
    about: "the paper's 5 GHz WiFi router, votes of 96 bytes (ids of 16)",
    source: 'paper, Table II: average 1.53, minimum 1.38, maximum 5.82 ms over 10,000 samples',
    latency: { fixedMs: 1.38, jitterMs: 0.15, msMax: 5.82 },
    ownMs: null,
  },
  'wifi-72': {
    about: "the paper's 5 GHz WiFi router, votes of 72 bytes (ids of 8)",
    source: 'paper, Table II: average 1.66, minimum 1.40, maximum 5.98 ms over 10,000 samples',
    latency: { fixedMs: 1.4, jitterMs: 0.26, msMax: 5.98 },
    ownMs: null,
  },
  'local-echo': {
    about: 'independent receivers, and a node hears itself first',
    source: 'a model, not a measurement: 1.3 ms + Exp(0.3 ms), own messages after 0.05 ms',
    latency: { fixedMs: 1.3, jitterMs: 0.3, msMax: null },
    ownMs: 0.05,
  },
  spread: {
    about: 'what a vote meets where every receiver has a path of its own',
    source: 'a model, not a measurement: 1.4 ms + Exp(0.2 ms)',
    latency: { fixedMs: 1.4, jitterMs: 0.2, msMax: null },
    ownMs: null,
  },
} as const satisfies Record<string, Network>;

export type NetworkName = keyof typeof NETWORKS;

export const NETWORK_NAMES = Object.keys(NETWORKS) as readonly NetworkName[];

/** The share `part` (0..1) of a way, e.g. half of it to a broker. `draw`: uniform over [0, 1). */
export function latencyMs({ fixedMs, jitterMs, msMax }: Latency, draw: number, part = 1): number {
  const ms = fixedMs - Math.log(1 - draw) * jitterMs;
  return part * (msMax !== null && ms > msMax ? msMax : ms);
}

const UNIT = 2 ** -32;

/** Uniform draws for ordered pairs of places, which are numbered from 0 in the order of `names`. */
export class PairDraws {
  readonly #keys: Int32Array;
  readonly #drawn: Uint32Array;
  readonly #count: number;
  readonly #seed: number;

  constructor(prng: Prng, names: readonly string[]) {
    this.#count = names.length;
    this.#seed = prng.stream('pairs').uint32() | 0;
    this.#keys = Int32Array.from(names, (name) => prng.stream(`place/${name}`).uint32() | 0);
    this.#drawn = new Uint32Array(names.length * names.length);
  }

  /** The next number of this pair, uniform over [0, 1). */
  next(from: number, to: number): number {
    const pair = from * this.#count + to;
    invariant(pair < this.#drawn.length, () => `pair ${from}, ${to} of ${this.#count} places`);
    const ordinal = this.#drawn[pair]!;
    this.#drawn[pair] = ordinal + 1;
    const key = mixed(this.#keys[from]! ^ mixed(this.#keys[to]! ^ this.#seed));
    return (mixed(key ^ Math.imul(ordinal + 1, 0x9e3779b1)) >>> 0) * UNIT;
  }
}

/** A bijection of 32 bits in which each input bit changes each output bit with probability near 1/2 (lowbias32). */
function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}
