/**
 * F25: never looks at a request. It sends the first vote that it hears for a request as its own, whatever that says, and
 * what its core would have voted goes nowhere. Where nobody else votes, neither does it.
 */
import { type Conduct, type ConductContext, heardVote, publication, voteIn } from './conduct.ts';
import { voteFor } from './false-vote.ts';
import { RecentKeys } from './recent-keys.ts';

const REQUESTS_MAX = 4096;

export function voteCopier(context: ConductContext): Conduct {
  const { self } = context;
  const copied = new RecentKeys(REQUESTS_MAX);
  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null) return [outgoing];
      context.deviated('vote kept back', vote.requestId);
      return [];
    },
    hears(input) {
      const vote = heardVote(input);
      if (vote === null || vote.voter === self || vote.requester === self) return;
      if (!copied.add(vote.requestId)) return;
      context.seal(voteFor(self, vote, vote.requestId, vote.remainingUnits), (copy) => {
        context.deviated('copied vote', copy.requestId, `of ${vote.voter}, remaining ${copy.remainingUnits}`);
        context.emit(publication(copy));
      });
    },
  };
}
