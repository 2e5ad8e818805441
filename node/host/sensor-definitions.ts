/**
 * Virtual sensors as people declare them: JSON in, definitions or every problem at once out. The meaning of each field
 * stands beside the series (simulation/sensor-series.ts).
 */
import type { Problem } from '../protocol/parameters.ts';
import { shown } from '../protocol/parameters.ts';
import type { PeriodMs, SensorDefinition, SensorPacing, SensorSignal } from '../simulation/sensor-series.ts';
import { RecordReader, readArray } from './record-reader.ts';

const SENSORS_MAX = 64;
const PERIOD_MS_MAX = 86_400_000;
const KINDS = ['counter', 'constant', 'random-walk', 'sine', 'burst', 'csv'] as const;

/**
 * Reads an array of definitions. A definition needs `topic`, `kind` and `periodMs` (a number, or `{ "min", "max" }`),
 * and may have `jitterMs` (0), `seed` and `samplesMax`. Beside these, by kind (defaults in brackets): counter
 * `start` (1), `step` (1); constant `value`; random-walk `stepMax`, `min`, `max`, `start` (the middle); sine
 * `amplitude`, `cycleSamples`, `mean` (0); burst `burstSamples`, `gapMs` (0); csv `file`, `column`, `repeat` (true).
 */
export function readSensors(
  value: unknown,
  path: string,
): { ok: true; sensors: readonly SensorDefinition[] } | { ok: false; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const sensors: SensorDefinition[] = [];
  readArray(value, path, SENSORS_MAX, problems).forEach((element, index) => {
    const reader = RecordReader.over(element, `${path}[${index}]`, problems);
    if (reader !== null) sensors.push(readSensor(reader));
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, sensors };
}

function readSensor(reader: RecordReader): SensorDefinition {
  const pacing: SensorPacing = {
    topic: reader.name('topic'),
    periodMs: readPeriod(reader),
    jitterMs: reader.integer('jitterMs', 0, PERIOD_MS_MAX, 0),
    seed: reader.has('seed') ? readSeed(reader) : null,
    samplesMax: reader.has('samplesMax') ? reader.integer('samplesMax', 1, 1_000_000_000) : null,
  };
  const signal = readSignal(reader);
  if (signal === null) return { ...pacing, kind: 'constant', value: 0 };
  reader.finish();
  return { ...pacing, ...signal };
}

function readPeriod(reader: RecordReader): PeriodMs {
  const value = reader.raw('periodMs');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { min, max } = value as Partial<Record<string, unknown>>;
    if (isPeriod(min) && isPeriod(max) && min <= max && Object.keys(value).length === 2) return { min, max };
  } else if (isPeriod(value)) {
    return { min: value, max: value };
  }
  const expected = `integer 1..${PERIOD_MS_MAX}, or {"min", "max"} of two such with min <= max`;
  reader.problem('periodMs', expected, shown(value));
  return { min: 1, max: 1 };
}

function isPeriod(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= PERIOD_MS_MAX;
}

function readSeed(reader: RecordReader): string {
  const value = reader.raw('seed');
  return Number.isSafeInteger(value) ? String(value) : reader.text('seed', 256);
}

/** Null when the kind is unknown: which other fields belong to it cannot be said then. */
function readSignal(reader: RecordReader): SensorSignal | null {
  const kind = KINDS.find((known) => known === reader.raw('kind'));
  switch (kind) {
    case 'counter':
      return { kind, start: reader.number('start', 1, -1e9, 1e9), step: reader.number('step', 1, -1e9, 1e9) };
    case 'constant':
      return { kind, value: reader.number('value') };
    case 'random-walk':
      return readRandomWalk(reader);
    case 'sine':
      return {
        kind,
        mean: reader.number('mean', 0, -1e9, 1e9),
        amplitude: reader.number('amplitude', undefined, -1e9, 1e9),
        cycleSamples: reader.integer('cycleSamples', 2, 1_000_000_000),
      };
    case 'burst':
      return {
        kind,
        burstSamples: reader.integer('burstSamples', 1, 100_000),
        gapMs: reader.integer('gapMs', 0, PERIOD_MS_MAX, 0),
      };
    case 'csv':
      return {
        kind,
        file: reader.text('file', 4096),
        column: readColumn(reader),
        repeat: reader.truth('repeat', true),
      };
    case undefined:
      reader.choice('kind', KINDS);
      return null;
  }
}

function readRandomWalk(reader: RecordReader): SensorSignal {
  const min = reader.number('min', undefined, -1e9, 1e9);
  const max = reader.number('max', undefined, -1e9, 1e9);
  if (min > max) reader.problem('max', `a number not below min (${min})`, shown(max));
  const range = Math.max(0, max - min);
  return {
    kind: 'random-walk',
    min,
    max,
    stepMax: reader.number('stepMax', undefined, 0, range),
    start: reader.number('start', min + range / 2, min, Math.max(min, max)),
  };
}

function readColumn(reader: RecordReader): string | number {
  return typeof reader.raw('column') === 'string' ? reader.text('column', 256) : reader.integer('column', 1, 1000);
}
