/**
 * The number of equal votes that settles a request (paper IV.D, Table I). Integer arithmetic only.
 * Source: R-12; the rounding is D-01 ("2/3" is 5 of 8, which is 62.5 %).
 */
import { invariant } from './invariant.ts';

/** A positive fraction, e.g. `{ numerator: 2, denominator: 3 }`. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

export type QuorumRounding = 'nearest' | 'up';

/**
 * `threshold` of `n` nodes, rounded to the nearest whole vote (half up: SQLite's ROUND) or up.
 * `n` >= 0; the result may be 0 when n is 0, and callers treat it as "no quorum is possible".
 */
export function quorum(threshold: Ratio, n: number, rounding: QuorumRounding): number {
  invariant(Number.isInteger(n) && n >= 0, () => `quorum of n = ${n}`);
  const { numerator: a, denominator: b } = threshold;
  if (rounding === 'up') return Math.floor((a * n + b - 1) / b);
  return Math.floor((2 * a * n + b) / (2 * b));
}
