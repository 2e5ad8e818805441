/**
 * A node's memory in one SQLite file, `wallet.db`: the paper's three tables (`wallets`, `request_transactions`,
 * `consensus_transactions`) and beside them what the lock, the streams, the orders and the services need. Every record
 * is JSON that the protocol's profile gives meaning to; the store does not look inside. Source: R-16.
 *
 * The file may be read while the node runs, for instance with
 * `sqlite3 wallet.db "SELECT key, record->>'units' FROM wallets"`. SQLite's exclusive mode would shut such a reader
 * out and save about 4 of the 16 us of a commit, nothing beside the fsync of `power`; being able to look was worth
 * more. So writers are kept apart by a lock on a second, empty file, `wallet.lock`: a second process on the same
 * database would have locks of its own in memory and could cast a second vote.
 *
 * It never repairs, migrates or deletes a file that it cannot use: that is for a person to decide.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Change, type DurableState, type Rows, TABLES, type Table } from '../protocol/durable.ts';
import { type ServiceRun, type Store, StoreError, type StoreIdentity } from './store.ts';
import { KEY_KINDS, recordText, requireIdentity, SERVICE_RUNS_MAX } from './store-rules.ts';

/**
 * What a commit survives once it has returned. `process`: the end of the process at any moment (kill -9); the last
 * ones may be missing after a power failure, never a part of one. `power`: power failure as well, for an fsync each.
 */
export type Durability = 'process' | 'power';

export interface SqliteStoreOptions {
  /** Folder of the node's files; made when it is not there. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly durability: Durability;
}

export const DATABASE_FILE = 'wallet.db';
export const LOCK_FILE = 'wallet.lock';

/** "WALL", in the file's header: tells a wallet database from any other SQLite file. */
const APPLICATION_ID = 0x57414c4c;
/** Version of the tables below, in the file's header. */
const LAYOUT_VERSION = 1;
/**
 * The write-ahead log is copied back into the database at this many pages (4 kB each), and so stays near 4 MB. At 250
 * pages the copying with its fsync costs a tenth of all commits.
 */
const WAL_PAGES = 1000;
const WAL_BYTES_MAX = WAL_PAGES * 4096;
/** How long a commit waits for a person who has the file locked, milliseconds. The node stands still meanwhile. */
const BUSY_TIMEOUT_MS = 2000;

const TABLE_NAMES: { readonly [T in Table]: string } = {
  wallets: 'wallets',
  requests: 'request_transactions',
  votes: 'consensus_transactions',
  locks: 'vote_locks',
  streams: 'sensor_streams',
  orders: 'orders',
};

/** What `.schema` says of a table to whoever opens the file. */
const TABLE_COMMENTS: { readonly [T in Table]: string } = {
  wallets: "one row a node; balances: SELECT key, record->>'units', record->>'stateHash' FROM wallets",
  requests: "Request Transactions that wait for a decision, by arrival; e.g. record->>'$.request.service'",
  votes: "votes (the paper's Consensus Transactions) that wait for a majority, by arrival",
  locks: 'the one vote that this node has cast for the current State of a requester',
  streams: 'how far the sensor stream of a publisher has been counted',
  orders: 'purchases that this node was asked to make, by arrival',
};

function createTable(table: Table): string {
  const type = KEY_KINDS[table] === 'arrival' ? 'INTEGER' : 'TEXT';
  return `CREATE TABLE ${TABLE_NAMES[table]} ( -- ${TABLE_COMMENTS[table]}
    key ${type} PRIMARY KEY NOT NULL,
    record TEXT NOT NULL -- JSON
  ) STRICT`;
}

const CREATE_TABLES = [
  `CREATE TABLE meta ( -- whose file this is: node, schema of the records, hash of the lab's configuration
    name TEXT PRIMARY KEY NOT NULL,
    value ANY NOT NULL
  ) STRICT`,
  ...TABLES.map(createTable),
  `CREATE TABLE service_runs ( -- the last ${SERVICE_RUNS_MAX} purchased services, oldest first; 'started' is written before the start
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    argument TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('started', 'ended', 'failed', 'interrupted')),
    detail TEXT NOT NULL
  ) STRICT`,
];

type SqliteWrite = (changes: readonly Change[], runs: readonly ServiceRun[]) => void;

interface RowStatements {
  readonly put: Database.Statement<[string | number, string]>;
  readonly remove: Database.Statement<[string | number]>;
  readonly all: Database.Statement<[], [string | number, string]>;
}

export class SqliteStore implements Store {
  readonly fresh: boolean;
  readonly interrupted: readonly ServiceRun[];
  readonly #path: string;
  readonly #lock: Database.Database;
  readonly #database: Database.Database;
  readonly #rows: { readonly [T in Table]: RowStatements };
  readonly #runs: Database.Statement<[], ServiceRun>;
  readonly #write: SqliteWrite;

