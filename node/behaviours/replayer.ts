/**
 * F26: sends each message that it hears, of others and its own, `copies` times again, `afterMs` apart, as it is. What
 * of that is taken is the receivers' affair: with a checked sender, only the node's own messages are.
 *
 * A message is replayed once however often it is heard, so that replays do not breed: its own come back to it as well.
 */
import type { MessageHead, Request, SensorTransaction, Vote } from '../protocol/message.ts';
import { type Conduct, type ConductContext, publication } from './conduct.ts';
import { RecentKeys } from './recent-keys.ts';

/** Messages remembered as replayed. */
const MESSAGES_MAX = 16_384;

export function replayer(context: ConductContext, afterMs: number, copies: number): Conduct {
  const replayed = new RecentKeys(MESSAGES_MAX);

  const replay = (message: MessageHead, requestId: string | null, copy: number): void => {
    context.after(afterMs, () => {
      context.deviated('replay', requestId, `${message.kind}, copy ${copy} of ${copies}`);
      context.emit(publication(message));
      if (copy < copies) replay(message, requestId, copy + 1);
    });
  };

  return {
    hears(input) {
      if (input.kind !== 'message') return;
      const named = nameOf(input.message);
      if (named !== null && replayed.add(named.key)) replay(input.message, named.requestId, 1);
    },
  };
}

/** What tells a message from every other, and the request that it is about. Null: of no kind that is known here. */
function nameOf(message: MessageHead): { readonly key: string; readonly requestId: string | null } | null {
  switch (message.kind) {
    case 'request': {
      const { id, nonce } = message as Request;
      return { key: `request ${id} ${nonce}`, requestId: id };
    }
    case 'vote': {
      const { voter, group, requestId, nonce } = message as Vote;
      return { key: `vote ${voter} ${group} ${nonce}`, requestId };
    }
    case 'sensor': {
      const { publisher, topic, value, position } = message as SensorTransaction;
      const place = position === null ? value : `${position.stream}/${position.sequence}`;
      return { key: `sensor ${publisher} ${topic} ${place}`, requestId: null };
    }
    default:
      return null;
  }
}
