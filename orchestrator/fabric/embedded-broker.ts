/**
 * A broker of the lab in this process: aedes for the protocol (handshake, sessions, pings, last wills, acknowledging
 * publishers), fan-out.ts for everything between a publish and its recipients, access.ts for who may do what.
 *
 * Guarantees beyond MQTT: all subscribers receive the messages of all publishers in one order; a client that does not
 * read delays nobody; memory per session is bounded; what is refused or dropped is counted by reason. A refused publish
 * is acknowledged and goes nowhere (MQTT 3.1.1 knows no refusal, and ending the connection would make a client send it
 * again for ever).
 *
 * Sessions live as long as the process: a restart of the broker is a fault that a lab can want.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AuthenticateError, type Client, type PublishPacket, type Subscription } from 'aedes';
import { labPrefix } from '../../node/host/fabric-topics.ts';
import { gatherWrites } from '../../node/host/gathered-writes.ts';
import { AccessRules, type Account, type Authentication, type BrokerKind } from './access.ts';
import { FanOut, type Forward, REFUSED_TOPIC, type SessionView } from './fan-out.ts';
import { OUTBOX_LIMITS, type OutboxLimits } from './outbox.ts';
import { guardPackets } from './packet-guard.ts';
import type { Message } from './parcel.ts';
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
}

export interface BrokerStats extends TrafficCounters {
  /** Client ids, sorted. */
  readonly connected: readonly string[];
  readonly sessions: readonly SessionView[];
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
const NOT_AUTHORIZED = 5;
/** Sessions of one node or observer besides its own. */
const BESIDE_MAX = 8;
/** Errors of aedes about a client that is silent or gone. */
const TIMEOUTS = /^(connection closed|drain timeout|keep alive timeout|connect did not arrive in time)$/;

export class EmbeddedBroker {
  readonly #options: BrokerOptions;
  readonly #rules: AccessRules;
  readonly #counters = newTrafficCounters();
  readonly #fanOut: FanOut;
  readonly #payloadBytesMax: number;
  readonly #accounts = new WeakMap<object, Account>();
  readonly #sockets = new Set<Socket>();
  #aedes: Aedes | null = null;
  #servers: Server[] = [];

  constructor(options: BrokerOptions, forward: Forward | null = null) {
    this.#options = options;
    this.#rules = new AccessRules(options.kind, options.lab, options.accounts);
    this.#payloadBytesMax = options.payloadBytesMax ?? PAYLOAD_BYTES_MAX[options.kind];
    this.#fanOut = new FanOut(labPrefix(options.lab), { ...OUTBOX_LIMITS, ...options.limits }, this.#counters, forward);
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
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
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

  /** For link rules that delay: puts a copy into one client's outbox. See {@link Forward}. */
  deliver(to: string, message: Message): boolean {
    return this.#fanOut.deliver(to, message);
  }

  stats(): BrokerStats {
    const { user, system } = process.cpuUsage();
    const sessions = [...this.#fanOut.views()].sort((a, b) => (a.seat < b.seat ? -1 : 1));
    return {
      ...structuredClone(this.#counters),
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
    const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    await new Promise<void>((resolve) => (aedes === null ? resolve() : aedes.close(() => resolve())));
    // Those that have not logged in are not known to aedes, and would hold up the server.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
