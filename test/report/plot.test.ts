import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bands, placeSpans } from '../../orchestrator/report/plot/bands.ts';
import { minMax } from '../../orchestrator/report/plot/downsample.ts';
import { ecdfPlot, ecdfPoints } from '../../orchestrator/report/plot/ecdf.ts';
import { textWidth } from '../../orchestrator/report/plot/frame.ts';
import { area, bars, line, stepLine } from '../../orchestrator/report/plot/marks.ts';
import { linearScale, logDomain, logScale } from '../../orchestrator/report/plot/scale.ts';
import { logTicks, niceMax, niceTicks, tickText } from '../../orchestrator/report/plot/ticks.ts';
import { countPlot, dotPlot, viewPlot } from '../../orchestrator/report/plot/time-plot.ts';
import { HOSTILE, markupProblems } from '../support/markup-problems.ts';

const OPTIONS = { id: 'p', title: 'title', description: 'what it shows', width: 400, height: 200 };
const SPAN = { fromMs: 0, toMs: 1000 };
const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true });

describe('ticks', () => {
  it('are 1, 2 or 5 times a power of ten and lie inside', () => {
    assert.deepEqual(niceTicks(0, 97, 4).values, [0, 50]);
    assert.deepEqual(niceTicks(0, 100, 5).values, [0, 20, 40, 60, 80, 100]);
    assert.deepEqual(
      niceTicks(-0.3, 0.3, 6).values.map((value) => tickText(value, 0.1)),
      ['-0.3', '-0.2', '-0.1', '0.0', '0.1', '0.2', '0.3'],
    );
    fc.assert(
      fc.property(finite, finite, fc.integer({ min: 1, max: 12 }), (a, b, count) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const { values, step } = niceTicks(from, to, count);
        const slack = (to - from) * 1e-5 + 1e-9;
        assert.ok(values.length >= (from === to ? 1 : 0) && values.length <= count + 1);
        for (const value of values) assert.ok(value >= from - slack && value <= to + slack);
        assert.ok(new Set(values.map((value) => tickText(value, step))).size >= Math.min(1, values.length));
      }),
    );
  });

  it('of a logarithmic axis are few and inside', () => {
    assert.deepEqual(logTicks(1, 100).values, [1, 2, 5, 10, 20, 50, 100]);
    assert.deepEqual(logTicks(0.01, 10_000).values, [0.01, 0.1, 1, 10, 100, 1000, 10_000]);
    assert.deepEqual(logTicks(0, 10).values, []);
  });

  it('end above the largest value', () => {
    assert.equal(niceMax(97, 4), 100);
    assert.equal(niceMax(0, 4), 1);
    assert.equal(niceMax(Number.NaN, 4), 1);
  });

  it('have no minus before nothing, and thousands as k', () => {
    assert.equal(tickText(-0, 0.5), '0.0');
    assert.equal(tickText(20_000, 5000), '20k');
    assert.equal(tickText(2_500_000, 500_000), '2.5M');
    assert.equal(tickText(0.002, 0.001), '0.002');
  });
});

describe('scales', () => {
  it('never give a place outside their range, whatever the value', () => {
    fc.assert(
      fc.property(finite, finite, fc.double(), (a, b, value) => {
        for (const scale of [linearScale([a, b], [10, 390]), logScale([Math.abs(a), Math.abs(b)], [390, 10])]) {
          const place = scale.at(value);
          assert.ok(place >= 10 && place <= 390, `${scale.kind} ${a} ${b} ${value} ${place}`);
        }
      }),
    );
  });

  it('put the values of a logarithmic axis inside it', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 1e7, noNaN: true }), { minLength: 1 }), (values) => {
        const [from, to] = logDomain(values);
        assert.ok(to > from);
        assert.ok(from <= Math.min(...values) * 1.0001 && to >= Math.max(...values) * 0.9999);
      }),
    );
    assert.deepEqual(logDomain([]), [1, 10]);
  });
});

describe('marks', () => {
  it('end a line at what is no number', () => {
    const points = [
      { x: 0, y: 1 },
      { x: Number.NaN, y: 2 },
      { x: 4, y: Infinity },
      { x: 5, y: 6 },
    ];
    assert.equal(line(points, 'l'), '<path class="l" d="M0 1M5 6"/>');
    assert.equal(bars([{ x: 1, y: Number.NaN }], 2, 10, 'b'), '');
    assert.doesNotMatch(area(points, points, 'a') + stepLine(points, 's'), /NaN|Infinity/);
  });

  it('hold a value until it changes', () => {
    const points = [
      { x: 0, y: 1 },
      { x: 5, y: 9 },
    ];
    assert.equal(stepLine(points, 's'), '<path class="s" d="M0 1L5 1L5 9"/>');
  });
});

