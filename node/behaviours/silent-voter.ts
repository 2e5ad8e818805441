/** F16: the core votes, and nobody hears of it. */
import { type Conduct, type ConductContext, voteIn } from './conduct.ts';

export function silentVoter(context: ConductContext): Conduct {
  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null) return [outgoing];
      context.deviated('vote kept back', vote.requestId);
      return [];
    },
  };
}
