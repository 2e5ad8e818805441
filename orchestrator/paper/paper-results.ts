/**
 * Results of the evaluation as plain data: what paper.json holds, and what paper.md and paper.html are drawn from.
 * A cell knows where it comes from: measured here (with the raw data), given by the paper, made by a formula of the
 * model, or missing with the reason.
 */
import type { Machine } from '../run/machine.ts';
import type { PaperOptions } from './measurement.ts';

/** Where a figure comes from within the directory of results. */
export interface RawReference {
  /** Relative to paper.json, with `/`. */
  readonly file: string;
  /** Place in that file, as `data.latencyMs.p50`; absent: the whole file. */
  readonly path?: string;
}

export type Cell =
  /** Measured, or simulated where `source` is `model`. `low`, `high`: 95 % confidence interval of `value`. */
  | {
      readonly kind: 'figure';
      readonly source: 'here' | 'model';
      readonly value: number;
      readonly unit: string;
      readonly low?: number;
      readonly high?: number;
      readonly raw: RawReference;
    }
  /** Said by the paper, or by a source that it is set beside. `text` where it is no number ("< 1 s"). */
  | {
      readonly kind: 'given';
      readonly value: number | null;
      readonly text: string;
      readonly unit: string;
      readonly source: string;
    }
  /** By arithmetic from parameters, without a measurement. */
  | { readonly kind: 'formula'; readonly value: number; readonly unit: string; readonly formula: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing'; readonly reason: string };

export interface PaperColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export interface PaperTable {
  /** Unique in all sections, [a-z0-9-]. */
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly PaperColumn[];
  /** As many cells as columns each. */
  readonly rows: readonly (readonly Cell[])[];
}

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Ends of a bar through the point: an interval, or the least and the most. */
  readonly low?: number;
  readonly high?: number;
}

export interface PlotSeries {
  readonly name: string;
  /** The paper's points, a model (simulated or fitted), or measured here: they look different throughout. */
  readonly source: 'paper' | 'model' | 'here';
  readonly mark: 'points' | 'line' | 'points-and-line';
  /** The bound of the paper is an upper one ("< 1 s"): drawn with an arrow downwards. */
  readonly upperBounds?: boolean;
  /** By ascending x. */
  readonly points: readonly PlotPoint[];
}

export interface PaperPlot {
  /** Unique in all sections, [a-z0-9-]. */
  readonly id: string;
  readonly caption: string;
  readonly x: { readonly label: string; readonly scale: 'linear' | 'log' };
  readonly y: { readonly label: string; readonly scale: 'linear' | 'log' };
  readonly series: readonly PlotSeries[];
}

/** A figure of the paper beside the one that was found here. */
export interface PaperHeadline {
  /** "Time to consensus, 48 nodes". */
  readonly name: string;
  readonly paper: Cell;
  readonly here: Cell;
}

export interface PaperSection {
  readonly id: string;
  /** "Table II: vote latency by size of id". */
  readonly title: string;
  /** One sentence: what came out, with its figures; what one reads who reads no more. */
  readonly finding: string;
  /** How it was measured, in a few sentences. */
  readonly method: readonly string[];
  readonly tables: readonly PaperTable[];
  readonly plots: readonly PaperPlot[];
  /** What the figures can and cannot say. */
  readonly limits: readonly string[];
  /** The few figures that stand for the section in the summary and in the README. */
  readonly headlines?: readonly PaperHeadline[];
}

/** paper.json. */
export interface PaperResults {
  readonly kind: 'wallance-paper';
  readonly version: 1;
  /** UTC, ISO 8601: when the last of it was measured. */
  readonly at: string;
  readonly options: PaperOptions;
  readonly machine: Machine;
  /** By the node's own search, when the evaluation began. */
  readonly hashesPerSecond: number;
  /** Sum over all measurements. */
  readonly tookMs: number;
  readonly sections: readonly PaperSection[];
  /** Measurements without data, and why. */
  readonly notMeasured: readonly { readonly id: string; readonly title: string; readonly reason: string }[];
}
