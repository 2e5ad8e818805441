/**
 * The frame of a plot: title and description for those who cannot see it, axes with grid lines, and the place of the
 * data. It says so where there is nothing to show. Pure; texts are escaped here.
 */
import { escaped, shortened } from '../markup.ts';
import { short } from './marks.ts';
import type { Scale } from './scale.ts';
import { logTicks, niceTicks, type Ticks, tickText } from './ticks.ts';

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface FrameOptions {
  /** Unique in the page, [a-z0-9-]. */
  readonly id: string;
  readonly title: string;
  /** What it shows, in a sentence with the figures: read out in place of the picture. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
}

/** Right of the box, what every picture leaves free at least. */
const EDGE_PX = 10;
/** Labels above each other are this far apart at least. */
const LINE_PX = 13;

/** SVG of `content`, which is markup already. */
export function frame(options: FrameOptions, content: string): string {
  const { id, title, description, width, height } = options;
  return (
    `<svg class="plot" viewBox="0 0 ${short(width)} ${short(height)}" width="${short(width)}" height="${short(height)}" ` +
    `role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${escaped(shortened(title, 120))}</title>` +
    `<desc id="${id}-d">${escaped(shortened(description, 400))}</desc>${content}</svg>`
  );
}

/** A frame that holds one sentence. */
export function emptyFrame(options: FrameOptions, sentence: string): string {
  const place = `x="${short(options.width / 2)}" y="${short(options.height / 2)}"`;
  return frame(
    { ...options, description: sentence },
    `<rect class="void" x="0.5" y="0.5" width="${short(options.width - 1)}" height="${short(options.height - 1)}"/>` +
      `<text class="label middle" ${place}>${escaped(sentence)}</text>`,
  );
}

/** Ticks below the box, on a linear axis about every `tickPx`; `label` at its right end, under them. */
export function xAxis(scale: Scale, box: Box, label: string, tickPx = 85): string {
  const ticks = ticksOf(scale, Math.max(2, Math.floor((box.right - box.left) / tickPx)));
  let lastRight = -Infinity;
  const parts = ticks.values.map((value) => {
    const x = scale.at(value);
    const text = tickText(value, ticks.step);
    const half = textWidth(text) / 2;
    // The last one may not be cut off by the picture's edge.
    const middle = Math.min(x, box.right + EDGE_PX - half);
    const shown = middle - half > lastRight + 6;
    if (shown) lastRight = middle + half;
    return (
      `<path class="grid" d="M${short(x)} ${short(box.top)}V${short(box.bottom)}"/>` +
      (shown ? `<text class="label middle" x="${short(middle)}" y="${short(box.bottom + 16)}">${text}</text>` : '')
    );
  });
  return (
    `${parts.join('')}<path class="axis" d="M${short(box.left)} ${short(box.bottom)}H${short(box.right)}"/>` +
    `<text class="label end" x="${short(box.right)}" y="${short(box.bottom + 32)}">${escaped(label)}</text>`
  );
}

/** Ticks left of the box; `label` above its left end. */
export function yAxis(scale: Scale, box: Box, label: string, count = 4): string {
  const ticks = ticksOf(scale, count);
  let lastY = Infinity;
  const parts = ticks.values.map((value) => {
    const y = scale.at(value);
    const shown = lastY - y >= LINE_PX;
    if (shown) lastY = y;
    return (
      `<path class="grid" d="M${short(box.left)} ${short(y)}H${short(box.right)}"/>` +
      (shown
        ? `<text class="label end" x="${short(box.left - 6)}" y="${short(y + 4)}">${tickText(value, ticks.step)}</text>`
        : '')
    );
  });
  return `${parts.join('')}<text class="label" x="0" y="${short(box.top - 8)}">${escaped(label)}</text>`;
}

/** What the axis of `scale` is divided into; `count` for a linear one. */
export function ticksOf(scale: Scale, count: number): Ticks {
  return scale.kind === 'log' ? logTicks(scale.from, scale.to) : niceTicks(scale.from, scale.to, count);
}

/** Pixels that text of the labels' size takes at most, so that labels can be kept apart without measuring. */
export function textWidth(text: string): number {
  return [...text].length * 7;
}
