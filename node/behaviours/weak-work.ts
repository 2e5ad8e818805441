/** Votes and requests whose LWPoW misses the difficulty. At difficulty 0 all work is enough, and nothing is changed. */
import { sha256Hex } from '../protocol/hash.ts';
import { satisfiesDifficulty } from '../protocol/work.ts';
import { type Conduct, type ConductContext, requestIn, voteIn } from './conduct.ts';

export function weakWork(context: ConductContext): Conduct {
  const { requests, votes, parameters } = context.profile;
  return {
    sends(outgoing) {
      const message = voteIn(outgoing) ?? requestIn(outgoing);
      if (message === null || parameters.difficulty === 0) return [outgoing];
      const prefix = message.kind === 'vote' ? votes.workPrefix(message) : requests.workPrefix(message);
      let nonce = 0;
      while (satisfiesDifficulty(sha256Hex(prefix + nonce), parameters.difficulty)) nonce++;
      const requestId = message.kind === 'vote' ? message.requestId : message.id;
      context.deviated('weak work', requestId, `${message.kind}, nonce ${nonce} in place of ${message.nonce}`);
      return [{ ...outgoing, message: { ...message, nonce } }];
    },
  };
}
