/**
 * Everything that a broker knows and another one needs to go on in its place, as plain data (JSON): sessions with their
 * subscriptions and queues, what was sent and not acknowledged with its packet ids, retained messages, copies that link
 * rules have under way. A payload that many queues hold is here once.
 *
 * Times are of the machine's monotonic clock, which all its processes and containers share. Sessions that end with their
 * connection are left out, and so is what clients of QoS 2 have begun: theirs may be delivered twice.
 */
import type { KeptSession } from './fan-out.ts';
import type { LinkState } from './link-rules.ts';
import { type Message, Parcel } from './parcel.ts';
import { trafficClass } from './traffic.ts';

export interface FabricSnapshot {
  /** Payload in base64. */
  readonly parcels: readonly (readonly [from: string, topic: string, payload: string, qos: 0 | 1, retain: boolean])[];
  readonly sessions: readonly KeptSession[];
  /** Places in `parcels`. */
  readonly retained: readonly number[];
  readonly delayed: readonly (readonly [to: string, parcel: number, granted: 0 | 1, dueMs: number])[];
}

/** What a broker begins with. */
export interface FabricBeginning {
  readonly snapshot: FabricSnapshot | null;
  /** Of the broker before it: rules that are in force in both go on as they were. */
  readonly links: LinkState | null;
}

/** Gives each parcel its place in a list. */
export class ParcelList {
  readonly #places = new Map<Parcel, number>();

  readonly place = (parcel: Parcel): number => {
    const known = this.#places.get(parcel);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(parcel, place);
    return place;
  };

  written(): FabricSnapshot['parcels'] {
    return Array.from(this.#places.keys(), ({ message: { from, topic, payload, qos }, retain }) => [
      from,
      topic,
      Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('base64'),
      qos,
      retain,
    ]);
  }
}

/** `prefix`: of the lab's topics. */
export function readParcels(written: FabricSnapshot['parcels'], prefix: string): readonly Parcel[] {
  return written.map(([from, topic, payload, qos, retain]) => {
    const message: Message = { from, topic, payload: Buffer.from(payload, 'base64'), qos };
    return new Parcel(message, trafficClass(prefix, topic), retain);
  });
}
