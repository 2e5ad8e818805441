/**
 * Lightweight proof of work (paper IV.C): a nonce such that SHA-256 of preimage and nonce starts with `difficulty`
 * zero nibbles. Source: R-05.
 */
import type { Sha256Hex } from './hash.ts';
import { INT32_MAX } from './message.ts';

/** Largest difficulty a configuration may ask for: 16^8 hashes already exceed the nonce's int32. */
export const DIFFICULTY_MAX = 7;

const ZEROS = '0'.repeat(DIFFICULTY_MAX);

/** True when the first `difficulty` (0..7) hexadecimal digits of `hash` are zero. */
export function satisfiesDifficulty(hash: string, difficulty: number): boolean {
  return difficulty === 1 ? hash.charCodeAt(0) === 48 : hash.startsWith(ZEROS.slice(0, difficulty));
}

/**
 * Smallest nonce >= `from` that satisfies `difficulty` for `prefix`, trying at most `limit` nonces (default: all of
 * int32). Returns null when none was found within the limit. A limit lets a caller search in slices.
 */
export function searchNonce(
  prefix: string,
  difficulty: number,
  hash: Sha256Hex,
  from = 0,
  limit = Number.POSITIVE_INFINITY,
): number | null {
  const end = Math.min(INT32_MAX, from + limit - 1);
  const zeros = ZEROS.slice(0, difficulty);
  for (let nonce = from; nonce <= end; nonce++) {
    if (hash(prefix + nonce).startsWith(zeros)) return nonce;
  }
  return null;
}
