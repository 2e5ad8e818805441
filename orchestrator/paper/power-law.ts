/**
 * y = a x^b through points, by least squares of ln y over ln x: how fast something grows. With the 95 % interval of b
 * that the scatter round the line gives (Student's t). Pure.
 */
export interface PowerLaw {
  /** y at x = 1. */
  readonly factor: number;
  readonly exponent: number;
  /** 95 % interval of the exponent; null for two points, through which every line goes. */
  readonly low: number | null;
  readonly high: number | null;
  /** Largest ratio of a point to the line, either way; 1: all of them are on it. */
  readonly departure: number;
}

/** 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom. Source: NIST/SEMATECH e-Handbook, 1.3.6.7.2. */
const T_QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145];
const T_QUANTILE_LARGE = 2.131;

/** Null for fewer than two different x, or where something is not above 0. */
export function fitPowerLaw(points: readonly { readonly x: number; readonly y: number }[]): PowerLaw | null {
  if (points.some(({ x, y }) => !(x > 0 && y > 0))) return null;
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const n = logs.length;
  const meanX = logs.reduce((sum, { x }) => sum + x, 0) / n;
  const meanY = logs.reduce((sum, { y }) => sum + y, 0) / n;
  const spread = logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (n < 2 || spread === 0) return null;
  const exponent = logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const level = meanY - exponent * meanX;
  const residuals = logs.map(({ x, y }) => y - level - exponent * x);
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const freedom = n - 2;
  const half =
    freedom === 0 ? null : (T_QUANTILES[freedom - 1] ?? T_QUANTILE_LARGE) * Math.sqrt(squares / freedom / spread);
  return {
    factor: Math.exp(level),
    exponent,
    low: half === null ? null : exponent - half,
    high: half === null ? null : exponent + half,
    departure: Math.exp(Math.max(...residuals.map(Math.abs))),
  };
}

/** On the line. */
export function powerAt({ factor, exponent }: PowerLaw, x: number): number {
  return factor * x ** exponent;
}
