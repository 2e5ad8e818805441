import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meanInterval, medianInterval, shareInterval } from '../../orchestrator/paper/interval-of.ts';

const near = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 0.001, `${actual}`);

describe('confidence intervals', () => {
  it('a share has one also where all or nothing was hit', () => {
    const all = shareInterval(20, 20)!;
    near(all.low, 0.8389);
    assert.equal(all.high, 1);
    const none = shareInterval(0, 20)!;
    assert.equal(none.low, 0);
    near(none.high, 0.1611);
    assert.equal(shareInterval(0, 0), null);
  });

  it('a mean has that of Student, of three values or more', () => {
    const { low, high } = meanInterval([9, 10, 11])!;
    near(low, 10 - 2.484);
    near(high, 10 + 2.484);
    assert.equal(meanInterval([1, 2]), null);
  });

  it('a median has one by ranks: the 6th and the 15th of twenty, the ends of six, none of five', () => {
    const values = Array.from({ length: 20 }, (_, index) => 20 - index);
    assert.deepEqual(medianInterval(values), { low: 6, high: 15 });
    assert.deepEqual(medianInterval([3, 1, 2, 6, 5, 4]), { low: 1, high: 6 });
    assert.equal(medianInterval([1, 2, 3, 4, 5]), null);
  });
});
