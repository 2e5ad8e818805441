/**
 * What kind of message a payload is, as far as link rules and the fabric's journal tell them apart. It reads no more
 * than that needs: a vote is what is as long as one, or has a vote's fields. So a forged or damaged message is of the
 * class that it claims to be, and what claims nothing is `other`.
 *
 * Source: lengths of the compact wire in codec-compact.ts, fields of the text wire in codec-text.ts.
 */
import { parseFabricTopic } from '../../node/host/fabric-topics.ts';
import type { Parameters } from '../../node/protocol/parameters.ts';
import type { MessageClass } from './link-rule.ts';
import type { Message } from './parcel.ts';

export interface Wire {
  readonly codec: Parameters['codec'];
  /** Width of ids on the compact wire, bytes. */
  readonly idBytes: Parameters['idBytes'];
}

const CANARY_TOPIC = /^[^/]+\/canary$/;
const SEPARATOR = 0x5f;
const SEPARATORS = 7;
/** Topics whose kind is remembered. */
const TOPICS_MAX = 8192;

type TopicKind = 'sensor' | 'consensus' | 'canary' | 'other';

export class MessageClassifier {
  readonly #prefix: string;
  readonly #wire: Wire;
  readonly #kinds = new Map<string, TopicKind>();
  #last: Message | null = null;
  #lastClass: MessageClass = 'other';

  /** `prefix`: of the lab's topics. */
  constructor(prefix: string, wire: Wire) {
    this.#prefix = prefix;
    this.#wire = wire;
  }

  /** Looks at a message once, however many recipients it has one after another. */
  classOf(message: Message): MessageClass {
    if (message !== this.#last) {
      this.#last = message;
      const kind = this.#kindOf(message.topic);
      this.#lastClass = kind === 'consensus' ? purchaseClass(message.payload, this.#wire) : kind;
    }
    return this.#lastClass;
  }

  #kindOf(topic: string): TopicKind {
    let kind = this.#kinds.get(topic);
    if (kind === undefined) {
      const parsed = parseFabricTopic(this.#prefix, topic);
      if (parsed?.kind === 'channel' || parsed?.kind === 'peer') kind = parsed.channel;
      else if (topic.startsWith(this.#prefix) && CANARY_TOPIC.test(topic.slice(this.#prefix.length))) kind = 'canary';
      else kind = 'other';
      if (this.#kinds.size >= TOPICS_MAX) this.#kinds.clear();
      this.#kinds.set(topic, kind);
    }
    return kind;
  }
}

function purchaseClass(payload: Uint8Array, { codec, idBytes }: Wire): MessageClass {
  if (codec === 'text') return textClass(payload);
  if (payload.length === 3 * idBytes + 48) return 'vote';
  return payload.length === 2 * idBytes + 44 ? 'request' : 'other';
}

/** `subscriber_publisher_...`, eight fields: a request where the first two are equal. */
function textClass(payload: Uint8Array): MessageClass {
  let separators = 0;
  let first = -1;
  let second = -1;
  for (let at = 0; at < payload.length; at++) {
    if (payload[at] !== SEPARATOR) continue;
    separators++;
    if (separators === 1) first = at;
    else if (separators === 2) second = at;
  }
  if (separators !== SEPARATORS) return 'other';
  if (second - first - 1 !== first) return 'vote';
  for (let at = 0; at < first; at++) if (payload[at] !== payload[first + 1 + at]) return 'vote';
  return 'request';
}
