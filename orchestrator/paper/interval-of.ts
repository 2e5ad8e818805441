/** 95 % confidence intervals of what the parts of the evaluation count and time. Pure. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const Z = 1.959964;
/** Student's t, two-sided 95 %, by degrees of freedom from 1. */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086,
];

/** Of a share, `hits` of `count` (Wilson); null where nothing was counted. */
export function shareInterval(hits: number, count: number): Interval | null {
  if (count === 0) return null;
  const share = hits / count;
  const denominator = 1 + Z ** 2 / count;
  const centre = (share + Z ** 2 / (2 * count)) / denominator;
  const half = (Z * Math.sqrt((share * (1 - share)) / count + Z ** 2 / (4 * count ** 2))) / denominator;
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Of the mean of values that are independent of each other; null for fewer than three. */
export function meanInterval(values: readonly number[]): Interval | null {
  const { length } = values;
  if (length < 3) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (length - 1);
  const half = (T[length - 2] ?? Z) * Math.sqrt(variance / length);
  return { low: mean - half, high: mean + half };
}

/**
 * Of the median, by ranks (binomial, so at least 95 %): each end is a value. Null for fewer than six, of which no pair of
 * ranks covers as much.
 */
export function medianInterval(values: readonly number[]): Interval | null {
  const { length } = values;
  const sorted = [...values].sort((a, b) => a - b);
  // Largest `rank` such that fewer than that many of `length` coins show heads with a probability of 2.5 % at most.
  let probability = 0.5 ** length;
  let below = probability;
  let rank = 0;
  while (below <= 0.025 && rank < length / 2) {
    rank++;
    probability *= (length - rank + 1) / rank;
    below += probability;
  }
  return rank === 0 ? null : { low: sorted[rank - 1]!, high: sorted[length - rank]! };
}
