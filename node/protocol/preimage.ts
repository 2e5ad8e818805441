/**
 * What is hashed: the work of a request or vote, the next State, and a request's identity. Source.
 *
 * Work and State are the reference's concatenation without separators, ambiguity included (D-07); the identity is
 * length-prefixed and so unambiguous. How a balance is printed differs by profile (`dcoinText`).
 */
import type { Sha256Hex } from './hash.ts';
import type { RequestBody, StateHash } from './message.ts';
import type { Parameters } from './parameters.ts';

/** Printed balance of a request, which carries none: the reference's "no DCoin yet". */
export const NO_DCOIN = '-1';

/** A balance of `units` as hashes and the text form print it. */
export function dcoinText(units: number, parameters: Pick<Parameters, 'dcoinText' | 'dcoinRate'>): string {
  switch (parameters.dcoinText) {
    case 'units':
      return String(units);
    case 'dcoins':
      return String(Math.trunc(units / parameters.dcoinRate));
    case 'decimal':
      return String(units / parameters.dcoinRate);
  }
}

/** Work preimage without its nonce. `voter` is the requester itself for a request. */
export function workPrefix(voter: string, body: RequestBody, dcoin: string): string {
  return `${voter}${body.requester}${body.service}${body.priceDcoins}${body.time}${body.state}${dcoin}`;
}

/** State that follows `body.state` once `body` is decided with `dcoin` remaining. */
export function nextState(
  body: RequestBody,
  dcoin: string,
  hexCase: Parameters['hexCase'],
  hash: Sha256Hex,
): StateHash {
  const state = hash(`${body.requester}${body.service}${body.priceDcoins}${body.time}${body.state}${dcoin}`);
  return hexCase === 'upper' ? state.toUpperCase() : state;
}

/** Identity of a request: SHA-256 over its length-prefixed fields, nonce left out. */
export function requestId(body: RequestBody, hash: Sha256Hex): string {
  const { requester, service, priceDcoins, time, state } = body;
  return hash(
    `wallance/request/v1 ${requester.length}:${requester}${service.length}:${service}${priceDcoins}:${time}:${state}`,
  );
}
