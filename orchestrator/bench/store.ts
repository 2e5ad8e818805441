/**
 * What a durable step costs: commits of three rows, as a node makes them for a vote that it hears or casts (a wallet,
 * a vote, and the removal of an old one), into a real file. Durability `power` waits for the disk at each commit, so
 * the rate of bare synced writes to the same disk stands beside it.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Durability, SqliteStore } from '../../node/host/sqlite-store.ts';
import type { Change } from '../../node/protocol/durable.ts';
import type { Figure } from './codec.ts';

const RUNS = 5;
const COMMITS_PER_RUN: { readonly [D in Durability]: number } = { process: 10_000, power: 1000 };
/** Rows that stay: votes are removed this many commits after they were put. */
const VOTES_KEPT = 64;
const PAGES_PER_COMMIT = 3;
const WAL_FRAME_BYTES = 4096 + 24;

/**
 * Figures of the store; takes about three seconds. `directory`: where the files are made and removed again, default
 * the system's folder for temporary files; on a folder in memory, `power` costs nothing and says nothing.
 */
export async function benchStore(directory: string = tmpdir()): Promise<Figure[]> {
  const place = mkdtempSync(join(directory, 'wallance-bench-'));
  try {
    const rates: Record<Durability | 'synced', number[]> = { process: [], power: [], synced: [] };
    // In turn, so that a machine that is busy for a while slows them alike.
    for (let run = 0; run < RUNS; run++) {
      rates.process.push(commitsPerSecond(join(place, `process-${run}`), 'process'));
      rates.power.push(commitsPerSecond(join(place, `power-${run}`), 'power'));
      rates.synced.push(syncedWritesPerSecond(join(place, `synced-${run}`)));
    }
    return [
      { name: 'commits of three rows, durability process', value: Math.round(median(rates.process)), unit: '/s' },
      { name: 'time of a commit, durability process', value: microseconds(median(rates.process)), unit: 'us' },
      { name: 'commits of three rows, durability power', value: Math.round(median(rates.power)), unit: '/s' },
      { name: 'time of a commit, durability power', value: microseconds(median(rates.power)), unit: 'us' },
      { name: 'bare writes of three pages with fdatasync', value: Math.round(median(rates.synced)), unit: '/s' },
    ];
  } finally {
    rmSync(place, { recursive: true });
  }
}

function commitsPerSecond(directory: string, durability: Durability): number {
  const identity = { self: 'node-1', schema: 1, configurationHash: '0'.repeat(64) };
  const store = new SqliteStore({ directory, identity, durability });
  try {
    const commits = COMMITS_PER_RUN[durability];
    const begunAtMs = performance.now();
    for (let number = 0; number < commits; number++) store.commit(changesOf(number));
    return (1000 * commits) / (performance.now() - begunAtMs);
  } finally {
    store.close();
  }
}

function changesOf(number: number): readonly Change[] {
  const wallet = {
    id: `node-${number % 8}`,
    units: number,
    stateHash: 'a5'.repeat(32),
    previousStateHash: 'a6'.repeat(32),
    decidedRequestId: 'a7'.repeat(32),
  };
  const vote = {
    kind: 'vote',
    voter: `node-${number % 8}`,
    requester: 'node-9',
    slot: 'a5'.repeat(32),
    requestId: 'a8'.repeat(32),
    group: 'a9'.repeat(32),
    service: 'Nespresso',
    priceDcoins: 2,
    time: 1_600_000_000 + number,
    state: 'a5'.repeat(32),
    remainingUnits: 90,
    nonce: number % 50,
  };
  return [
    { table: 'wallets', key: wallet.id, record: wallet },
    { table: 'votes', key: number, record: { vote, life: 0 } },
    { table: 'votes', key: number - VOTES_KEPT, record: null },
  ];
}

/** What the disk allows: pages of a small commit written over old ones and synced, without any database. */
function syncedWritesPerSecond(path: string): number {
  const file = openSync(path, 'w');
  try {
    const bytes = Buffer.alloc(PAGES_PER_COMMIT * WAL_FRAME_BYTES, 0xa5);
    const writes = COMMITS_PER_RUN.power;
    // The file has its length before the clock runs: a log that goes round writes over itself.
    writeSync(file, Buffer.alloc(bytes.length * writes));
    fdatasyncSync(file);
    const begunAtMs = performance.now();
    for (let number = 0; number < writes; number++) {
      writeSync(file, bytes, 0, bytes.length, number * bytes.length);
      fdatasyncSync(file);
    }
    return (1000 * writes) / (performance.now() - begunAtMs);
  } finally {
    closeSync(file);
  }
}

function microseconds(perSecond: number): number {
  return Math.round(1e7 / perSecond) / 10;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
