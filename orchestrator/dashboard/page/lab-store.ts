/**
 * What the page knows of the lab: frames of /api/events, applied as api/frame-shape.ts says. Entries are replaced and never
 * changed, so that a view may compare them by identity. Nothing here draws, and nothing grows without a bound.
 */
import type { FaultAnswer } from '../api/fault-answer-shape.ts';
import type { Frame, LiveNode, Topic } from '../api/frame-shape.ts';
import type { MessageAnswer } from '../api/message-shape.ts';
import type { PurchaseAnswer } from '../api/purchase-shape.ts';
import type { LatencyAnswer, RequestAnswer } from '../api/request-shape.ts';
import type { WalletAnswer } from '../api/wallet-shape.ts';

/** Messages that are kept to be filtered and looked at while the tail is paused. */
export const MESSAGES_KEPT = 1000;

export interface Flow {
  readonly sensor: number;
  readonly request: number;
  readonly vote: number;
}

/** Whether the lab answers; `lost` once it did and does not any more. */
export type LinkState = 'connecting' | 'live' | 'lost';

type Listener = () => void;

export class LabStore {
  link: LinkState = 'connecting';
  /** Null before the first frame. */
  boot: string | null = null;
  fabricFailure: string | null = null;
  messagesPerSecond: Readonly<Record<string, number>> = {};
  decisionsPerSecond = 0;
  readonly nodes = new Map<string, LiveNode>();
  /** By seat: messages that it sent between the last two frames. */
  flow: ReadonlyMap<string, Flow> = new Map();
  readonly wallets = new Map<string, WalletAnswer>();
  /** By wallet, by seat: since when its view has not been that of most, milliseconds of the lab's clock. */
  readonly apartSince = new Map<string, ReadonlyMap<string, number>>();
  /** Of the last frame, milliseconds of the lab's clock. */
  at = 0;
  readonly requests = new Map<string, RequestAnswer>();
  latency: LatencyAnswer | null = null;
  readonly purchases = new Map<string, PurchaseAnswer>();
  /** Oldest first; numbers that are missing in between were left out by the lab. */
  messages: readonly MessageAnswer[] = [];
  readonly faults = new Map<string, FaultAnswer>();
  /** Topics of which everything has been heard once. */
  readonly heard = new Set<Topic>();

  readonly #listeners = new Map<Listener, readonly (Topic | 'link')[]>();

  /** Calls `listener` after each change of one of `topics`. Returns what ends that. */
  subscribe(topics: readonly (Topic | 'link')[], listener: Listener): () => void {
    this.#listeners.set(listener, topics);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  linked(link: LinkState): void {
    if (this.link === link) return;
    this.link = link;
    this.#tell(new Set(['link']));
  }

  /** No message was sent for a while: what flowed has arrived. */
  rest(): void {
    if (this.flow.size === 0) return;
    this.flow = new Map();
    this.#tell(new Set(['lab']));
  }

  apply(frame: Frame): void {
    const touched = new Set<Topic | 'link'>();
    if (this.boot !== frame.boot) {
      this.#forget();
      this.boot = frame.boot;
      touched.add('link');
    }
    this.at = frame.at;
    const { lab, wallets, requests, purchases, messages, faults, full } = frame;
    if (lab !== undefined) {
      this.#applyLab(lab, full);
      touched.add('lab');
    }
    if (wallets !== undefined) {
      replace(this.wallets, wallets, full, ({ id }) => id);
      this.#compareViews();
      touched.add('wallets');
    }
    if (requests !== undefined) {
      replace(this.requests, requests, full, ({ requestId }) => requestId);
      this.latency = requests.latency;
      touched.add('requests');
    }
    if (purchases !== undefined) {
      replace(this.purchases, purchases, full, ({ orderId }) => orderId);
      touched.add('purchases');
    }
    if (messages !== undefined) {
      const last = full ? 0 : (this.messages.at(-1)?.number ?? 0);
      const fresh = messages.tail.filter(({ number }) => number > last);
      this.messages = (full ? fresh : [...this.messages, ...fresh]).slice(-MESSAGES_KEPT);
      touched.add('messages');
    }
    if (faults !== undefined) {
      replace(this.faults, faults, full, ({ id }) => id);
      touched.add('faults');
    }
    if (full) for (const topic of touched) if (topic !== 'link') this.heard.add(topic);
    this.#tell(touched);
  }

  #applyLab(lab: NonNullable<Frame['lab']>, full: boolean): void {
    const flow = new Map<string, Flow>();
    if (full) this.nodes.clear();
    for (const node of lab.nodes) {
      const before = this.nodes.get(node.seat);
      this.nodes.set(node.seat, node);
      if (before === undefined) continue;
      const sent = (name: keyof Flow): number => (node.sent[name] ?? 0) - (before.sent[name] ?? 0);
      const own = { sensor: sent('sensor'), request: sent('request'), vote: sent('vote') };
      if (own.sensor + own.request + own.vote > 0) flow.set(node.seat, own);
    }
    this.flow = flow;
    this.fabricFailure = lab.fabricFailure;
    this.messagesPerSecond = lab.messagesPerSecond;
    this.decisionsPerSecond = lab.decisionsPerSecond;
  }

  /** Views differ for a moment while a message is on its way; how long tells that from a disagreement. */
  #compareViews(): void {
    for (const id of this.apartSince.keys()) if (!this.wallets.has(id)) this.apartSince.delete(id);
    for (const { id, agreed, views } of this.wallets.values()) {
      if (agreed) {
        this.apartSince.delete(id);
        continue;
      }
      const before = this.apartSince.get(id);
      const apart = new Map<string, number>();
      for (const { seats } of views.slice(1)) for (const seat of seats) apart.set(seat, before?.get(seat) ?? this.at);
      this.apartSince.set(id, apart);
    }
  }

  #forget(): void {
    for (const kept of [this.nodes, this.wallets, this.apartSince, this.requests, this.purchases, this.faults])
      kept.clear();
    this.messages = [];
    this.flow = new Map();
    this.latency = null;
    this.heard.clear();
  }

  #tell(touched: ReadonlySet<Topic | 'link'>): void {
    for (const [listener, topics] of this.#listeners) if (topics.some((topic) => touched.has(topic))) listener();
  }
}

function replace<T>(
  kept: Map<string, T>,
  { changed, removed }: { readonly changed: readonly T[]; readonly removed: readonly string[] },
  full: boolean,
  keyOf: (item: T) => string,
): void {
  if (full) kept.clear();
  for (const key of removed) kept.delete(key);
  for (const item of changed) kept.set(keyOf(item), item);
}
