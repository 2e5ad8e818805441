/**
 * What a node counts while it works, for its report and its metrics: additions to plain numbers, at the place where the
 * event is anyway. The counts begin anew with each life of the process.
 */
import type { StepEffect } from '../behaviours/step-machine.ts';
import type { MessageHead, RequestHead } from '../protocol/message.ts';
import { REJECTION_CODES, type RejectionCode } from '../protocol/rejection.ts';
import { LatencyHistogram } from './metrics-text.ts';

/** `other`: what could not be decoded, and kinds of message that a profile adds. */
export const MESSAGE_CLASSES = ['sensor', 'request', 'vote', 'other'] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/** `invalid`: refused for any other reason than the ones named; `evicted`: counted, and given up since too many were kept. */
export const VOTE_STATUSES = ['counted', 'duplicate', 'late', 'conflicting', 'evicted', 'invalid'] as const;
export type VoteStatus = (typeof VOTE_STATUSES)[number];

/** What became of orders to buy. */
export const ORDER_OUTCOMES = ['requested', 'queued', 'refused'] as const;

export interface MessageCount {
  messages: number;
  payloadBytes: number;
}

/** As a node's report has them. */
export interface HostCounters {
  readonly rejections: Readonly<Partial<Record<RejectionCode, number>>>;
  readonly decisions: number;
  readonly sensorTransactions: number;
}

/** Own requests whose decision is waited for; of more, the oldest are not timed any longer. */
const OPEN_REQUESTS_MAX = 256;

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

const traffic = (): Record<MessageClass, MessageCount> => ({
  sensor: { messages: 0, payloadBytes: 0 },
  request: { messages: 0, payloadBytes: 0 },
  vote: { messages: 0, payloadBytes: 0 },
  other: { messages: 0, payloadBytes: 0 },
});

export function messageClass(kind: string): MessageClass {
  return kind === 'vote' || kind === 'sensor' || kind === 'request' ? kind : 'other';
}

/** Of a vote that was refused for this reason. */
export function voteStatus(code: string): VoteStatus {
  return code === 'duplicate' || code === 'late' || code === 'conflicting' || code === 'evicted' ? code : 'invalid';
}

export class NodeTally {
  readonly received = traffic();
  readonly sent = traffic();
  /** By class of the refused message and reason. */
  readonly refused: Readonly<Record<MessageClass, Record<RejectionCode, number>>> = {
    sensor: zeros(REJECTION_CODES),
    request: zeros(REJECTION_CODES),
    vote: zeros(REJECTION_CODES),
    other: zeros(REJECTION_CODES),
  };
  readonly votes = zeros(VOTE_STATUSES);
  readonly orders = zeros(ORDER_OUTCOMES);
  votesCast = 0;
  requestsSubmitted = 0;
  requestsDecided = 0;
  /** Of all requesters. */
  decisions = 0;
  /** Credited, of all publishers. */
  sensorTransactions = 0;
  readonly latency = new LatencyHistogram();
  readonly #self: string;
  readonly #nowMs: () => number;
  /** By request: when it was first published, monotonic milliseconds. */
  readonly #open = new Map<string, number>();

  /** `nowMs`: monotonic; asked when an own request is published or decided, and at no other time. */
  constructor(self: string, nowMs: () => number) {
    this.#self = self;
    this.#nowMs = nowMs;
  }

  /** Reasons that were never given are left out. */
  get counters(): HostCounters {
    const rejections: Partial<Record<RejectionCode, number>> = {};
    for (const counts of Object.values(this.refused)) {
      for (const code of REJECTION_CODES) {
        if (counts[code] > 0) rejections[code] = (rejections[code] ?? 0) + counts[code];
      }
    }
    return { rejections, decisions: this.decisions, sensorTransactions: this.sensorTransactions };
  }

  /** Own requests of this life that this node has not decided. */
  get openRequests(): number {
    return this.#open.size;
  }

  /** 0 where none is open. */
  get oldestOpenSeconds(): number {
    const [first] = this.#open.values();
    return first === undefined ? 0 : (this.#nowMs() - first) / 1000;
  }

  countReceived(kind: string, payloadBytes: number): void {
    add(this.received[messageClass(kind)], payloadBytes);
  }

  countSent(message: MessageHead, payloadBytes: number): void {
    add(this.sent[messageClass(message.kind)], payloadBytes);
    if (message.kind !== 'request') return;
    const { id, requester } = message as RequestHead;
    if (requester !== this.#self || this.#open.has(id)) return;
    this.requestsSubmitted++;
    this.#open.set(id, this.#nowMs());
    if (this.#open.size > OPEN_REQUESTS_MAX) this.#open.delete(this.#open.keys().next().value!);
  }

  countEffect(effect: StepEffect): void {
    switch (effect.kind) {
      case 'rejected': {
        const { code, message } = effect.rejection;
        const refused = messageClass(message);
        this.refused[refused][code]++;
        if (refused === 'vote') this.votes[voteStatus(code)]++;
        break;
      }
      case 'accepted':
        if (effect.message.kind === 'vote') this.votes.counted++;
        break;
      case 'voted':
        this.votesCast++;
        break;
      case 'settled':
        this.decisions++;
        this.#settled(effect.decision);
        break;
      case 'credited':
        if (effect.cause === 'sensor') this.sensorTransactions++;
        break;
      case 'order':
        this.orders[effect.outcome]++;
        break;
    }
  }

  #settled({ requester, requestId }: { readonly requester: string; readonly requestId: string }): void {
    if (requester !== this.#self) return;
    this.requestsDecided++;
    const begunAtMs = this.#open.get(requestId);
    if (begunAtMs === undefined) return;
    this.#open.delete(requestId);
    this.latency.observe((this.#nowMs() - begunAtMs) / 1000);
  }
}

function add(count: MessageCount, payloadBytes: number): void {
  count.messages++;
  count.payloadBytes += payloadBytes;
}
