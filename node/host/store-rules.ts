/**
 * What every store does alike, whatever it keeps its rows in: which keys and records it takes, whether what it finds
 * is this node's, and how many service runs it remembers. sqlite-store.ts and memory-store.ts build on it.
 */
import type { Change, Table } from '../protocol/durable.ts';
import { invariant } from '../protocol/invariant.ts';
import { StoreError, type StoreIdentity } from './store.ts';

/** Service runs kept; older ones are dropped in the transaction that adds one. */
export const SERVICE_RUNS_MAX = 16;

/** `arrival`: integers that count up; `name`: text (a node, a wallet, a stream). Source: R-16. */
export const KEY_KINDS: { readonly [T in Table]: 'arrival' | 'name' } = {
  wallets: 'name',
  requests: 'arrival',
  votes: 'arrival',
  locks: 'name',
  streams: 'name',
  orders: 'arrival',
};

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The record of `change` as JSON, null where the row is to be removed. Throws on a key of the wrong kind or one that
 * is not well-formed Unicode (in UTF-8 two such keys could become one), and on a record that JSON cannot carry: rows
 * come from the core, so any of these is a bug of ours.
 */
export function recordText({ table, key, record }: Change): string | null {
  if (KEY_KINDS[table] === 'arrival') {
    invariant(Number.isSafeInteger(key), () => `a key of ${table} is a safe integer, got ${JSON.stringify(key)}`);
  } else {
    const wellFormed = typeof key === 'string' && !LONE_SURROGATE.test(key);
    invariant(wellFormed, () => `a key of ${table} is well-formed text, got ${JSON.stringify(key)}`);
  }
  if (record === null) return null;
  const text: string | undefined = JSON.stringify(record);
  invariant(text !== undefined, () => `the record of ${table} ${key} is JSON, got ${typeof record}`);
  return text;
}

const IDENTITY_NAMES: { readonly [K in keyof StoreIdentity]: string } = {
  self: 'node',
  schema: 'schema of the records',
  configurationHash: 'hash of the configuration',
};

/** Throws `identity-mismatch` naming everything in which `found`, read from `place`, differs from `expected`. */
export function requireIdentity(
  place: string,
  expected: StoreIdentity,
  found: { readonly [K in keyof StoreIdentity]?: unknown },
): void {
  const differences = (Object.keys(IDENTITY_NAMES) as (keyof StoreIdentity)[])
    .filter((name) => expected[name] !== found[name])
    .map(
      (name) =>
        `${IDENTITY_NAMES[name]}: expected ${JSON.stringify(expected[name])}, found ${JSON.stringify(found[name]) ?? 'nothing'}`,
    );
  if (differences.length === 0) return;
  throw new StoreError(
    'identity-mismatch',
    `${place} was written by another node or under another configuration: ${differences.join('; ')}. ` +
      'Start the node as it was when it wrote this, or give it an empty place: its wallets then begin anew.',
  );
}
