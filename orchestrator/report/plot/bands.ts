/**
 * Spans of time behind a plot, and a row of marks above it that names them. Marks that would lie on each other go to
 * rows of their own, so labels never overlap; spans are told apart by their number, not by their colour. Pure.
 */
import { escaped } from '../markup.ts';
import { type Box, textWidth } from './frame.ts';
import { short } from './marks.ts';
import type { Scale } from './scale.ts';

export interface Span {
  /** Short: a number that a table explains. */
  readonly label: string;
  readonly title: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PlacedSpan extends Span {
  readonly row: number;
  readonly x: number;
  readonly width: number;
  /** Where its label begins. */
  readonly labelX: number;
}

const ROW_PX = 18;
const GAP_PX = 3;

/** Gives each span the first row that is free where it and its label lie. In order of time. */
export function placeSpans(spans: readonly Span[], scale: Scale): readonly PlacedSpan[] {
  const ends: number[] = [];
  const edge = scale.at(scale.to);
  return [...spans]
    .sort((a, b) => a.fromMs - b.fromMs)
    .map((span) => {
      const x = scale.at(span.fromMs);
      const width = Math.max(2, scale.at(span.toMs) - x);
      const labelPx = textWidth(span.label);
      const labelX = Math.min(x + 3, edge - labelPx);
      const free = ends.findIndex((end) => end <= Math.min(x, labelX));
      const row = free < 0 ? ends.length : free;
      ends[row] = Math.max(x + width, labelX + labelPx) + GAP_PX;
      return { ...span, row, x, width, labelX };
    });
}

export function bandRowsPx(placed: readonly PlacedSpan[]): number {
  return placed.length === 0 ? 0 : (Math.max(...placed.map(({ row }) => row)) + 1) * ROW_PX + 4;
}

/**
 * The spans' shades, to be drawn before the data, and what is drawn over it: their ends, and their marks in rows from
 * `rowsTop` down.
 */
export function bands(
  placed: readonly PlacedSpan[],
  box: Box,
  rowsTop: number,
): { readonly behind: string; readonly over: string } {
  const { top, bottom } = box;
  const behind = placed.map(
    ({ x, width, title }) =>
      `<rect class="band" x="${short(x)}" y="${short(top)}" width="${short(width)}" height="${short(bottom - top)}"><title>${escaped(title)}</title></rect>`,
  );
  const over = placed.map(({ x, width, row, label, labelX, title }) => {
    const y = rowsTop + row * ROW_PX;
    const right = short(x + width);
    return (
      `<path class="band-edge" d="M${short(x)} ${short(top)}V${short(bottom)}M${right} ${short(top)}V${short(bottom)}"/>` +
      `<g><title>${escaped(title)}</title><rect class="mark" x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${ROW_PX - 4}"/>` +
      `<text class="label strong halo" x="${short(labelX)}" y="${short(y + 11)}">${escaped(label)}</text></g>`
    );
  });
  return { behind: behind.join(''), over: over.join('') };
}
