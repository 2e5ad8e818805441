/**
 * A plot of y over x for several series: points, lines, intervals as bars, upper bounds as arrows downwards. The legend
 * has rows of its own above the data, so it cannot lie on them. What a logarithmic axis cannot show (0 and below), and
 * what is no number, is left out and counted under the plot. Pure; texts are escaped here.
 */
import { escaped, onOneLine, shortened } from '../markup.ts';
import { significantNumber } from '../quantity-text.ts';
import { type Box, emptyFrame, type FrameOptions, frame, textWidth, ticksOf, xAxis, yAxis } from './frame.ts';
import { line, short } from './marks.ts';
import { linearScale, logDomain, logScale, type Scale } from './scale.ts';
import { tickText } from './ticks.ts';
import { dashesOf, markPath, type XySource } from './xy-marks.ts';
import { XY_COLOURS } from './xy-style.ts';

export interface XyPoint {
  readonly x: number;
  readonly y: number;
  /** Ends of a bar through the point. */
  readonly low?: number;
  readonly high?: number;
}

export interface XySeries {
  readonly name: string;
  readonly source: XySource;
  readonly mark: 'points' | 'line' | 'points-and-line';
  readonly upperBounds?: boolean;
  /** By ascending x. */
  readonly points: readonly XyPoint[];
}

export interface XyAxis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
}

export interface XyPlot {
  readonly x: XyAxis;
  readonly y: XyAxis;
  readonly series: readonly XySeries[];
}

const EMPTY_PX = 90;
const ROW_PX = 18;
const SAMPLE_PX = 30;
const Y_LABEL_PX = 32;
const X_AXIS_PX = 40;
const ARROW_PX = 26;
const X_TICK_PX = 45;
const Y_TICKS = 5;
const NAME_LINES_MAX = 2;
/** Of the extent of a linear axis, beyond its outermost values. */
const LINEAR_PADDING = 0.05;

/** Height of a plot whose data have `dataPx`. */
export function xyPlotPx(width: number, plot: XyPlot, dataPx: number): number {
  const { series, leftOut } = shownOf(plot);
  if (isEmpty(series)) return EMPTY_PX;
  return legendOf(plot.series, width).heightPx + Y_LABEL_PX + dataPx + X_AXIS_PX + (leftOut === '' ? 0 : ROW_PX);
}

export function xyPlot(options: FrameOptions, plot: XyPlot): string {
  const { series, leftOut } = shownOf(plot);
  if (isEmpty(series)) return emptyFrame(options, leftOut === '' ? 'Nothing has been measured.' : leftOut);
  const legend = legendOf(plot.series, options.width);
  const yDomain = domainOf(
    plot.y.scale,
    series.flatMap(({ points }) => points.flatMap(({ y, low = y, high = y }) => [y, low, high])),
    true,
  );
  const xDomain = domainOf(
    plot.x.scale,
    series.flatMap(({ points }) => points.map(({ x }) => x)),
    false,
  );
  const bottom = options.height - X_AXIS_PX - (leftOut === '' ? 0 : ROW_PX);
  const y = scaleOf(plot.y.scale, yDomain, [bottom, legend.heightPx + Y_LABEL_PX]);
  const ticks = ticksOf(y, Y_TICKS);
  const tickPx = Math.max(...ticks.values.map((value) => textWidth(tickText(value, ticks.step))));
  const box: Box = {
    left: Math.min(90, Math.max(40, tickPx + 10)),
    right: options.width - 14,
    top: legend.heightPx + Y_LABEL_PX,
    bottom,
  };
  const x = scaleOf(plot.x.scale, xDomain, [box.left, box.right]);
  const drawn = series.map((one, index) => seriesMarks(one, index, rankOf(plot.series, index), x, y, box));
  const note = `<text class="label" x="0" y="${short(options.height - 5)}">${escaped(leftOut)}</text>`;
  return frame(
    options,
    xAxis(x, box, axisText(plot.x, box.right - box.left), X_TICK_PX) +
      yAxis(y, box, '', Y_TICKS) +
      // Higher than other plots have it: the uppermost tick of a logarithmic axis is at the end of the box.
      `<text class="label" x="0" y="${short(box.top - 14)}">${escaped(axisText(plot.y, options.width))}</text>` +
      // What was given stays visible on top of what lies on the same place.
      [
        ...drawn.filter((_, i) => series[i]!.source !== 'paper'),
        ...drawn.filter((_, i) => series[i]!.source === 'paper'),
      ].join('') +
      legend.content +
      (leftOut === '' ? '' : note),
  );
}

