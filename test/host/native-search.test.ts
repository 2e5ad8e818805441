import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { sha256Hex } from '../../node/protocol/hash.ts';
import { INT32_MAX } from '../../node/protocol/message.ts';
import { searchNonce } from '../../node/protocol/work.ts';

const prefixes = fc.string({ unit: 'binary', maxLength: 200 });

test('every search finds the nonce that the plain search with the oracle hash finds', () => {
  const difficulties = fc.integer({ min: 0, max: 2 });
  const starts = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: INT32_MAX }));
  const limits = fc.integer({ min: 0, max: 300 });
  fc.assert(
    fc.property(prefixes, difficulties, starts, limits, (prefix, difficulty, from, limit) => {
      const expected = searchNonce(prefix, difficulty, sha256Hex, from, limit);
      assert.equal(searchNonceNatively(prefix, difficulty, from, limit), expected);
    }),
    { numRuns: 500 },
  );
});

test('slices put together find what one search finds, across every new digit', () => {
  const prefix = 'a prefix of no short solution 1';
  const whole = searchNonceNatively(prefix, 3);
  assert.equal(whole, searchNonce(prefix, 3, sha256Hex));
  let sliced: number | null = null;
  for (let from = 0; sliced === null; from += 7) sliced = searchNonceNatively(prefix, 3, from, 7);
  assert.equal(sliced, whole);
});

test('the last nonce of int32 is tried and none beyond it', () => {
  assert.equal(searchNonceNatively('x', 0, INT32_MAX), INT32_MAX);
  assert.equal(searchNonceNatively('x', 7, INT32_MAX - 20), null);
});

test('a prefix longer than any before it is searched whole', () => {
  const prefix = '\u6c34'.repeat(5000);
  assert.equal(searchNonceNatively(prefix, 1), searchNonce(prefix, 1, sha256Hex));
  assert.equal(searchNonceNatively(`${prefix}!`, 1), searchNonce(`${prefix}!`, 1, sha256Hex));
});
