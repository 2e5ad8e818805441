/**
 * F19: for each request of its core a second one on the same State, for another service or of another time.
 *
 * Both are sealed before either is sent, and then leave together or `gapMs` apart, so that a node which is told of both
 * hears them one right after the other. With sides, the first in order of request id is the left side's; `crossed`:
 * the right side hears that one as well, but second. Members in neither side hear the left side's request first.
 */
import { sha256Hex } from '../protocol/hash.ts';
import type { Request } from '../protocol/message.ts';
import { INT32_MAX } from '../protocol/message.ts';
import { makeRequest } from '../protocol/paper-messages.ts';
import type { Behaviour } from './behaviour.ts';
import { type Conduct, type ConductContext, letter, publication, requestIn } from './conduct.ts';

type Parameters = Omit<Extract<Behaviour, { kind: 'double-spender' }>, 'kind'>;

export function doubleSpender(context: ConductContext, { sides, gapMs, service, crossed }: Parameters): Conduct {
  const { self, members, profile } = context;
  const left = new Set(sides?.left);
  const right = new Set(sides?.right);

  const rivalOf = (request: Request): Request => {
    const { requester, state } = request;
    const other = service !== null && service !== request.service ? service : request.service;
    const priceDcoins = profile.catalogue?.get(other) ?? request.priceDcoins;
    const time = other !== request.service ? request.time : request.time + (request.time < INT32_MAX ? 1 : -1);
    return makeRequest({ requester, service: other, priceDcoins, time, state }, 0, sha256Hex);
  };

  /** Sends now, and the rest after the gap. */
  const later = (run: () => void): void => {
    if (gapMs === 0) run();
    else context.after(gapMs, run);
  };

  const toSides = (leftOnes: Request, rightOnes: Request): void => {
    const others = members.filter((member) => member !== self);
    const send = (request: Request, to: (member: string) => boolean): void => {
      for (const member of others) if (to(member)) context.emit(letter(member, request));
    };
    send(leftOnes, (member) => !right.has(member));
    if (crossed) send(rightOnes, (member) => right.has(member));
    later(() => {
      send(rightOnes, (member) => (crossed ? !right.has(member) : !left.has(member)));
      if (crossed) send(leftOnes, (member) => right.has(member));
    });
  };

  return {
    sends(outgoing) {
      const request = requestIn(outgoing);
      if (request === null || outgoing.kind === 'send') return [outgoing];
      context.seal(rivalOf(request), (rival) => {
        const said = ({ id, service: what }: Request) => `${id.slice(0, 8)} ${what}`;
        const [first, second] = request.id < rival.id ? [request, rival] : [rival, request];
        if (sides === null) {
          context.deviated('second request', rival.id, `beside ${said(request)}: ${said(rival)}`);
          context.emit(outgoing);
          later(() => context.emit(publication(rival)));
          return;
        }
        const order = crossed ? 'crossed, ' : '';
        context.deviated('second request', rival.id, `${order}left: ${said(first)}, right: ${said(second)}`);
        context.emit(letter(self, request));
        toSides(first, second);
      });
      return [];
    },
  };
}
