/**
 * F18: one vote a State for the left side, another for the right side, each to its receivers alone.
 *
 * Per (requester, State) it waits for the core's vote, which says what an honest node would answer, and for a second
 * request, of which a vote of somebody else says as much as the request itself. As soon as both are known each side gets
 * the vote for the one it was told of: the one that a member of that side has voted for, otherwise the first in order
 * of id is the left side's, as the double spender distributes them. When no second request is heard of within 250 ms,
 * the left side gets the core's vote, the right side one whose Remaining is off.
 *
 * Members in neither side get both votes, the left side's first. The node itself gets what its core wanted to say.
 * Remaining of the two votes is reckoned from one balance, so each equals what honest voters say at that moment.
 */
import { INT32_MAX, type RequestBody, type Vote } from '../protocol/message.ts';
import type { Sides } from './behaviour.ts';
import { type Conduct, type ConductContext, heardRequest, heardVote, letter, voteIn } from './conduct.ts';
import { shifted, voteFor } from './false-vote.ts';

/** Wait for a second request. Without one, honest votes decide meanwhile unless they need this voter. */
const SECOND_REQUEST_MS = 250;
/** Requesters kept in mind. */
const REQUESTERS_MAX = 512;

type Asked = RequestBody & { readonly id: string };

/** What is known about one State of a requester. */
interface Case {
  readonly slot: string;
  /** The core's vote. */
  own: Vote | null;
  /** The first two requests heard of. */
  readonly asked: Map<string, Asked>;
  /** Request that a member of a side voted for. */
  left: string | null;
  right: string | null;
  done: boolean;
}

export function equivocatingVoter(context: ConductContext, sides: Sides, byUnits: number): Conduct {
  const { self, members, profile } = context;
  const { parameters } = profile;
  const left = new Set(sides.left);
  const right = new Set(sides.right);
  const cases = new Map<string, Case>();

  const caseOf = (requester: string, slot: string): Case => {
    const known = cases.get(requester);
    if (known?.slot === slot) return known;
    const fresh: Case = { slot, own: null, asked: new Map(), left: null, right: null, done: false };
    cases.delete(requester);
    cases.set(requester, fresh);
    const [oldest] = cases.keys();
    if (cases.size > REQUESTERS_MAX) cases.delete(oldest!);
    return fresh;
  };

  const heardOf = (known: Case, id: string, { requester, service, priceDcoins, time, state }: RequestBody): void => {
    if (known.asked.size < 2) known.asked.set(id, { id, requester, service, priceDcoins, time, state });
  };

  /** What the core's vote for the one request makes of the balance, for the other request. */
  const voteOn = (own: Vote, asked: Asked): Vote | null => {
    const remainingUnits = own.remainingUnits + (own.priceDcoins - asked.priceDcoins) * parameters.dcoinRate;
    if (remainingUnits < 0 || remainingUnits > INT32_MAX) return null;
    return voteFor(self, asked, asked.id, remainingUnits);
  };

  const tell = (own: Vote, toLeft: Vote, toRight: Vote, why: string): void => {
    context.seal(toLeft, (first) => {
      context.seal(toRight, (second) => {
        const said = (vote: Vote) => `${vote.requestId.slice(0, 8)} remaining ${vote.remainingUnits}`;
        context.deviated('equivocating vote', own.requestId, `${why}; left: ${said(first)}, right: ${said(second)}`);
        for (const member of members) {
          if (member === self) continue;
          if (!right.has(member)) context.emit(letter(member, first));
          if (!left.has(member)) context.emit(letter(member, second));
        }
      });
    });
  };

  const decide = (known: Case, waited: boolean): void => {
    const { own } = known;
    if (known.done || own === null) return;
    const other = [...known.asked.values()].find(({ id }) => id !== own.requestId);
    const vote = other === undefined ? null : voteOn(own, other);
    if (vote === null) {
      if (!waited) return;
      known.done = true;
      const off = shifted(own.remainingUnits, byUnits, parameters);
      tell(own, own, voteFor(self, own, own.requestId, off), 'one request');
      return;
    }
    known.done = true;
    const ownIsLeft =
      known.left !== null || known.right !== null
        ? known.left === own.requestId || known.right === vote.requestId
        : own.requestId < vote.requestId;
    tell(own, ownIsLeft ? own : vote, ownIsLeft ? vote : own, 'two requests');
  };

  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null || outgoing.kind === 'send') return [outgoing];
      const known = caseOf(vote.requester, vote.slot);
      heardOf(known, vote.requestId, vote);
      // A profile without a lock votes again: everything was or will be said by the first case.
      if (known.own === null) {
        known.own = vote;
        decide(known, false);
        if (!known.done) context.after(SECOND_REQUEST_MS, () => decide(known, true));
      }
      return [letter(self, vote)];
    },
    hears(input) {
      const request = heardRequest(input);
      const vote = heardVote(input);
      const message = request ?? vote;
      if (message === null || message.requester === self) return;
      if (vote?.voter === self) return;
      const current = context.core.wallet(message.requester)?.stateHash;
      const known = cases.get(message.requester);
      // Of other States nothing is kept, but of the one that the core has voted on, which may be decided already.
      if (message.slot !== current && message.slot !== known?.slot) return;
      const its = caseOf(message.requester, message.slot);
      heardOf(its, request?.id ?? vote!.requestId, message);
      if (vote !== null && left.has(vote.voter)) its.left ??= vote.requestId;
      if (vote !== null && right.has(vote.voter)) its.right ??= vote.requestId;
      decide(its, false);
    },
  };
}
