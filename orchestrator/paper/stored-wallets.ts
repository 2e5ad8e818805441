/** What wallets take in a node's database: so many of them, each as a decision leaves it, in a real SQLite store. */
import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { DATABASE_FILE, SqliteStore } from '../../node/host/sqlite-store.ts';
import type { Change } from '../../node/protocol/durable.ts';
import { openWallet, settledWallet } from '../../node/protocol/wallet.ts';
import { throwIfInterrupted } from '../failure.ts';
import type { RawData } from './measurement.ts';

export interface StoredWalletsOptions {
  /** Wallets of each database. */
  readonly counts: readonly number[];
  /** Where the databases are made, and removed again. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

const WALLETS_A_COMMIT = 100;
const UNITS = 10_000;
const SCHEMA = 1;

/** `pageBytesPerWallet`: what a wallet adds to the file, between the two largest databases. */
export async function measureStoredWallets(options: StoredWalletsOptions): Promise<RawData> {
  const points: { readonly wallets: number; readonly databaseBytes: number; readonly rowBytes: number }[] = [];
  for (const wallets of options.counts) {
    throwIfInterrupted(options.signal);
    points.push({ wallets, ...(await stored(join(options.directory, `wallets-${wallets}`), wallets)) });
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const [less, most] = points.slice(-2);
  const pageBytesPerWallet =
    less === undefined || most === undefined
      ? null
      : (most.databaseBytes - less.databaseBytes) / (most.wallets - less.wallets);
  return { points, pageBytesPerWallet };
}

async function stored(
  directory: string,
  wallets: number,
): Promise<{ readonly databaseBytes: number; readonly rowBytes: number }> {
  const identity = { self: 'node-1', schema: SCHEMA, configurationHash: nativeSha256Hex('paper') };
  try {
    const store = new SqliteStore({ directory, identity, durability: 'process' });
    let rowBytes = 0;
    try {
      for (let from = 0; from < wallets; from += WALLETS_A_COMMIT) {
        const length = Math.min(WALLETS_A_COMMIT, wallets - from);
        const changes = Array.from({ length }, (_, index) => walletRow(from + index));
        for (const { key, record } of changes) rowBytes += Buffer.byteLength(`${key}${JSON.stringify(record)}`);
        store.commit(changes);
      }
    } finally {
      // The log is now in the database.
      store.close();
    }
    return { databaseBytes: statSync(join(directory, DATABASE_FILE)).size, rowBytes: rowBytes / wallets };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function walletRow(index: number): Change {
  const id = `node-${index + 1}`;
  const of = (what: string): string => nativeSha256Hex(`${what} of ${id}`);
  const before = { ...openWallet(id, UNITS), stateHash: of('state before') };
  return { table: 'wallets', key: id, record: settledWallet(before, UNITS + index, of('state'), of('request')) };
}
