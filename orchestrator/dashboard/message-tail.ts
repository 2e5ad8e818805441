/** The last messages, decoded as the nodes wrote them down: a fold over observations with a bounded memory. */
import { type Observation, textOf } from '../history/observation.ts';
import type { MessageAnswer, MessageKind } from './api/message-shape.ts';
import { LIMITS } from './limits.ts';

const KIND_OF: Readonly<Record<string, MessageKind>> = {
  'sensor.tx': 'sensor',
  'req.tx': 'request',
  'vote.tx': 'vote',
  decide: 'decision',
  'svc.start': 'service',
  'svc.end': 'service',
  reject: 'refusal',
  byzantine: 'byzantine',
};

/** Fields that every line has. */
const HEAD: ReadonlySet<string> = new Set(['seq', 't', 'at', 'node', 'seat', 'prev', 'event']);

interface Kept {
  readonly number: number;
  readonly seat: string;
  readonly kind: MessageKind;
  readonly observation: Observation;
}

export class MessageTail {
  /** A ring: the message with number k is at k modulo its length. */
  readonly #ring: (Kept | undefined)[] = new Array(LIMITS.messagesKept);
  #last = 0;

  /** Number of the last one; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  take(seat: string, observation: Observation): void {
    const kind = Object.hasOwn(KIND_OF, observation.event) ? KIND_OF[observation.event] : undefined;
    if (kind === undefined) return;
    const number = ++this.#last;
    // Decoded when somebody looks: most are never looked at.
    this.#ring[number % LIMITS.messagesKept] = { number, seat, kind, observation };
  }

  /** At most `most` with numbers above `since`, the newest ones, oldest first; and how many are left out. */
  since(since: number, most: number): { readonly messages: MessageAnswer[]; readonly leftOut: number } {
    const available = Math.min(this.#last - since, LIMITS.messagesKept);
    const shown = Math.max(0, Math.min(available, most));
    const messages: MessageAnswer[] = [];
    for (let number = this.#last - shown + 1; number <= this.#last; number++) {
      messages.push(decoded(this.#ring[number % LIMITS.messagesKept]!));
    }
    return { messages, leftOut: Math.max(0, this.#last - since - shown) };
  }
}

function decoded({ number, seat, kind, observation }: Kept): MessageAnswer {
  const fields: Record<string, MessageAnswer['fields'][string]> = {};
  for (const [name, value] of Object.entries(observation)) if (!HEAD.has(name)) fields[name] = plain(value);
  return {
    number,
    at: observation.at,
    t: observation.t,
    seat,
    node: observation.node,
    kind,
    requestId: textOf(observation, 'reqId') || null,
    fields: { event: observation.event, ...fields },
  };
}

function plain(value: unknown): MessageAnswer['fields'][string] {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, LIMITS.fieldElements).map((element) => cut(String(element)));
  return cut(JSON.stringify(value) ?? '');
}

function cut(text: string): string {
  return text.length <= LIMITS.fieldCharacters ? text : `${text.slice(0, LIMITS.fieldCharacters - 1)}…`;
}
