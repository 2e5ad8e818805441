/** Intervals must cover what they claim: counted over drawn samples of a known distribution. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Prng } from '../../node/simulation/prng.ts';
import {
  type Interval,
  meanInterval,
  medianInterval,
  quantileInterval,
  shareInterval,
} from '../../orchestrator/history/interval.ts';

const DRAWS = 1500;

/** Share of `DRAWS` samples whose interval holds `truth`. */
function covered(truth: number, draw: (random: () => number) => Interval | null): number {
  const prng = Prng.seeded('intervals');
  let held = 0;
  for (let i = 0; i < DRAWS; i++) {
    const interval = draw(() => prng.float())!;
    if (interval.low <= truth && truth <= interval.high) held++;
  }
  return held / DRAWS;
}

const exponential = (random: () => number): number => -Math.log(1 - random());
const sample = (count: number, random: () => number): number[] =>
  Array.from({ length: count }, () => exponential(random));

describe('the interval of a median', () => {
  for (const count of [6, 7, 20, 61, 400, 1100])
    it(`covers the true median 95 times of 100 with ${count} values, and hardly more than it must`, () => {
      const claimed = medianInterval(sample(count, () => 0.5))!.coverage;
      const share = covered(Math.LN2, (random) => medianInterval(sample(count, random)));
      assert.ok(claimed >= 0.95 && claimed < 0.99, `claims ${claimed}`);
      assert.ok(Math.abs(share - claimed) < 0.015, `${share} of the samples, claimed ${claimed}`);
    });

  it('of few values is least and most, and says how little it covers', () => {
    assert.deepEqual(medianInterval([3, 1, 2]), { low: 1, high: 3, coverage: 0.75 });
    assert.deepEqual(medianInterval([2, 1]), { low: 1, high: 2, coverage: 0.5 });
    assert.equal(medianInterval([1]), null);
  });
});

it('the interval of a 95th percentile covers it, and is none where too few values lie above', () => {
  const share = covered(-Math.log(0.05), (random) => quantileInterval(sample(200, random), 0.95));
  assert.ok(share > 0.93 && share < 0.99, String(share));
  assert.equal(
    quantileInterval(
      sample(40, () => 0.5),
      0.95,
    ),
    null,
  );
});

it('the interval of a mean covers it with a hundred skewed values', () => {
  const share = covered(1, (random) => meanInterval(sample(100, random)));
  assert.ok(share > 0.92 && share < 0.96, String(share));
});

it('the interval of a share covers it, and stays inside 0..1 for none and all', () => {
  const share = covered(0.1, (random) => {
    let hits = 0;
    for (let i = 0; i < 50; i++) if (random() < 0.1) hits++;
    return shareInterval(hits, 50);
  });
  assert.ok(share > 0.93, String(share));
  assert.equal(shareInterval(0, 20)!.low, 0);
  assert.equal(shareInterval(20, 20)!.high, 1);
  assert.equal(shareInterval(0, 0), null);
});
