/** F21: each vote once more in the name of each of `voters`, members or not, under valid work of that name. */
import { type Conduct, type ConductContext, voteIn } from './conduct.ts';
import { voteFor } from './false-vote.ts';

export function forgedVoter(context: ConductContext, voters: readonly string[]): Conduct {
  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null) return [outgoing];
      for (const voter of voters) {
        // Nobody votes for itself, and the text wire could not say it.
        if (voter === vote.requester || voter === vote.voter) continue;
        context.seal(voteFor(voter, vote, vote.requestId, vote.remainingUnits), (forged) => {
          context.deviated('forged vote', vote.requestId, `in the name of ${voter}`);
          context.emit(
            outgoing.kind === 'publish'
              ? { ...outgoing, message: forged, receipt: null }
              : { ...outgoing, message: forged },
          );
        });
      }
      return [outgoing];
    },
  };
}
