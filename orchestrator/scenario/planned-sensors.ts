/** Sensors of a scenario's nodes: words and lists of a file as what readSensors takes. */
import { isAbsolute, join } from 'node:path';
import { readSensors } from '../../node/host/sensor-definitions.ts';
import type { Path, YamlSource } from '../files/yaml-source.ts';
import { REFERENCE_SENSORS } from '../lab/lab-plan.ts';
import { problemPath } from './problem-path.ts';
import type { Report } from './scenario-file.ts';
import type { WrittenSensors } from './workload-shape.ts';

/** 40 times as fast as the reference's, so that a node can buy within seconds. */
const FAST_PERIOD_MS = { min: 50, max: 250 } as const;
/** They are silent before the load ends, so that the lab can settle. */
const SILENT_MS = 500;

/** For a load of `loadMs`. */
export function fastSensors(loadMs: number): readonly unknown[] {
  const meanMs = (FAST_PERIOD_MS.min + FAST_PERIOD_MS.max) / 2;
  const samplesMax = Math.max(1, Math.floor((loadMs - SILENT_MS) / meanMs));
  return [{ topic: 'virtual', kind: 'counter', periodMs: FAST_PERIOD_MS, samplesMax }];
}

/** `directory`: recorded data is named relative to it. Problems are reported at `path`. */
export function plannedSensors(
  written: WrittenSensors,
  path: Path,
  { loadMs, directory, source, report }: { loadMs: number; directory: string; source: YamlSource; report: Report },
): readonly unknown[] {
  if (written === 'none') return [];
  if (written === 'fast') return fastSensors(loadMs);
  if (written === 'reference') return REFERENCE_SENSORS;
  const sensors = withAbsoluteFiles(source.typed(path), directory);
  const read = readSensors(sensors, 'sensors');
  if (read.ok) return sensors;
  for (const problem of read.problems)
    report([...path, ...problemPath(problem.path).slice(1)], problem.expected, problem.found);
  return [];
}

function withAbsoluteFiles(sensors: unknown, directory: string): readonly unknown[] {
  return (sensors as readonly unknown[]).map((sensor) => {
    const file = (sensor as { readonly file?: unknown } | null)?.file;
    if (typeof file !== 'string' || isAbsolute(file)) return sensor;
    return { ...(sensor as object), file: join(directory, file) };
  });
}
