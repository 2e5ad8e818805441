/**
 * The fabric in memory: one total order, loop-back, a queue per seat that outlives its transport, redelivery of what
 * was not acknowledged. For tests and for running many nodes in one process; it authenticates nobody, and every seat
 * publishes under the identity it was made with.
 *
 * Delivery is asynchronous and deterministic: each turn gives every attached seat its next payload, in the order in
 * which the seats were first seen, until all queues are empty.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Channel } from '../protocol/message.ts';
import type { Delivery, Transport } from './transport.ts';

interface Seat {
  readonly node: string;
  readonly queue: Delivery[];
  /** The transport that speaks for the seat now, and what it does with a delivery. */
  attached: { readonly transport: InProcessTransport; readonly handler: (delivery: Delivery) => void } | null;
}

export class InProcessFabric {
  readonly #seats = new Map<string, Seat>();
  readonly #schedule: (run: () => void) => void;
  #running = false;

  /** `schedule` puts the next turn off; by default `setImmediate`. */
  constructor(schedule: (run: () => void) => void = setImmediate) {
    this.#schedule = schedule;
  }

  /** A transport for `seat`, which speaks as `node`. A second one for a seat takes over when it attaches. */
  transport(seat: string, node: string = seat): InProcessTransport {
    return new InProcessTransport(this, seat, node);
  }

  /** Payloads that a seat has not acknowledged; 0 for a seat that never attached. */
  waiting(seat: string): number {
    return this.#seats.get(seat)?.queue.length ?? 0;
  }

  attach(seat: string, node: string, transport: InProcessTransport, handler: (delivery: Delivery) => void): void {
    const known = this.#seats.get(seat);
    invariant(
      known === undefined || known.node === node,
      () => `seat ${seat} speaks as ${known?.node}, not as ${node}`,
    );
    if (known === undefined) this.#seats.set(seat, { node, queue: [], attached: { transport, handler } });
    else known.attached = { transport, handler };
    this.#start();
  }

  detach(seat: string, transport: InProcessTransport): void {
    const known = this.#seats.get(seat);
    if (known?.attached?.transport === transport) known.attached = null;
  }

  speaksFor(seat: string, transport: InProcessTransport): boolean {
    return this.#seats.get(seat)?.attached?.transport === transport;
  }

  /** `to`: one identity, null for all. `taken` is called in a later turn, as an acknowledgement would come. */
  take(sender: string, to: string | null, channel: Channel, payload: Uint8Array, taken: () => void): void {
    for (const seat of this.#seats.values()) {
      // A copy each, as on a wire: no receiver sees what another one does to its bytes.
      if (to === null || to === seat.node) seat.queue.push({ sender, channel, payload: payload.slice() });
    }
    this.#start();
    this.#schedule(taken);
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule(() => this.#turn());
  }

  #turn(): void {
    let delivered = false;
    // Whatever a handler throws, the next turn comes.
    this.#running = false;
    for (const seat of this.#seats.values()) {
      const { attached } = seat;
      const delivery = seat.queue[0];
      if (attached === null || delivery === undefined) continue;
      delivered = true;
      this.#start();
      attached.handler({ ...delivery, payload: delivery.payload.slice() });
      // Acknowledged, unless the handler detached or was replaced: then it is delivered again.
      if (seat.attached === attached) seat.queue.shift();
    }
    if (delivered) this.#start();
  }
}

export class InProcessTransport implements Transport {
  readonly #fabric: InProcessFabric;
  readonly #seat: string;
  readonly #node: string;
  readonly #early: (() => void)[] = [];
  #closed = false;

  constructor(fabric: InProcessFabric, seat: string, node: string) {
    this.#fabric = fabric;
    this.#seat = seat;
    this.#node = node;
  }

  get connected(): boolean {
    return this.#fabric.speaksFor(this.#seat, this);
  }

  async attach(handler: (delivery: Delivery) => void): Promise<void> {
    this.#fabric.attach(this.#seat, this.#node, this, handler);
    for (const publish of this.#early.splice(0)) publish();
  }

  publish(channel: Channel, payload: Uint8Array): Promise<void> {
    return this.#take(null, channel, payload);
  }

  send(to: string, channel: Channel, payload: Uint8Array): Promise<void> {
    return this.#take(to, channel, payload);
  }

  /** Before `attach` it waits; it rejects when the transport is closed first. */
  #take(to: string | null, channel: Channel, payload: Uint8Array): Promise<void> {
    const bytes = payload.slice();
    return new Promise((resolve, reject) => {
      const publish = (): void => {
        if (this.#closed) {
          reject(new Error(`${this.#seat} has left the fabric`));
          return;
        }
        this.#fabric.take(this.#node, to, channel, bytes, resolve);
      };
      if (this.#closed || this.connected) publish();
      else this.#early.push(publish);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#fabric.detach(this.#seat, this);
    for (const publish of this.#early.splice(0)) publish();
  }
}
