/**
 * What the `boot` line says of the rows that a life begins with, so that the record alone is enough to drive a core
 * through it again: a fingerprint of all of them, and which publications the fabric had not taken. A crash between a
 * commit and its lines loses lines and no state; by the fingerprint that shows, whichever rows it was.
 *
 * Arrival numbers are left out: they are a database's own. A row's message is named by the request's id, which is a
 * hash of its fields.
 */
import { hash } from 'node:crypto';
import type { DurableState, Rows } from '../protocol/durable.ts';
import type { VoteLock } from '../protocol/ledger-node.ts';
import type { Request, Vote } from '../protocol/message.ts';
import type { OrderRow } from '../protocol/own-orders.ts';
import type { RequestRow } from '../protocol/pending-requests.ts';
import type { VoteRow } from '../protocol/tally.ts';

export interface DurableRecord {
  /** First 16 hexadecimal digits of SHA-256. */
  readonly rows: string;
  readonly unacknowledged: {
    /** Requesters of the sealed votes whose delivery nobody has confirmed. */
    readonly votes: readonly string[];
    /** Ids of the orders whose request nobody has confirmed. */
    readonly orders: readonly string[];
  };
}

/** Of the paper family's rows. */
export function recordOfRows(durable: DurableState): DurableRecord {
  const locks = named(durable.locks).map(([requester, row]) => ({ requester, lock: row as VoteLock<Request, Vote> }));
  const orders = arrived(durable.orders).map((row) => row as OrderRow<Request>);
  return {
    rows: fingerprint(durable, locks, orders),
    unacknowledged: {
      votes: locks.filter(({ lock }) => lock.sealed && !lock.acknowledged).map(({ requester }) => requester),
      orders: orders.filter((row) => wasSent(row) && !row.acknowledged).map(({ orderId }) => orderId),
    },
  };
}

/** Its request was published at least once. */
export function wasSent({ phase }: OrderRow<Request>): boolean {
  return phase === 'sent' || phase === 'done';
}

function fingerprint(
  durable: DurableState,
  locks: readonly { readonly requester: string; readonly lock: VoteLock<Request, Vote> }[],
  orders: readonly OrderRow<Request>[],
): string {
  const rows = [
    named(durable.wallets),
    arrived(durable.requests).map((row) => {
      const { request, life } = row as RequestRow<Request>;
      return [request.id, request.nonce, life];
    }),
    arrived(durable.votes).map((row) => {
      const { vote, life } = row as VoteRow<Vote>;
      return [vote.voter, vote.requester, vote.slot, vote.requestId, vote.remainingUnits, vote.nonce, life];
    }),
    locks.map(({ requester, lock: { slot, requestId, vote, sealed, acknowledged } }) => [
      ...[requester, slot, requestId, vote.remainingUnits, sealed, acknowledged],
      sealed ? vote.nonce : null,
    ]),
    named(durable.streams),
    orders.map(({ orderId, service, priceDcoins, mode, phase, request, acknowledged }) => [
      ...[orderId, service, priceDcoins, mode, phase, request?.id ?? null, acknowledged],
    ]),
  ];
  return hash('sha256', JSON.stringify(rows), 'hex').slice(0, 16);
}

function named(rows: Rows): [string, unknown][] {
  const pairs = rows.map(([key, record]): [string, unknown] => [String(key), record]);
  return pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function arrived(rows: Rows): unknown[] {
  return [...rows].sort(([a], [b]) => Number(a) - Number(b)).map(([, record]) => record);
}
