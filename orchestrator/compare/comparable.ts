/** Results as they are compared, whatever made them: figures with their intervals, and the circumstances they hold in. */
import type { Interval } from '../history/interval.ts';

export type ComparableKind = 'run' | 'paper' | 'bench';

export interface ComparableFigure {
  /** Unique in the results, the same in results of the same kind. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Null: more of it is neither better nor worse. */
  readonly better: 'lower' | 'higher' | null;
  readonly value: number;
  /** Null: one value only, which says nothing of its spread. */
  readonly interval: Interval | null;
}

export interface Comparable {
  readonly kind: ComparableKind;
  /** What people call it: scenario and revision, or the file. */
  readonly title: string;
  /** As it was given. */
  readonly path: string;
  /** Circumstances that must be the same for figures to be compared, by name. */
  readonly circumstances: Readonly<Record<string, string>>;
  /** Calibration; null where none was measured. */
  readonly hashesPerSecond: number | null;
  /** Of a run; null for other results. */
  readonly verdict: 'pass' | 'failed' | 'inconclusive' | null;
  readonly figures: readonly ComparableFigure[];
}

/** By the unit: times, bytes and joules are better when less, rates when more. */
export function betterBy(unit: string): ComparableFigure['better'] {
  if (/\/s$/.test(unit)) return 'higher';
  return /^(ns|us|\u00b5s|ms|s|B|kB|MB|GB|nJ|uJ|\u00b5J|mJ|J)$/.test(unit) ? 'lower' : null;
}
