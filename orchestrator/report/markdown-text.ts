/** Parts of Markdown of the GitHub kind: text of outsiders in which nothing is markup, and tables of bounded length. */
import { onOneLine, shortened } from './markup.ts';

export const MARKDOWN_ROWS_MAX = 60;

export interface MarkdownColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Titles and cells are Markdown already, on one line. Ends with an empty line. */
export function markdownTable(
  columns: readonly (string | MarkdownColumn)[],
  rows: readonly (readonly string[])[],
): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const titles = columns.map((column) => (typeof column === 'string' ? column : column.title));
  const rules = columns.map((column) => (typeof column !== 'string' && column.align === 'right' ? '---:' : '---'));
  const shown = rows.slice(0, MARKDOWN_ROWS_MAX).map(line);
  if (rows.length > MARKDOWN_ROWS_MAX)
    shown.push(line([`and ${rows.length - MARKDOWN_ROWS_MAX} more`, ...titles.slice(1).map(() => '')]));
  return [line(titles), line(rules), ...shown, ''];
}

/** One line of text in which nothing is Markdown or HTML, cut to `length` characters. */
export function plainMarkdown(text: string, length = 300): string {
  return shortened(onOneLine(text), length)
    .replace(/[&<>\\`*_{}[\]()#+!|~@:$]/g, (c) => (/[&<>]/.test(c) ? `&#${c.charCodeAt(0)};` : `\\${c}`))
    .replace(/\b(https?|www)\b/gi, (scheme) => `${scheme.slice(0, 1)}&#8203;${scheme.slice(1)}`);
}
