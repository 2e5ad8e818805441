/**
 * A cell of the evaluation as text with a mark that says where it comes from, for pages and Markdown alike, and the notes
 * under a table: the source of what is given, formulas, and why something is missing. Pure; nothing is escaped here.
 */
import { visible } from '../../report/markup.ts';
import { NONE } from '../../report/quantity-text.ts';
import type { Cell, PaperTable, RawReference } from '../paper-results.ts';
import { figureText, intervalText } from './figure-text.ts';

export type CellLook = 'here' | 'model' | 'given' | 'formula' | 'missing' | 'text';

export interface ShownCell {
  readonly look: CellLook;
  readonly text: string;
  /** Empty for none. */
  readonly interval: string;
  /** Where it was measured; the value as it is there. */
  readonly raw: (RawReference & { readonly exact: string }) | null;
  /** Source, formula or reason, for the notes; empty for none. */
  readonly note: string;
}

export interface Mark {
  readonly sign: string;
  readonly meaning: string;
}

/** As in the plots: filled, hollow, diamond. */
export const MARKS: Readonly<Record<Exclude<CellLook, 'text'>, Mark>> = {
  here: { sign: '\u25cf', meaning: 'measured here' },
  model: { sign: '\u25cb', meaning: 'model (simulated or fitted)' },
  given: { sign: '\u25c7', meaning: 'given by the paper or another source' },
  formula: { sign: '=', meaning: 'formula' },
  missing: { sign: '\u2205', meaning: 'no figure, with the reason' },
};

export const LOOKS = Object.keys(MARKS) as readonly (keyof typeof MARKS)[];

/** In place of what is missing. */
export const NO_FIGURE = 'no figure';

export const INTERVAL_MEANING = '95\u00a0% confidence interval';

const BARE_NUMBER = /^[\s\d.,<>~=\u00b1\u2013\u2248\u2264\u2265-]*$/;

export function shownCell(cell: Cell): ShownCell {
  const plain = { interval: '', raw: null, note: '' };
  switch (cell.kind) {
    case 'figure': {
      const { value, unit, low, high, raw, source } = cell;
      const exact = `${value} ${unit}`.trim();
      if (!Number.isFinite(value))
        return { ...plain, look: 'missing', text: NO_FIGURE, note: `no number in ${raw.file}` };
      const interval = intervalText(value, unit, low, high) ?? '';
      return { look: source, text: figureText(value, unit), interval, raw: { ...raw, exact }, note: '' };
    }
    case 'given':
      return { ...plain, look: 'given', text: givenText(cell.value, cell.text.trim(), cell.unit), note: cell.source };
    case 'formula':
      return { ...plain, look: 'formula', text: figureText(cell.value, cell.unit), note: cell.formula };
    case 'text':
      return { ...plain, look: 'text', text: cell.text };
    case 'missing':
      return { ...plain, look: 'missing', text: NO_FIGURE, note: cell.reason };
  }
}

/** The words of the source go first; a bare number gets its unit. */
function givenText(value: number | null, text: string, unit: string): string {
  if (text === '') return value === null ? NONE : figureText(value, unit);
  return BARE_NUMBER.test(text) && unit !== '' ? `${text}\u00a0${unit}` : text;
}

/** Longer words wrap, and get room of their own. */
export const LONG_WORDS = 36;

/** A note under a table, by the kind of cell. */
export interface TableNote {
  readonly look: CellLook;
  /** In the cells as well; empty where all cells of its kind in the table have this one note. */
  readonly letter: string;
  readonly text: string;
}

export interface ShownTable {
  readonly rows: readonly (readonly (ShownCell & { readonly letter: string })[])[];
  readonly notes: readonly TableNote[];
  /** By column. */
  readonly aligns: readonly ('left' | 'right')[];
  /** The first column is words only, and heads its rows. */
  readonly keyed: boolean;
}

export function shownTable({ columns, rows }: Pick<PaperTable, 'columns' | 'rows'>): ShownTable {
  const cells = rows.map((row) => columns.map((_, index) => shownCell(row[index] ?? { kind: 'text', text: '' })));
  const texts = LOOKS.map((look) => {
    const own = cells.flat().filter((cell) => cell.look === look && cell.note !== '');
    return { look, texts: [...new Set(own.map(({ note }) => note))] };
  });
  let used = 0;
  const notes = texts.flatMap(({ look, texts: own }) =>
    own.map((text) => ({ look, text, letter: own.length > 1 ? letterOf(used++) : '' })),
  );
  const letter = (cell: ShownCell): string =>
    notes.find(({ look, text }) => look === cell.look && text === cell.note)?.letter ?? '';
  const column = (index: number): readonly ShownCell[] => cells.map((row) => row[index]!);
  return {
    rows: cells.map((row) => row.map((cell) => ({ ...cell, letter: letter(cell) }))),
    notes,
    aligns: columns.map(({ align }, index) => align ?? (isOfWords(column(index)) ? 'left' : 'right')),
    keyed: columns[0]?.align !== 'right' && column(0).every(({ look }) => look === 'text'),
  };
}

/** Some words and no number; long ones are words whatever they say. */
function isOfWords(column: readonly ShownCell[]): boolean {
  const words = ({ look, text }: ShownCell): boolean =>
    (look === 'text' && !/^[\s\d.,%-]*\d[\s\d.,%-]*$/.test(text)) || text.length > LONG_WORDS;
  return column.some(words) && column.every((cell) => cell.look === 'missing' || words(cell));
}

function letterOf(number: number): string {
  const last = String.fromCharCode(97 + (number % 26));
  return number < 26 ? last : letterOf(Math.floor(number / 26) - 1) + last;
}

/** Relative address of a raw file, safe in any attribute; null for what leads out of the results' directory. */
export function rawAddress({ file }: RawReference): string | null {
  const parts = file.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..') || visible(file) !== file) return null;
  return parts.map((part) => encodeURIComponent(part).replace(/['()*!]/g, percent)).join('/');
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** An id of the results as part of a file's name or an anchor: anything but [a-z0-9-] becomes `_`. */
export function safeId(id: string): string {
  return id.replace(/[^a-z0-9-]/g, '_').slice(0, 80);
}

/** Name of a plot's picture below the results' directory. */
export function plotFile(id: string): string {
  return `plots/${safeId(id)}.svg`;
}

/** Where a raw figure is, in words. */
export function rawText({ file, path, exact }: NonNullable<ShownCell['raw']>): string {
  return `${exact}: ${path === undefined ? '' : `${path} in `}${file}`;
}
