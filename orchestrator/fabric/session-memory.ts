/**
 * The persistence that aedes asks for, over fan-out.ts: in memory, gone with the broker's process. Queues and
 * subscriptions live in the sessions there, so most of what aedes wants stored is nothing to do here.
 *
 * Last wills are not kept either: the process that holds the connection also publishes them.
 */
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FanOut } from './fan-out.ts';

interface ClientOfAedes {
  readonly id: string;
  readonly clean: boolean;
  readonly conn: Socket;
}

interface PacketOfAedes {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly messageId: number;
  readonly clientId?: string;
}

export class SessionMemory {
  readonly #fanOut: FanOut;
  /** QoS 2 publishes on their way in, by client; aedes bounds their number. */
  readonly #incoming = new Map<string, Map<number, PacketOfAedes>>();

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut;
  }

  async setup(): Promise<void> {}
  async destroy(): Promise<void> {}

  async storeRetained(packet: PacketOfAedes): Promise<void> {
    const { topic, payload, qos, clientId = '' } = packet;
    this.#fanOut.retain({ from: clientId, topic, payload, qos: qos === 0 ? 0 : 1 });
  }

  /** Retained messages reach a subscriber through its outbox, which owns the packet ids. */
  createRetainedStream(): Readable {
    return Readable.from([]);
  }

  createRetainedStreamCombi(): Readable {
    return Readable.from([]);
  }

  /** Both are done where the subscription is allowed (embedded-broker.ts), for clean clients as well. */
  async addSubscriptions(): Promise<void> {}
  async removeSubscriptions(): Promise<void> {}

  async subscriptionsByClient(client: { readonly id: string }): Promise<{ topic: string; qos: 0 | 1 }[]> {
    return [...this.#fanOut.resume(client.id)];
  }

  async cleanSubscriptions(client: ClientOfAedes): Promise<void> {
    this.#fanOut.discard(client.id);
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    const away = this.#fanOut.views().filter((session) => !session.connected);
    return { subsCount: 0, clientsCount: away.length };
  }

  /** Nobody: the recipients are found in one place, when the message is emitted. */
  async subscriptionsByTopic(): Promise<never[]> {
    return [];
  }

  async outgoingEnqueue(): Promise<void> {}
  async outgoingEnqueueCombi(): Promise<void> {}
  async outgoingUpdate(): Promise<void> {}

  async outgoingClearMessageId(client: ClientOfAedes, packet: PacketOfAedes): Promise<void> {
    this.#fanOut.acknowledge(client.id, packet.messageId);
  }

  /** aedes asks for what is kept for a client when it has answered its CONNECT: the moment to let it flow. */
  outgoingStream(client: ClientOfAedes): Readable {
    this.#fanOut.attach(client.id, client.clean, client, client.conn);
    return Readable.from([]);
  }

  async incomingStorePacket(client: ClientOfAedes, packet: PacketOfAedes): Promise<void> {
    let packets = this.#incoming.get(client.id);
    if (packets === undefined) {
      packets = new Map();
      this.#incoming.set(client.id, packets);
    }
    packets.set(packet.messageId, packet);
  }

  async incomingGetPacket(client: ClientOfAedes, packet: PacketOfAedes): Promise<PacketOfAedes> {
    const found = this.#incoming.get(client.id)?.get(packet.messageId);
    if (found === undefined) throw new Error('no such packet');
    return found;
  }

  async incomingDelPacket(client: ClientOfAedes, packet: PacketOfAedes): Promise<void> {
    if (this.#incoming.get(client.id)?.delete(packet.messageId) !== true) throw new Error('no such packet');
  }

  async cleanIncoming(client: ClientOfAedes): Promise<void> {
    this.#incoming.delete(client.id);
  }

  async putWill(): Promise<void> {}
  async getWill(): Promise<undefined> {
    return undefined;
  }
  async delWill(): Promise<undefined> {
    return undefined;
  }
  streamWill(): Readable {
    return Readable.from([]);
  }

  getClientList(): Readable {
    return Readable.from([]);
  }
}
