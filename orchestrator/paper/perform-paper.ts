/**
 * Performs an evaluation: measurement after measurement, alone, each written down before the next begins. What has been
 * measured is not measured again; what could not be is tried again. A measurement that goes wrong does not take the
 * others along.
 */
import { Failure, messageOf } from '../failure.ts';
import { describeMachine } from '../run/machine.ts';
import {
  CannotMeasure,
  type Measurement,
  type PaperOptions,
  type PaperPart,
  type RawRecord,
  type RawRecords,
} from './measurement.ts';
import type { PaperDirectory } from './paper-directory.ts';
import type { PaperResults } from './paper-results.ts';

export interface PaperListener {
  /** Before anything is measured; `kept` have been already. */
  planned(all: readonly Measurement[], kept: ReadonlySet<string>): void;
  started(measurement: Measurement): void;
  /** What the measurement is at. */
  note(text: string): void;
  ended(measurement: Measurement, record: RawRecord): void;
}

export interface PaperOutcome {
  readonly results: PaperResults;
  /** Ids of measurements that went wrong in this turn, other than for want of something. */
  readonly failed: readonly string[];
  readonly interrupted: boolean;
}

export interface PerformPaper {
  readonly parts: readonly PaperPart[];
  readonly options: PaperOptions;
  readonly directory: PaperDirectory;
  readonly signal: AbortSignal;
  readonly listener: PaperListener;
  /** After each measurement and at the end: writes the report as it stands. */
  readonly onResults: (results: PaperResults) => void;
}

/** Rejects only for what is no operating failure: with a bug of a measurement. The report is written before. */
export async function performPaper(evaluation: PerformPaper): Promise<PaperOutcome> {
  const { parts, options, directory, signal, listener, onResults } = evaluation;
  const all = parts.flatMap((part) => part.measurements(options));
  const records = readRecords(all, directory);
  const kept = new Set([...records.values()].filter(({ outcome }) => outcome === 'measured').map(({ id }) => id));
  listener.planned(all, kept);
  const failed: string[] = [];
  const report = (): PaperResults => {
    const results = resultsOf(evaluation, all, records);
    onResults(results);
    return results;
  };
  for (const measurement of all) {
    if (kept.has(measurement.id)) continue;
    if (signal.aborted) break;
    listener.started(measurement);
    const begunMs = performance.now();
    const ended = (outcome: { outcome: 'measured'; data: object } | { outcome: 'not-measured'; reason: string }) => {
      const { id, title } = measurement;
      const tookMs = Math.round(performance.now() - begunMs);
      const record = { id, title, options, at: new Date().toISOString(), tookMs, ...outcome } as RawRecord;
      directory.write(record);
      records.set(id, record);
      listener.ended(measurement, record);
      report();
    };
    try {
      const data = await measurement.measure({
        ...options,
        ...directory.emptied(measurement.id),
        signal,
        note: (text) => listener.note(text),
      });
      ended({ outcome: 'measured', data });
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof CannotMeasure)) failed.push(measurement.id);
      ended({ outcome: 'not-measured', reason: messageOf(error) });
      if (!(error instanceof CannotMeasure || error instanceof Failure)) throw error;
    }
  }
  return { results: report(), failed, interrupted: signal.aborted };
}

/** True where a measurement of `parts` has no record yet, or only why it could not be made. */
export function isUnfinished(
  parts: readonly PaperPart[],
  options: PaperOptions,
  directory: Pick<PaperDirectory, 'record'>,
): boolean {
  const all = parts.flatMap((part) => part.measurements(options));
  return all.some(({ id }) => directory.record(id) === null);
}

/** What is there of `all`. */
function readRecords(all: readonly Measurement[], directory: PaperDirectory): Map<string, RawRecord> {
  return new Map(
    all.flatMap(({ id }) => {
      const record = directory.record(id);
      return record === null ? [] : [[id, record]];
    }),
  );
}

function resultsOf(
  { parts, options, directory }: PerformPaper,
  all: readonly Measurement[],
  records: RawRecords,
): PaperResults {
  const made = [...records.values()];
  return {
    kind: 'wallance-paper',
    version: 1,
    at: made.map(({ at }) => at).reduce((latest, at) => (at > latest ? at : latest), ''),
    options,
    machine: describeMachine(),
    hashesPerSecond: directory.hashesPerSecond,
    tookMs: made.reduce((sum, { tookMs }) => sum + tookMs, 0),
    sections: parts.map((part) => part.present(records, options)),
    notMeasured: all.flatMap(({ id, title }) => {
      const record = records.get(id);
      if (record?.outcome === 'measured') return [];
      return [{ id, title, reason: record?.reason ?? 'not measured yet' }];
    }),
  };
}
