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

/** The spans behind the box and their marks in rows from `rowsTop` down. */
export function bands(placed: readonly PlacedSpan[], box: Box, rowsTop: number): string {
  const behind = placed.map(
    ({ x, width, title }) =>
      `<rect class="band" x="${short(x)}" y="${short(box.top)}" width="${short(width)}" height="${short(box.bottom - box.top)}"><title>${escaped(title)}</title></rect>` +
      `<path class="band-edge" d="M${short(x)} ${short(box.top)}V${short(box.bottom)}M${short(x + width)} ${short(box.top)}V${short(box.bottom)}"/>`,
  );
  const marks = placed.map(({ x, width, row, label, labelX, title }) => {
    const y = rowsTop + row * ROW_PX;
    return (
      `<g><title>${escaped(title)}</title><rect class="mark" x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${ROW_PX - 4}"/>` +
      `<text class="label strong halo" x="${short(labelX)}" y="${short(y + 11)}">${escaped(label)}</text></g>`
    );
  });
  return behind.join('') + marks.join('');
}
