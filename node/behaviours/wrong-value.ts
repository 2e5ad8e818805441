/** F17: votes for the right request with another Remaining, the same for every receiver, under valid work. */

import type { Vote } from '../protocol/message.ts';
import { type Conduct, type ConductContext, voteIn } from './conduct.ts';
import { shifted, voteFor } from './false-vote.ts';

/** `wrongUnits`: what a vote says in place of its Remaining. */
function wrongValue(context: ConductContext, wrongUnits: (vote: Vote) => number): Conduct {
  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null) return [outgoing];
      const { voter, requestId, remainingUnits } = vote;
      context.seal(voteFor(voter, vote, requestId, wrongUnits(vote)), (wrong) => {
        context.deviated('wrong remaining', requestId, `${wrong.remainingUnits} in place of ${remainingUnits}`);
        context.emit({ ...outgoing, message: wrong });
      });
      return [];
    },
  };
}

export function wrongRemaining(context: ConductContext, byUnits: number): Conduct {
  return wrongValue(context, (vote) => shifted(vote.remainingUnits, byUnits, context.profile.parameters));
}

/** Remaining is the balance before the purchase: nothing was bought. A free service has no such vote, it stays right. */
export function alwaysNo(context: ConductContext): Conduct {
  const { parameters } = context.profile;
  return wrongValue(context, (vote) =>
    vote.priceDcoins === 0
      ? vote.remainingUnits
      : shifted(vote.remainingUnits, vote.priceDcoins * parameters.dcoinRate, parameters),
  );
}
