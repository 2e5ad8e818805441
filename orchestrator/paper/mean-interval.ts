/** How sure a mean is. */

/** 97.5 % quantile of the normal distribution. */
const Z = 1.959964;

/**
 * 95 % confidence interval of the mean of independent values, by the central limit theorem: meant for a hundred values
 * and more. Null for fewer than two.
 */
export function meanInterval(values: readonly number[]): readonly [low: number, high: number] | null {
  const count = values.length;
  if (count < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = Z * Math.sqrt(variance / count);
  return [mean - half, mean + half];
}
