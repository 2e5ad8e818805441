/** Sections of the evaluation out of raw records: every figure of theirs must be found again where it says it is from. */
import assert from 'node:assert/strict';
import type { PaperOptions, PaperPart, RawData, RawRecord, RawRecords } from '../../orchestrator/paper/measurement.ts';
import type { Cell, PaperSection } from '../../orchestrator/paper/paper-results.ts';

export const QUICK: PaperOptions = { quick: true, runtime: 'processes', seed: 'test' };

/** Data as it comes back from its file; a text is the reason why there is none. */
export function recordsOf(outcomes: Readonly<Record<string, RawData | string>>): RawRecords {
  return new Map(
    Object.entries(outcomes).map(([id, outcome]): [string, RawRecord] => {
      const common = { id, title: id, options: QUICK, at: '2026-01-01T00:00:00.000Z', tookMs: 1 };
      return typeof outcome === 'string'
        ? [id, { ...common, outcome: 'not-measured', reason: outcome }]
        : [id, { ...common, outcome: 'measured', data: JSON.parse(JSON.stringify(outcome)) as RawData }];
    }),
  );
}

/** The section, once its tables are whole and each figure is that of its raw record. */
export function tracedSection(part: PaperPart, records: RawRecords, options: PaperOptions = QUICK): PaperSection {
  const section = part.present(records, options);
  for (const { id, columns, rows } of section.tables) {
    for (const row of rows) assert.equal(row.length, columns.length, `cells in a row of ${id}`);
  }
  for (const cell of cellsOf(section)) {
    if (cell.kind !== 'figure') continue;
    const found = rawValue(records, cell);
    assert.equal(found, cell.value, `${cell.raw.path} of ${cell.raw.file}`);
  }
  return section;
}

export function cellsOf({ tables, headlines = [] }: PaperSection): readonly Cell[] {
  return [...tables.flatMap(({ rows }) => rows.flat()), ...headlines.flatMap(({ paper, here }) => [paper, here])];
}

export function rowsOf({ tables }: PaperSection, id: string): readonly (readonly Cell[])[] {
  const table = tables.find((one) => one.id === id);
  assert.ok(table !== undefined, `a table ${id}`);
  return table.rows;
}

/** Numbers, words, or the reason why there is nothing. */
export function shortly(cell: Cell): number | string {
  if (cell.kind === 'missing') return cell.reason;
  return cell.kind === 'text' || cell.kind === 'given' ? cell.text : cell.value;
}

function rawValue(records: RawRecords, { raw }: Extract<Cell, { kind: 'figure' }>): unknown {
  const id = /^raw\/([a-z0-9-]+)\.json$/.exec(raw.file)?.[1];
  assert.ok(id !== undefined, `a raw file, got ${raw.file}`);
  let found: unknown = records.get(id);
  for (const name of raw.path?.split('.') ?? []) found = (found as Readonly<Record<string, unknown>>)[name];
  return found;
}
