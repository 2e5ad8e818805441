/**
 * Votes that no honest node casts, still in bounds for the wire: another Remaining, another voter, another request. They
 * have no valid nonce yet.
 */
import { sha256Hex } from '../protocol/hash.ts';
import { INT32_MAX, type RequestBody, type Vote } from '../protocol/message.ts';
import { makeVote } from '../protocol/paper-messages.ts';
import type { Parameters } from '../protocol/parameters.ts';

/** The vote of `voter` for what `body` asks for. `id`: of the request. */
export function voteFor(voter: string, body: RequestBody, id: string, remainingUnits: number): Vote {
  return makeVote(voter, body, remainingUnits, 0, sha256Hex, id);
}

/**
 * `units` and `byUnits` more, 0 .. 2^31-1; in the other direction where that would leave these bounds. Where the wire
 * has whole DCoins only, `byUnits` is rounded up to whole ones.
 */
export function shifted(
  units: number,
  byUnits: number,
  { dcoinText, dcoinRate }: Pick<Parameters, 'dcoinText' | 'dcoinRate'>,
): number {
  const step = dcoinText === 'dcoins' ? dcoinRate : 1;
  const difference = Math.sign(byUnits) * Math.ceil(Math.abs(byUnits) / step) * step;
  const inBounds = (value: number) => value >= 0 && value <= INT32_MAX;
  if (inBounds(units + difference)) return units + difference;
  if (inBounds(units - difference)) return units - difference;
  return units === 0 ? step : 0;
}
