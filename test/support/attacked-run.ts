/** Runs in which Byzantine seats deviate: real cores, whose messages are changed on their way. */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import type { MessageHead, Request, Vote } from '../../node/protocol/message.ts';
import { makeRequest } from '../../node/protocol/paper-messages.ts';
import { isVoteOf, RecordedRun } from './recorded-run.ts';

/** Longer than any bound of an invariant. */
export const PATIENCE_MS = 11_000;

/**
 * Node 1 asks twice on one State, 2 and 3 hear of the first request, 4 and 5 of the
 * other, and the Byzantine voters give each side the votes that it wants. Three of them fork the wallet, two cannot.
 */
export function equivocation(byzantine: readonly string[]): RecordedRun {
  const left = ['2', '3', ...(byzantine.includes('6') ? [] : ['6'])];
  const right = ['4', '5'];
  let run: RecordedRun | null = null;
  const others = new Map<MessageHead, MessageHead>();
  const other = (message: MessageHead): MessageHead => {
    const known = others.get(message);
    if (known !== undefined) return known;
    const { requester, service, priceDcoins, time, state } = message as Request;
    const second = makeRequest({ requester, service, priceDcoins, time: time + 1, state }, 0, nativeSha256Hex);
    const cores = run!.cores;
    const made =
      message.kind === 'request'
        ? cores.solvedRequest(second)
        : cores.solvedVote({
            ...(message as Vote),
            time: time + 1,
            requestId: second.id,
            group: `${second.id}/${(message as Vote).remainingUnits}`,
          });
    others.set(message, made);
    return made;
  };
  const made = new RecordedRun({
    seats: Object.fromEntries(['1', ...byzantine].map((seat) => [seat, { role: 'byzantine' }])),
    onCopy: (from, message, to) => {
      if (message.kind === 'sensor') return message;
      if (message.kind === 'request') return right.includes(to) ? other(message) : message;
      const side = left.includes(to) ? 'left' : right.includes(to) ? 'right' : 'both';
      if (!byzantine.includes(from)) return message;
      return side === 'right' ? other(message) : message;
    },
  });
  run = made;
  made.buy('1', 'a');
  made.wait(PATIENCE_MS);
  return made;
}

/** Five of eight voters say that node 1 has 100 units more than it has. */
export function conspiracy(): RecordedRun {
  let run: RecordedRun | null = null;
  const made = new Map<MessageHead, MessageHead>();
  const liars = ['4', '5', '6', '7', '8'];
  const result = new RecordedRun({
    seats: Object.fromEntries(liars.map((seat) => [seat, { role: 'byzantine' }])),
    onCopy: (_from, message) => {
      if (!liars.some((liar) => isVoteOf(message, liar))) return message;
      const vote = message as Vote;
      const lie =
        made.get(message) ??
        run!.cores.solvedVote({
          ...vote,
          remainingUnits: vote.remainingUnits + 100,
          group: `${vote.requestId}/${vote.remainingUnits + 100}`,
        });
      made.set(message, lie);
      return lie;
    },
  });
  run = result;
  result.buy('1', 'a');
  return result;
}
