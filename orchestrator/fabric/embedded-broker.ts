/**
 * A broker of the lab in this process: aedes for the protocol (handshake, sessions, pings, last wills, acknowledging
 * publishers), fan-out.ts for everything between a publish and its recipients, access.ts for who may do what.
 *
 * Guarantees beyond MQTT: all subscribers receive the messages of all publishers in one order; a client that does not
 * read delays nobody; memory per session is bounded; what is refused or dropped is counted by reason. A refused publish
 * is acknowledged and goes nowhere (MQTT 3.1.1 knows no refusal, and ending the connection would make a client send it
 * again for ever).
 *
 * Sessions live in memory. A broker that ends in good order can hand them over (`handOver`) to the one that takes its
 * place; with one that is killed they are gone. Link rules emulate the network between nodes (link-rules.ts): without
 * any, they cost nothing.
 */
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { Aedes, type AuthenticateError, type Client, type PublishPacket, type Subscription } from 'aedes';
import { labPrefix } from '../../node/host/fabric-topics.ts';
import { gatherWrites } from '../../node/host/gathered-writes.ts';
import { monotonicMs } from '../../node/host/observations.ts';
import { describeProblem, shown } from '../../node/protocol/parameters.ts';
import { AccessRules, type Account, type Authentication, type BrokerKind } from './access.ts';
import { type FabricControl, QUEUE_LIMIT_MAX } from './fabric-control.ts';
import { FabricJournal, type JournalBounds } from './fabric-journal.ts';
import { type FabricBeginning, type FabricSnapshot, ParcelList, readParcels } from './fabric-snapshot.ts';
import { FanOut, REFUSED_TOPIC, type SessionView } from './fan-out.ts';
import type { LinkCount, LinkRule } from './link-rule.ts';
import { linkRuleProblems } from './link-rule-problems.ts';
import { LinkRules, type LinkState } from './link-rules.ts';
import { MessageClassifier, type Wire } from './message-class.ts';
import { OUTBOX_LIMITS, type OutboxLimits } from './outbox.ts';
import { guardPackets } from './packet-guard.ts';
import { Parcel } from './parcel.ts';
import { BrokerError } from './running-broker.ts';
import { SessionMemory } from './session-memory.ts';
import { newTrafficCounters, type RefusalReason, type TrafficCounters } from './traffic.ts';

export interface BrokerOptions {
  readonly kind: BrokerKind;
  readonly lab: string;
  readonly accounts: readonly Account[];
  /** Default 0: one that is free. Always on 127.0.0.1 unless `host` says otherwise. */
  readonly port?: number;
  readonly host?: string;
  /** Largest payload, bytes; default 65,536 on the fabric, 1 MiB for control (a report of 512 wallets is long). */
  readonly payloadBytesMax?: number;
  readonly limits?: Partial<OutboxLimits>;
  /** Of the lab: what link rules draw from; default: its name. */
  readonly seed?: string;
  /** How classes of messages are told apart; default: the compact wire with ids of 32 bytes. */
  readonly wire?: Wire;
  /** In force from the first connection on. */
  readonly links?: readonly LinkRule[];
  /** Absent: no journal is written. */
  readonly journal?: JournalBounds;
}

export interface BrokerHooks {
  readonly beginning?: FabricBeginning;
  /** Whole lines of the journal, every tenth of a second. */
  readonly onJournal?: (lines: string) => void;
  /**
   * Told of every message that was taken, before its recipients are: for the process that the broker is in, which need
   * not be a client of it. `payload` is a loan for the time of the call. Must not throw.
   */
  readonly onMessage?: (topic: string, payload: Uint8Array) => void;
}

/** What a broker leaves that ends in good order. */
export interface HandOver {
  readonly snapshot: FabricSnapshot;
  readonly links: LinkState;
  readonly stats: BrokerStats;
}

