/** What is said of a set of times in raw data: percentiles and the interval of the median. */
import { distributionOf } from '../history/distribution.ts';
import { medianInterval } from '../history/interval.ts';

const COVERAGE_MIN = 0.95;

/** Milliseconds but for `count`. */
export interface LatencyFigures {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly mean: number;
  /** 95 % interval of the median; null where there are too few values for one. */
  readonly low: number | null;
  readonly high: number | null;
}

/** Null for no values. Rounded to microseconds. */
export function latencyFigures(valuesMs: readonly number[]): LatencyFigures | null {
  const distribution = distributionOf(valuesMs);
  if (distribution === null) return null;
  const { count, min, p50, p95, max, mean } = distribution;
  const found = medianInterval(valuesMs);
  const interval = found !== null && found.coverage >= COVERAGE_MIN ? found : null;
  const thousandths = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    count,
    min: thousandths(min),
    p50: thousandths(p50),
    p95: thousandths(p95),
    max: thousandths(max),
    mean: thousandths(mean),
    low: interval === null ? null : thousandths(interval.low),
    high: interval === null ? null : thousandths(interval.high),
  };
}
