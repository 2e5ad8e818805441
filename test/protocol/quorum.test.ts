import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quorum } from '../../node/protocol/quorum.ts';

const twoThirds = { numerator: 2, denominator: 3 };

describe('quorum', () => {
  it('of 2/3 is the nearest whole number: five of eight, 32 of 48 (R-12, D-01)', () => {
    const expected = [1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8];
    assert.deepEqual(
      expected.map((_, i) => quorum(twoThirds, i + 1, 'nearest')),
      expected,
    );
    assert.equal(quorum(twoThirds, 48, 'nearest'), 32);
  });

  it('rounded up is the Python reference: six of eight (D-01)', () => {
    const expected = [1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8];
    assert.deepEqual(
      expected.map((_, i) => quorum(twoThirds, i + 1, 'up')),
      expected,
    );
  });

  it('agrees with the reference formulas for every n up to 2000', () => {
    for (let n = 0; n <= 2000; n++) {
      assert.equal(quorum(twoThirds, n, 'nearest'), Math.floor((4 * n + 3) / 6));
      assert.equal(quorum(twoThirds, n, 'up'), Math.floor((2 * n + 2) / 3));
    }
  });

  it('of any threshold equals rounding in exact arithmetic', () => {
    for (const [a, b] of [
      [1, 1],
      [3, 4],
      [4, 5],
      [5, 7],
      [67, 100],
    ] as const) {
      for (let n = 0; n <= 200; n++) {
        const doubled = BigInt(2 * a * n);
        const whole = (doubled + BigInt(b)) / BigInt(2 * b);
        assert.equal(quorum({ numerator: a, denominator: b }, n, 'nearest'), Number(whole));
      }
    }
  });
});
