/**
 * What of a simulated node outlives its process: the rows that it has committed, and nothing else. A restart with the
 * database kept finds all of them, one with the database lost none, one that was rolled back those of an earlier
 * moment.
 *
 * Records are kept as they were committed, by reference, since no core changes a record it has handed out, and copied
 * through JSON when they are loaded, as a real database would: the next life shares nothing with the one before.
 */
import { type Change, type DurableState, type Rows, TABLES, type Table } from '../protocol/durable.ts';
import { invariant } from '../protocol/invariant.ts';

type Key = string | number;

interface Undo {
  readonly table: Table;
  readonly key: Key;
  /** Undefined: there was none. */
  readonly record: unknown;
}

export class VirtualDisk {
  readonly #rollbackMax: number;
  #tables: { readonly [T in Table]: Map<Key, unknown> } = emptyTables();
  /** Of the last transactions, the newest last. */
  #undo: Undo[][] = [];
  #commits = 0;

  /** `rollbackMax`: transactions that can be taken back, 0 or more. */
  constructor(rollbackMax = 0) {
    this.#rollbackMax = rollbackMax;
  }

  /** No row is on it. */
  get empty(): boolean {
    return TABLES.every((table) => this.#tables[table].size === 0);
  }

  /** Transactions since the beginning, lost ones included. */
  get commits(): number {
    return this.#commits;
  }

  /** One transaction: all of it, at once. */
  commit(changes: readonly Change[]): void {
    this.#commits++;
    const undo: Undo[] | null = this.#rollbackMax > 0 ? [] : null;
    for (const { table, key, record } of changes) {
      const rows = this.#tables[table];
      undo?.push({ table, key, record: rows.get(key) });
      if (record === null) rows.delete(key);
      else rows.set(key, record);
    }
    if (undo === null) return;
    this.#undo.push(undo);
    if (this.#undo.length > this.#rollbackMax) this.#undo.shift();
  }

  load(): DurableState {
    const { wallets, requests, votes, locks, streams, orders } = this.#tables;
    return {
      wallets: rowsOf(wallets),
      requests: rowsOf(requests),
      votes: rowsOf(votes),
      locks: rowsOf(locks),
      streams: rowsOf(streams),
      orders: rowsOf(orders),
    };
  }

  /** Everything is gone. */
  lose(): void {
    this.#tables = emptyTables();
    this.#undo = [];
  }

  /** Takes the last transactions back, as a database that was restored from an older copy; at most `rollbackMax`. */
  rollBack(transactions: number): void {
    invariant(transactions <= this.#undo.length, () => `${this.#undo.length} transactions can be taken back`);
    for (let i = 0; i < transactions; i++) {
      for (const { table, key, record } of this.#undo.pop()!.reverse()) {
        if (record === undefined) this.#tables[table].delete(key);
        else this.#tables[table].set(key, record);
      }
    }
  }
}

function emptyTables(): { readonly [T in Table]: Map<Key, unknown> } {
  return {
    wallets: new Map(),
    requests: new Map(),
    votes: new Map(),
    locks: new Map(),
    streams: new Map(),
    orders: new Map(),
  };
}

function rowsOf(table: ReadonlyMap<Key, unknown>): Rows {
  return [...table]
    .sort(([a], [b]) => (typeof a === 'number' && typeof b === 'number' ? a - b : compareTexts(String(a), String(b))))
    .map(([key, record]) => [key, JSON.parse(JSON.stringify(record))]);
}

/** By code units: for the names of nodes the same as by bytes of UTF-8. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
