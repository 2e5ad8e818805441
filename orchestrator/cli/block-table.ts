/** A table whose rows stand in as many blocks beside each other as it takes and as fit. Pure. */
import { shownWidth } from './terminal.ts';
import { type Column, textTable } from './text-table.ts';

/**
 * At most `linesMax` lines of `columnsMax` characters; `rest` says what is left out where not even that is enough, given
 * the rows that are.
 */
export function blockTable<T>(
  columns: readonly Column[],
  rows: readonly T[],
  cellsOf: (row: T) => readonly string[],
  { columnsMax, linesMax }: { readonly columnsMax: number; readonly linesMax: number },
  rest: (rows: readonly T[]) => string,
): string[] {
  const empty = columns.map(() => '');
  const table = (blocks: number, height: number): string[] => {
    const each = Array.from({ length: blocks }, (_, block) => block);
    const between = (block: number): readonly string[] => (block === 0 ? [] : ['|']);
    return textTable(
      each.flatMap((block) => [...between(block).map((title) => ({ title })), ...columns]),
      Array.from({ length: height }, (_, line) =>
        each.flatMap((block) => {
          const row = rows[block * height + line];
          return [...between(block), ...(row === undefined ? empty : cellsOf(row))];
        }),
      ),
      0,
      1,
    );
  };
  const room = Math.max(1, linesMax - 1);
  const needed = Math.ceil(rows.length / room);
  for (let blocks = needed; blocks > 0; blocks--) {
    const complete = blocks === needed;
    const height = complete ? Math.ceil(rows.length / blocks) : Math.max(1, room - 1);
    const lines = table(blocks, height);
    if (blocks > 1 && lines.some((line) => shownWidth(line) > columnsMax)) continue;
    return complete ? lines : [...lines, rest(rows.slice(blocks * height))];
  }
  return [];
}
