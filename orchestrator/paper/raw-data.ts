/** Raw data of a measurement as its own part reads it back, or why there is none. Pure. */
import type { RawData, RawRecords } from './measurement.ts';
import type { RawReference } from './paper-results.ts';

export type Measured<T> =
  | {
      readonly ok: true;
      readonly data: T;
      /** Where `path` of the data stands, as `runs.0.decided`. */
      readonly raw: (path: string) => RawReference;
    }
  | { readonly ok: false; readonly reason: string };

/** The shape is the word of the part that measured it: nobody else writes that file. */
export function measuredData<T extends object>(records: RawRecords, id: string): Measured<T> {
  const record = records.get(id);
  if (record === undefined) return { ok: false, reason: 'not measured yet' };
  if (record.outcome === 'not-measured') return { ok: false, reason: record.reason };
  const data: RawData = record.data;
  return { ok: true, data: data as T, raw: (path) => ({ file: `raw/${id}.json`, path: `data.${path}` }) };
}
