/**
 * The fabric in virtual time: sessions, their queues and the one place where a message becomes copies, as in the real
 * broker (fabric/fan-out.ts, fabric/outbox.ts), and the same link rules. Two kinds:
 *
 *   total-order  a broker. A publication travels to it and is taken there in the order of arrival; copies go out to all
 *                in that order, and a connection keeps it. Half of the network's latency lies on either way.
 *   independent  no broker that orders anything: a copy travels from publisher to receiver in a time of its own, and
 *                only what one node sends to another keeps its order. A fault of "the broker" is one of all paths.
 *
 * Kept as in the real one: QoS 1 is sent again in order after a connection was lost, by publishers as by the broker,
 * whoever had not heard the acknowledgement in time; sessions queue for who is away, up to a limit, the newest is
 * dropped; a broker that is restarted keeps its sessions or forgets them with all they held; a paused one takes and
 * sends nothing. Not modelled: bytes in sockets, keepalives (a node or broker that is frozen loses no connection), and
 * the time of a handshake.
 */
import { parseFabricTopic } from '../../node/host/fabric-topics.ts';
import { reconnectPauseMs } from '../../node/host/reconnect-pause.ts';
import { invariant } from '../../node/protocol/invariant.ts';
import { latencyMs, type Network, type PairDraws } from '../../node/simulation/network.ts';
import type { Timeline } from '../../node/simulation/timeline.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import type { LinkCount, LinkRule } from '../fabric/link-rule.ts';
import { type LinkDecision, LinkRules } from '../fabric/link-rules.ts';
import { MessageClassifier, type Wire } from '../fabric/message-class.ts';
import { OUTBOX_LIMITS } from '../fabric/outbox.ts';
import { Parcel } from '../fabric/parcel.ts';
import { newTrafficCounters, type TrafficClass, trafficClass } from '../fabric/traffic.ts';
import { VirtualLine } from './virtual-line.ts';

/** One message on its way to one recipient. */
export interface Copy {
  readonly parcel: Parcel;
  readonly qos: 0 | 1;
  /** When the broker hears that the recipient has it; Infinity until it was said. */
  ackedMs: number;
  sent: boolean;
}

/** A node's process, as the fabric sees it. */
export interface FabricClient {
  /** `copy` has come; to be acknowledged when it was dealt with. */
  arrived(copy: Copy): void;
  /** The connection is there, or was lost. Not told of an end of its own. */
  session(connected: boolean): void;
}

/** What a client has published; it keeps it until the broker has said that it took it. */
interface Publication {
  readonly parcel: Parcel;
  readonly onTaken: (() => void) | null;
  ackedMs: number;
}

interface Line {
  open: boolean;
  /** The connection was lost under it: what was on it never arrives. */
  lost: boolean;
}

interface Session {
  readonly seat: string;
  readonly node: string;
  readonly index: number;
  /** The broker knows it. */
  kept: boolean;
  client: FabricClient | null;
  line: Line | null;
  /** Sent, in order; acknowledged ones leave from the head. */
  flight: Copy[];
  waiting: Copy[];
  waitingBytes: number;
  outgoing: Publication[];
  /** When the last thing on the way up, or down, arrives. */
  upMs: number;
  downMs: number;
  /** The same, by sender, where there is no common order. */
  readonly downFromMs: Float64Array;
}

export type FabricOrder = 'total-order' | 'independent';

export interface SimulatedFabricOptions {
  readonly timeline: Timeline;
  readonly order: FabricOrder;
  readonly network: Network;
  /** Pairs of seats; the place after the last seat is the broker. */
  readonly draws: PairDraws;
  /** With a start of its own a seat has no session before it, as in a live lab. */
  readonly seats: readonly { readonly seat: string; readonly node: string; readonly startsAtMs: number | null }[];
  /** Of the lab's topics. */
  readonly prefix: string;
  readonly wire: Wire;
  readonly qos: 0 | 1;
  /** What link rules draw from. */
  readonly seed: string;
  readonly onPublish: ((parcel: Parcel, recipients: number) => void) | null;
  readonly onDecision: ((decision: LinkDecision) => void) | null;
}

