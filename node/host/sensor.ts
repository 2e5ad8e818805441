/**
 * The paper's Virtual Sensor (V.A) as a component of its own: it feeds samples to the node's processing unit and knows
 * nothing of it. The series is sensor-series.ts; this file paces it with timers and reads recorded data.
 *
 * Samples keep to a plan of due times, so timers that fire late do not add up. A node that was stopped for longer than
 * a second (a paused process) takes up the plan from now: what was missed is not made up for in one burst.
 */
import type { Problem } from '../protocol/parameters.ts';
import { Prng } from '../simulation/prng.ts';
import { type SensorDefinition, sensorValue, sensorWaitMs } from '../simulation/sensor-series.ts';
import { loadCsvColumn } from './csv-column.ts';
import type { Schedule } from './schedule.ts';

const BEHIND_MS_MAX = 1000;

export interface VirtualSensorOptions {
  readonly definition: SensorDefinition;
  /** The sensor's own stream. */
  readonly prng: Prng;
  /** Values of the file's column, for `csv`. */
  readonly column: readonly number[];
  readonly schedule: Schedule;
  /** Milliseconds from any fixed point, never going back. */
  readonly nowMs: () => number;
  readonly emit: (topic: string, value: number) => void;
}

export class VirtualSensor {
  readonly #options: VirtualSensorOptions;
  readonly #valueDraws: Prng;
  readonly #paceDraws: Prng;
  #index = 0;
  #previous: number | null = null;
  #dueMs = 0;
  #cancel: (() => void) | null = null;

  constructor(options: VirtualSensorOptions) {
    this.#options = options;
    this.#valueDraws = options.prng.stream('values');
    this.#paceDraws = options.prng.stream('pace');
  }

  /** Samples given so far. */
  get samples(): number {
    return this.#index;
  }

  /** Begins, or goes on where `stop` left off, with a fresh wait. */
  start(): void {
    if (this.#cancel !== null) return;
    this.#dueMs = this.#options.nowMs();
    this.#plan();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #plan(): void {
    const { definition, schedule, nowMs } = this.#options;
    this.#cancel = null;
    if (this.#index >= (definition.samplesMax ?? Number.POSITIVE_INFINITY)) return;
    const now = nowMs();
    if (now - this.#dueMs > BEHIND_MS_MAX) this.#dueMs = now;
    this.#dueMs += sensorWaitMs(definition, this.#index, this.#paceDraws);
    this.#cancel = schedule(Math.max(0, Math.ceil(this.#dueMs - now)), () => this.#sample());
  }

  #sample(): void {
    const { definition, column, emit } = this.#options;
    const value = sensorValue(definition, this.#index, this.#previous, this.#valueDraws, column);
    this.#cancel = null;
    if (value === null) return;
    this.#index++;
    this.#previous = value;
    this.#plan();
    emit(definition.topic, value);
  }
}

export interface SensorsOptions {
  readonly definitions: readonly SensorDefinition[];
  /** The lab's seed. */
  readonly seed: string;
  /** Names the streams: the seat, which is the node's id but for twins. */
  readonly node: string;
  readonly schedule: Schedule;
  readonly nowMs: () => number;
  readonly emit: (topic: string, value: number) => void;
}

/**
 * One sensor a definition, not started yet, or every problem of the files they replay. Sensor i draws from the stream
 * `sensor/<node>/<i>` of its own seed or the lab's.
 */
export function createSensors(
  options: SensorsOptions,
): { ok: true; sensors: readonly VirtualSensor[] } | { ok: false; problems: readonly Problem[] } {
  const { definitions, seed, node, schedule, nowMs, emit } = options;
  const problems: Problem[] = [];
  const sensors = definitions.map((definition, index) => {
    let column: readonly number[] = [];
    if (definition.kind === 'csv') {
      const loaded = loadCsvColumn(definition.file, definition.column, `sensors[${index}].file`);
      if (loaded.ok) column = loaded.values;
      else problems.push(...loaded.problems);
    }
    const prng = Prng.seeded(definition.seed ?? seed).stream(`sensor/${node}/${index}`);
    return new VirtualSensor({ definition, prng, column, schedule, nowMs, emit });
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, sensors };
}
