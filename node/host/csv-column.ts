/**
 * One column of a CSV file as numbers, for a sensor that replays recorded data. Comma separated, quotes as in RFC 4180
 * (a quoted cell may hold commas, quotes and line breaks), LF or CRLF, empty lines skipped, read once and whole.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Problem, shown } from '../protocol/parameters.ts';

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const PROBLEMS_MAX = 20;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

export type CsvColumn = { ok: true; values: readonly number[] } | { ok: false; problems: readonly Problem[] };

/**
 * Values of `column` in `file`, at least one. A name is looked up in the first line; a number counts columns from 1 in
 * a file without a header. Problems are reported under `path`, at most the first 20.
 */
export function loadCsvColumn(file: string, column: string | number, path: string): CsvColumn {
  const refused = (expected: string, found: string): CsvColumn => ({
    ok: false,
    problems: [{ path, expected, found }],
  });
  let text: string;
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) {
      return refused(
        `a file of at most ${FILE_BYTES_MAX} bytes`,
        stat.isFile() ? `${stat.size} bytes` : 'something else',
      );
    }
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    return refused('a readable file', (error as NodeJS.ErrnoException).code ?? 'an error');
  }
  const rows = csvRows(text);
  const header = typeof column === 'string' ? rows.shift() : undefined;
  const at = typeof column === 'string' ? (header?.cells.indexOf(column) ?? -1) : column - 1;
  if (at < 0) return refused(`a column ${shown(column)} in the first line`, shown((header?.cells ?? []).join(',')));

  const values: number[] = [];
  const problems: Problem[] = [];
  for (const { line, cells } of rows) {
    const cell = (cells[at] ?? '').trim();
    const value = Number(cell);
    if (DECIMAL.test(cell) && Number.isFinite(value)) values.push(value);
    else
      problems.push({
        path: `${path} line ${line}`,
        expected: `a finite number in column ${shown(column)}`,
        found: shown(cell),
      });
    if (problems.length === PROBLEMS_MAX) break;
  }
  if (problems.length > 0) return { ok: false, problems };
  return values.length > 0 ? { ok: true, values } : refused('at least one row of values', 'none');
}

interface Row {
  /** Line of the file, from 1, that the row begins on. */
  readonly line: number;
  readonly cells: readonly string[];
}

function csvRows(text: string): Row[] {
  const rows: Row[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const row = { line, cells: [] as string[] };
    let open = true;
    while (open) {
      let cell = '';
      if (text[at] === '"') {
        const end = closingQuote(text, at + 1);
        cell = text.slice(at + 1, end).replaceAll('""', '"');
        line += lineBreaks(cell);
        at = end + 1;
      }
      // What follows a closing quote before the next comma belongs to the cell as it stands.
      const start = at;
      while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
      row.cells.push(cell + text.slice(start, at).replace(/\r$/, ''));
      open = text[at] === ',';
      at++;
    }
    line++;
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push(row);
  }
  return rows;
}

/** Place of the quote that ends a cell begun before `from`; the text's end when there is none. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return text.length;
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