export class SimulatedFabric {
  readonly #options: SimulatedFabricOptions;
  readonly #timeline: Timeline;
  readonly #sessions: readonly Session[];
  readonly #bySeat: ReadonlyMap<string, Session>;
  readonly #counters = newTrafficCounters();
  readonly #links: LinkRules;
  readonly #classes = new Map<string, { readonly trafficClass: TrafficClass; readonly to: string | null }>();
  readonly #ordered: boolean;
  #forwarding = false;
  #queueMessagesMax: number = OUTBOX_LIMITS.queueMessagesMax;
  #state: 'up' | 'paused' | 'down' = 'up';
  /** What comes up while the broker does nothing. */
  #held: { readonly run: () => void; readonly outlives: boolean }[] = [];
  /** On their way to the broker. */
  #rising = 0;
  /** When something last happened to a message. */
  #movedMs = 0;

  constructor(options: SimulatedFabricOptions) {
    const { timeline, seats, seed, prefix, wire } = options;
    this.#options = options;
    this.#timeline = timeline;
    this.#ordered = options.order === 'total-order';
    this.#sessions = seats.map(({ seat, node, startsAtMs }, index) => ({
      seat,
      node,
      index,
      kept: startsAtMs === null,
      client: null,
      line: null,
      flight: [],
      waiting: [],
      waitingBytes: 0,
      outgoing: [],
      upMs: 0,
      downMs: 0,
      downFromMs: new Float64Array(this.#ordered ? 0 : seats.length),
    }));
    this.#bySeat = new Map(this.#sessions.map((session) => [session.seat, session]));
    this.#links = new LinkRules({
      seed,
      classifier: new MessageClassifier(prefix, wire),
      now: () => timeline.nowMs,
      deliver: (to, parcel) => this.#whenUp(() => this.#deliver(to, parcel), true),
      onOverflow: () => {
        this.#counters.dropped['queue-full']++;
      },
      onActive: (active) => {
        this.#forwarding = active;
      },
      line: (release) => new VirtualLine(timeline, release),
    });
    this.#links.onDecision = options.onDecision;
  }

  // --- clients ----------------------------------------------------------------------------------------------------

  /** A process of `seat` has come up; it is connected as soon as the broker is there. */
  attach(seat: string, client: FabricClient): void {
    const session = this.#session(seat);
    session.client = client;
    this.#connect(session, client, 0);
  }

  /** The process has ended: what it had not sent is gone with it, what it had sent arrives. */
  detach(seat: string): void {
    const session = this.#session(seat);
    session.client = null;
    session.outgoing = [];
    if (session.line !== null) session.line.open = false;
    session.line = null;
    session.flight = session.flight.filter(({ ackedMs }) => ackedMs === Number.POSITIVE_INFINITY);
  }

  connected(seat: string): boolean {
    return this.#session(seat).line !== null;
  }

  /** Publishes for `seat`, whose process runs. `onTaken`: the broker said that it has it. */
  publish(seat: string, topic: string, payload: Uint8Array, onTaken: (() => void) | null): void {
    const session = this.#session(seat);
    const nowMs = this.#timeline.nowMs;
    const parcel = new Parcel({ from: seat, topic, payload, qos: this.#options.qos }, this.#topic(topic).trafficClass);
    const publication: Publication = { parcel, onTaken, ackedMs: Number.POSITIVE_INFINITY };
    const { outgoing } = session;
    if (outgoing.length > 0 && outgoing[0]!.ackedMs <= nowMs) {
      session.outgoing = outgoing.filter(({ ackedMs }) => ackedMs > nowMs);
    }
    session.outgoing.push(publication);
    if (session.line !== null) this.#rise(session, session.line, publication);
  }

  /** `seat` has dealt with `copy`. */
  acknowledge(seat: string, copy: Copy): void {
    if (copy.qos === 0) return;
    const session = this.#session(seat);
    const { line } = session;
    if (line === null) return;
    this.#movedMs = this.#timeline.nowMs;
    copy.ackedMs = this.#ordered ? this.#upAt(session) : this.#timeline.nowMs;
    if (session.waiting.length > 0) {
      this.#timeline.at(copy.ackedMs, () => {
        if (line.open) this.#whenUp(() => this.#pump(session), false);
      });
    }
  }

  #connect(session: Session, client: FabricClient, failures: number): void {
    if (session.client !== client || session.line !== null) return;
    if (this.#state === 'down') {
      this.#connectLater(session, client, failures);
      return;
    }
    if (this.#state === 'paused') {
      this.#held.push({ run: () => this.#connect(session, client, failures), outlives: false });
      return;
    }
    const line: Line = { open: true, lost: false };
    session.line = line;
    session.kept = true;
    client.session(true);
    const nowMs = this.#timeline.nowMs;
    session.outgoing = session.outgoing.filter(({ ackedMs }) => ackedMs > nowMs);
    for (const publication of session.outgoing) {
      publication.ackedMs = Number.POSITIVE_INFINITY;
      this.#rise(session, line, publication);
    }
    // First, again, what was sent before and never acknowledged.
    for (const copy of session.flight) session.waitingBytes += copy.parcel.bytes;
    session.waiting = session.flight.concat(session.waiting);
    session.flight = [];
    this.#pump(session);
  }

  /** The connection of a client that lives is lost; it comes back by itself. */
  #lose(session: Session): boolean {
    const { line, client } = session;
    if (line === null || client === null) return false;
    line.open = false;
    line.lost = true;
    session.line = null;
    const nowMs = this.#timeline.nowMs;
    session.flight = session.flight.filter(({ ackedMs }) => ackedMs > nowMs);
    for (const copy of session.flight) copy.ackedMs = Number.POSITIVE_INFINITY;
    client.session(false);
    this.#connectLater(session, client, 0);
    return true;
  }

  /** As the nodes' connections do. */
  #connectLater(session: Session, client: FabricClient, failures: number): void {
    this.#timeline.at(this.#timeline.nowMs + reconnectPauseMs(session.seat, failures), () =>
      this.#connect(session, client, failures + 1),
    );
  }

  // --- up ---------------------------------------------------------------------------------------------------------

  #rise(session: Session, line: Line, publication: Publication): void {
    this.#movedMs = this.#timeline.nowMs;
    if (!this.#ordered) {
      this.#whenUp(() => this.#take(session, line, publication), false);
      return;
    }
    this.#rising++;
    this.#timeline.at(this.#upAt(session), () => {
      this.#rising--;
      if (!line.lost) this.#whenUp(() => this.#take(session, line, publication), false);
    });
  }

  /** When what `session` sends now is at the broker. */
  #upAt(session: Session): number {
    const { draws, network } = this.#options;
    const broker = this.#sessions.length;
    const ms = latencyMs(network.latency, draws.next(session.index, broker), 0.5);
    session.upMs = Math.max(session.upMs, this.#timeline.nowMs + ms);
    return session.upMs;
  }

  /** When what the broker sends to `session` now is there. */
  #downAt(session: Session): number {
    const { draws, network } = this.#options;
    const broker = this.#sessions.length;
    const ms = latencyMs(network.latency, draws.next(broker, session.index), 0.5);
    session.downMs = Math.max(session.downMs, this.#timeline.nowMs + ms);
    return session.downMs;
  }

  /** The message is the broker's from here on: copies go out, and the publisher is told. */
  #take(session: Session, line: Line, publication: Publication): void {
    const { parcel, onTaken } = publication;
    const { client } = session;
    this.#movedMs = this.#timeline.nowMs;
    const received = this.#counters.received[parcel.trafficClass];
    received.messages++;
    received.payloadBytes += parcel.message.payload.length;
    const { to } = this.#topic(parcel.message.topic);
    if (this.#options.onPublish !== null) {
      const recipients = this.#sessions.filter(({ kept, node }) => kept && (to === null || node === to));
      this.#options.onPublish(parcel, recipients.length);
    }
    for (const recipient of this.#sessions) {
      if (!recipient.kept || (to !== null && recipient.node !== to)) continue;
      if (!this.#forwarding) {
        this.#offer(recipient, parcel);
        continue;
      }
      const copy = this.#links.forward(parcel.message.from, recipient.seat, parcel, this.#options.qos);
      if (copy === null) this.#counters.dropped['link-rule']++;
      else if (copy !== 'later') this.#offer(recipient, copy);
    }
    if (!line.open) return;
    publication.ackedMs = this.#ordered ? this.#downAt(session) : this.#timeline.nowMs;
    if (onTaken === null) return;
    this.#timeline.at(publication.ackedMs, () => {
      if (line.open && session.client === client) onTaken();
    });
  }

  // --- down -------------------------------------------------------------------------------------------------------

  #deliver(to: string, parcel: Parcel): void {
    const session = this.#session(to);
    if (session.kept) this.#offer(session, parcel);
    else this.#counters.dropped.unsent++;
  }

  #offer(session: Session, parcel: Parcel): void {
    const { qos } = this.#options;
    const copy: Copy = { parcel, qos, ackedMs: Number.POSITIVE_INFINITY, sent: false };
    if (session.waiting.length === 0 && this.#open(session)) {
      this.#send(session, copy);
      return;
    }
    if (qos === 0 && session.line === null) {
      this.#counters.dropped.unsent++;
      return;
    }
    const full =
      session.waiting.length >= this.#queueMessagesMax ||
      session.waitingBytes + parcel.bytes > OUTBOX_LIMITS.queueBytesMax;
    if (full) {
      this.#counters.dropped['queue-full']++;
      return;
    }
    session.waiting.push(copy);
    session.waitingBytes += parcel.bytes;
  }

  #open(session: Session): boolean {
    return session.line !== null && this.#inFlight(session) < OUTBOX_LIMITS.inFlightMax;
  }

  #inFlight(session: Session): number {
    const { flight } = session;
    const nowMs = this.#timeline.nowMs;
    if (flight.length > 0 && flight[0]!.ackedMs <= nowMs) {
      let gone = 1;
      while (gone < flight.length && flight[gone]!.ackedMs <= nowMs) gone++;
      flight.splice(0, gone);
    }
    return flight.length;
  }

  #pump(session: Session): void {
    let sent = 0;
    while (sent < session.waiting.length && this.#open(session)) {
      const copy = session.waiting[sent++]!;
      session.waitingBytes -= copy.parcel.bytes;
      this.#send(session, copy);
    }
    if (sent > 0) session.waiting.splice(0, sent);
  }

  #send(session: Session, copy: Copy): void {
    const { line, client } = session;
    const { parcel } = copy;
    if (copy.sent) {
      this.#counters.redelivered++;
    } else {
      const delivered = this.#counters.delivered[parcel.trafficClass];
      delivered.messages++;
      delivered.payloadBytes += parcel.message.payload.length;
    }
    copy.sent = true;
    if (copy.qos === 1) session.flight.push(copy);
    this.#timeline.at(this.#ordered ? this.#downAt(session) : this.#pathAt(session, parcel), () => {
      if (line!.open) client!.arrived(copy);
    });
  }

  /** When what is sent now on the path from the publisher to `session` is there. */
  #pathAt(session: Session, { message }: Parcel): number {
    const { draws, network } = this.#options;
    const from = this.#session(message.from).index;
    const ms =
      network.ownMs !== null && from === session.index
        ? network.ownMs
        : latencyMs(network.latency, draws.next(from, session.index));
    const atMs = Math.max(session.downFromMs[from]!, this.#timeline.nowMs + ms);
    session.downFromMs[from] = atMs;
    return atMs;
  }

  // --- faults -----------------------------------------------------------------------------------------------------

  /** The complete set from now on. */
  setLinks(rules: readonly LinkRule[]): void {
    this.#links.set(rules);
  }

  linkCounts(): readonly LinkCount[] {
    return this.#links.counts();
  }

  /** Null: as it was. */
  setQueueLimit(messages: number | null): void {
    this.#queueMessagesMax = messages ?? OUTBOX_LIMITS.queueMessagesMax;
  }

  /** Ends the connections of these seats; those that had one. */
  cut(seats: readonly string[]): readonly string[] {
    return seats.filter((seat) => this.#lose(this.#session(seat)));
  }

  pause(): void {
    if (this.#state === 'up') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'up';
    this.#catchUp();
    for (const session of this.#sessions) this.#pump(session);
  }

  /** Ends the broker. `sessions`: what the next one finds. */
  goDown(sessions: 'kept' | 'lost'): void {
    this.#state = 'down';
    this.#held = this.#held.filter(({ outlives }) => outlives && sessions === 'kept');
    for (const session of this.#sessions) this.#lose(session);
    if (sessions === 'kept') return;
    this.#links.drain();
    for (const session of this.#sessions) {
      session.kept = false;
      session.flight = [];
      session.waiting = [];
      session.waitingBytes = 0;
    }
  }

  /** Another broker in its place. */
  comeUp(): void {
    this.#state = 'up';
    this.#catchUp();
  }

  #whenUp(run: () => void, outlives: boolean): void {
    if (this.#state === 'up') run();
    // What is on its way to a broker that has ended is lost with the connection, and its sender sends it again.
    else if (this.#state === 'paused' || outlives) this.#held.push({ run, outlives });
  }

  #catchUp(): void {
    const held = this.#held;
    this.#held = [];
    for (const { run } of held) run();
  }

  // --- views ------------------------------------------------------------------------------------------------------

  /** Nothing is under way, and nothing waits for one of `seats`. */
  quietFor(seats: readonly string[]): boolean {
    return this.#rising === 0 && this.#held.length === 0 && this.busyWith(seats).length === 0;
  }

  /** Those of `seats` that something is under way to. */
  busyWith(seats: readonly string[]): readonly string[] {
    return seats.filter((seat) => {
      const session = this.#session(seat);
      return session.waiting.length + this.#inFlight(session) + (this.#links.delayedBySession.get(seat) ?? 0) > 0;
    });
  }

  /** When something last happened to a message. */
  get movedMs(): number {
    return this.#movedMs;
  }

  stats(): BrokerStats {
    const { delayedBySession } = this.#links;
    const sessions = this.#sessions
      .filter(({ kept }) => kept)
      .map((session) => ({
        seat: session.seat,
        connected: session.line !== null,
        waiting: session.waiting.length + (delayedBySession.get(session.seat) ?? 0),
        waitingBytes: session.waitingBytes,
        inFlight: this.#inFlight(session),
      }))
      .sort((a, b) => (a.seat < b.seat ? -1 : 1));
    return {
      ...structuredClone(this.#counters),
      delayed: this.#links.delayed,
      connected: sessions.filter(({ connected }) => connected).map(({ seat }) => seat),
      sessions,
      cpuMs: 0,
      rssBytes: 0,
    };
  }

  #session(seat: string): Session {
    const session = this.#bySeat.get(seat);
    invariant(session !== undefined, () => `the fabric has no seat ${seat}`);
    return session;
  }

  #topic(topic: string): { readonly trafficClass: TrafficClass; readonly to: string | null } {
    let known = this.#classes.get(topic);
    if (known === undefined) {
      const { prefix } = this.#options;
      const parsed = parseFabricTopic(prefix, topic);
      known = { trafficClass: trafficClass(prefix, topic), to: parsed?.kind === 'peer' ? parsed.to : null };
      this.#classes.set(topic, known);
    }
    return known;
  }
}
