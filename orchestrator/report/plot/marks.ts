/**
 * Marks of a plot as SVG text: lines, steps, bands between two lines, bars. Colours come from the page's style sheet by
 * class, so that light, dark and print each have theirs. Pure; points that are no numbers end a line instead of
 * breaking it.
 */

export interface Place {
  readonly x: number;
  readonly y: number;
}

export function line(points: readonly Place[], className: string): string {
  return path(polyline(points), className);
}

/** Horizontal until the next point, then straight up or down: a value that holds until it changes. */
export function stepLine(points: readonly Place[], className: string): string {
  return path(polyline(corners(points)), className);
}

/** The same, as places. */
export function corners(points: readonly Place[]): readonly Place[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    return before === undefined ? [point] : [{ x: point.x, y: before.y }, point];
  });
}

/** Between an upper and a lower line over the same places. */
export function area(upper: readonly Place[], lower: readonly Place[], className: string): string {
  const outline = [...upper, ...[...lower].reverse()].filter(isPlace);
  return outline.length < 3 ? '' : path(`${polyline(outline)}Z`, className);
}

/** Bars from `baseY` up to each point, `width` wide from its x on; those without height are left out. */
export function bars(points: readonly Place[], width: number, baseY: number, className: string): string {
  const outlines = points.filter(isPlace).flatMap(({ x, y }) => {
    const height = baseY - y;
    return height <= 0 ? [] : [`M${short(x)} ${short(baseY)}v${short(-height)}h${short(width)}v${short(height)}z`];
  });
  return path(outlines.join(''), className);
}

/** Of the stroke's width. */
export function dots(points: readonly Place[], className: string): string {
  // Strokes without length, with round caps: a tenth of the size of circle elements.
  const each = points.filter(isPlace).map(({ x, y }) => `M${short(x)} ${short(y)}h0`);
  return path(each.join(''), className);
}

/** A number with one decimal at most. */
export function short(value: number): string {
  const text = value.toFixed(1);
  return text.endsWith('.0') ? text.slice(0, -2).replace(/^-0$/, '0') : text;
}

function polyline(points: readonly Place[]): string {
  let text = '';
  let pen = false;
  for (const point of points) {
    if (!isPlace(point)) {
      pen = false;
      continue;
    }
    text += `${pen ? 'L' : 'M'}${short(point.x)} ${short(point.y)}`;
    pen = true;
  }
  return text;
}

function path(d: string, className: string): string {
  return d === '' ? '' : `<path class="${className}" d="${d}"/>`;
}

function isPlace({ x, y }: Place): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}
