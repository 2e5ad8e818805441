/**
 * A nonce that was not searched for: the length of the search drawn from its distribution, keyed by the preimage. At
 * difficulty 3 ten thousand searches are 41 million hashes; their times are all that a large network needs of them.
 * No check accepts such a nonce.
 */
import type { Sha256Hex } from '../protocol/hash.ts';
import { INT32_MAX } from '../protocol/message.ts';

/** 13 hexadecimal digits are 52 bits. */
const DIGITS = 13;

/** Geometric with mean 16^difficulty - 1, as the smallest nonce of a search from 0 is; at most 2^31-1. */
export function drawnNonce(prefix: string, difficulty: number, hash: Sha256Hex): number {
  if (difficulty === 0) return 0;
  const uniform = Number.parseInt(hash(`wallance/drawn-nonce/v1 ${prefix}`).slice(0, DIGITS), 16) / 16 ** DIGITS;
  return Math.min(INT32_MAX, Math.floor(Math.log1p(-uniform) / Math.log1p(-(16 ** -difficulty))));
}
