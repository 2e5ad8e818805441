/** Cells out of one raw record: each has its place in the raw file, and where there is nothing it says why. */
import type { RawRecord, RawRecords } from './measurement.ts';
import type { Cell, PlotPoint } from './paper-results.ts';

export interface FigureOptions {
  /** Default `here`. */
  readonly source?: 'here' | 'model';
  /** Path of `{ low, high }`: the 95 % confidence interval. */
  readonly interval?: string;
}

export class RawCells {
  readonly #id: string;
  readonly #record: RawRecord | undefined;

  constructor(records: RawRecords, id: string) {
    this.#id = id;
    this.#record = records.get(id);
  }

  /** What `path` (`latencyMs.p50`, `sizes.3.bytes`) leads to within the data; undefined where it leads nowhere. */
  value(path: string): unknown {
    const record = this.#record;
    if (record?.outcome !== 'measured') return undefined;
    let found: unknown = record.data;
    for (const name of path.split('.')) {
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
      found = (found as Readonly<Record<string, unknown>>)[name];
    }
    return found;
  }

  /** Null where there is no finite number. */
  number(path: string): number | null {
    const found = this.value(path);
    return typeof found === 'number' && Number.isFinite(found) ? found : null;
  }

  /** Items of the list at `path`; 0 where there is none. */
  count(path: string): number {
    const found = this.value(path);
    return Array.isArray(found) ? found.length : 0;
  }

  figure(path: string, unit: string, { source = 'here', interval }: FigureOptions = {}): Cell {
    const value = this.number(path);
    if (value === null) return { kind: 'missing', reason: this.#reason(path) };
    const low = interval === undefined ? null : this.number(`${interval}.low`);
    const high = interval === undefined ? null : this.number(`${interval}.high`);
    return {
      kind: 'figure',
      source,
      value,
      unit,
      ...(low === null || high === null ? {} : { low, high }),
      raw: { file: `raw/${this.#id}.json`, path: `data.${path}` },
    };
  }

  #reason(path: string): string {
    const record = this.#record;
    if (record === undefined) return 'not measured yet';
    if (record.outcome === 'not-measured') return record.reason;
    return `raw/${this.#id}.json has no number at data.${path}`;
  }
}

export function given(value: number | null, unit: string, source: string, text: string = String(value)): Cell {
  return { kind: 'given', value, text, unit, source };
}

export function formula(value: number, unit: string, text: string): Cell {
  return { kind: 'formula', value, unit, formula: text };
}

export function missing(reason: string): Cell {
  return { kind: 'missing', reason };
}

export function text(words: string | number): Cell {
  return { kind: 'text', text: String(words) };
}

/** A point of a plot, without a bar where an end of it is unknown; none where `y` is unknown. */
export function plotted(
  x: number,
  y: number | null,
  low: number | null = null,
  high: number | null = null,
): PlotPoint[] {
  if (y === null) return [];
  return [{ x, y, ...(low === null || high === null ? {} : { low, high }) }];
}
