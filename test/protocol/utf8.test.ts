import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8, utf8Bytes } from '../../node/protocol/utf8.ts';

const SEED = 3629;

/** The platform's strict decoder is the oracle. */
function oracle(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function agrees(bytes: Uint8Array): void {
  assert.equal(decodeUtf8(bytes, 0, bytes.length), oracle(bytes), Buffer.from(bytes).toString('hex'));
}

test('every sequence of one and two bytes decodes as the platform decodes it', () => {
  for (let a = 0; a < 256; a++) {
    agrees(Uint8Array.of(a));
    for (let b = 0; b < 256; b++) agrees(Uint8Array.of(a, b));
  }
});

test('every lead byte with continuations at their limits decodes as the platform decodes it', () => {
  const limits = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let lead = 0x80; lead < 256; lead++) {
    for (const b of limits) {
      for (const c of limits) {
        agrees(Uint8Array.of(lead, b, c));
        for (const d of limits) agrees(Uint8Array.of(lead, b, c, d));
      }
    }
  }
});

test('text of any length, with any bytes in it, decodes as the platform decodes it', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Buffer.from(text)),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.constant(Buffer.of(0xef, 0xbb, 0xbf)),
    fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
  );
  const any = fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces));
  fc.assert(fc.property(any, agrees), { seed: SEED, numRuns: 20_000 });
});

test('only the given range is read', () => {
  const bytes = Buffer.from('aé☕z');
  assert.equal(decodeUtf8(bytes, 1, 6), 'é☕');
  assert.equal(decodeUtf8(bytes, 1, 5), null);
  assert.equal(decodeUtf8(bytes, 3, 3), '');
});

test('text is written as the platform writes it, and half a surrogate pair has no size', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
      ),
      (text) => {
        const size = utf8Bytes(text);
        assert.equal(size, Buffer.from(text).toString() === text ? Buffer.byteLength(text) : null);
        if (size === null) return;
        const into = new Uint8Array(size + 3);
        assert.equal(encodeUtf8(text, into, 2), size + 2);
        assert.deepEqual(Buffer.from(into), Buffer.from(`\0\0${text}\0`));
      },
    ),
    { seed: SEED, numRuns: 5000 },
  );
});
