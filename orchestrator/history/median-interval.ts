/**
 * A confidence interval of a median that assumes nothing of the distribution: two of the values themselves, by their
 * ranks. How many of n values lie below the median is binomial (n, 1/2), so from rank r to rank n + 1 - r the median is
 * within with probability 1 - 2 P(X < r). Source: Conover, Practical Nonparametric Statistics, section 3.2.
 */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const UNSURE = 0.05;

/** At 95 % or above, with the narrowest ranks that reach it; null below six values, where all of them do not. */
export function medianInterval(values: readonly number[]): Interval | null {
  const n = values.length;
  const sorted = [...values].sort((a, b) => a - b);
  // Logarithms: 2^-n is no number any more from 1075 values on.
  let log = -n * Math.LN2;
  let below = 0;
  let rank = 0;
  for (let left = 0; left < n / 2; left++) {
    below += Math.exp(log);
    if (2 * below > UNSURE) break;
    rank = left + 1;
    log += Math.log(n - left) - Math.log(left + 1);
  }
  return rank === 0 ? null : { low: sorted[rank - 1]!, high: sorted[n - rank]! };
}