export interface BrokerStats extends TrafficCounters {
  /** Client ids, sorted. */
  readonly connected: readonly string[];
  /** What waits includes copies that link rules have under way. */
  readonly sessions: readonly SessionView[];
  /** Copies that link rules have under way. */
  readonly delayed: number;
  /** CPU time of the broker's process since its start, milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

const PAYLOAD_BYTES_MAX: Readonly<Record<BrokerKind, number>> = { fabric: 65_536, control: 1024 * 1024 };
/** Topic, packet id and what else a packet holds besides its payload. */
const PACKET_OVERHEAD_BYTES = 1024;
const TOPIC_LEVELS_MAX = 16;
const CONNECT_MS_MAX = 5000;
/** For what aedes itself writes (acknowledgements) to a client that does not read; nobody else waits for it. */
const DRAIN_MS_MAX = 10_000;
/** Connections beyond those that a lab of this many seats can need. */
const SPARE_CONNECTIONS = 256;
const DEFAULT_WIRE: Wire = { codec: 'compact', idBytes: 32 };
/** For publishes that were acknowledged to become copies, and for last bytes to leave, when sessions are handed over. */
const HAND_OVER_MS_MAX = 1000;
/** Of the event loop: an acknowledgement is written in one, its message follows in the next, and it leaves in another. */
const HAND_OVER_TURNS = 4;
const NOT_AUTHORIZED = 5;
/** Sessions of one node or observer besides its own. */
const BESIDE_MAX = 8;
/** Errors of aedes about a client that is silent or gone. */
const TIMEOUTS = /^(connection closed|drain timeout|keep alive timeout|connect did not arrive in time)$/;

export class EmbeddedBroker implements FabricControl {
  readonly #options: BrokerOptions;
  readonly #rules: AccessRules;
  readonly #counters = newTrafficCounters();
  readonly #fanOut: FanOut;
  readonly #payloadBytesMax: number;
  readonly #accounts = new WeakMap<object, Account>();
  readonly #sockets = new Map<Socket, Client>();
  readonly #links: LinkRules;
  readonly #journal: FabricJournal | null;
  readonly #seats: ReadonlySet<string>;
  readonly #queueMessagesMax: number;
  readonly #prefix: string;
  #aedes: Aedes | null = null;
  #servers: Server[] = [];
  /** Publishes of each client that were let in and are not copies yet: aedes acknowledges them first. */
  readonly #underWay = new Map<string, number>();

