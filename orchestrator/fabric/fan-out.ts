/**
 * The heart of the broker: sessions, their subscriptions, and the one place where a message becomes copies for its
 * recipients. It stands behind two interfaces that aedes lets one replace: the emitter that aedes publishes to
 * (`on`, `removeListener`, `emit`, `close`), and, through session-memory.ts, its persistence.
 *
 * Why it replaces what aedes brings along:
 *
 * - One total order. `emit` puts a message into the outbox of every recipient before it looks at the next one, and an
 *   outbox sends in that order, so all receive the same sequence. With aedes' own queues a client that comes back is sent
 *   what was kept for it and what is published meanwhile at once: 500 of 3500 messages arrived out of order.
 * - Nobody waits for a slow recipient. aedes finishes a publish when every copy is written; with one client that does
 *   not read, all its slots fill up and the broker stands still until a timeout.
 * - Bounds. aedes keeps an unlimited list per session, searched from its start on each acknowledgement.
 *
 * It does no access control: what arrives here has passed it.
 */
import type { Socket } from 'node:net';
import { type KeptOutbox, Outbox, type OutboxLimits } from './outbox.ts';
import { type Message, Parcel } from './parcel.ts';
import { type TrafficClass, type TrafficCounters, trafficClass } from './traffic.ts';

/**
 * The seam for link rules: called for each copy, `from` and `to` being client ids, `granted` the QoS of the subscription.
 * The parcel itself goes out unchanged, another one goes out in its place, null drops this recipient's copy, `later`
 * leaves it to the callee, which hands it to {@link FanOut.deliver} when its time has come. The publisher is
 * acknowledged in any case.
 */
export type Forward = (from: string, to: string, parcel: Parcel, granted: 0 | 1) => Parcel | null | 'later';

/** What is kept of a session from one broker process to the next. Parcels are places in a list beside it. */
export interface KeptSession {
  readonly id: string;
  readonly subscriptions: readonly (readonly [filter: string, qos: 0 | 1])[];
  readonly outbox: KeptOutbox<number>;
}

/** Topic that refused publishes are sent to: no recipient has it. */
export const REFUSED_TOPIC = '$refused';

/** What aedes hands to its emitter. */
export interface EmittedPacket {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly clientId?: string;
}

type Listener = (packet: EmittedPacket, done: () => void) => void;

interface Session {
  readonly id: string;
  readonly clean: boolean;
  readonly outbox: Outbox;
  /** By filter. */
  readonly subscriptions: Map<string, { readonly levels: readonly string[]; readonly qos: 0 | 1 }>;
  /** The connection that speaks for the session; an object of aedes, used for its identity only. */
  owner: object | null;
}

interface Route {
  readonly trafficClass: TrafficClass;
  readonly recipients: readonly { readonly session: Session; readonly qos: 0 | 1 }[];
}

export interface SessionView {
  readonly seat: string;
  readonly connected: boolean;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly inFlight: number;
}

/** Topics whose recipients are remembered. */
const ROUTES_MAX = 8192;
const BROKER_TOPICS = '$SYS/';

export class FanOut {
  readonly #prefix: string;
  /** Shared with every outbox. */
  readonly #limits: { -readonly [K in keyof OutboxLimits]: OutboxLimits[K] };
  readonly #counters: TrafficCounters;
  /** Null: every copy goes out as it is. */
  forward: Forward | null = null;
  /** Told of each message that was made into copies, with their number. */
  onPublish: ((parcel: Parcel, recipients: number) => void) | null = null;
  /** Told of each message of a client that has arrived here: copies of it are on their way. */
  onTaken: ((clientId: string) => void) | null = null;
  /** Nothing more is taken, and nothing more is acknowledged. */
  #closed = false;
  readonly #sessions = new Map<string, Session>();
  readonly #routes = new Map<string, Route>();
  readonly #retained = new Map<string, Message>();
  /** Listeners of the broker itself, on topics below $SYS/. */
  readonly #internal: { readonly levels: readonly string[]; readonly notify: Listener }[] = [];

  /** `prefix`: of the lab's topics, for the counters. */
  constructor(prefix: string, limits: OutboxLimits, counters: TrafficCounters) {
    this.#prefix = prefix;
    this.#limits = { ...limits };
    this.#counters = counters;
  }

  /** Messages kept for one session from now on; what is kept already stays. */
  limitQueues(messagesMax: number): void {
    this.#limits.queueMessagesMax = messagesMax;
  }

