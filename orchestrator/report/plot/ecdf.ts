/**
 * Distribution of latencies as the share of requests that were at least as fast: every percentile can be read off, and
 * the tail is as clear as the middle. Pure.
 */
import { distributionOf } from '../../history/distribution.ts';
import { escaped } from '../markup.ts';
import { emptyFrame, type FrameOptions, frame, textWidth, xAxis, yAxis } from './frame.ts';
import { line, type Place, short } from './marks.ts';
import { linearScale, logDomain, logScale, type Scale } from './scale.ts';

export interface LatencySet {
  /** As in the legend. */
  readonly name: string;
  readonly valuesMs: readonly number[];
  /** Of line and marks: `series-a`, `series-b`. */
  readonly className: string;
}

export interface EcdfPoint {
  readonly value: number;
  /** Above 0, at most 1. */
  readonly share: number;
}

const POINTS_MAX = 300;
/** Above this ratio of largest to smallest the axis is logarithmic. */
const LINEAR_RATIO_MAX = 20;
const PERCENTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

/** At most `pointsMax` places of the distribution, its smallest and largest value among them. */
export function ecdfPoints(values: readonly number[], pointsMax = POINTS_MAX): readonly EcdfPoint[] {
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  const count = Math.min(sorted.length, Math.max(2, pointsMax));
  return Array.from({ length: count }, (_, index) => {
    const place = count === 1 ? 0 : Math.round((index / (count - 1)) * (sorted.length - 1));
    return { value: sorted[place]!, share: (place + 1) / sorted.length };
  });
}

export function ecdfPlot(options: FrameOptions, sets: readonly LatencySet[]): string {
  const shown = sets.filter(({ valuesMs }) => valuesMs.length > 0);
  if (shown.length === 0) return emptyFrame(options, 'No request was decided.');
  const box = { left: 46, right: options.width - 14, top: 24 + 18 * sets.length, bottom: options.height - 38 };
  const ends = shown.map(({ valuesMs }) => distributionOf(valuesMs)!);
  const least = Math.max(0.01, Math.min(...ends.map(({ min }) => min)));
  const most = Math.max(least, ...ends.map(({ max }) => max));
  const range = [box.left, box.right] as const;
  const x =
    most / least > LINEAR_RATIO_MAX ? logScale(logDomain([least, most]), range) : linearScale([0, most * 1.03], range);
  const y = linearScale([0, 100], [box.bottom, box.top]);
  const legend = sets.map(({ name, valuesMs, className }, index) => {
    const top = 14 + 18 * index;
    const text = valuesMs.length === 0 ? `${name}: none` : name;
    const sample = line(
      [
        { x: box.left, y: top - 4 },
        { x: box.left + 28, y: top - 4 },
      ],
      `line ${className}`,
    );
    return `${sample}<text class="label" x="${box.left + 34}" y="${top}">${escaped(text)}</text>`;
  });
  return frame(
    options,
    xAxis(x, box, x.kind === 'log' ? 'milliseconds, logarithmic' : 'milliseconds') +
      yAxis(y, { ...box, top: box.top }, '%', 5) +
      shown.map((set) => curve(set, x, y)).join('') +
      legend.join(''),
  );
}

/** Stepwise, as a distribution of measured values is, with the percentiles as named points on it. */
function curve({ valuesMs, className }: LatencySet, x: Scale, y: Scale): string {
  const points = ecdfPoints(valuesMs);
  const places: Place[] = [];
  let below = 0;
  for (const { value, share } of points) {
    places.push({ x: x.at(value), y: y.at(below * 100) }, { x: x.at(value), y: y.at(share * 100) });
    below = share;
  }
  const figures = distributionOf(valuesMs)!;
  const before = className === 'series-a';
  const marks = PERCENTILES.map(([name, share]) => {
    const at = { x: x.at(figures[name]), y: y.at(share * 100) };
    // One set names its marks to the left, the other to the right: they do not meet.
    const side = before ? at.x - 7 : at.x + 7;
    const fits = before ? side - textWidth(name) > x.at(x.from) : side + textWidth(name) < x.at(x.to) + 12;
    return (
      `<circle class="point ${className}" cx="${short(at.x)}" cy="${short(at.y)}" r="3.5"/>` +
      (fits
        ? `<text class="label halo${before ? ' end' : ''}" x="${short(side)}" y="${short(at.y + (name === 'p99' ? -1 : 8))}">${name}</text>`
        : '')
    );
  });
  return line(places, `line ${className}`) + marks.join('');
}