  constructor(options: BrokerOptions, { beginning, onJournal, onMessage }: BrokerHooks = {}) {
    const { kind, lab, accounts, seed = lab, wire = DEFAULT_WIRE, links = [], journal: bounds } = options;
    this.#options = options;
    this.#rules = new AccessRules(kind, lab, accounts);
    this.#seats = new Set(accounts.map(({ seat }) => seat));
    this.#payloadBytesMax = options.payloadBytesMax ?? PAYLOAD_BYTES_MAX[kind];
    const limits = { ...OUTBOX_LIMITS, ...options.limits };
    this.#queueMessagesMax = limits.queueMessagesMax;
    this.#prefix = labPrefix(lab);
    const fanOut = new FanOut(this.#prefix, limits, this.#counters);
    this.#fanOut = fanOut;
    const classifier = new MessageClassifier(this.#prefix, wire);
    this.#links = new LinkRules({
      seed,
      classifier,
      now: monotonicMs,
      deliver: (to, parcel, granted) => fanOut.deliver(to, parcel, granted),
      onOverflow: () => {
        this.#counters.dropped['queue-full']++;
      },
      onActive: (active) => {
        fanOut.forward = active ? this.#links.forward : null;
      },
    });
    this.#journal =
      bounds === undefined || onJournal === undefined
        ? null
        : new FabricJournal(bounds, classifier, monotonicMs, onJournal);
    fanOut.onTaken = (clientId) => {
      const left = (this.#underWay.get(clientId) ?? 0) - 1;
      if (left > 0) this.#underWay.set(clientId, left);
      else this.#underWay.delete(clientId);
    };
    const journal = this.#journal;
    if (journal !== null || onMessage !== undefined) {
      fanOut.onPublish = (parcel, recipients) => {
        journal?.published(parcel, recipients);
        onMessage?.(parcel.message.topic, parcel.message.payload);
      };
    }
    if (journal !== null) this.#links.onDecision = journal.decided;
    this.#putInForce(links);
    if (beginning !== undefined) this.#goOn(beginning);
  }

  #goOn({ snapshot, links }: FabricBeginning): void {
    if (links !== null) this.#links.resume(links);
    if (snapshot === null) return;
    const parcels = readParcels(snapshot.parcels, this.#prefix);
    this.#fanOut.restore(snapshot.sessions, parcels);
    for (const place of snapshot.retained) this.#fanOut.retain(parcels[place]!.message);
    for (const [to, place, granted, dueMs] of snapshot.delayed) this.#links.hold(to, parcels[place]!, granted, dueMs);
  }

  /** Listens; resolves with the port. Rejects when the port is taken. Call once. */
  async start(): Promise<number> {
    const aedes = await Aedes.createBroker({
      mq: this.#fanOut,
      persistence: new SessionMemory(this.#fanOut),
      connectTimeout: CONNECT_MS_MAX,
      drainTimeout: DRAIN_MS_MAX,
      maxTopicLevels: TOPIC_LEVELS_MAX,
      authenticate: (client, username, password, done) => {
        const result = this.#authenticate(client.id, username, password);
        if ('refused' in result) {
          this.#counters.refused[result.refused]++;
          const error: AuthenticateError = Object.assign(new Error(result.refused), { returnCode: NOT_AUTHORIZED });
          done(error, false);
          return;
        }
        this.#accounts.set(client, result.account);
        this.#fanOut.reserve(client.id, client.clean, client);
        done(null, true);
      },
      authorizePublish: (client, packet, done) => {
        const refused = this.#refusesPublish(client, packet);
        if (refused !== null) {
          this.#counters.refused[refused]++;
          packet.topic = REFUSED_TOPIC;
          packet.payload = Buffer.alloc(0);
          packet.retain = false;
        }
        if (client !== null) this.#underWay.set(client.id, (this.#underWay.get(client.id) ?? 0) + 1);
        // The protocol retains nothing: a kept message would be one that a late node gets and the others do not.
        if (this.#options.kind === 'fabric') packet.retain = false;
        done(null);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const account = this.#accounts.get(client);
        if (account === undefined || !this.#rules.maySubscribe(account, subscription.topic)) {
          this.#counters.refused['subscribe-forbidden']++;
          done(null, null);
          return;
        }
        this.#fanOut.subscribe(client.id, client.clean, client, subscription.topic, subscription.qos);
        done(null, subscription);
      },
      // Copies leave through the outboxes of fan-out.ts; what aedes would send on its own would be a second one.
      authorizeForward: () => null,
    });
    this.#aedes = aedes;
    aedes.on('subscribe', (subscriptions: Subscription[], client: Client) => {
      this.#fanOut.deliverRetained(
        client.id,
        subscriptions.map(({ topic }) => topic),
      );
    });
    aedes.on('unsubscribe', (filters: string[], client: Client) =>
      this.#fanOut.unsubscribe(client.id, client, filters),
    );
    aedes.on('clientError', (_client, error) => this.#countViolation(error));
    aedes.on('connectionError', (_client, error) => this.#countViolation(error));

    return this.listen(this.#options.host ?? '127.0.0.1', this.#options.port ?? 0);
  }

  /** Listens on one more address of this machine, as `start` does. After `start`. */
  async listen(host: string, port = 0): Promise<number> {
    const aedes = this.#aedes!;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(aedes, socket));
    server.maxConnections = 2 * this.#options.accounts.length + SPARE_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  #accept(aedes: Aedes, socket: Socket): void {
    gatherWrites(socket);
    guardPackets(socket, this.#payloadBytesMax + PACKET_OVERHEAD_BYTES, () => {
      this.#counters.refused['packet-too-large']++;
      socket.destroy();
    });
    const client = aedes.handle(socket);
    this.#sockets.set(socket, client);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      // Some of them aedes has dropped, of which nobody is told.
      this.#underWay.delete(client.id);
      // Not on an event of aedes: it has none for a client that leaves during its handshake.
      this.#fanOut.detach(client.id, client);
    });
  }

  /** Of the errors that end a connection, those that the client's bytes caused. */
  #countViolation(error: Error): void {
    const innocent = 'code' in error || 'errorCode' in error || TIMEOUTS.test(error.message);
    if (!innocent) this.#counters.refused['protocol-violation']++;
  }

  #authenticate(clientId: string, username: string | undefined, password: Buffer | undefined): Authentication {
    const result = this.#rules.authenticate(clientId, username, password);
    if ('refused' in result || result.account.role === 'lab' || clientId === result.account.seat) return result;
    // Each may have a queue of its own.
    const beside = this.#fanOut.clientIds(`${result.account.seat}/`).filter((id) => id !== clientId);
    return beside.length < BESIDE_MAX ? result : { refused: 'too-many-connections' };
  }

  #refusesPublish(client: Client | null, packet: PublishPacket): RefusalReason | null {
    const account = client === null ? undefined : this.#accounts.get(client);
    if (account === undefined) return 'publish-unknown-topic';
    const refused = this.#rules.refusesPublish(account, packet.topic);
    if (refused !== null) return refused;
    return packet.payload.length > this.#payloadBytesMax ? 'payload-too-large' : null;
  }

