/**
 * What one session still has to get: the queue of a seat, connected or not. It sends in the order of arrival, holds
 * back when the client does not acknowledge or its socket does not drain, and never makes anybody else wait.
 *
 * Bounds: packets in flight, bytes in the socket, messages and bytes in the queue. Beyond the queue's bound the newest
 * message is dropped and counted. QoS 0 is never kept for a session that is away.
 */
import type { Socket } from 'node:net';
import type { Parcel } from './parcel.ts';
import type { TrafficCounters } from './traffic.ts';

export interface OutboxLimits {
  /** Messages and bytes kept for one session. */
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
  /** QoS 1 packets sent and not acknowledged, 1..65535. */
  readonly inFlightMax: number;
  /** Bytes handed to the socket and not yet taken by the system. */
  readonly socketBytesMax: number;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  queueMessagesMax: 100_000,
  queueBytesMax: 64 * 1024 * 1024,
  inFlightMax: 4096,
  socketBytesMax: 1024 * 1024,
};

interface Waiting {
  readonly parcel: Parcel;
  readonly qos: 0 | 1;
  /** Packet id it was sent with before; 0 for the first time. */
  readonly id: number;
}

/** What an outbox holds, as plain data; `P` stands for a parcel. */
export interface KeptOutbox<P> {
  /** Packet id that was given out last. */
  readonly lastId: number;
  /** By packet id, in the order in which they were sent. */
  readonly inFlight: readonly (readonly [id: number, parcel: P])[];
  /** `id`: with which it was sent before; 0: never. */
  readonly waiting: readonly (readonly [parcel: P, qos: 0 | 1, id: number])[];
}

const PACKET_ID_MAX = 65_535;
/** Places freed at the head of the queue before it is moved. */
const COMPACT_AT = 1024;

export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #counters: TrafficCounters;
  readonly #inFlight = new Map<number, Parcel>();
  #waiting: Waiting[] = [];
  #head = 0;
  #waitingBytes = 0;
  #lastId = 0;
  #socket: Socket | null = null;
  readonly #pump = (): void => this.#send();

  constructor(limits: OutboxLimits, counters: TrafficCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  get connected(): boolean {
    return this.#socket !== null && !this.#socket.destroyed;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** From now on `socket` gets what is here: first, again, what the session before it did not acknowledge. */
  attach(socket: Socket): void {
    this.detach();
    this.#socket = socket;
    const again = Array.from(this.#inFlight, ([id, parcel]): Waiting => ({ parcel, qos: 1, id }));
    this.#inFlight.clear();
    for (const { parcel } of again) this.#waitingBytes += parcel.bytes;
    this.#waiting = again.concat(this.#waiting.slice(this.#head));
    this.#head = 0;
    socket.on('drain', this.#pump);
    this.#send();
  }

  detach(): void {
    this.#socket?.off('drain', this.#pump);
    this.#socket = null;
  }

  /** One more message. `qos`: the lower of the message's and the subscription's. */
  offer(parcel: Parcel, qos: 0 | 1): void {
    if (this.waiting === 0 && this.#open()) {
      this.#write(parcel, qos, 0);
      return;
    }
    if (qos === 0 && !this.connected) {
      this.#counters.dropped.unsent++;
      return;
    }
    const full =
      this.waiting >= this.#limits.queueMessagesMax || this.#waitingBytes + parcel.bytes > this.#limits.queueBytesMax;
    if (full) {
      this.#counters.dropped['queue-full']++;
      return;
    }
    this.#waiting.push({ parcel, qos, id: 0 });
    this.#waitingBytes += parcel.bytes;
  }

  /** PUBACK. An id that is not in flight is ignored. */
  acknowledge(id: number): void {
    if (this.#inFlight.delete(id) && this.waiting > 0) this.#send();
  }

  /** For another process, which goes on with `restore`. `place`: where a parcel is kept. */
  keep<P>(place: (parcel: Parcel) => P): KeptOutbox<P> {
    return {
      lastId: this.#lastId,
      inFlight: Array.from(this.#inFlight, ([id, parcel]) => [id, place(parcel)]),
      waiting: this.#waiting.slice(this.#head).map(({ parcel, qos, id }) => [place(parcel), qos, id]),
    };
  }

  /** Holds what another one kept, in the same order; what was in flight is sent again with its id. Only when empty. */
  restore({ lastId, inFlight, waiting }: KeptOutbox<number>, parcels: readonly Parcel[]): void {
    this.#lastId = lastId;
    for (const [id, place] of inFlight) this.#inFlight.set(id, parcels[place]!);
    this.#waiting = waiting.map(([place, qos, id]) => ({ parcel: parcels[place]!, qos, id }));
    this.#waitingBytes = this.#waiting.reduce((sum, { parcel }) => sum + parcel.bytes, 0);
  }

  #open(): boolean {
    const socket = this.#socket;
    return (
      socket !== null &&
      !socket.destroyed &&
      this.#inFlight.size < this.#limits.inFlightMax &&
      socket.writableLength < this.#limits.socketBytesMax
    );
  }

  #send(): void {
    while (this.waiting > 0 && this.#open()) {
      const { parcel, qos, id } = this.#waiting[this.#head]!;
      this.#head++;
      if (this.#head >= COMPACT_AT && this.#head * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#head);
        this.#head = 0;
      }
      this.#waitingBytes -= parcel.bytes;
      this.#write(parcel, qos, id);
    }
    if (this.waiting === 0 && this.#head > 0) {
      this.#waiting = [];
      this.#head = 0;
    }
  }

  #write(parcel: Parcel, qos: 0 | 1, sentAs: number): void {
    const socket = this.#socket!;
    // Gathers what follows in this turn of the event loop (gathered-writes.ts).
    socket.cork();
    if (qos === 0) {
      socket.write(parcel.atMostOnce());
    } else {
      const id = sentAs === 0 ? this.#freeId() : sentAs;
      this.#inFlight.set(id, parcel);
      socket.write(parcel.atLeastOnce(id, sentAs !== 0));
    }
    if (sentAs !== 0) {
      this.#counters.redelivered++;
      return;
    }
    const count = this.#counters.delivered[parcel.trafficClass];
    count.messages++;
    count.payloadBytes += parcel.message.payload.length;
  }

  /** There is one: fewer are in flight than there are ids. */
  #freeId(): number {
    do {
      this.#lastId = (this.#lastId % PACKET_ID_MAX) + 1;
    } while (this.#inFlight.has(this.#lastId));
    return this.#lastId;
  }
}
