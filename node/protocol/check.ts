/**
 * The paper family's checks that need no ledger, cheapest first: fields, sender, membership, catalogue, work.
 * Source; which of them a reference code lacks: D-08, D-09.
 */
import type { Sha256Hex } from './hash.ts';
import { INT32_MAX, INT32_MIN, type MessageHead, type Request, type SensorTransaction, type Vote } from './message.ts';
import type { Parameters } from './parameters.ts';
import { dcoinText, NO_DCOIN, workPrefix } from './preimage.ts';
import type { Catalogue, Membership } from './profile.ts';
import { type Rejection, type RejectionCode, rejection } from './rejection.ts';
import { satisfiesDifficulty } from './work.ts';

export interface CheckContext {
  readonly parameters: Parameters;
  readonly membership: Membership;
  readonly catalogue: Catalogue;
  readonly hash: Sha256Hex;
}

/** Returns a checker for requests, votes and sensor transactions; other kinds are refused as malformed. */
export function paperCheck(context: CheckContext): (message: MessageHead, sender: string | null) => Rejection | null {
  const { parameters, membership, catalogue, hash } = context;
  const members = new Set(membership.members);
  const membersOnly = membership.kind === 'configured';
  const unitsMin = parameters.timeMin === 0 ? 0 : INT32_MIN;

  return (message, sender) => {
    const refuse = (code: RejectionCode, where: string, expected: string, found: unknown): Rejection =>
      rejection(code, message.kind, sender, where, expected, found);
    const forged = (claimed: string, where: string): Rejection | null =>
      parameters.senderCheck === 'transport' && claimed !== sender
        ? refuse('sender-mismatch', where, `the sender, ${sender ?? 'unauthenticated'}`, claimed)
        : null;
    const stranger = (id: string, code: RejectionCode, where: string): Rejection | null =>
      membersOnly && !members.has(id) ? refuse(code, where, 'a member of the lab', id) : null;
    const purchase = (body: Request | Vote): Rejection | null => {
      if (body.time < parameters.timeMin || body.time > INT32_MAX) {
        return refuse('bad-field', 'time', `integer ${parameters.timeMin}..${INT32_MAX}`, body.time);
      }
      if (catalogue === null) return null;
      const listed = catalogue.get(body.service);
      if (listed === undefined) return refuse('unknown-service', 'service', 'a service of the catalogue', body.service);
      return listed === body.priceDcoins
        ? null
        : refuse('wrong-price', 'priceDcoins', String(listed), body.priceDcoins);
    };
    const work = (prefix: string, nonce: number): Rejection | null =>
      satisfiesDifficulty(hash(prefix + nonce), parameters.difficulty)
        ? null
        : refuse('work-insufficient', 'nonce', `a hash with ${parameters.difficulty} leading zero nibbles`, nonce);

    switch (message.kind) {
      case 'sensor': {
        const { publisher } = message as SensorTransaction;
        return forged(publisher, 'publisher') ?? stranger(publisher, 'unknown-requester', 'publisher');
      }
      case 'request': {
        const request = message as Request;
        return (
          forged(request.requester, 'requester') ??
          stranger(request.requester, 'unknown-requester', 'requester') ??
          purchase(request) ??
          work(workPrefix(request.requester, request, NO_DCOIN), request.nonce)
        );
      }
      case 'vote': {
        const vote = message as Vote;
        const { voter, requester, remainingUnits } = vote;
        if (remainingUnits < unitsMin || remainingUnits > INT32_MAX) {
          return refuse('bad-field', 'remainingUnits', `integer ${unitsMin}..${INT32_MAX}`, remainingUnits);
        }
        return (
          forged(voter, 'voter') ??
          (voter === requester ? refuse('self-vote', 'voter', 'a node other than the requester', voter) : null) ??
          (parameters.voterMustBeKnown ? stranger(voter, 'unknown-voter', 'voter') : null) ??
          stranger(requester, 'unknown-requester', 'requester') ??
          purchase(vote) ??
          work(workPrefix(voter, vote, dcoinText(remainingUnits, parameters)), vote.nonce)
        );
      }
      default:
        return refuse('malformed', 'kind', 'request, vote or sensor', message.kind);
    }
  };
}