  /** Port it listens on; 0 before `start`. */
  get port(): number {
    return (this.#servers[0]?.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Open connections, logged in or not. */
  get connections(): number {
    return this.#sockets.size;
  }

  // --- as a lab asks for it -----------------------------------------------------------------------------------------

  async setLinks(rules: readonly LinkRule[]): Promise<void> {
    this.#putInForce(rules);
  }

  #putInForce(rules: readonly LinkRule[]): void {
    const problems = linkRuleProblems(rules, this.#seats);
    if (problems.length > 0) throw new BrokerError('refused', problems.map(describeProblem).join('\n'));
    this.#links.set(rules);
  }

  async linkCounts(): Promise<readonly LinkCount[]> {
    return this.#links.counts();
  }

  async setQueueLimit(messages: number | null): Promise<void> {
    if (messages !== null && !(Number.isInteger(messages) && messages >= 1 && messages <= QUEUE_LIMIT_MAX))
      throw new BrokerError('refused', `messages: expected integer 1..${QUEUE_LIMIT_MAX}, got ${shown(messages)}`);
    this.#fanOut.limitQueues(messages ?? this.#queueMessagesMax);
  }

  async cut(seats: readonly string[]): Promise<readonly string[]> {
    const connected = new Set<string>();
    for (const [socket, client] of this.#sockets) {
      const seat = this.#accounts.get(client)?.seat;
      if (seat === undefined || !seats.includes(seat)) continue;
      connected.add(seat);
      socket.destroy();
    }
    return seats.filter((seat) => connected.has(seat));
  }

  /** Where the link rules stand: what a broker in place of this one goes on with. */
  linkState(): LinkState {
    return this.#links.state();
  }

  /**
   * Ends the broker for another one to go on in its place, and resolves with all that one needs.
   *
   * Nothing that was acknowledged is lost: no more is read from the clients, what they were told that the broker has is
   * waited for, and only then the picture is taken. What they were not told they send again. What was sent to them and
   * not acknowledged, or whose acknowledgement was not read any more, is sent again with the same packet id.
   */
  async handOver(): Promise<HandOver> {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets.keys()) socket.read = () => null;
    const endMs = monotonicMs() + HAND_OVER_MS_MAX;
    for (let turn = 0; turn < HAND_OVER_TURNS || (this.#underWay.size > 0 && monotonicMs() < endMs); turn++)
      await new Promise<void>((resolve) => setImmediate(resolve));
    this.#fanOut.shut();
    const list = new ParcelList();
    const { place } = list;
    const delayed = this.#links
      .drain()
      .map(({ dueMs, item }) => [item.to, place(item.parcel), item.granted, dueMs] as const);
    const sessions = this.#fanOut.keep(place);
    const retained = this.#fanOut.retained.map((message) => place(new Parcel(message, 'other', true)));
    const links = this.#links.state();
    const stats = this.stats();
    const snapshot: FabricSnapshot = { parcels: list.written(), sessions, retained, delayed };
    await this.#endSockets(endMs);
    await this.stop();
    return { snapshot, links, stats };
  }

  /** Lets what is written leave, and then the clients. */
  async #endSockets(endMs: number): Promise<void> {
    const closed = [...this.#sockets.keys()].map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          Socket.prototype.uncork.call(socket);
          socket.destroySoon();
        }),
    );
    const late = setTimeout(
      () => {
        for (const socket of this.#sockets.keys()) socket.destroy();
      },
      Math.max(0, endMs - monotonicMs()),
    );
    await Promise.all(closed);
    clearTimeout(late);
  }

  stats(): BrokerStats {
    const { user, system } = process.cpuUsage();
    const { delayedBySession } = this.#links;
    const sessions = this.#fanOut
      .views()
      .map((view) => ({ ...view, waiting: view.waiting + (delayedBySession.get(view.seat) ?? 0) }))
      .sort((a, b) => (a.seat < b.seat ? -1 : 1));
    return {
      ...structuredClone(this.#counters),
      delayed: this.#links.delayed,
      connected: sessions.filter((session) => session.connected).map((session) => session.seat),
      sessions,
      cpuMs: (user + system) / 1000,
      rssBytes: process.memoryUsage.rss(),
    };
  }

  /** Ends all connections and forgets all sessions. Idempotent. */
  async stop(): Promise<void> {
    const servers = this.#servers;
    const aedes = this.#aedes;
    this.#servers = [];
    this.#aedes = null;
    this.#links.drain();
    this.#journal?.flush();
    const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    await new Promise<void>((resolve) => (aedes === null ? resolve() : aedes.close(() => resolve())));
    // Those that have not logged in are not known to aedes, and would hold up the server.
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
  }
}
