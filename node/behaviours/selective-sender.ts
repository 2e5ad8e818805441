/** F30: requests, votes or both reach some members only, and the node itself. */
import type { Behaviour } from './behaviour.ts';
import { type Conduct, type ConductContext, letter, requestIn, voteIn } from './conduct.ts';

type Parameters = Omit<Extract<Behaviour, { kind: 'selective-sender' }>, 'kind'>;

export function selectiveSender(context: ConductContext, { messages, to }: Parameters): Conduct {
  const { self } = context;
  const others = to.filter((member) => member !== self);
  const reached = new Set([...others, self]);
  return {
    sends(outgoing) {
      const vote = messages === 'requests' ? null : voteIn(outgoing);
      const request = messages === 'votes' ? null : requestIn(outgoing);
      const requestId = vote?.requestId ?? request?.id;
      if (requestId === undefined) return [outgoing];
      const what = vote === null ? 'request' : 'vote';
      if (outgoing.kind === 'send') {
        if (reached.has(outgoing.to)) return [outgoing];
        context.deviated(`${what} kept back`, requestId, `from ${outgoing.to}`);
        return [];
      }
      context.deviated(`selective ${what}`, requestId, `to ${others.length === 0 ? 'nobody' : others.join(', ')}`);
      return [...reached].map((member) => letter(member, outgoing.message));
    },
  };
}
