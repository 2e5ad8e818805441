/**
 * The requests a node has stored and not used yet (the paper's table of Request Transactions), in order of arrival.
 * Source. It holds rows; which of them is acceptable is asked elsewhere.
 */
import type { RequestHead } from './message.ts';

export interface RequestRow<R extends RequestHead> {
  /** Arrival number, unique within the node. */
  readonly key: number;
  readonly request: R;
  /** Requests of the same requester this row still survives; 0 where rows do not age. */
  readonly life: number;
}

export class PendingRequests<R extends RequestHead> {
  readonly #rows = new Map<number, RequestRow<R>>();

  get size(): number {
    return this.#rows.size;
  }

  /** In order of arrival; rows may be removed while iterating. */
  rows(): IterableIterator<RequestRow<R>> {
    return this.#rows.values();
  }

  put(row: RequestRow<R>): void {
    this.#rows.set(row.key, row);
  }

  remove(row: RequestRow<R>): void {
    this.#rows.delete(row.key);
  }

  of(requester: string): RequestRow<R>[] {
    if (this.#rows.size === 0) return [];
    return [...this.#rows.values()].filter((row) => row.request.requester === requester);
  }

  find(requester: string, slot: string): RequestRow<R> | undefined {
    for (const row of this.#rows.values()) {
      if (row.request.slot === slot && row.request.requester === requester) return row;
    }
    return undefined;
  }
}