  // ---- the emitter that aedes publishes to

  /** aedes registers its own listeners here, and one function per client subscription, which are not needed. */
  on(topic: string, notify: Listener, done?: () => void): this {
    if (topic.startsWith(BROKER_TOPICS)) this.#internal.push({ levels: topic.split('/'), notify });
    if (done !== undefined) queueMicrotask(done);
    return this;
  }

  removeListener(_topic: string, notify: Listener, done?: () => void): this {
    const at = this.#internal.findIndex((listener) => listener.notify === notify);
    if (at >= 0) this.#internal.splice(at, 1);
    if (done !== undefined) queueMicrotask(done);
    return this;
  }

  emit(packet: EmittedPacket, done: (error?: Error | null) => void): this {
    if (this.#closed) return this;
    if (packet.topic.startsWith(BROKER_TOPICS)) {
      this.#emitInternal(packet);
    } else {
      if (packet.topic !== REFUSED_TOPIC) this.#publish(packet);
      this.onTaken?.(packet.clientId ?? '');
    }
    // Later, not now: aedes reads the publisher's next packets in this callback, and may be inside its parser.
    queueMicrotask(() => done(null));
    return this;
  }

  close(done: () => void): this {
    queueMicrotask(done);
    return this;
  }

  #emitInternal(packet: EmittedPacket): void {
    const levels = packet.topic.split('/');
    for (const { levels: filter, notify } of this.#internal) {
      if (matches(filter, levels)) notify(packet, () => {});
    }
  }

