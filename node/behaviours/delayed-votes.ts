/** Votes that are true and come too often or too late. */
import { type Conduct, type ConductContext, voteIn } from './conduct.ts';

/** Sends each vote `copies` times more, `everyMs` apart, as it was: under its first nonce. */
export function repeatedVote(context: ConductContext, copies: number, everyMs: number): Conduct {
  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null) return [outgoing];
      // The copies are no publication of the core: nobody waits for their acknowledgement.
      const copy = outgoing.kind === 'publish' ? { ...outgoing, receipt: null } : outgoing;
      const repeat = (left: number): void => {
        context.after(everyMs, () => {
          context.deviated('vote repeated', vote.requestId, `copy ${copies - left + 1} of ${copies}`);
          context.emit(copy);
          if (left > 1) repeat(left - 1);
        });
      };
      repeat(copies);
      return [outgoing];
    },
  };
}

/** Keeps each vote back for `delayMs`. */
export function withholding(context: ConductContext, delayMs: number): Conduct {
  return {
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null) return [outgoing];
      const kept = context.after(delayMs, () => context.emit(outgoing));
      if (!kept) return [outgoing];
      context.deviated('vote kept back', vote.requestId, `for ${delayMs} ms`);
      return [];
    },
  };
}
