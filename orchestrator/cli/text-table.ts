/** Tables of text with aligned columns, for people. */
import { shownWidth } from './terminal.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** One line for the titles and one a row; `gap` spaces between columns, `indent` spaces before each line. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  indent = 0,
  gap = 2,
): string[] {
  const widths = columns.map((column, index) =>
    Math.max(shownWidth(column.title), ...rows.map((row) => shownWidth(row[index] ?? ''))),
  );
  const format = (cells: readonly string[]): string => {
    const parts = columns.map((column, index) => {
      const cell = cells[index] ?? '';
      const space = ' '.repeat(Math.max(0, widths[index]! - shownWidth(cell)));
      return column.align === 'right' ? space + cell : cell + space;
    });
    return `${' '.repeat(indent)}${parts.join(' '.repeat(gap))}`.trimEnd();
  };
  return [format(columns.map((column) => column.title)), ...rows.map(format)];
}
