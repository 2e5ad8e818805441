import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type XyPlot, type XySeries, xyDescription, xyPlot, xyPlotPx } from '../../orchestrator/report/plot/xy-plot.ts';
import { HOSTILE, markupProblems } from '../support/markup-problems.ts';

const series = (points: XySeries['points'], rest: Partial<XySeries> = {}): XySeries => ({
  name: 'measured',
  source: 'here',
  mark: 'points-and-line',
  points,
  ...rest,
});
const plotOf = (all: readonly XySeries[], scale: 'linear' | 'log' = 'log'): XyPlot => ({
  x: { label: 'nodes', scale },
  y: { label: 'ms', scale },
  series: all,
});
function drawn(plot: XyPlot, width = 760): string {
  const svg = xyPlot(
    { id: 'p', title: 'A plot', description: xyDescription(plot), width, height: xyPlotPx(width, plot, 300) },
    plot,
  );
  assert.deepEqual(markupProblems(svg, 'xml'), []);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  return svg;
}
/** What the group of `pattern` holds, everywhere in the text. */
const numbers = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => Number(match[1]));

describe('an XY plot', () => {
  it('holds ranges of many decades with few enough labels, and values at both ends', () => {
    const svg = drawn(
      plotOf([
        series([
          { x: 1e-9, y: 1e-20 },
          { x: 1e12, y: 1e20 },
        ]),
      ]),
    );
    const ys = numbers(svg, /class="label end" x="[\d.]+" y="([\d.]+)"/g).slice(0, -1);
    for (const [index, y] of ys.entries()) if (index > 0) assert.ok(Math.abs(y - ys[index - 1]!) >= 13, `${y}`);
    assert.match(svg, />1e-20</);
    assert.match(svg, />1e20</);
  });

  it('has ticks on both sides of a single point', () => {
    for (const scale of ['linear', 'log'] as const) {
      const svg = drawn(plotOf([series([{ x: 8, y: 300 }])], scale));
      assert.ok(numbers(svg, /class="label middle" x="([\d.]+)"/g).length >= 2);
      assert.equal(svg.match(/<title>measured: 8, 300<\/title>/g)?.length, 1);
      assert.equal(svg.match(/class="xy-line"/g)?.length, 1, 'the line of the legend alone');
    }
  });

  it('says how many points an axis cannot show, and shows the others', () => {
    const svg = drawn(
      plotOf([
        series([
          { x: 0, y: 5 },
          { x: 2, y: Number.NaN },
          { x: 3, y: -1 },
          { x: 4, y: 700, low: 0, high: 900 },
        ]),
      ]),
    );
    assert.match(svg, /3 points are not shown/);
    assert.match(svg, /<title>measured: 4, 700, 0 to 900<\/title>/);
    assert.match(svg, />1k</, 'the axis goes up to the values');
  });

  it('says that there is nothing where there is nothing', () => {
    assert.match(drawn(plotOf([])), /Nothing has been measured/);
    assert.match(drawn(plotOf([series([])])), /Nothing has been measured/);
    assert.match(drawn(plotOf([series([{ x: 0, y: 0 }])])), /1 point is not shown/);
    assert.match(drawn(plotOf([series([{ x: 0, y: 0 }])], 'linear')), /<title>measured: 0, 0</);
  });

  it('tells eight series of a source apart by form as well as by colour', () => {
    const points = [
      { x: 1, y: 1 },
      { x: 2, y: 2 },
    ];
    const all = Array.from({ length: 8 }, (_, index) => series(points, { name: `s${index}`, mark: 'points' }));
    const forms = (source: 'here' | 'model') => {
      const svg = drawn(plotOf(all.map((one) => ({ ...one, source }))));
      const className = source === 'here' ? 'xy-fill' : 'xy-hollow';
      const marks = [...svg.matchAll(new RegExp(`<path class="${className}" d="M([^"]+)"><title>s\\d[^:]*: 1,`, 'g'))];
      // The same place, so equal marks would be equal paths.
      assert.equal(marks.length, 8);
      return new Set(marks.map((match) => match[1])).size;
    };
    assert.equal(forms('here'), 8);
    assert.equal(forms('model'), 8);
    const lines = drawn(plotOf(all.map((one) => ({ ...one, source: 'model', mark: 'line' }))));
    assert.equal(new Set(lines.match(/stroke-dasharray="[^"]+"/g)).size, 8);
  });

  it('draws the paper hollow, models dashed, upper bounds with an arrow downwards', () => {
    const points = [
      { x: 8, y: 300 },
      { x: 48, y: 1000 },
    ];
    const svg = drawn(
      plotOf([
        series(points, { name: 'paper', source: 'paper', mark: 'points', upperBounds: true }),
        series(points, { name: 'fit', source: 'model', mark: 'line' }),
      ]),
    );
    assert.match(svg, /class="xy-given"/);
    assert.match(svg, /class="xy-line"[^>]*stroke-dasharray/);
    assert.doesNotMatch(svg, /class="xy-fill"/);
    assert.match(svg, /at most 300/);
    for (const [, from, to] of svg.matchAll(/class="xy-bar" d="M[\d.]+ ([\d.]+)V([\d.]+)/g))
      assert.ok(Number(to) > Number(from));
  });

  it('keeps the legend above the data, on any width', () => {
    const name = 'a name with so many words that it does not fit into one line of a narrow plot at all';
    const all = Array.from({ length: 8 }, () =>
      series(
        [
          { x: 1, y: 1 },
          { x: 9, y: 9 },
        ],
        { name },
      ),
    );
    for (const width of [356, 760, 1040]) {
      const svg = drawn(plotOf(all), width);
      const top = Math.min(...numbers(svg, /class="grid" d="M[\d.]+ ([\d.]+)V/g));
      const legend = [...svg.matchAll(/<text class="label" x="([\d.]+)" y="([\d.]+)">([^<]*)/g)].filter(
        ([, , , words]) => words !== '',
      );
      assert.ok(legend.length >= 9);
      for (const [, x, y, words] of legend) {
        assert.ok(Number(y) < top, `${y} lies on the data, which begin at ${top}`);
        assert.ok(Number(x) + words!.length * 7 <= width + 0.1, words);
      }
    }
  });

  it('is read out as its axes and the ends of its series', () => {
    const plot = plotOf([
      series([
        { x: 2, y: 4 },
        { x: 48, y: 57.123 },
      ]),
    ]);
    assert.equal(
      xyDescription(plot),
      'ms, logarithmic over nodes, logarithmic. measured: 4 at 2 to 57.1 at 48, 2 points.',
    );
  });

  it('is broken by no text', () => {
    const plot = plotOf([series([{ x: 2, y: 4 }], { name: HOSTILE })]);
    drawn({ ...plot, x: { label: HOSTILE, scale: 'log' }, y: { label: HOSTILE, scale: 'linear' } }, 356);
  });
});
