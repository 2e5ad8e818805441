/**
 * Makes the paper's messages: heads derived from bodies in one place, so that decoders, voters and hand-written
 * schedules agree on identity, slot and group. Source.
 */
import type { Sha256Hex } from './hash.ts';
import type { Request, RequestBody, Vote } from './message.ts';
import { requestId } from './preimage.ts';

export function makeRequest(body: RequestBody, nonce: number, hash: Sha256Hex): Request {
  const { requester, service, priceDcoins, time, state } = body;
  const id = requestId(body, hash);
  return { kind: 'request', id, slot: state, requester, service, priceDcoins, time, state, nonce };
}

/** `id` spares the hash where the request is at hand. */
export function makeVote(
  voter: string,
  body: RequestBody,
  remainingUnits: number,
  nonce: number,
  hash: Sha256Hex,
  id: string = requestId(body, hash),
): Vote {
  const { requester, service, priceDcoins, time, state } = body;
  return {
    kind: 'vote',
    voter,
    requester,
    slot: state,
    requestId: id,
    group: `${id}/${remainingUnits}`,
    service,
    priceDcoins,
    time,
    state,
    remainingUnits,
    nonce,
  };
}
