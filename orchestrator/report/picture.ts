/** Lines of text as an SVG picture of a terminal. Pure; every line is text, never markup. */

const COLUMN_PX = 7.7;
const LINE_PX = 18;
const MARGIN_PX = 16;
const COLUMNS_MAX = 132;

export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** `title`: escaped already; what was typed. */
export function terminalPicture(title: string, lines: readonly string[]): string {
  const shown = lines.map((line) => (line.length > COLUMNS_MAX ? `${line.slice(0, COLUMNS_MAX - 1)}\u2026` : line));
  const columns = Math.max(60, ...shown.map((line) => line.length));
  const width = Math.ceil(2 * MARGIN_PX + columns * COLUMN_PX);
  const height = 2 * MARGIN_PX + (shown.length + 2) * LINE_PX;
  const text = (index: number, content: string, fill: string): string =>
    `<text x="${MARGIN_PX}" y="${MARGIN_PX + LINE_PX * (index + 1) - 5}" fill="${fill}">${content}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">`,
    `<rect width="100%" height="100%" rx="8" fill="#14181f"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="12.8" xml:space="preserve">`,
    text(0, `$ ${title}`, '#8fd3ff'),
    ...shown.map((line, index) => text(index + 2, escapeMarkup(line), colourOf(line))),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function colourOf(line: string): string {
  if (line.startsWith('PASS')) return '#7ee787';
  if (line.startsWith('FAILED')) return '#ff8a80';
  return '#d7dee8';
}
