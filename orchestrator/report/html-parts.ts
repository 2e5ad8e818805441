/** Parts that the report's sections are put together from. Everything named `...Html` is markup already. */
import { escaped, shortened } from './markup.ts';
import type { FrameOptions } from './plot/frame.ts';

export interface HtmlColumn {
  readonly title: string;
  /** `number`: to the right; `word`: does not wrap; `text`: wraps; `long`: wraps and gets room; `key`: heads its row. */
  readonly kind: 'number' | 'word' | 'text' | 'long' | 'key';
}

/** The columns of a table by their titles, in this order. */
export function columnsOf(kinds: Readonly<Record<string, HtmlColumn['kind']>>): readonly HtmlColumn[] {
  return Object.entries(kinds).map(([title, kind]) => ({ title, kind }));
}

/** Cells are markup. Scrolls sideways by itself where the page is too narrow for it. */
export function tableHtml(
  caption: string,
  columns: readonly HtmlColumn[],
  rows: readonly (readonly string[])[],
): string {
  const className = { number: ' class="n"', word: ' class="word"', text: ' class="w"', long: ' class="wide"', key: '' };
  const head = columns.map(
    ({ title, kind }) => `<th scope="col"${kind === 'number' ? ' class="n"' : ''}>${escaped(title)}</th>`,
  );
  const body = rows.map((cells) => {
    const shown = columns.map(({ kind }, index) =>
      kind === 'key'
        ? `<th scope="row">${cells[index] ?? ''}</th>`
        : `<td${className[kind]}>${cells[index] ?? ''}</td>`,
    );
    return `<tr>${shown.join('')}</tr>`;
  });
  // The caption stands before what scrolls: inside it would scroll away or be cut off.
  const name = escaped(caption);
  return (
    `<p class="caption">${name}</p><div class="scroll" role="region" aria-label="${name}" tabindex="0"><table aria-label="${name}">` +
    `<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>\n`
  );
}

export function sectionHtml(id: string, title: string, contentHtml: string): string {
  return `<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${escaped(title)}</h2>\n${contentHtml}</section>\n`;
}

export const WIDE_PX = 1040;
export const NARROW_PX = 356;

/** A plot drawn twice, for wide pages and for narrow ones, so that its labels stay readable on both. */
export function figureHtml(
  plot: Pick<FrameOptions, 'id' | 'title' | 'description'>,
  heightsPx: (width: number) => number,
  draw: (options: FrameOptions) => string,
): string {
  const drawn = [WIDE_PX, NARROW_PX].map((width) =>
    draw({ ...plot, id: `${plot.id}-${width}`, width, height: heightsPx(width) }),
  );
  return (
    `<figure><figcaption><strong>${escaped(plot.title)}.</strong> ${escaped(plot.description)}</figcaption>` +
    `<div class="wide-plot">${drawn[0]}</div><div class="narrow">${drawn[1]}</div></figure>\n`
  );
}

/** Text of outsiders of any length: cut, whole characters. */
export function textHtml(text: string, length = 400): string {
  return escaped(shortened(text, length));
}

export function codeHtml(text: string, length = 400): string {
  return `<code>${textHtml(text, length)}</code>`;
}

/** Ids of seats, the first `most` of them. */
export function seatsHtml(seats: readonly string[], most = 24): string {
  const shown = seats.slice(0, most).map((seat) => textHtml(seat, 40));
  return seats.length > most ? `${shown.join(', ')} and ${seats.length - most} more` : shown.join(', ');
}