/** Axes, series, and their first and last points as a sentence, for those who cannot see the plot. */
export function xyDescription({ x, y, series }: XyPlot): string {
  const axis = ({ label, scale }: XyAxis): string => (scale === 'log' ? `${label}, logarithmic` : label);
  const each = series.map(({ name, source, upperBounds, points }) => {
    const place = ({ x: at, y: value }: XyPoint): string => `${significantNumber(value)} at ${significantNumber(at)}`;
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return `${name}: no points`;
    const ends = points.length === 1 ? place(first) : `${place(first)} to ${place(last)}, ${points.length} points`;
    return `${named(name, source)}: ${upperBounds === true ? 'at most ' : ''}${ends}`;
  });
  return `${axis(y)} over ${axis(x)}. ${each.join('; ')}.`;
}

/** A name that says where its figures come from. */
function named(name: string, source: XySource): string {
  if (source === 'paper') return /paper/i.test(name) ? name : `${name} (paper)`;
  return source === 'model' && !/model|simulat|fit/i.test(name) ? `${name} (model)` : name;
}

function isEmpty(series: readonly XySeries[]): boolean {
  return series.every(({ points }) => points.length === 0);
}

function rankOf(all: readonly XySeries[], index: number): number {
  return all.slice(0, index).filter(({ source }) => source === all[index]!.source).length;
}

function shownOf({ x, y, series }: XyPlot): { readonly series: readonly XySeries[]; readonly leftOut: string } {
  const fits = (value: number, { scale }: XyAxis): boolean =>
    Number.isFinite(value) && (scale === 'linear' || value > 0);
  const shown = series.map((one) => ({
    ...one,
    points: one.points
      .filter((point) => fits(point.x, x) && fits(point.y, y))
      .map(({ x: at, y: value, low, high }) => ({
        x: at,
        y: value,
        // A lower end that the axis cannot show is drawn at the end of the axis.
        ...(low === undefined || !Number.isFinite(low) ? {} : { low }),
        ...(high === undefined || !fits(high, y) ? {} : { high }),
      })),
  }));
  const count = (all: readonly XySeries[]): number => all.reduce((sum, { points }) => sum + points.length, 0);
  const missing = count(series) - count(shown);
  const leftOut =
    missing === 0
      ? ''
      : `${missing} ${missing === 1 ? 'point is' : 'points are'} not shown: no number, or none above 0.`;
  return { series: shown, leftOut };
}

function domainOf(kind: 'linear' | 'log', values: readonly number[], fromZero: boolean): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (kind === 'log' && value <= 0) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  // No mark lies on the frame.
  if (kind === 'log') {
    const [from, to] = logDomain([least / 1.15, most * 1.15]);
    return to >= from * 10 ? [from, to] : [10 ** Math.floor(Math.log10(from)), 10 ** Math.ceil(Math.log10(to))];
  }
  const positive = least >= 0;
  if (fromZero && positive) [least, most] = [0, most || 1];
  if (most === least) return [most - (Math.abs(most) || 1) / 2, most + (Math.abs(most) || 1) / 2];
  const extent = most - least;
  const from = least - extent * LINEAR_PADDING;
  return [positive ? Math.max(0, from) : from, most + extent * LINEAR_PADDING];
}

function scaleOf(kind: 'linear' | 'log', domain: readonly [number, number], range: readonly [number, number]): Scale {
  return kind === 'log' ? logScale(domain, range) : linearScale(domain, range);
}

function axisText({ label, scale }: XyAxis, widthPx: number): string {
  const text = scale === 'log' && !/log/i.test(label) ? `${label}, logarithmic` : label;
  return shortened(onOneLine(text), Math.max(8, Math.floor(widthPx / textWidth('x'))));
}

function seriesMarks(series: XySeries, index: number, rank: number, x: Scale, y: Scale, box: Box): string {
  const { name, source, mark, upperBounds = false, points } = series;
  const places = points.map((point) => ({ ...point, at: { x: x.at(point.x), y: y.at(point.y) } }));
  const through =
    mark === 'points' || places.length < 2
      ? ''
      : dashed(
          line(
            places.map(({ at }) => at),
            'xy-line',
          ),
          source,
          rank,
        );
  // A measured line has a few marks, which tell it from others; one point alone would be no line at all.
  const every = mark !== 'line' || places.length < 2 ? 1 : source === 'here' ? Math.ceil(places.length / 4) : Infinity;
  const bars = places.map(({ at, low, high }) =>
    low === undefined && high === undefined ? '' : bar(at, low, high, y),
  );
  const marks = places.map(({ at, ...point }, place) =>
    place % every !== 0 || every === Infinity
      ? ''
      : (upperBounds ? arrow(at, box) : '') + markPath(source, rank, at, escaped(pointText(name, point, upperBounds))),
  );
  return `<g class="${classOf(index)}">${through}${bars.join('')}${marks.join('')}</g>`;
}

