/** What only a file can break; what every store does is in test/contracts/store.test.ts. Source: R-16. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { DATABASE_FILE, type Durability, SqliteStore } from '../../node/host/sqlite-store.ts';
import { type ServiceRun, StoreError, type StoreIdentity } from '../../node/host/store.ts';
import type { Change } from '../../node/protocol/durable.ts';

const IDENTITY: StoreIdentity = { self: 'node-1', schema: 1, configurationHash: 'c0ffee'.repeat(10) };

function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-sqlite-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function isStoreError(code: StoreError['code'], ...parts: readonly RegExp[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.match(error.message, part);
    return true;
  };
}

const RUN: ServiceRun = { key: '', service: 'Nespresso', argument: '1_state_1000', phase: 'ended', detail: '' };

function openSqlite(directory: string, durability: Durability = 'process'): SqliteStore {
  return new SqliteStore({ directory, identity: IDENTITY, durability });
}

/** A closed database with 300 votes, some 40 pages. */
function writtenDatabase(context: TestContext): { directory: string; file: string } {
  const directory = temporaryDirectory(context);
  const store = openSqlite(directory);
  const votes = Array.from(
    { length: 300 },
    (_, key): Change => ({ table: 'votes', key, record: { filling: 'v'.repeat(400) } }),
  );
  store.commit([{ table: 'wallets', key: '1', record: { units: 25, stateHash: '0'.repeat(64) } }, ...votes]);
  store.close();
  return { directory, file: join(directory, DATABASE_FILE) };
}

const WRITER = fileURLToPath(new URL('../support/store-writer.ts', import.meta.url));

for (const durability of ['process', 'power'] as const) {
  test(`durability ${durability}: kill -9 loses no commit that had returned, and leaves none by halves`, async (context) => {
    const directory = temporaryDirectory(context);
    let before = 0;
    // Each round kills at another place: soon after the start, and when the log has gone round.
    for (const commits of [1, 40, 1500]) {
      const child = spawn(process.execPath, [WRITER, directory, durability, JSON.stringify(IDENTITY)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let reported = before;
      for await (const line of createInterface({ input: child.stdout })) {
        reported = Number(line);
        if (reported - before >= commits) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      assert.equal(child.signalCode, 'SIGKILL', 'the writer was to be killed, it ended by itself');

      const store = openSqlite(directory, durability);
      const { wallets, votes, locks } = store.load();
      const held = (wallets[0]![1] as { units: number }).units;
      // One more than was reported, when the kill came between the commit and the report.
      assert.ok(held === reported || held === reported + 1, `reported ${reported}, held ${held}`);
      const first = Math.max(1, held - 31);
      assert.deepEqual(
        votes.map(([key]) => key),
        Array.from({ length: held - first + 1 }, (_, index) => first + index),
      );
      assert.deepEqual(locks, [['w', { number: held }]]);
      assert.equal(store.serviceRuns().at(-1)!.key, `run ${held}`);
      store.close();
      before = held;
    }
  });

  test(`durability ${durability}: that is what the database is opened with`, (context) => {
    const store = openSqlite(temporaryDirectory(context), durability);
    assert.equal(store.durability, durability);
    store.close();
  });
}

test('a disk that takes no more is an io error, and every commit before it is held', (context) => {
  const directory = temporaryDirectory(context);
  // A bound on the size of a file, set by the shell: the write fails as it does on a full disk. 300 blocks of 512 bytes
  // or, with some shells, of 1024.
  const child = spawnSync(
    'sh',
    [
      '-c',
      'ulimit -f 300 && exec "$@"',
      'sh',
      process.execPath,
      WRITER,
      directory,
      'process',
      JSON.stringify(IDENTITY),
    ],
    { encoding: 'utf8' },
  );
  assert.equal(child.stderr, '');
  const lines = child.stdout.trimEnd().split('\n');
  assert.equal(lines.at(-1), 'failed io');
  const store = openSqlite(directory);
  assert.deepEqual(store.load().wallets, [['w', { units: Number(lines.at(-2)) }]]);
  store.close();
});

test('a folder that cannot be made, or a folder in the place of the file, is an io error', (context) => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, 'a file'), '');
  assert.throws(() => openSqlite(join(directory, 'a file', 'below')), isStoreError('io', /a file.below/));
  assert.throws(() => openSqlite(join(directory, 'a file')), isStoreError('io', /a file/));
  mkdirSync(join(directory, 'node', DATABASE_FILE), { recursive: true });
  assert.throws(() => openSqlite(join(directory, 'node')), isStoreError('io', /wallet\.db/));
});

test('a second opener is refused while the first is there, and welcome after it', (context) => {
  const directory = temporaryDirectory(context);
  const first = openSqlite(directory);
  assert.throws(() => openSqlite(directory), isStoreError('io', /in use by another process/));
  const child = spawnSync(process.execPath, [WRITER, directory, 'process', JSON.stringify(IDENTITY)], {
    encoding: 'utf8',
  });
  assert.match(child.stderr, /in use by another process/);
  first.commit([{ table: 'wallets', key: '1', record: { units: 1 } }]);
  first.close();
  const second = openSqlite(directory);
  assert.deepEqual(second.load().wallets, [['1', { units: 1 }]]);
  second.close();
});

