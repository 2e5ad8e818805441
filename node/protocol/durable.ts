/**
 * What a node must not forget: rows in named tables, each an opaque JSON-able record under a key. The state machine
 * reads and writes them through `persist` effects only; a store keeps them without looking inside.
 * Source: R-16 (the paper's three tables; lock, streams and orders beside them are D-06).
 */
export const TABLES = ['wallets', 'requests', 'votes', 'locks', 'streams', 'orders'] as const;

export type Table = (typeof TABLES)[number];

/** A row put under its key, or removed (`record: null`). Keys of requests, votes and orders are arrival numbers. */
export interface Change {
  readonly table: Table;
  readonly key: string | number;
  readonly record: unknown | null;
}

/** A key and its record, in ascending order of key where keys are numbers. */
export type Rows = readonly (readonly [string | number, unknown])[];

/** All rows of a node, as a store loads them. */
export type DurableState = { readonly [T in Table]: Rows };

export const EMPTY_STATE: DurableState = { wallets: [], requests: [], votes: [], locks: [], streams: [], orders: [] };
