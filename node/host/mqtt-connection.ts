/**
 * One MQTT 3.1.1 connection that is meant to last: it reconnects without limit, subscribes again where the broker
 * has forgotten the session, and sends again, in order, what was not acknowledged. The fabric's transport, the control
 * link of a node and the lab's control client stand on it.
 *
 * Deliveries go through `handleMessage`, never through the `message` event: only so does the acknowledgement follow
 * the handler. Publishes in flight are kept here and not in the client's store, because the client replays its store
 * one packet per round trip, and fails what was published meanwhile.
 */
import { Readable } from 'node:stream';
import type { IClientOptions } from 'mqtt';
import mqttClientModule from 'mqtt/lib/client';
import { invariant } from '../protocol/invariant.ts';
import { connectBroker } from './broker-socket.ts';
import { gatherWrites } from './gathered-writes.ts';
import { reconnectPauseMs } from './reconnect-pause.ts';

/** CommonJS: the default export arrives as a property. Loaded directly, it leaves WebSockets out: 5 ms a start. */
const MqttClient = mqttClientModule.default;
type MqttClient = InstanceType<typeof MqttClient>;

export type MqttQos = 0 | 1;

export interface MqttWill {
  readonly topic: string;
  readonly payload: string;
  readonly qos: MqttQos;
  readonly retain: boolean;
}

export interface MqttConnectionOptions {
  /** `mqtt://host:port`, or `mqtts://` for TLS. */
  readonly url: string;
  /** Of the authority that a TLS broker must show; default null: one that the system trusts. */
  readonly caFingerprint?: string | null;
  readonly clientId: string;
  readonly username: string;
  /** Null: none is sent. */
  readonly password: string | null;
  /** True: the broker forgets the session when the connection ends. */
  readonly clean: boolean;
  readonly filters: readonly string[];
  /** QoS of the subscriptions. */
  readonly qos: MqttQos;
  /** Told when the connection is usable (subscribed, before what was waiting is sent) and when it is lost; turns only. */
  readonly onSession?: (connected: boolean) => void;
  /** Asked before each connect. */
  readonly will?: () => MqttWill;
  /** True: refused credentials are retried like any other failure. False (default): before the first success they
   * make `open` reject. */
  readonly retryRefusal?: boolean;
  /** Seconds between pings, 1..65535, default 30. */
  readonly keepaliveSeconds?: number;
  /** First and longest pause before a reconnect, milliseconds; defaults and spread: reconnect-pause.ts. */
  readonly reconnectMsMin?: number;
  readonly reconnectMsMax?: number;
}

export interface PublishFlags {
  readonly qos: MqttQos;
  readonly retain?: boolean;
}

