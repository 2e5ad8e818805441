/** Tables of the evaluation as HTML: cells by kind, and under each table the notes that they refer to. Pure. */
import { type HtmlColumn, tableHtml, textHtml } from '../../report/html-parts.ts';
import { escaped } from '../../report/markup.ts';
import type { PaperTable } from '../paper-results.ts';
import {
  type CellLook,
  INTERVAL_MEANING,
  LONG_WORDS,
  LOOKS,
  MARKS,
  NO_FIGURE,
  rawAddress,
  rawText,
  type ShownCell,
  safeId,
  shownTable,
} from './shown-cell.ts';

const TEXT_MAX = 600;

export function paperTableHtml(table: PaperTable): string {
  const { rows, notes, aligns, keyed } = shownTable(table);
  const anchor = `table-${safeId(table.id)}`;
  const columns = table.columns.map(({ title }, index): HtmlColumn => {
    if (index === 0 && keyed) return { title, kind: 'key' };
    if (aligns[index] === 'right') return { title, kind: 'number' };
    return { title, kind: rows.some((row) => row[index]!.text.length > LONG_WORDS) ? 'long' : 'text' };
  });
  const body = rows.map((row) => row.map((cell) => cellHtml(cell, anchor)));
  const empty = rows.length === 0 ? '<p class="soft">No rows.</p>' : '';
  const list = notes.map(({ look, letter, text }) => {
    const meaning = look === 'missing' ? `${NO_FIGURE}: ` : '';
    const id = letter === '' ? '' : ` id="${anchor}-${letter}"`;
    return `<li${id}>${signHtml(look)}${letter === '' ? '' : `<sup>${letter}</sup> `}${meaning}${textHtml(text, TEXT_MAX)}</li>`;
  });
  return (
    `<div id="${anchor}">${tableHtml(table.caption, columns, body)}${empty}` +
    `${list.length === 0 ? '' : `<ul class="notes">${list.join('')}</ul>`}</div>\n`
  );
}

/** What the marks of cells and plots mean. */
export function keyHtml(): string {
  const items = LOOKS.map((look) => `<li class="${look}">${signHtml(look)} ${MARKS[look].meaning}</li>`);
  return `<ul class="key" aria-label="Marks">${items.join('')}<li><small>\u00b1 or [low, high]</small> ${INTERVAL_MEANING}</li></ul>\n`;
}

function cellHtml(cell: ShownCell & { readonly letter: string }, anchor: string): string {
  const { look, text, interval, raw, letter } = cell;
  if (look === 'text') return textHtml(text, TEXT_MAX);
  const shown = textHtml(text, TEXT_MAX);
  const address = raw === null ? null : rawAddress(raw);
  const value =
    raw === null || address === null
      ? `<span class="value">${shown}</span>`
      : `<a href="${address}" title="${escaped(rawText(raw))}">${shown}</a>`;
  const small = interval === '' ? '' : ` <small>${escaped(interval)}</small>`;
  const note = letter === '' ? '' : `<sup><a href="#${anchor}-${letter}">${letter}</a></sup>`;
  return `<span class="${look}">${signHtml(look)}${value}${small}${note}</span>`;
}

function signHtml(look: CellLook): string {
  if (look === 'text') return '';
  const { sign, meaning } = MARKS[look];
  return `<span class="sign" role="img" aria-label="${meaning}">${sign}</span>`;
}
