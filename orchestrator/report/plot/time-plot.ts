/**
 * Plots over the time of a run: counts in buckets, values with their spread, dots. All of them share one axis, seconds
 * from the beginning of the load, and carry the same spans. Pure.
 */
import type { CountSeries, TimeSpan } from '../run-series.ts';
import type { ViewSample } from '../wallet-views.ts';
import { bandRowsPx, bands, placeSpans, type Span } from './bands.ts';
import type { Sample } from './downsample.ts';
import { type Box, emptyFrame, type FrameOptions, frame, xAxis, yAxis } from './frame.ts';
import { area, bars, corners, dots, stepLine } from './marks.ts';
import { linearScale, logDomain, logScale, type Scale } from './scale.ts';
import { niceMax } from './ticks.ts';

const MARGIN = { left: 46, right: 10, top: 24, bottom: 38 };

interface Ground {
  readonly box: Box;
  readonly x: Scale;
  /** Shades and the x axis. */
  readonly behind: string;
  /** Ends and marks of the spans. */
  readonly over: string;
}

function ground(options: FrameOptions, span: TimeSpan, spans: readonly Span[]): Ground {
  const left = MARGIN.left;
  const right = options.width - MARGIN.right;
  const x = linearScale([span.fromMs, span.toMs], [left, right]);
  const placed = placeSpans(spans, x);
  const box = { left, right, top: MARGIN.top + bandRowsPx(placed), bottom: options.height - MARGIN.bottom };
  // The labels are seconds, the domain stays milliseconds.
  const seconds = linearScale([span.fromMs / 1000, span.toMs / 1000], [left, right]);
  const { behind, over } = bands(placed, box, 2);
  return { box, x, behind: behind + xAxis(seconds, box, 'seconds from the beginning of the load'), over };
}

/** Height that the rows of marks add; so that plots of one width but other spans keep their data's height. */
export function spanRowsPx(width: number, span: TimeSpan, spans: readonly Span[]): number {
  return bandRowsPx(placeSpans(spans, linearScale([span.fromMs, span.toMs], [MARGIN.left, width - MARGIN.right])));
}

export function countPlot(
  options: FrameOptions,
  series: CountSeries,
  span: TimeSpan,
  spans: readonly Span[],
  mark: { readonly yLabel: string; readonly className: string; readonly none: string },
): string {
  const max = Math.max(0, ...series.counts);
  if (max === 0) return emptyFrame(options, mark.none);
  const { box, x, behind, over } = ground(options, span, spans);
  // Counts are whole: so are their ticks.
  const y = linearScale([0, Math.max(2, niceMax(max, 4))], [box.bottom, box.top]);
  const width = x.at(span.fromMs + series.bucketMs) - x.at(span.fromMs);
  const points = series.counts.map((count, index) => ({
    x: x.at(span.fromMs + index * series.bucketMs),
    y: y.at(count),
  }));
  return frame(
    options,
    behind +
      yAxis(y, box, mark.yLabel, Math.min(4, y.to)) +
      bars(points, Math.max(0.8, width - 0.6), box.bottom, mark.className) +
      over,
  );
}

/** Dots with a logarithmic y axis. */
export function dotPlot(
  options: FrameOptions,
  samples: readonly Sample[],
  span: TimeSpan,
  spans: readonly Span[],
  mark: { readonly yLabel: string; readonly none: string },
): string {
  if (samples.length === 0) return emptyFrame(options, mark.none);
  const { box, x, behind, over } = ground(options, span, spans);
  const values = samples.map(({ value }) => Math.max(value, 0.01));
  const y = logScale(logDomain(values), [box.bottom, box.top]);
  const points = samples.map(({ atMs, value }) => ({ x: x.at(atMs), y: y.at(value) }));
  return frame(options, behind + yAxis(y, box, mark.yLabel) + dots(points, 'dot series-a') + over);
}

/** The median as a line, what lies between the smallest and the largest view as a shade round it. */
export function viewPlot(
  options: FrameOptions,
  samples: readonly ViewSample[],
  span: TimeSpan,
  spans: readonly Span[],
  mark: { readonly yLabel: string; readonly none: string; readonly per: number },
): string {
  if (samples.length === 0) return emptyFrame(options, mark.none);
  const { box, x, behind, over } = ground(options, span, spans);
  return frame(options, behind + views(samples, x, box, mark.yLabel, mark.per, 4) + over);
}

/** The same, small and with no axis of time: one of many beside each other. */
export function smallViewPlot(
  options: FrameOptions,
  samples: readonly ViewSample[],
  span: TimeSpan,
  per: number,
  yMax: number,
): string {
  if (samples.length === 0) return emptyFrame(options, 'nothing seen');
  const box = { left: 34, right: options.width - 4, top: 6, bottom: options.height - 6 };
  const x = linearScale([span.fromMs, span.toMs], [box.left, box.right]);
  return frame(options, views(samples, x, box, '', per, 2, yMax));
}

function views(
  samples: readonly ViewSample[],
  x: Scale,
  box: Box,
  yLabel: string,
  per: number,
  ticks: number,
  yMax?: number,
): string {
  const max = yMax ?? samples.reduce((most, sample) => Math.max(most, sample.max), 0) / per;
  const y = linearScale([0, niceMax(max, ticks)], [box.bottom, box.top]);
  const place = (pick: (sample: ViewSample) => number) =>
    samples.map((sample) => ({ x: x.at(sample.atMs), y: y.at(pick(sample) / per) }));
  const apart = samples.some(({ min, max: most }) => most > min);
  return (
    yAxis(y, box, yLabel, ticks) +
    (apart ? area(corners(place((sample) => sample.max)), corners(place((sample) => sample.min)), 'spread') : '') +
    stepLine(
      place((sample) => sample.median),
      'line series-a',
    )
  );
}
