/** Intervals in which the true value of a measured quantity lies: what two measurements are compared by. Pure. */

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** How often such an interval holds the true value, 0..1. */
  readonly coverage: number;
}

const COVERAGE_WANTED = 0.95;
/** 97.5 % of a standard normal distribution lie below. */
const NORMAL_Z = 1.959964;
/** The same of Student's distribution, by degrees of freedom from 1. */
const STUDENT_T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * Of the median, by order statistics: both ends are values that were measured, whatever their distribution. The
 * narrowest that covers 95 % at least; where there are too few values for that (below six), least and most, which cover
 * less. Null for fewer than two.
 */
export function medianInterval(values: readonly number[]): Interval | null {
  const count = values.length;
  if (count < 2) return null;
  const sorted = values.toSorted((a, b) => a - b);
  // Without the `left` outermost values at each end it misses where at most `left` values lie below the true median:
  // a sum of binomial probabilities of a half.
  let probability = 0.5 ** count;
  if (probability === 0) {
    // Beyond a thousand values that is no number any more; there the normal approximation is exact enough.
    const left = Math.floor((count - NORMAL_Z * Math.sqrt(count)) / 2) - 1;
    return { low: sorted[left]!, high: sorted[count - 1 - left]!, coverage: COVERAGE_WANTED };
  }
  let left = 0;
  let below = probability;
  for (;;) {
    probability *= (count - left) / (left + 1);
    if (1 - 2 * (below + probability) < COVERAGE_WANTED) break;
    below += probability;
    left++;
  }
  return { low: sorted[left]!, high: sorted[count - 1 - left]!, coverage: 1 - 2 * below };
}

/**
 * Of a quantile, `share` in 0..1, by order statistics with the normal approximation of their ranks. Null where the
 * values are too few to have one on each side.
 */
export function quantileInterval(values: readonly number[], share: number): Interval | null {
  const count = values.length;
  const spread = NORMAL_Z * Math.sqrt(count * share * (1 - share));
  const first = Math.floor(count * share - spread);
  const last = Math.ceil(count * share + spread);
  if (first < 1 || last > count) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return { low: sorted[first - 1]!, high: sorted[last - 1]!, coverage: COVERAGE_WANTED };
}

/** Of the mean, by its standard error and Student's distribution. Null for fewer than two. */
export function meanInterval(values: readonly number[]): Interval | null {
  const count = values.length;
  if (count < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = (STUDENT_T[count - 2] ?? NORMAL_Z) * Math.sqrt(variance / count);
  return { low: mean - half, high: mean + half, coverage: COVERAGE_WANTED };
}

/** Of a share, `hits` of `total`, by Wilson's score: inside 0..1 also for none and for all. Null for none in total. */
export function shareInterval(hits: number, total: number): Interval | null {
  if (total === 0) return null;
  const share = hits / total;
  const z2 = NORMAL_Z ** 2;
  const middle = (share + z2 / (2 * total)) / (1 + z2 / total);
  const half = (NORMAL_Z / (1 + z2 / total)) * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half), coverage: COVERAGE_WANTED };
}
