/**
 * Orders to buy that a node has been given, from acceptance to decision, and the last few that are done, so that an
 * order delivered twice buys once. Rows are durable from the moment the order is accepted. Source: R-19.
 */
import type { RequestHead } from './message.ts';
import type { Order } from './step.ts';

export interface OrderRow<R extends RequestHead> extends Order {
  /** Arrival number, unique within the node. */
  readonly key: number;
  /** `queued` until it can be paid, `sealing` while its work is sought, `sent` until decided, then `done`. */
  readonly phase: 'queued' | 'sealing' | 'sent' | 'done';
  /** The request as drafted (`sealing`) or sent; null while queued. */
  readonly request: R | null;
  readonly acknowledged: boolean;
}

/** Done orders that are remembered. */
const DONE_MAX = 16;

export class OwnOrders<R extends RequestHead> {
  readonly #rows = new Map<number, OrderRow<R>>();
  #queued = 0;

  put(row: OrderRow<R>): void {
    this.#queued += (row.phase === 'queued' ? 1 : 0) - (this.#rows.get(row.key)?.phase === 'queued' ? 1 : 0);
    this.#rows.set(row.key, row);
  }

  get(key: number): OrderRow<R> | undefined {
    return this.#rows.get(key);
  }

  rows(): OrderRow<R>[] {
    return [...this.#rows.values()];
  }

  byOrderId(orderId: string): OrderRow<R> | undefined {
    for (const row of this.#rows.values()) if (row.orderId === orderId) return row;
    return undefined;
  }

  /** The oldest order that waits to be issued. */
  firstQueued(): OrderRow<R> | undefined {
    if (this.#queued === 0) return undefined;
    for (const row of this.#rows.values()) if (row.phase === 'queued') return row;
    return undefined;
  }

  /** Orders under way for `slot`. */
  openFor(slot: string): OrderRow<R>[] {
    const rows: OrderRow<R>[] = [];
    for (const row of this.#rows.values()) {
      if (row.request?.slot === slot && (row.phase === 'sealing' || row.phase === 'sent')) rows.push(row);
    }
    return rows;
  }

  /** Removes and returns the done rows beyond the last 16. */
  dropOldDone(): OrderRow<R>[] {
    const done = [...this.#rows.values()].filter((row) => row.phase === 'done');
    const old = done.slice(0, Math.max(0, done.length - DONE_MAX));
    for (const row of old) this.#rows.delete(row.key);
    return old;
  }
}