describe('downsampling', () => {
  it('keeps the smallest and the largest value and the order of time', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 400 }), fc.integer({ min: 1, max: 40 }), (values, n) => {
        const samples = values.map((value, index) => ({ atMs: index * 3, value }));
        const kept = minMax(samples, n);
        assert.ok(kept.length <= 2 * n || kept.length === samples.length);
        assert.equal(Math.max(...kept.map(({ value }) => value)), Math.max(...values));
        assert.equal(Math.min(...kept.map(({ value }) => value)), Math.min(...values));
        assert.deepEqual(
          kept,
          [...kept].sort((a, b) => a.atMs - b.atMs),
        );
      }),
    );
  });

  it('copes with many samples of one moment', () => {
    const samples = Array.from({ length: 100 }, (_, value) => ({ atMs: 5, value }));
    assert.deepEqual(
      minMax(samples, 4).map(({ value }) => value),
      [0, 99],
    );
  });
});

describe('spans', () => {
  it('have marks and labels that do not lie on each other or outside', () => {
    const scale = linearScale([0, 1000], [46, 390]);
    const spanOf = fc.record({
      fromMs: fc.integer({ min: 0, max: 1000 }),
      lastMs: fc.integer({ min: 0, max: 400 }),
      label: fc.stringMatching(/^\d{1,3}$/),
    });
    fc.assert(
      fc.property(fc.array(spanOf, { maxLength: 30 }), (made) => {
        const placed = placeSpans(
          made.map(({ fromMs, lastMs, label }) => ({
            fromMs,
            toMs: Math.min(1000, fromMs + lastMs),
            label,
            title: label,
          })),
          scale,
        );
        for (const a of placed) {
          assert.ok(a.labelX + textWidth(a.label) <= 391);
          for (const b of placed) {
            if (a === b || a.row !== b.row) continue;
            const end = ({ x, width, labelX, label }: typeof a) => Math.max(x + width, labelX + textWidth(label));
            const start = ({ x, labelX }: typeof a) => Math.min(x, labelX);
            assert.ok(end(a) <= start(b) || end(b) <= start(a));
          }
        }
      }),
    );
  });

  it('escape what they are called', () => {
    const placed = placeSpans(
      [{ label: HOSTILE, title: HOSTILE, fromMs: 0, toMs: 10 }],
      linearScale([0, 10], [0, 100]),
    );
    const { behind, over } = bands(placed, { left: 0, right: 100, top: 0, bottom: 10 }, 0);
    assert.deepEqual(markupProblems(`<svg>${behind}${over}</svg>`, 'xml'), []);
    assert.doesNotMatch(behind + over, /<script|<img/);
  });
});

describe('distribution of latencies', () => {
  it('ends with the largest value at 1 and keeps it under any limit', () => {
    const values = Array.from({ length: 5000 }, (_, index) => ((index * 7919) % 5003) + 1);
    const points = ecdfPoints(values, 100);
    assert.equal(points.length, 100);
    assert.deepEqual(points.at(-1), { value: Math.max(...values), share: 1 });
    assert.equal(points[0]!.value, Math.min(...values));
    assert.deepEqual(ecdfPoints([4], 100), [{ value: 4, share: 1 }]);
    assert.deepEqual(ecdfPoints([], 100), []);
  });

  it('marks the percentiles of each set, also of a single request', () => {
    for (const valuesMs of [[5], [5, 5, 5], [1, 2, 3, 4000], [0, 0.5]]) {
      const svg = ecdfPlot(OPTIONS, [{ name: 'a < b', valuesMs, className: 'series-a' }]);
      assert.deepEqual(markupProblems(svg, 'xml'), []);
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
      assert.equal(svg.match(/<circle/g)?.length, 3);
    }
  });
});

describe('without anything to show', () => {
  it('every plot says so', () => {
    const none = 'Nothing was seen.';
    const plots = [
      ecdfPlot(OPTIONS, []),
      countPlot(OPTIONS, { bucketMs: 10, counts: [0, 0] }, SPAN, [], { yLabel: '', className: 'bar', none }),
      dotPlot(OPTIONS, [], SPAN, [], { yLabel: 'ms', none }),
      viewPlot(OPTIONS, [], SPAN, [], { yLabel: 'DCoin', none, per: 5 }),
    ];
    for (const svg of plots) {
      assert.match(svg, /Nothing was seen\.|No request was decided\./);
      assert.match(svg, /<title id=.*<desc id=/);
      assert.doesNotMatch(svg, /NaN|undefined|<path/);
      assert.deepEqual(markupProblems(svg, 'xml'), []);
    }
  });

  it('a span without extent gives no broken numbers', () => {
    const svg = viewPlot(OPTIONS, [{ atMs: 0, min: 0, median: 0, max: 0 }], { fromMs: 0, toMs: 0 }, [], {
      yLabel: 'DCoin',
      none: '',
      per: 5,
    });
    assert.doesNotMatch(svg, /NaN|Infinity/);
  });
});
