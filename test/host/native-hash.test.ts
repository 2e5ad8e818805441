import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { sha256Hex } from '../../node/protocol/hash.ts';

test('the published SHA-256 examples hash as published', () => {
  // FIPS 180-2, appendix B.
  const examples = {
    '': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    abc: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq:
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  };
  for (const [text, expected] of Object.entries(examples)) assert.equal(nativeSha256Hex(text), expected);
});

test('any text hashes as the oracle hashes it, whatever its script and length', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(texts, (text) => nativeSha256Hex(text) === sha256Hex(text)),
    { numRuns: 2000 },
  );
});

test('a lone surrogate hashes like U+FFFD, here and in the oracle', () => {
  const anyCodeUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));
  const texts = fc.string({ unit: anyCodeUnit, maxLength: 100 });
  fc.assert(
    fc.property(texts, (text) => {
      const replaced = text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
      return nativeSha256Hex(text) === sha256Hex(text) && nativeSha256Hex(text) === nativeSha256Hex(replaced);
    }),
    { numRuns: 2000 },
  );
  assert.equal(nativeSha256Hex('\ud800'), nativeSha256Hex('\ufffd'));
});