export class MqttConnectionError extends Error {
  readonly code: 'refused' | 'subscription-refused' | 'closed';
  constructor(code: MqttConnectionError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface Publication {
  readonly topic: string;
  readonly payload: Buffer;
  readonly flags: PublishFlags;
  readonly settle: (error?: MqttConnectionError) => void;
  /** Handed to the client since the last connect. */
  sent: boolean;
  attempted: boolean;
}

/** Wait for a peer that does not close its end after a DISCONNECT. */
const CLOSE_MS_MAX = 1000;
const SUBACK_FAILURE = 128;
const NOT_ACKNOWLEDGED = new Error('closed inside the handler');

/** The client's own store of what is in flight, switched off: see the head of this file. */
const NO_STORE = {
  put(_packet: unknown, done: () => void) {
    done();
    return NO_STORE;
  },
  del(packet: unknown, done: (error: null, packet: unknown) => void) {
    done(null, packet);
    return NO_STORE;
  },
  get(_packet: unknown, done: (error: Error) => void) {
    done(new Error('nothing is stored'));
    return NO_STORE;
  },
  createStream: () => Readable.from([]),
  close: (done: () => void) => done(),
} as unknown as NonNullable<IClientOptions['outgoingStore']>;

export class MqttConnection {
  readonly #options: MqttConnectionOptions;
  readonly #waiting = new Set<Publication>();
  #client: MqttClient | null = null;
  #release: () => void = () => {};
  #giveUpOpening: () => void = () => {};
  #releasePlanned = false;
  /** Connected, subscribed, and what was waiting has been sent. */
  #ready = false;
  #subscribed = false;
  #closed = false;
  #closing: Promise<void> | null = null;
  #connects = 0;
  #lastProblem: string | null = null;

  constructor(options: MqttConnectionOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#ready;
  }

  /** Times the broker accepted this connection. */
  get connects(): number {
    return this.#connects;
  }

  /** Why the last attempt failed or the connection ended; null when nothing has gone wrong yet. */
  get lastProblem(): string | null {
    return this.#lastProblem;
  }

  /** Publications that the broker has not acknowledged. */
  get unacknowledged(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when connected and subscribed for the first time, however long that takes. Rejects with
   * {@link MqttConnectionError} when the broker refuses the credentials or a subscription (unless `retryRefusal`), or
   * when `close` comes first. Call once. `onDelivery` is called for one delivery at a time, which is acknowledged when it
   * has returned; it must not throw.
   */
  open(onDelivery: (topic: string, payload: Uint8Array) => void): Promise<void> {
    invariant(this.#client === null, 'a connection is opened once');
    const options = this.#options;
    let failures = 0;
    const pauseMs = (): number =>
      reconnectPauseMs(options.clientId, failures, options.reconnectMsMin, options.reconnectMsMax);
    const clientOptions: IClientOptions = {
      clientId: options.clientId,
      username: options.username,
      password: options.password ?? undefined,
      clean: options.clean,
      keepalive: options.keepaliveSeconds ?? 30,
      protocolVersion: 4,
      reconnectPeriod: pauseMs(),
      reconnectOnConnackError: true,
      connectTimeout: 10_000,
      resubscribe: false,
      // A ping each keepalive period costs less than moving a timer at each acknowledgement.
      reschedulePings: false,
      // A cache of 65,536 two-byte buffers: 10 MB and 20 ms at the start, for nothing measurable.
      writeCache: false,
      queueQoSZero: false,
      outgoingStore: NO_STORE,
      log: () => {},
    };
    if (options.will !== undefined) clientOptions.will = willPacket(options.will());

    const client = new MqttClient(() => {
      const socket = connectBroker(options.url, options.caFingerprint ?? null);
      // The client keeps errors of TLS to itself.
      socket.on('error', (error) => {
        this.#lastProblem = error.message;
      });
      this.#release = gatherWrites(socket);
      return socket as never;
    }, clientOptions);
    this.#client = client;

    client.handleMessage = (packet, acknowledge) => {
      if (!this.#closed) onDelivery(packet.topic, packet.payload as Buffer);
      // An error here leaves the delivery unacknowledged and lets the client go on reading.
      acknowledge(this.#closed ? NOT_ACKNOWLEDGED : undefined);
    };

    return new Promise((resolve, reject) => {
      this.#giveUpOpening = () => reject(this.#closedError());
      const refuse = (error: MqttConnectionError): void => {
        if (options.retryRefusal === true || this.#connects > 1) return;
        reject(error);
        void this.close();
      };
      client.on('connect', (connack) => {
        this.#connects++;
        failures = 0;
        client.options.reconnectPeriod = pauseMs();
        if (connack.sessionPresent && this.#subscribed) {
          this.#resume();
          return;
        }
        this.#subscribe(client, resolve, refuse);
      });
      client.on('reconnect', () => {
        // Runs as an attempt begins: what is set here counts for the pause after it.
        failures++;
        client.options.reconnectPeriod = pauseMs();
        if (options.will !== undefined) client.options.will = willPacket(options.will());
      });
      client.on('close', () => {
        if (this.#ready) this.#lost();
        for (const publication of this.#waiting) publication.sent = false;
        // Callbacks of lost publications: their packet ids are used anew, and everything is sent again from #waiting.
        for (const id of Object.keys(client.outgoing)) delete client.outgoing[Number(id)];
      });
      client.on('error', (error) => {
        this.#lastProblem = error.message;
        const refused =
          'code' in error && typeof error.code === 'number' && error.message.startsWith('Connection refused');
        // 3 is "server unavailable": that passes.
        if (refused && error.code !== 3 && this.#connects === 0) {
          refuse(
            new MqttConnectionError('refused', `${options.url} refused ${options.clientId}: ${error.message}`, {
              cause: error,
            }),
          );
        }
      });
    });
  }

  #subscribe(client: MqttClient, resolve: () => void, refuse: (error: MqttConnectionError) => void): void {
    const { filters, qos } = this.#options;
    const done = (): void => {
      this.#subscribed = true;
      this.#resume();
      resolve();
    };
    if (filters.length === 0) {
      done();
      return;
    }
    client.subscribe([...filters], { qos }, (error, granted) => {
      if (error === null) {
        done();
        return;
      }
      this.#lastProblem = error.message;
      // A lost connection ends here as well: the next connect subscribes again.
      if (!granted?.some((grant) => grant.qos === SUBACK_FAILURE) && !error.message.startsWith('Subscribe error'))
        return;
      refuse(
        new MqttConnectionError(
          'subscription-refused',
          `${this.#options.url} refused a subscription of ${this.#options.clientId}`,
          { cause: error },
        ),
      );
    });
  }

  #resume(): void {
    if (this.#closed) return;
    this.#ready = true;
    this.#options.onSession?.(true);
    for (const publication of this.#waiting) this.#send(publication);
  }

  /**
   * Resolves when the broker has acknowledged (QoS 1) or the packet is written (QoS 0). While there is no connection it
   * waits; it rejects (`closed`) when the connection is closed before.
   */
  publish(topic: string, payload: Uint8Array | string, flags: PublishFlags): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      const publication: Publication = {
        topic,
        // A copy: the caller may use its bytes again at once, these may have to be sent again much later.
        payload: typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload),
        flags,
        sent: false,
        attempted: false,
        settle: (error) => {
          this.#waiting.delete(publication);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#waiting.add(publication);
      if (this.#ready) this.#send(publication);
    });
  }

  #send(publication: Publication): void {
    if (publication.sent) return;
    const dup = publication.attempted && publication.flags.qos > 0;
    publication.sent = true;
    publication.attempted = true;
    const { qos, retain = false } = publication.flags;
    this.#client?.publish(publication.topic, publication.payload, { qos, retain, dup }, (error) => {
      if (error === undefined || error === null) publication.settle();
      else publication.sent = false;
    });
    this.#releaseSoon();
  }

  /** What a handler publishes does not wait for the deliveries behind it: only acknowledgements may be gathered. */
  #releaseSoon(): void {
    if (this.#releasePlanned) return;
    this.#releasePlanned = true;
    process.nextTick(() => {
      this.#releasePlanned = false;
      this.#release();
    });
  }

  /**
   * Takes leave of the broker (no last will) and ends. A delivery whose handler is running stays unacknowledged.
   * Resolves when the socket is closed, at the latest after a second. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    if (this.#ready) this.#lost();
    this.#giveUpOpening();
    for (const publication of this.#waiting) publication.settle(this.#closedError());
    const client = this.#client;
    if (client === null) return;
    // The client would wait for acknowledgements; nobody here does any more.
    for (const id of Object.keys(client.outgoing)) delete client.outgoing[Number(id)];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => client.stream.destroy(), CLOSE_MS_MAX);
      client.end(!client.connected, () => {
        clearTimeout(timer);
        resolve();
      });
      process.nextTick(this.#release);
    });
  }

  #lost(): void {
    this.#ready = false;
    this.#options.onSession?.(false);
  }

  #closedError(): MqttConnectionError {
    return new MqttConnectionError('closed', `${this.#options.clientId} has left the broker`);
  }
}

function willPacket(will: MqttWill): NonNullable<IClientOptions['will']> {
  return { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: will.retain };
}
