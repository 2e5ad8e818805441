/**
 * One accepted message on its way to its recipients: encoded once, each recipient gets the bytes with its own packet
 * id. It keeps nothing of the buffer it was read from.
 */
import type { TrafficClass } from './traffic.ts';

const PUBLISH_QOS0 = 0x30;
const PUBLISH_QOS1 = 0x32;
const DUP = 0x08;
const RETAIN = 0x01;

export interface Message {
  /** Client id that published it; the empty string for the broker itself. */
  readonly from: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
}

export class Parcel {
  readonly message: Message;
  readonly trafficClass: TrafficClass;
  /** It is a retained message, sent because of a new subscription. */
  readonly retain: boolean;
  #atMostOnce: Buffer | null = null;
  #atLeastOnce: Buffer | null = null;
  #idOffset = 0;

  constructor(message: Message, trafficClass: TrafficClass, retain = false) {
    this.message = message;
    this.trafficClass = trafficClass;
    this.retain = retain;
  }

  /** What the parcel counts for in a queue, bytes. */
  get bytes(): number {
    return this.message.payload.length + this.message.topic.length;
  }

  /** The PUBLISH packet of QoS 0; the same buffer for every recipient. */
  atMostOnce(): Buffer {
    this.#atMostOnce ??= this.#encode(0);
    return this.#atMostOnce;
  }

  /** A fresh PUBLISH packet of QoS 1 with this packet id, 1..65535. */
  atLeastOnce(id: number, duplicate: boolean): Buffer {
    this.#atLeastOnce ??= this.#encode(1);
    const packet = Buffer.allocUnsafe(this.#atLeastOnce.length);
    packet.set(this.#atLeastOnce);
    if (duplicate) packet[0] = packet[0]! | DUP;
    packet[this.#idOffset] = id >> 8;
    packet[this.#idOffset + 1] = id & 0xff;
    return packet;
  }

  #encode(qos: 0 | 1): Buffer {
    const { topic, payload } = this.message;
    const topicBytes = Buffer.byteLength(topic);
    const remaining = 2 + topicBytes + (qos === 1 ? 2 : 0) + payload.length;
    const length: number[] = [];
    for (let rest = remaining; ; rest >>= 7) {
      if (rest < 0x80) {
        length.push(rest);
        break;
      }
      length.push((rest & 0x7f) | 0x80);
    }
    const packet = Buffer.allocUnsafe(1 + length.length + remaining);
    packet[0] = (qos === 1 ? PUBLISH_QOS1 : PUBLISH_QOS0) | (this.retain ? RETAIN : 0);
    packet.set(length, 1);
    let at = 1 + length.length;
    at = packet.writeUInt16BE(topicBytes, at);
    at += packet.write(topic, at);
    if (qos === 1) {
      this.#idOffset = at;
      at = packet.writeUInt16BE(0, at);
    }
    packet.set(payload, at);
    return packet;
  }
}