function pointText(name: string, { x, y, low, high }: XyPoint, upperBound: boolean): string {
  const ends =
    low === undefined && high === undefined ? '' : `, ${[low ?? y, high ?? y].map(significantNumber).join(' to ')}`;
  return `${shortened(name, 80)}: ${significantNumber(x)}, ${upperBound ? 'at most ' : ''}${significantNumber(y)}${ends}`;
}

function classOf(index: number): string {
  return `xy${index % XY_COLOURS}`;
}

function dashed(path: string, source: XySource, rank: number): string {
  return path.replace('/>', `${dashesOf(source, rank)}/>`);
}

function bar(
  at: { readonly x: number; readonly y: number },
  low: number | undefined,
  high: number | undefined,
  y: Scale,
): string {
  const [from, to] = [low === undefined ? at.y : y.at(low), high === undefined ? at.y : y.at(high)];
  const cap = (end: number): string => `M${short(at.x - 4)} ${short(end)}h8`;
  return `<path class="xy-bar" d="M${short(at.x)} ${short(from)}V${short(to)}${cap(from)}${cap(to)}"/>`;
}

/** From the point downwards, as far as there is room. */
function arrow(at: { readonly x: number; readonly y: number }, box: Box): string {
  const end = Math.min(at.y + ARROW_PX, box.bottom);
  const head = Math.min(4, (end - at.y) / 2);
  return `<path class="xy-bar" d="M${short(at.x)} ${short(at.y)}V${short(end)}M${short(at.x - head)} ${short(end - head)}L${short(at.x)} ${short(end)}L${short(at.x + head)} ${short(end - head)}"/>`;
}

/** Entries beside each other while they fit; names too long for the width go over two lines. */
function legendOf(all: readonly XySeries[], width: number): { readonly heightPx: number; readonly content: string } {
  const lineChars = Math.max(8, Math.floor((width - SAMPLE_PX - 8) / textWidth('x')));
  let [left, top] = [0, 0];
  let rowLines = 1;
  const entries = all.map(({ name, source, mark, upperBounds = false }, index) => {
    const lines = wrapped(named(name, source), lineChars);
    const entryPx = SAMPLE_PX + 8 + Math.max(...lines.map(textWidth));
    if (left > 0 && left + entryPx > width) {
      left = 0;
      top += rowLines * ROW_PX;
      rowLines = 1;
    }
    const at = { x: left + SAMPLE_PX / 2, y: top + 10 };
    const rank = rankOf(all, index);
    const through = line(
      [
        { x: left, y: at.y },
        { x: left + SAMPLE_PX, y: at.y },
      ],
      'xy-line',
    );
    const sample =
      (mark === 'points' ? '' : dashed(through, source, rank)) +
      (mark === 'line' && source !== 'here' ? '' : markPath(source, rank, at)) +
      (upperBounds ? arrow({ x: at.x, y: at.y - 6 }, { left: 0, right: 0, top: 0, bottom: at.y + 8 }) : '');
    const text = lines.map(
      (words, number) =>
        `<text class="label" x="${short(left + SAMPLE_PX + 6)}" y="${short(top + 14 + number * ROW_PX)}">${escaped(words)}</text>`,
    );
    left += entryPx + 14;
    rowLines = Math.max(rowLines, lines.length);
    return `<g class="${classOf(index)}">${sample}</g>${text.join('')}`;
  });
  return { heightPx: all.length === 0 ? 0 : top + rowLines * ROW_PX + 4, content: entries.join('') };
}

function wrapped(text: string, lineChars: number): readonly string[] {
  const lines: string[] = [];
  for (const word of onOneLine(text).trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && [...last].length + 1 + [...word].length <= lineChars)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  const kept =
    lines.length <= NAME_LINES_MAX
      ? lines
      : [...lines.slice(0, NAME_LINES_MAX - 1), lines.slice(NAME_LINES_MAX - 1).join(' ')];
  return kept.map((words) => shortened(words, lineChars));
}
