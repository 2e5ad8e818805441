/**
 * The fabric over MQTT 3.1.1: QoS 1 and a persistent session per seat by default.
 *
 * The sender of a delivery is the <node> level of its topic, since the broker lets nobody else publish there; the
 * payload is not consulted. A node hears its own messages from the fabric, in the place the broker's order gives them:
 * there is no local echo. Both are what the readings of the protocol build on.
 */
import type { Channel } from '../protocol/message.ts';
import { type Canary, encodeCanary, readCanary } from './canary.ts';
import { canaryTopic, channelTopic, labPrefix, nodeFilters, parseFabricTopic, peerTopic } from './fabric-topics.ts';
import { MqttConnection, type MqttQos } from './mqtt-connection.ts';
import type { Delivery, Transport } from './transport.ts';

export interface MqttTransportOptions {
  /** `mqtt://host:port` of the broker. */
  readonly url: string;
  readonly lab: string;
  /** Unique place in the lab: client id and user name, and so the session. */
  readonly seat: string;
  /** Identity that this seat publishes under. Twins share one. */
  readonly node: string;
  /** Null: none is sent. */
  readonly password: string | null;
  /** See MqttConnectionOptions. */
  readonly caFingerprint?: string | null;
  /** Default 1. With 0 nothing is acknowledged or delivered again. */
  readonly qos?: MqttQos;
  /** False (default): the broker keeps what arrives while the seat is away. */
  readonly clean?: boolean;
  /** Told when the fabric comes and goes. */
  readonly onSession?: (connected: boolean) => void;
  /** Told of each canary that arrives, the own ones included. Must not throw. */
  readonly onCanary?: (canary: Canary) => void;
  readonly keepaliveSeconds?: number;
  readonly reconnectMsMin?: number;
  readonly reconnectMsMax?: number;
}

interface Origin {
  readonly sender: string;
  readonly channel: Channel | 'canary';
}

/** Topics remembered with what they mean; a lab has two per node and those of its peer messages. */
const ORIGINS_MAX = 4096;

export class MqttTransport implements Transport {
  readonly #options: MqttTransportOptions;
  readonly #qos: MqttQos;
  readonly #prefix: string;
  readonly #origins = new Map<string, Origin | null>();
  readonly #connection: MqttConnection;
  #malformedTopics = 0;
  #malformedCanaries = 0;

  constructor(options: MqttTransportOptions) {
    this.#options = options;
    this.#qos = options.qos ?? 1;
    this.#prefix = labPrefix(options.lab);
    this.#connection = new MqttConnection({
      url: options.url,
      clientId: options.seat,
      username: options.seat,
      password: options.password,
      caFingerprint: options.caFingerprint ?? null,
      clean: options.clean ?? false,
      filters: nodeFilters(options.lab, options.node),
      qos: this.#qos,
      onSession: options.onSession,
      keepaliveSeconds: options.keepaliveSeconds,
      reconnectMsMin: options.reconnectMsMin,
      reconnectMsMax: options.reconnectMsMax,
    });
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  /** Deliveries dropped because their topic is none of the fabric's, or is addressed to somebody else. */
  get malformedTopics(): number {
    return this.#malformedTopics;
  }

  /** Canaries whose payload was none. */
  get malformedCanaries(): number {
    return this.#malformedCanaries;
  }

  /** Times the connection was made again after the first. */
  get reconnects(): number {
    return Math.max(0, this.#connection.connects - 1);
  }

  /** Why the last attempt to connect failed; null when nothing has gone wrong yet. */
  get lastProblem(): string | null {
    return this.#connection.lastProblem;
  }

  /**
   * See {@link Transport.attach}. Waits for a broker that is not there yet; rejects with MqttConnectionError `refused`
   * when it does not accept seat and password, `closed` when `close` comes first. Call once.
   */
  attach(handler: (delivery: Delivery) => void): Promise<void> {
    return this.#connection.open((topic, payload) => {
      const origin = this.#origin(topic);
      if (origin === null) this.#malformedTopics++;
      else if (origin.channel === 'canary') this.#canary(payload);
      else handler({ sender: origin.sender, channel: origin.channel, payload });
    });
  }

  #canary(payload: Uint8Array): void {
    const canary = readCanary(payload);
    if (canary === null) this.#malformedCanaries++;
    else this.#options.onCanary?.(canary);
  }

  #origin(topic: string): Origin | null {
    const known = this.#origins.get(topic);
    if (known !== undefined) return known;
    const parsed = parseFabricTopic(this.#prefix, topic);
    let origin: Origin | null = null;
    if (parsed?.kind === 'channel' || (parsed?.kind === 'peer' && parsed.to === this.#options.node)) {
      origin = { sender: parsed.node, channel: parsed.channel };
    } else if (parsed?.kind === 'canary') {
      origin = { sender: parsed.node, channel: 'canary' };
    }
    if (this.#origins.size >= ORIGINS_MAX) this.#origins.clear();
    this.#origins.set(topic, origin);
    return origin;
  }

  /** See {@link Transport.publish}. Before `attach` it waits; it rejects when the transport is closed first. */
  publish(channel: Channel, payload: Uint8Array): Promise<void> {
    return this.#publish(channelTopic(this.#options.lab, this.#options.node, channel), payload);
  }

  send(to: string, channel: Channel, payload: Uint8Array): Promise<void> {
    return this.#publish(peerTopic(this.#options.lab, this.#options.node, to, channel), payload);
  }

  /** To any topic below the node's own identity, e.g. that of a device: what a purchased service does. QoS 1. */
  publishTopic(topic: string, payload: Uint8Array | string): Promise<void> {
    return this.#connection.publish(topic, payload, { qos: 1 });
  }

  /** Sends a canary to all, as any message is sent. */
  publishCanary(id: string): Promise<void> {
    const { lab, node, seat } = this.#options;
    return this.#publish(canaryTopic(lab, node), encodeCanary({ id, seat }));
  }

  #publish(topic: string, payload: Uint8Array | string): Promise<void> {
    return this.#connection.publish(topic, payload, { qos: this.#qos });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
