/**
 * Requests and votes on the State before the current one, under valid work. A wallet that is still at GENESIS has none,
 * and what is about it stays as it is.
 */
import { sha256Hex } from '../protocol/hash.ts';
import { makeRequest } from '../protocol/paper-messages.ts';
import { requestId } from '../protocol/preimage.ts';
import { type Conduct, type ConductContext, requestIn, voteIn } from './conduct.ts';
import { voteFor } from './false-vote.ts';

export function staleState(context: ConductContext): Conduct {
  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      const message = vote ?? requestIn(outgoing);
      const state = message === null ? null : (context.core.wallet(message.requester)?.previousStateHash ?? null);
      if (message === null || state === null) return [outgoing];
      const body = { ...message, state };
      const stale =
        vote === null
          ? makeRequest(body, 0, sha256Hex)
          : voteFor(vote.voter, body, requestId(body, sha256Hex), vote.remainingUnits);
      context.seal(stale, (sealed) => {
        const id = sealed.kind === 'vote' ? sealed.requestId : sealed.id;
        context.deviated('stale State', id, `${sealed.kind} on ${state.slice(0, 8)}`);
        context.emit({ ...outgoing, message: sealed });
      });
      return [];
    },
  };
}