test('a person reads balances while the node runs', (context) => {
  const directory = temporaryDirectory(context);
  const store = openSqlite(directory);
  store.commit([{ table: 'wallets', key: '1', record: { units: 25, stateHash: 'ab' } }]);
  const reader = new Database(join(directory, DATABASE_FILE), { readonly: true });
  const units = reader.prepare("SELECT record->>'units' FROM wallets WHERE key = '1'").pluck();
  assert.equal(units.get(), 25);
  store.commit([{ table: 'wallets', key: '1', record: { units: 26, stateHash: 'ab' } }]);
  assert.equal(units.get(), 26);
  const schema = reader.prepare('SELECT name, sql FROM sqlite_schema WHERE type = ?').raw().all('table') as [
    string,
    string,
  ][];
  assert.deepEqual(schema.map(([name]) => name).sort(), [
    'consensus_transactions',
    'meta',
    'orders',
    'request_transactions',
    'sensor_streams',
    'service_runs',
    'vote_locks',
    'wallets',
  ]);
  for (const [name, sql] of schema) assert.match(sql, / -- \w/, `${name} says what it holds`);
  reader.close();
  store.close();
});

test('50,000 commits over a bounded set of rows leave a file of bounded size', (context) => {
  const store = openSqlite(temporaryDirectory(context));
  const commit = (number: number) =>
    store.commit(
      [
        { table: 'wallets', key: `node-${number % 8}`, record: { units: number, stateHash: 'a5'.repeat(32) } },
        { table: 'votes', key: number, record: { number, filling: 'v'.repeat(400) } },
        { table: 'votes', key: number - 256, record: null },
      ],
      number % 10 === 0 ? [{ ...RUN, key: `run ${number}` }] : [],
    );
  let number = 0;
  while (number < 2_000) commit(number++);
  const early = store.sizeBytes();
  while (number < 50_000) commit(number++);
  const late = store.sizeBytes();
  // The log has its bound of 1000 pages and a little, the 256 + 8 + 16 rows some 50 pages.
  assert.ok(late <= 4_600_000, `${late} bytes`);
  assert.ok(late <= early * 1.05, `${early} bytes after 2,000 commits, ${late} after 50,000`);
  assert.equal(store.load().votes.length, 256);
  store.close();
});

test('a log that grew under a long reader is cut back once the reader has gone', (context) => {
  const directory = temporaryDirectory(context);
  const store = openSqlite(directory);
  const commit = (number: number) => store.commit([{ table: 'wallets', key: '1', record: { units: number } }]);
  commit(0);
  const reader = new Database(join(directory, DATABASE_FILE), { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM wallets').get();
  for (let number = 1; number <= 3000; number++) commit(number);
  assert.ok(store.sizeBytes() > 8_000_000, 'the reader was to hold the log');
  reader.exec('COMMIT');
  reader.close();
  for (let number = 1; number <= 2000; number++) commit(number);
  assert.ok(store.sizeBytes() <= 4_600_000, `${store.sizeBytes()} bytes`);
  store.close();
});

test('a damaged file is corrupt, whatever the damage, and is left as it is', (context) => {
  const damages: Readonly<Record<string, (file: string) => void>> = {
    'no database at all': (file) => writeFileSync(file, 'units: 25\n'.repeat(1000)),
    'garbage over the pages in the middle': (file) => {
      const bytes = readFileSync(file);
      bytes.fill(0xa5, 5 * 4096, 30 * 4096);
      writeFileSync(file, bytes);
    },
    'garbage over one page of votes': (file) => {
      const bytes = readFileSync(file);
      bytes.fill(0xa5, 20 * 4096, 21 * 4096);
      writeFileSync(file, bytes);
    },
    'the end cut off': (file) => truncateSync(file, 4096 * 20),
    'a table missing': (file) => edited(file, 'DROP TABLE vote_locks'),
    "another program's tables": (file) => {
      rmSync(file);
      edited(file, 'CREATE TABLE bookmarks (url TEXT)');
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    const { directory, file } = writtenDatabase(context);
    damage(file);
    const bytes = readFileSync(file);
    assert.throws(() => openSqlite(directory), isStoreError('corrupt', /wallet\.db/), what);
    if (what === "another program's tables") {
      const tables = new Database(file, { readonly: true }).prepare('SELECT name FROM sqlite_schema').pluck().all();
      assert.deepEqual(tables, ['bookmarks']);
    } else {
      assert.deepEqual(readFileSync(file), bytes, `${what}: the file was changed`);
    }
  }
});

test('a record that is no JSON is corrupt, and its row is named', (context) => {
  const { directory, file } = writtenDatabase(context);
  edited(file, 'UPDATE consensus_transactions SET record = \'{"voter":\' WHERE key = 17');
  const store = openSqlite(directory);
  assert.throws(() => store.load(), isStoreError('corrupt', /row 17 of consensus_transactions/));
  store.close();
});

test("a file of another layout is not this release's", (context) => {
  const { directory, file } = writtenDatabase(context);
  edited(file, 'PRAGMA user_version = 2');
  assert.throws(() => openSqlite(directory), isStoreError('identity-mismatch', /expected layout 1 .* found 2/));
});

test('an empty file, as a crash while it was made leaves it, is a fresh database', (context) => {
  const directory = temporaryDirectory(context);
  writeFileSync(join(directory, DATABASE_FILE), '');
  const store = openSqlite(directory);
  assert.equal(store.fresh, true);
  store.close();
});

test('the size is that of the database and its log', (context) => {
  const directory = temporaryDirectory(context);
  const store = openSqlite(directory);
  store.commit([{ table: 'wallets', key: '1', record: { units: 1 } }]);
  const file = join(directory, DATABASE_FILE);
  assert.equal(store.sizeBytes(), statSync(file).size + statSync(`${file}-wal`).size);
  store.close();
  assert.ok(!existsSync(`${file}-wal`), 'a closed database needs no log');
  assert.equal(store.sizeBytes(), statSync(file).size);
});

function edited(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}
