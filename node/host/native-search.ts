/**
 * The nonce search of protocol/work.ts with the preimage kept as bytes: same contract, same nonces. Source: R-05.
 *
 * A search that hashes `prefix + nonce` spends a third of its time on joining the string anew for each nonce and
 * flattening it. Here the prefix is written once and the decimal digits are counted up in place, and the rate is that
 * of a bare `crypto.hash` loop.
 */
import { hash } from 'node:crypto';
import { INT32_MAX } from '../protocol/message.ts';
import { DIFFICULTY_MAX } from '../protocol/work.ts';

const ZEROS = '0'.repeat(DIFFICULTY_MAX);
const DIGIT_ZERO = 48;
const DIGIT_NINE = 57;
/** Digits of the largest nonce. */
const NONCE_BYTES_MAX = String(INT32_MAX).length;
/** A UTF-16 code unit is at most three bytes of UTF-8. */
const UTF8_BYTES_MAX = 3;

/** Kept between searches: allocating costs more than the few hashes of a search at difficulty 1. */
let scratch = Buffer.allocUnsafeSlow(1024);

/**
 * Smallest nonce >= `from` (0..2^31-1) whose work satisfies `difficulty` (0..7) for `prefix`, trying at most `limit`
 * nonces (default: all of int32). Returns null when none was found within the limit.
 */
export function searchNonceNatively(
  prefix: string,
  difficulty: number,
  from = 0,
  limit = Number.POSITIVE_INFINITY,
): number | null {
  const end = Math.min(INT32_MAX, from + limit - 1);
  if (from > end) return null;
  const bytesMax = prefix.length * UTF8_BYTES_MAX + NONCE_BYTES_MAX;
  if (scratch.length < bytesMax) scratch = Buffer.allocUnsafeSlow(bytesMax);
  const bytes = scratch;
  const digitsAt = bytes.write(prefix);
  let length = digitsAt + bytes.write(String(from), digitsAt, 'latin1');
  let preimage = bytes.subarray(0, length);
  const zeros = ZEROS.slice(0, difficulty);
  for (let nonce = from; ; ) {
    if (hash('sha256', preimage, 'hex').startsWith(zeros)) return nonce;
    if (nonce === end) return null;
    nonce++;
    let at = length - 1;
    while (at >= digitsAt && bytes[at] === DIGIT_NINE) bytes[at--] = DIGIT_ZERO;
    if (at >= digitsAt) {
      bytes[at]!++;
    } else {
      // 99 became 00: one digit more.
      bytes[digitsAt] = DIGIT_ZERO + 1;
      bytes[length++] = DIGIT_ZERO;
      preimage = bytes.subarray(0, length);
    }
  }
}