  #publish(packet: EmittedPacket): void {
    const { topic, payload, clientId = '' } = packet;
    const route = this.#route(topic);
    const received = this.#counters.received[route.trafficClass];
    received.messages++;
    received.payloadBytes += payload.length;
    const message: Message = { from: clientId, topic, payload, qos: packet.qos === 0 ? 0 : 1 };
    const parcel = new Parcel(message, route.trafficClass);
    this.onPublish?.(parcel, route.recipients.length);
    for (const { session, qos } of route.recipients) {
      const copy = this.forward === null ? parcel : this.forward(clientId, session.id, parcel, qos);
      if (copy === null) this.#counters.dropped['link-rule']++;
      else if (copy !== 'later') offer(session, copy, qos);
    }
  }

  /**
   * Puts a copy into one client's outbox, now, whatever it has subscribed to. `granted`: the QoS it is sent with at most.
   * A session that is gone by now has lost it.
   */
  deliver(to: string, parcel: Parcel, granted: 0 | 1): void {
    const session = this.#sessions.get(to);
    if (session === undefined) this.#counters.dropped.unsent++;
    else offer(session, parcel, granted);
  }

  #route(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known !== undefined) return known;
    const levels = topic.split('/');
    const recipients: { session: Session; qos: 0 | 1 }[] = [];
    for (const session of this.#sessions.values()) {
      // Overlapping filters of one client bring it one copy, at the highest QoS of them.
      let granted: 0 | 1 | null = null;
      for (const { levels: filter, qos } of session.subscriptions.values()) {
        if (matches(filter, levels)) granted = granted === 1 ? 1 : qos;
      }
      if (granted !== null) recipients.push({ session, qos: granted });
    }
    const route: Route = { trafficClass: trafficClass(this.#prefix, topic), recipients };
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
    this.#routes.set(topic, route);
    return route;
  }

  // ---- sessions

  /** Makes a session where there is none: from now on it counts. */
  reserve(clientId: string, clean: boolean, owner: object): void {
    if (!this.#sessions.has(clientId)) this.#open(clientId, clean, owner);
  }

  /** Filters of the session that a client with `clean` false finds; one left by a clean client is discarded. */
  resume(clientId: string): readonly { readonly topic: string; readonly qos: 0 | 1 }[] {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return [];
    if (session.clean) {
      this.discard(clientId);
      return [];
    }
    return Array.from(session.subscriptions, ([topic, { qos }]) => ({ topic, qos }));
  }

  discard(clientId: string): void {
    this.#sessions.get(clientId)?.outbox.detach();
    this.#sessions.delete(clientId);
    this.#routes.clear();
  }

  /** `owner`: the connection; `requested`: its QoS, of which 2 counts as 1. */
  subscribe(clientId: string, clean: boolean, owner: object, filter: string, requested: number): void {
    const session = this.#open(clientId, clean, owner);
    session.subscriptions.set(filter, { levels: filter.split('/'), qos: requested === 0 ? 0 : 1 });
    this.#routes.clear();
  }

  unsubscribe(clientId: string, owner: object, filters: readonly string[]): void {
    const session = this.#sessions.get(clientId);
    if (session?.owner !== owner) return;
    for (const filter of filters) session.subscriptions.delete(filter);
    this.#routes.clear();
  }

  /** The client is connected and has its answer: what is kept for it goes out. */
  attach(clientId: string, clean: boolean, owner: object, socket: Socket): void {
    this.#open(clientId, clean, owner).outbox.attach(socket);
  }

  /** The end of a connection; a later one may already speak for the session. */
  detach(clientId: string, owner: object): void {
    const session = this.#sessions.get(clientId);
    if (session?.owner !== owner) return;
    session.owner = null;
    session.outbox.detach();
    if (session.clean) this.discard(clientId);
  }

  acknowledge(clientId: string, packetId: number): void {
    this.#sessions.get(clientId)?.outbox.acknowledge(packetId);
  }

  #open(clientId: string, clean: boolean, owner: object | null): Session {
    let session = this.#sessions.get(clientId);
    if (session === undefined) {
      const outbox = new Outbox(this.#limits, this.#counters);
      session = { id: clientId, clean, outbox, subscriptions: new Map(), owner };
      this.#sessions.set(clientId, session);
    }
    session.owner = owner;
    return session;
  }

  /** Client ids with a session that begin with `prefix`. */
  clientIds(prefix: string): readonly string[] {
    return [...this.#sessions.keys()].filter((id) => id.startsWith(prefix));
  }

  views(): readonly SessionView[] {
    return Array.from(this.#sessions.values(), ({ id, outbox }) => ({
      seat: id,
      connected: outbox.connected,
      waiting: outbox.waiting,
      waitingBytes: outbox.waitingBytes,
      inFlight: outbox.inFlight,
    }));
  }

  // ---- from one broker process to the next

  /** Sessions that outlive their connections. `place`: where a parcel is kept. */
  keep(place: (parcel: Parcel) => number): readonly KeptSession[] {
    return [...this.#sessions.values()]
      .filter(({ clean }) => !clean)
      .map(({ id, subscriptions, outbox }) => ({
        id,
        subscriptions: Array.from(subscriptions, ([filter, { qos }]) => [filter, qos]),
        outbox: outbox.keep(place),
      }));
  }

  /** Opens the sessions that another one kept. Before the first connection. */
  restore(sessions: readonly KeptSession[], parcels: readonly Parcel[]): void {
    for (const { id, subscriptions, outbox } of sessions) {
      const session = this.#open(id, false, null);
      for (const [filter, qos] of subscriptions) session.subscriptions.set(filter, { levels: filter.split('/'), qos });
      session.outbox.restore(outbox, parcels);
    }
    this.#routes.clear();
  }

  /** From now on nothing that arrives has an effect. */
  shut(): void {
    this.#closed = true;
  }

  // ---- retained messages: one per topic, an empty payload removes it

  retain(message: Message): void {
    if (message.payload.length === 0) this.#retained.delete(message.topic);
    else this.#retained.set(message.topic, { ...message, payload: Uint8Array.from(message.payload) });
  }

  get retained(): readonly Message[] {
    return [...this.#retained.values()];
  }

  /** Sends a client what is retained under filters that it has just subscribed to. */
  deliverRetained(clientId: string, filters: readonly string[]): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    for (const filter of filters) {
      const subscription = session.subscriptions.get(filter);
      if (subscription === undefined) continue;
      for (const message of this.#retained.values()) {
        if (!matches(subscription.levels, message.topic.split('/'))) continue;
        offer(session, new Parcel(message, trafficClass(this.#prefix, message.topic), true), subscription.qos);
      }
    }
  }
}

function offer(session: Session, parcel: Parcel, granted: 0 | 1): void {
  session.outbox.offer(parcel, granted === 0 ? 0 : parcel.message.qos);
}

/** MQTT 4.7: `+` is one level, `#` the rest, none of them at the start matches a `$` topic. */
export function matches(filter: readonly string[], topic: readonly string[]): boolean {
  if (topic[0]!.startsWith('$') && (filter[0] === '+' || filter[0] === '#')) return false;
  for (let i = 0; i < filter.length; i++) {
    if (filter[i] === '#') return true;
    if (i >= topic.length || (filter[i] !== '+' && filter[i] !== topic[i])) return false;
  }
  return filter.length === topic.length;
}
