/** The gate of a comparison: by more than it and beyond the spread, or nothing is said. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Comparable, ComparableFigure } from '../../orchestrator/compare/comparable.ts';
import { compare, differencesOf } from '../../orchestrator/compare/compare.ts';

function results(figure: Partial<ComparableFigure>, others: Partial<Comparable> = {}): Comparable {
  return {
    kind: 'run',
    title: 'made up',
    path: 'x',
    circumstances: { scenario: 's', runtime: 'processes' },
    hashesPerSecond: 1000,
    verdict: 'pass',
    figures: [{ id: 'f', title: 'the figure', unit: 'ms', better: 'lower', value: 100, interval: null, ...figure }],
    ...others,
  };
}

const within = (low: number, high: number) => ({ low, high, coverage: 0.95 });
const outcome = (a: Partial<ComparableFigure>, b: Partial<ComparableFigure>, gate = 10) =>
  compare(results(a), results(b), gate).figures[0]!.outcome;

describe('a figure', () => {
  it('is worse when it changed by more than the gate and the intervals do not touch', () => {
    const a = { value: 100, interval: within(95, 105) };
    assert.equal(outcome(a, { value: 120, interval: within(110, 130) }), 'worse');
    assert.equal(outcome(a, { value: 80, interval: within(75, 85) }), 'better');
    const rate = { ...a, better: 'higher' as const };
    assert.equal(outcome(rate, { ...rate, value: 120, interval: within(110, 130) }), 'better');
    const count = { ...a, better: null };
    assert.equal(outcome(count, { ...count, value: 120, interval: within(110, 130) }), 'changed');
  });

  it('is the same within the gate, however narrow the intervals are', () => {
    const a = { value: 100, interval: within(99.9, 100.1) };
    const b = { value: 109, interval: within(108.9, 109.1) };
    assert.equal(outcome(a, b), 'same');
    assert.equal(outcome(a, b, 5), 'worse');
  });

  it('is unclear where the intervals touch or one of them is missing', () => {
    const a = { value: 100, interval: within(80, 120) };
    assert.equal(outcome(a, { value: 150, interval: within(120, 180) }), 'unclear');
    assert.equal(outcome({ value: 100 }, { value: 500, interval: within(400, 600) }), 'unclear');
  });

  it('that was 0 has no share of change, and may be worse all the same', () => {
    const forks = compare(
      results({ value: 0, interval: within(0, 0) }),
      results({ value: 2, interval: within(1, 3) }),
      10,
    );
    assert.deepEqual([forks.figures[0]!.change, forks.figures[0]!.outcome], [null, 'worse']);
    assert.equal(outcome({ value: 0 }, { value: 0 }), 'same');
  });
});

describe('a comparison', () => {
  it('fails when a run that passed does not pass any more', () => {
    const { verdictWorse, failed } = compare(results({}), results({}, { verdict: 'inconclusive' }), 10);
    assert.deepEqual([verdictWorse, failed], [true, true]);
    assert.equal(compare(results({}, { verdict: 'failed' }), results({}), 10).failed, false);
  });

  it('names what one side alone has', () => {
    const { onlyA, onlyB, figures } = compare(results({}), results({ id: 'g', title: 'another' }), 10);
    assert.deepEqual([onlyA, onlyB, figures], [['the figure'], ['another'], []]);
  });

  it('knows every circumstance in which two results differ', () => {
    const a = results({});
    const b = results({}, { circumstances: { scenario: 't', runtime: 'processes', board: 'pi3bplus' } });
    assert.deepEqual(differencesOf(a, b), [
      { name: 'scenario', a: 's', b: 't' },
      { name: 'board', a: 'not known', b: 'pi3bplus' },
    ]);
    assert.deepEqual(differencesOf(a, results({}, { kind: 'bench' })), [{ name: 'kind', a: 'run', b: 'bench' }]);
  });

  it('tells another calibration from the noise of one machine', () => {
    const at = (hashesPerSecond: number | null) => results({}, { hashesPerSecond });
    assert.deepEqual(differencesOf(at(1000), at(1200)), []);
    assert.deepEqual(differencesOf(at(1000), at(600)), [
      { name: 'calibration', a: '1000 hashes/s', b: '600 hashes/s' },
    ]);
    assert.deepEqual(differencesOf(at(1000), at(null)), []);
  });
});
