/**
 * What `wallance paper` measures, as a list of measurements that stand alone: each is made once, its raw data is one
 * file, and everything that is shown is made of those files. So an interrupted evaluation goes on where it stopped, and
 * each cell leads back to what was measured.
 */
import type { PaperSection } from './paper-results.ts';

export type PaperRuntime = 'processes' | 'docker';

export interface PaperOptions {
  /** Smaller samples and fewer sizes: minutes instead of half an hour. */
  readonly quick: boolean;
  /** Where live nodes run. */
  readonly runtime: PaperRuntime;
  /** Of everything drawn. */
  readonly seed: string;
}

export interface MeasureContext extends PaperOptions {
  /** A directory of this measurement's own, empty; what is left in it stays with the results. Absolute. */
  readonly directory: string;
  /** Path of `directory` below the results' directory, as {@link RawReference} has it. */
  readonly relativeDirectory: string;
  /** Interrupted: a measurement that takes longer than a second looks at it and rejects with its reason. */
  readonly signal: AbortSignal;
  /** What it is at, one short line for people. */
  note(text: string): void;
}

/** Plain JSON. */
export type RawData = { readonly [key: string]: unknown };

export interface Measurement {
  /** Unique, [a-z0-9-]; the raw data is in `raw/<id>.json`. */
  readonly id: string;
  readonly title: string;
  /** About how long it takes on two cores, for progress. */
  readonly seconds: number;
  /**
   * Rejects with CannotMeasure where this machine lacks what is needed, and with a Failure where it went wrong: in both
   * cases the cells say why, the others are measured, and it is tried again next time. Any other rejection is a bug and
   * ends the evaluation.
   */
  measure(context: MeasureContext): Promise<RawData>;
}

/** What a machine lacks for a measurement: an operating circumstance, no fault of ours. */
export class CannotMeasure extends Error {
  override readonly name = 'CannotMeasure';
}

/** A raw file, `raw/<id>.json`. */
export type RawRecord = {
  readonly id: string;
  readonly title: string;
  readonly options: PaperOptions;
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly tookMs: number;
} & (
  | { readonly outcome: 'measured'; readonly data: RawData }
  | { readonly outcome: 'not-measured'; readonly reason: string }
);

/** Raw records by id; none for what has not been measured yet. */
export type RawRecords = ReadonlyMap<string, RawRecord>;

/** A section of the evaluation: what it measures, and what it makes of it. */
export interface PaperPart {
  /** [a-z0-9-]. */
  readonly id: string;
  /** In the order of measuring. */
  measurements(options: PaperOptions): readonly Measurement[];
  /** Pure. Cells without raw data are `missing` with the reason. */
  present(records: RawRecords, options: PaperOptions): PaperSection;
}
