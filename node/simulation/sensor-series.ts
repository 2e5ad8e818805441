/**
 * The Virtual Sensor's series (paper V.A): which values a sensor gives and how long it waits before each, as pure
 * functions of its definition, the sample's index and a seeded stream. Nothing here knows a clock, so a host drives it
 * with timers (host/sensor.ts) and a simulation with virtual time.
 *
 * Values and waits draw from streams of their own: a sensor made faster keeps its values.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Prng } from './prng.ts';

/** Waits are whole milliseconds: uniform over `min` .. `max`, both 1 .. 86,400,000. */
export interface PeriodMs {
  readonly min: number;
  readonly max: number;
}

/** What every kind of sensor has. */
export interface SensorPacing {
  /** Name of the data topic: 1..32 bytes of UTF-8 without NUL. */
  readonly topic: string;
  /** Wait before each sample; for `burst` before each burst. */
  readonly periodMs: PeriodMs;
  /** Each wait is moved by up to this much, earlier or later, 0 .. 86,400,000; a wait below 0 is 0. */
  readonly jitterMs: number;
  /** Names the sensor's stream in place of the lab's seed; null: the lab's. */
  readonly seed: string | null;
  /** The sensor falls silent after so many samples, 1 .. 1,000,000,000; null: never. */
  readonly samplesMax: number | null;
}

export type SensorSignal =
  /** `start`, `start + step`, ...: the reference's sensor is 1, 2, 3, ... */
  | { readonly kind: 'counter'; readonly start: number; readonly step: number }
  | { readonly kind: 'constant'; readonly value: number }
  /** Begins at `start`; each step is uniform over -stepMax .. stepMax, reflected at `min` and `max`. */
  | {
      readonly kind: 'random-walk';
      readonly start: number;
      readonly stepMax: number;
      readonly min: number;
      readonly max: number;
    }
  /** `mean + amplitude * sin(2 pi index / cycleSamples)`. */
  | { readonly kind: 'sine'; readonly mean: number; readonly amplitude: number; readonly cycleSamples: number }
  /** `burstSamples` samples `gapMs` apart, then the period again; the value is the position in the burst, from 1. */
  | { readonly kind: 'burst'; readonly burstSamples: number; readonly gapMs: number }
  /** Replays one column of a file; `column` is a name from the header, or a number from 1 where there is no header. */
  | { readonly kind: 'csv'; readonly file: string; readonly column: string | number; readonly repeat: boolean };

export type SensorDefinition = SensorPacing & SensorSignal;

/** The reference's sensor: an increasing integer every 1..10 s. */
export const REFERENCE_SENSOR: SensorDefinition = {
  topic: 'virtual',
  periodMs: { min: 1000, max: 10_000 },
  jitterMs: 0,
  seed: null,
  samplesMax: null,
  kind: 'counter',
  start: 1,
  step: 1,
};

/** Random walks and sines are rounded to millionths, so that a value stays short wherever it is printed. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** `value` folded back into `min` .. `max` as if the bounds were mirrors; the overshoot is less than the range. */
function reflected(value: number, min: number, max: number): number {
  const mirrored = value > max ? 2 * max - value : value < min ? 2 * min - value : value;
  return Math.min(max, Math.max(min, mirrored));
}

/**
 * Sample `index` (from 0) of `signal`, or null when the series has ended. `previous` is the sample before, null for the
 * first; only a random walk reads it. `draws` must be at the place that the samples before left it at. `column` holds
 * the file's values for `csv`, and is read by nothing else.
 */
export function sensorValue(
  signal: SensorSignal,
  index: number,
  previous: number | null,
  draws: Prng,
  column: readonly number[] = [],
): number | null {
  switch (signal.kind) {
    case 'counter':
      return signal.start + signal.step * index;
    case 'constant':
      return signal.value;
    case 'random-walk': {
      if (previous === null) return signal.start;
      const step = (2 * draws.float() - 1) * signal.stepMax;
      return reflected(rounded(previous + step), signal.min, signal.max);
    }
    case 'sine': {
      const phase = (2 * Math.PI * (index % signal.cycleSamples)) / signal.cycleSamples;
      return rounded(signal.mean + signal.amplitude * Math.sin(phase));
    }
    case 'burst':
      return 1 + (index % signal.burstSamples);
    case 'csv': {
      invariant(column.length > 0, () => `column ${signal.column} of ${signal.file} is empty`);
      if (index >= column.length && !signal.repeat) return null;
      return column[index % column.length]!;
    }
  }
}

/** Whole milliseconds, at least 0, to wait before sample `index` (from 0). One call a sample, in order. */
export function sensorWaitMs(definition: SensorDefinition, index: number, draws: Prng): number {
  const { periodMs, jitterMs } = definition;
  const insideBurst = definition.kind === 'burst' && index % definition.burstSamples !== 0;
  const wait = insideBurst ? definition.gapMs : draws.integer(periodMs.min, periodMs.max);
  return jitterMs === 0 ? wait : Math.max(0, wait + draws.integer(-jitterMs, jitterMs));
}
