/** What holds for every section of the evaluation, whatever it measures; and contexts to measure in. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  MeasureContext,
  PaperOptions,
  PaperPart,
  RawData,
  RawRecord,
  RawRecords,
} from '../../orchestrator/paper/measurement.ts';
import type { Cell, PaperSection, RawReference } from '../../orchestrator/paper/paper-results.ts';

export const FULL_OPTIONS: PaperOptions = { quick: false, runtime: 'processes', seed: '7' };
export const QUICK_OPTIONS: PaperOptions = { ...FULL_OPTIONS, quick: true };

/** In an empty directory of its own. */
export function measureContext(changed: Partial<MeasureContext> = {}): MeasureContext {
  return {
    ...QUICK_OPTIONS,
    directory: mkdtempSync(join(tmpdir(), 'wallance-measure-')),
    relativeDirectory: 'raw/made-up',
    signal: new AbortController().signal,
    note: () => {},
    ...changed,
  };
}

export function measuredRecord(id: string, data: object, options = FULL_OPTIONS): [string, RawRecord] {
  return [
    id,
    {
      id,
      title: id,
      options,
      at: '2026-11-22T12:00:00.000Z',
      tookMs: 1,
      outcome: 'measured',
      data: data as RawData,
    },
  ];
}

export function unmeasuredRecord(id: string, reason: string, options = FULL_OPTIONS): [string, RawRecord] {
  return [id, { id, title: id, options, at: '2026-11-22T12:00:00.000Z', tookMs: 1, outcome: 'not-measured', reason }];
}

export function cellsOf(section: PaperSection): readonly Cell[] {
  return section.tables.flatMap(({ rows }) => rows.flat());
}

/** The section that `part` makes of `records`, after a look at what must hold for any. */
export function presented(part: PaperPart, records: RawRecords, options = FULL_OPTIONS): PaperSection {
  const section = part.present(records, options);
  assert.equal(section.id, part.id);
  assert.match(section.finding, /\.$/);
  for (const { id, columns, rows } of section.tables)
    for (const row of rows) assert.equal(row.length, columns.length, `a row of table ${id}`);
  const ids = [...section.tables, ...section.plots].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const cell of cellsOf(section)) {
    if (cell.kind === 'figure') {
      assert.ok(Number.isFinite(cell.value), JSON.stringify(cell));
      assert.notEqual(valueAt(records, cell.raw), undefined, `${cell.raw.file} has no ${cell.raw.path}`);
    }
    if (cell.kind === 'missing') assert.notEqual(cell.reason, '');
  }
  for (const { series } of section.plots)
    for (const { points } of series)
      assert.deepEqual(
        points,
        [...points].sort((a, b) => a.x - b.x),
      );
  return section;
}

function valueAt(records: RawRecords, { file, path = '' }: RawReference): unknown {
  const record = records.get(file.replace(/^raw\/(.*)\.json$/, '$1'));
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], record);
}