  /**
   * Opens the database of `directory`, or makes it. Throws StoreError: `identity-mismatch` when it is another node's
   * or another configuration's, `corrupt` when it is damaged or no wallet database, `io` when the folder or the disk
   * refuses or another process has it open.
   */
  constructor({ directory, identity, durability }: SqliteStoreOptions) {
    this.#path = join(directory, DATABASE_FILE);
    this.#lock = lockDirectory(directory);
    let database: Database.Database | null = null;
    try {
      database = openDatabase(this.#path, durability);
      settleIdentity(database, this.#path, identity);
      requireIntact(database, this.#path);
      this.#rows = prepareRows(database);
      this.#runs = database.prepare('SELECT key, service, argument, phase, detail FROM service_runs ORDER BY number');
      this.interrupted = this.#runs
        .all()
        .filter((run) => run.phase === 'started')
        .map((run) => ({ ...run, phase: 'interrupted' }));
      database.exec("UPDATE service_runs SET phase = 'interrupted' WHERE phase = 'started'");
      this.#write = prepareWrite(database, this.#rows);
      this.fresh = isEmpty(database);
      this.#database = database;
    } catch (error) {
      database?.close();
      this.#lock.close();
      // The statements are ours and fixed: one that the file does not allow means other tables than we made.
      throw storeError(this.#path, 'cannot be opened', error, 'corrupt');
    }
  }

  /** The durability in force, read from the open database itself. */
  get durability(): Durability {
    const FULL = 2;
    return this.#database.pragma('synchronous', { simple: true }) === FULL ? 'power' : 'process';
  }

  load(): DurableState {
    return {
      wallets: this.#load('wallets'),
      requests: this.#load('requests'),
      votes: this.#load('votes'),
      locks: this.#load('locks'),
      streams: this.#load('streams'),
      orders: this.#load('orders'),
    };
  }

  /**
   * Throws StoreError `io` or `corrupt`; the transaction is then rolled back, and the node's memory is ahead of its
   * file: it must end.
   */
  commit(changes: readonly Change[], runs: readonly ServiceRun[] = []): void {
    if (changes.length === 0 && runs.length === 0) return;
    try {
      this.#write(changes, runs);
    } catch (error) {
      throw storeError(this.#path, 'cannot be written', error);
    }
  }

  serviceRuns(): readonly ServiceRun[] {
    return this.#runs.all();
  }

  sizeBytes(): number {
    let bytes = 0;
    for (const file of [this.#path, `${this.#path}-wal`]) {
      bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    }
    return bytes;
  }

  /** Copies the log back into the database and releases the lock. A second call does nothing. */
  close(): void {
    this.#database.close();
    this.#lock.close();
  }

  #load(table: Table): Rows {
    let key: string | number | null = null;
    try {
      return this.#rows[table].all.all().map((row) => {
        key = row[0];
        return [key, JSON.parse(row[1])];
      });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw storeError(this.#path, 'cannot be read', error);
      const row = `row ${JSON.stringify(key)} of ${TABLE_NAMES[table]}`;
      throw new StoreError('corrupt', `${this.#path}: ${row} is not JSON`, { cause: error });
    }
  }
}

/** Takes the one place of a writer, or throws StoreError `io`. The operating system frees it when the process ends. */
function lockDirectory(directory: string): Database.Database {
  const path = join(directory, LOCK_FILE);
  let lock: Database.Database | null = null;
  try {
    mkdirSync(directory, { recursive: true });
    lock = new Database(path, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new StoreError('io', `${directory} is in use by another process: one node, one process`, { cause: error });
    }
    if (error instanceof Database.SqliteError) throw storeError(path, 'cannot be locked', error);
    throw new StoreError('io', `${directory} cannot be made: ${messageOf(error)}`, { cause: error });
  }
}

function openDatabase(path: string, durability: Durability): Database.Database {
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    const mode = database.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal')
      throw new StoreError('io', `${path}: this file system has no write-ahead log, got mode ${mode}`);
    database.pragma(`synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`);
    // macOS: a plain fsync stops at the drive's cache. Elsewhere without effect.
    database.pragma(`fullfsync = ${durability === 'power' ? 'ON' : 'OFF'}`);
    database.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
    // A reader who stays long makes the log grow; this cuts it back once the reader has gone.
    database.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Makes the tables in a new file, or checks that the file is this node's. */
function settleIdentity(database: Database.Database, path: string, identity: StoreIdentity): void {
  const names = ['self', 'schema', 'configurationHash'] as const;
  const settle = database.transaction(() => {
    if (database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0) {
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${LAYOUT_VERSION}`);
      for (const statement of CREATE_TABLES) database.exec(statement);
      const put = database.prepare('INSERT INTO meta (name, value) VALUES (?, ?)');
      for (const name of names) put.run(name, identity[name]);
      return;
    }
    if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
      throw new StoreError('corrupt', `${path} is an SQLite file, but not a wallet database: it is left untouched`);
    }
    const layout = database.pragma('user_version', { simple: true });
    if (layout !== LAYOUT_VERSION) {
      const versions = `expected layout ${LAYOUT_VERSION} of its tables, found ${layout}`;
      throw new StoreError(
        'identity-mismatch',
        `${path}: ${versions}. Use the release that wrote it, or an empty folder.`,
      );
    }
    const rows = database.prepare<[], [string, unknown]>('SELECT name, value FROM meta').raw().all();
    requireIdentity(path, identity, Object.fromEntries(rows));
  });
  settle.immediate();
}

/** Reads the whole file once (a few MB at most): damage is found before the node speaks, not when it meets the page. */
function requireIntact(database: Database.Database, path: string): void {
  const finding = database.pragma('quick_check(1)', { simple: true });
  if (finding !== 'ok')
    throw new StoreError(
      'corrupt',
      `${path} is damaged: ${finding}. Put a copy in its place, or move it away to start with empty wallets.`,
    );
}

function prepareRows(database: Database.Database): { readonly [T in Table]: RowStatements } {
  const prepare = (table: Table): RowStatements => {
    const name = TABLE_NAMES[table];
    return {
      put: database.prepare(
        `INSERT INTO ${name} (key, record) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record`,
      ),
      remove: database.prepare(`DELETE FROM ${name} WHERE key = ?`),
      all: database.prepare<[], [string | number, string]>(`SELECT key, record FROM ${name} ORDER BY key`).raw(),
    };
  };
  return {
    wallets: prepare('wallets'),
    requests: prepare('requests'),
    votes: prepare('votes'),
    locks: prepare('locks'),
    streams: prepare('streams'),
    orders: prepare('orders'),
  };
}

/** One transaction around all of a commit. */
function prepareWrite(database: Database.Database, rows: { readonly [T in Table]: RowStatements }): SqliteWrite {
  const putRun = database.prepare<[ServiceRun]>(
    `INSERT INTO service_runs (key, service, argument, phase, detail) VALUES (@key, @service, @argument, @phase, @detail)
     ON CONFLICT (key) DO UPDATE SET
       service = excluded.service, argument = excluded.argument, phase = excluded.phase, detail = excluded.detail`,
  );
  const dropRuns = database.prepare<[number]>(
    'DELETE FROM service_runs WHERE number <= (SELECT max(number) FROM service_runs) - ?',
  );
  return database.transaction((changes: readonly Change[], runs: readonly ServiceRun[]) => {
    for (const change of changes) {
      const text = recordText(change);
      const { put, remove } = rows[change.table];
      if (text === null) remove.run(change.key);
      else put.run(change.key, text);
    }
    if (runs.length === 0) return;
    for (const run of runs) putRun.run(run);
    dropRuns.run(SERVICE_RUNS_MAX);
  }).immediate;
}

function isEmpty(database: Database.Database): boolean {
  const names = [...TABLES.map((table) => TABLE_NAMES[table]), 'service_runs'];
  return names.every((name) => database.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() === undefined);
}

/** SQLite's result codes (or how their names begin) that speak of the file's content, and of the disk or its owner. */
const CORRUPT_CODES = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'];
const IO_CODES = [
  'SQLITE_BUSY',
  'SQLITE_CANTOPEN',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_LOCKED',
  'SQLITE_PERM',
  'SQLITE_PROTOCOL',
  'SQLITE_READONLY',
];

/** An SQLite error as a StoreError; what is neither of the disk nor of the file stays as it is, unless `otherwise`. */
function storeError(path: string, what: string, error: unknown, otherwise?: StoreError['code']): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const code = CORRUPT_CODES.some((name) => error.code.startsWith(name))
    ? 'corrupt'
    : IO_CODES.some((name) => error.code.startsWith(name))
      ? 'io'
      : otherwise;
  if (code === undefined) return error;
  return new StoreError(code, `${path} ${what}: ${error.message} (${error.code})`, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
