/** What the host relies on, over every store. What only a file can break: test/host/sqlite-store.test.ts. Source: R-16. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { MemoryDisk, MemoryStore } from '../../node/host/memory-store.ts';
import { type Durability, SqliteStore } from '../../node/host/sqlite-store.ts';
import { type ServiceRun, type Store, StoreError, type StoreIdentity } from '../../node/host/store.ts';
import { type Change, type DurableState, EMPTY_STATE, TABLES } from '../../node/protocol/durable.ts';

const IDENTITY: StoreIdentity = { self: 'node-1', schema: 1, configurationHash: 'c0ffee'.repeat(10) };

/** Where the rows of one node are kept: opened again, it holds what was committed. */
type Place = (identity?: StoreIdentity) => Store;

const IMPLEMENTATIONS: Readonly<Record<string, (context: TestContext) => Place>> = {
  memory: () => {
    const disk = new MemoryDisk();
    return (identity = IDENTITY) => new MemoryStore(identity, disk);
  },
  'SQLite, durability process': (context) => sqlitePlace(context, 'process'),
  'SQLite, durability power': (context) => sqlitePlace(context, 'power'),
};

function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-store-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function sqlitePlace(context: TestContext, durability: Durability): Place {
  const directory = join(temporaryDirectory(context), 'made', 'on', 'opening');
  const opened: Store[] = [];
  context.after(() => {
    for (const store of opened) store.close();
  });
  return (identity = IDENTITY) => {
    const store = new SqliteStore({ directory, identity, durability });
    opened.push(store);
    return store;
  };
}

function reopened(place: Place, store: Store): Store {
  store.close();
  return place();
}

function serviceRun(key: string, phase: ServiceRun['phase'] = 'started'): ServiceRun {
  return { key, service: 'Nespresso', argument: `${key}_state_1000`, phase, detail: '' };
}

function isStoreError(code: StoreError['code'], ...parts: readonly RegExp[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.match(error.message, part);
    return true;
  };
}

for (const [name, implementation] of Object.entries(IMPLEMENTATIONS)) {
  const contract = (behaviour: string, run: (place: Place, context: TestContext) => void) =>
    test(`${name}: ${behaviour}`, (context) => run(implementation(context), context));

  contract('a store is fresh until something was committed', (place) => {
    let store = place();
    assert.equal(store.fresh, true);
    assert.deepEqual(store.load(), EMPTY_STATE);
    assert.deepEqual(store.serviceRuns(), []);
    store.commit([]);
    store = reopened(place, store);
    assert.equal(store.fresh, true);
    store.commit([{ table: 'orders', key: 1, record: { orderId: 'a' } }]);
    assert.equal(store.fresh, true, 'fresh speaks of the opening');
    store = reopened(place, store);
    assert.equal(store.fresh, false);
  });

  contract('a service run alone ends the freshness', (place) => {
    const store = place();
    store.commit([], [serviceRun('k')]);
    assert.equal(reopened(place, store).fresh, false);
  });

  contract('every table keeps its rows over a restart', (place) => {
    const changes = TABLES.map((table, index): Change => {
      const key = ['requests', 'votes', 'orders'].includes(table) ? index : `key ${index}`;
      return { table, key, record: { table, list: [1, null, 'x', { deep: true }] } };
    });
    let store = place();
    store.commit(changes);
    for (let restart = 0; restart < 2; restart++) {
      const state = store.load();
      for (const { table, key, record } of changes) assert.deepEqual(state[table], [[key, record]]);
      store = reopened(place, store);
    }
  });

  contract('rows come in order of key, however they were put', (place) => {
    const store = place();
    const numbers = [100, 9, 0, 2 ** 40, Number.MAX_SAFE_INTEGER, 10, -5];
    // In UTF-16 the last would come before the one before it.
    const names = ['b', 'a', 'B', '', 'ab', 'ä', '\uff5e', '\u{1f600}'];
    store.commit([
      ...numbers.map((key): Change => ({ table: 'votes', key, record: { key } })),
      ...names.map((key): Change => ({ table: 'wallets', key, record: { key } })),
    ]);
    const state = store.load();
    const numbersAscending = [-5, 0, 9, 10, 100, 2 ** 40, Number.MAX_SAFE_INTEGER];
    assert.deepEqual(
      state.votes,
      numbersAscending.map((key) => [key, { key }]),
    );
    const namesAscending = ['', 'B', 'a', 'ab', 'b', 'ä', '\uff5e', '\u{1f600}'];
    assert.deepEqual(
      state.wallets,
      namesAscending.map((key) => [key, { key }]),
    );
  });

  contract('a row is put, replaced and removed, in the order of the changes', (place) => {
    const store = place();
    store.commit([{ table: 'wallets', key: '1', record: { units: 1 } }]);
    store.commit([
      { table: 'wallets', key: '1', record: { units: 2 } },
      { table: 'wallets', key: '2', record: { units: 3 } },
      { table: 'wallets', key: 'never there', record: null },
    ]);
    assert.deepEqual(store.load().wallets, [
      ['1', { units: 2 }],
      ['2', { units: 3 }],
    ]);
    store.commit([
      { table: 'wallets', key: '1', record: null },
      { table: 'wallets', key: '2', record: null },
      { table: 'wallets', key: '2', record: { units: 4 } },
    ]);
    assert.deepEqual(reopened(place, store).load().wallets, [['2', { units: 4 }]]);
  });

  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const unkeepable: Readonly<Record<string, Change>> = {
    'a BigInt in its record': { table: 'locks', key: 'x', record: { units: 1n } },
    'a cycle in its record': { table: 'locks', key: 'x', record: cyclic },
    'no JSON as its record': { table: 'locks', key: 'x', record: undefined },
    'text for an arrival number': { table: 'votes', key: '1', record: {} },
    'a fraction for an arrival number': { table: 'votes', key: 1.5, record: {} },
    'an arrival number that loses digits': { table: 'votes', key: 2 ** 53, record: {} },
    'a number for a name': { table: 'wallets', key: 1, record: {} },
    'half a character in its key': { table: 'wallets', key: 'a\ud800', record: {} },
  };
  for (const [what, change] of Object.entries(unkeepable)) {
    contract(`a change with ${what} throws and leaves nothing of its commit`, (place) => {
      let store = place();
      store.commit([{ table: 'wallets', key: '1', record: { units: 1 } }], [serviceRun('before', 'ended')]);
      const before = [store.load(), store.serviceRuns()];
      const changes: Change[] = [
        { table: 'wallets', key: '1', record: null },
        { table: 'votes', key: 7, record: {} },
        change,
        { table: 'votes', key: 8, record: {} },
      ];
      assert.throws(() => store.commit(changes, [serviceRun('with it')]));
      assert.deepEqual([store.load(), store.serviceRuns()], before);
      store.commit([{ table: 'votes', key: 9, record: {} }]);
      store = reopened(place, store);
      assert.deepEqual(store.load(), { ...before[0], votes: [[9, {}]] });
      assert.deepEqual(store.serviceRuns(), before[1]);
    });
  }

  contract('what is changed after a commit or after a load is not changed in the store', (place) => {
    const store = place();
    const record = { units: 1, voters: ['2'] };
    store.commit([{ table: 'wallets', key: '1', record }]);
    record.units = 99;
    record.voters.push('3');
    const [, loaded] = store.load().wallets[0]!;
    (loaded as typeof record).units = 98;
    assert.deepEqual(store.load().wallets, [['1', { units: 1, voters: ['2'] }]]);
  });

  contract('another node, schema or configuration is refused by name, and the rows stay for their own', (place) => {
    let store = place();
    store.commit([{ table: 'wallets', key: '1', record: { units: 1 } }]);
    store.close();
    const others: [Partial<StoreIdentity>, RegExp][] = [
      [{ self: 'node-2' }, /: node: expected "node-2", found "node-1"\. Start/],
      [{ schema: 2 }, /: schema of the records: expected 2, found 1\. Start/],
      [{ configurationHash: 'other' }, /: hash of the configuration: expected "other", found "c0ffee/],
      [
        { self: 'node-2', schema: 2, configurationHash: 'x' },
        /node: .*; schema .*; hash of the configuration: .*empty place/,
      ],
    ];
    for (const [other, message] of others) {
      assert.throws(() => place({ ...IDENTITY, ...other }), isStoreError('identity-mismatch', message));
    }
    store = place();
    assert.deepEqual(store.load().wallets, [['1', { units: 1 }]]);
  });

  contract('an identity is checked although no row was ever committed', (place) => {
    place().close();
    assert.throws(() => place({ ...IDENTITY, self: 'node-2' }), isStoreError('identity-mismatch'));
  });

  contract('the last 16 service runs are kept, oldest first', (place) => {
    const store = place();
    for (let number = 1; number <= 40; number++) {
      store.commit([], [serviceRun(`k${number}`)]);
      store.commit([], [serviceRun(`k${number}`, number % 2 === 0 ? 'ended' : 'failed')]);
      assert.ok(store.serviceRuns().length <= 16);
    }
    const expected = Array.from({ length: 16 }, (_, index) =>
      serviceRun(`k${25 + index}`, index % 2 === 1 ? 'ended' : 'failed'),
    );
    assert.deepEqual(store.serviceRuns(), expected);
    assert.deepEqual(reopened(place, store).serviceRuns(), expected);
  });

  contract('a run that a crash cut is reported by the opening that finds it, and by no later one', (place) => {
    const store = place();
    store.commit([], [serviceRun('a', 'ended'), serviceRun('b')]);
    assert.deepEqual(store.interrupted, []);
    const second = reopened(place, store);
    assert.deepEqual(second.interrupted, [serviceRun('b', 'interrupted')]);
    assert.deepEqual(reopened(place, second).interrupted, []);
  });

  contract('several runs of one commit count one by one, and the bound is applied after the last', (place) => {
    const store = place();
    store.commit(
      [],
      Array.from({ length: 16 }, (_, number) => serviceRun(`k${number}`)),
    );
    store.commit([], [serviceRun('new'), serviceRun('k0', 'ended'), serviceRun('k1', 'ended')]);
    const expected = [serviceRun('k1', 'ended')];
    for (let number = 2; number < 16; number++) expected.push(serviceRun(`k${number}`));
    assert.deepEqual(store.serviceRuns(), [...expected, serviceRun('new')]);
    const many = Array.from({ length: 30 }, (_, number) => serviceRun(`m${number}`));
    store.commit([], many);
    assert.deepEqual(store.serviceRuns(), many.slice(14));
  });

  contract('a service run that ends keeps its place and takes its outcome', (place) => {
    const store = place();
    for (const key of ['a', 'b', 'c']) store.commit([], [serviceRun(key)]);
    const ended: ServiceRun = { ...serviceRun('b'), phase: 'failed', detail: 'exit code 1: "no water", \0 \u{1f600}' };
    store.commit([], [ended]);
    assert.deepEqual(store.serviceRuns(), [serviceRun('a'), ended, serviceRun('c')]);
  });

  contract('runs that were under way when the process ended are interrupted at the next opening', (place) => {
    let store = place();
    store.commit([], [serviceRun('a', 'ended')]);
    store.commit([], [serviceRun('b')]);
    store.commit([], [serviceRun('c', 'failed')]);
    assert.equal(store.serviceRuns()[1]!.phase, 'started');
    const expected = [serviceRun('a', 'ended'), serviceRun('b', 'interrupted'), serviceRun('c', 'failed')];
    for (let restart = 0; restart < 2; restart++) {
      store = reopened(place, store);
      assert.deepEqual(store.serviceRuns(), expected);
    }
  });

  contract('keys and records of any characters survive', (place) => {
    const store = place();
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const halves = fc.string({
      unit: fc.integer({ min: 0xd7f0, max: 0xe00f }).map((unit) => String.fromCharCode(unit)),
    });
    const awkward = fc.constantFrom('', '\0', 'a\0b', "'", '"', '--', 'x_y', '\ufeff', '\u{10ffff}', '\\u0000', '%s');
    const keys = fc.oneof(text, awkward);
    const records = fc
      .oneof(fc.jsonValue(), fc.dictionary(keys, fc.oneof(text, halves, awkward)))
      .filter((r) => r !== null);
    fc.assert(
      fc.property(keys, records, (key, record) => {
        const expected = [[key, JSON.parse(JSON.stringify(record))]];
        store.commit([
          { table: 'wallets', key, record },
          { table: 'votes', key: 1, record },
        ]);
        const state = store.load();
        assert.deepEqual(state.wallets, expected);
        assert.deepEqual(state.votes, [[1, expected[0]![1]]]);
        store.commit([{ table: 'wallets', key, record: null }]);
        assert.deepEqual(store.load().wallets, []);
      }),
      { numRuns: 200 },
    );
  });

  contract('a key that looks like SQL is a key', (place) => {
    const store = place();
    const keys = [
      "'; DROP TABLE wallets; --",
      "1' OR '1'='1",
      '" UNION SELECT value FROM meta; --',
      '?1',
      '@key',
      'NULL',
      '%',
      '*',
    ];
    store.commit(
      [
        { table: 'wallets', key: 'kept', record: { units: 1 } },
        ...keys.map((key): Change => ({ table: 'wallets', key, record: { sql: key } })),
      ],
      [serviceRun("'); DELETE FROM service_runs; --")],
    );
    assert.deepEqual(new Map(store.load().wallets as [string, unknown][]).size, keys.length + 1);
    store.commit(keys.map((key) => ({ table: 'wallets', key, record: null })));
    const state = reopened(place, store);
    assert.deepEqual(state.load().wallets, [['kept', { units: 1 }]]);
    assert.equal(state.serviceRuns()[0]!.key, "'); DELETE FROM service_runs; --");
  });

  contract('a closed store refuses, and closing again does nothing', (place) => {
    const store = place();
    store.close();
    store.close();
    assert.throws(() => store.commit([{ table: 'votes', key: 1, record: {} }]));
    assert.throws(() => store.load());
    assert.throws(() => store.serviceRuns());
    assert.deepEqual(place().load(), EMPTY_STATE);
  });
}

test('SQLite and memory hold the same after any history of commits and restarts', (context) => {
  const key = fc.oneof(
    fc.record({
      table: fc.constantFrom('wallets', 'locks', 'streams'),
      key: fc.constantFrom('1', '2', 'ä', '\u{1f600}'),
    }),
    fc.record({ table: fc.constantFrom('requests', 'votes', 'orders'), key: fc.integer({ min: -2, max: 12 }) }),
  );
  const record = fc.oneof(
    fc.constant(null),
    fc.integer().map((units) => ({ units })),
    fc.constant({ bad: 1n }),
  );
  const change = fc.tuple(key, record).map(([at, value]) => ({ ...at, record: value }) as Change);
  const run = fc
    .tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom('started', 'ended'))
    .map(([n, p]) => serviceRun(`${n}`, p));
  const step = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({ changes: fc.array(change, { maxLength: 8 }), runs: fc.array(run, { maxLength: 3 }) }),
    },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  );
  const observed = (store: Store): [DurableState, readonly ServiceRun[], boolean] => [
    store.load(),
    store.serviceRuns(),
    store.fresh,
  ];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const directory = mkdtempSync(join(tmpdir(), 'wallance-store-'));
      const disk = new MemoryDisk();
      const places: Place[] = [
        () => new SqliteStore({ directory, identity: IDENTITY, durability: 'process' }),
        () => new MemoryStore(IDENTITY, disk),
      ];
      let stores = places.map((place) => place());
      try {
        for (const action of steps) {
          if (action === 'restart') {
            stores = stores.map((store, index) => reopened(places[index]!, store));
          } else {
            const failed = stores.map((store) => {
              try {
                store.commit(action.changes, action.runs);
                return false;
              } catch {
                return true;
              }
            });
            assert.equal(failed[0], failed[1]);
          }
          assert.deepEqual(observed(stores[0]!), observed(stores[1]!));
        }
      } finally {
        for (const store of stores) store.close();
        rmSync(directory, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
  context.diagnostic('60 histories of up to 60 commits');
});

test('a memory store that was opened again elsewhere can do nothing any more, as after a crash', () => {
  const disk = new MemoryDisk();
  const crashed = new MemoryStore(IDENTITY, disk);
  crashed.commit([{ table: 'wallets', key: '1', record: { units: 1 } }], [serviceRun('k')]);
  const next = new MemoryStore(IDENTITY, disk);
  assert.throws(() => crashed.commit([{ table: 'wallets', key: '1', record: { units: 2 } }]), /opened by another/);
  crashed.close();
  assert.deepEqual(next.load().wallets, [['1', { units: 1 }]]);
  assert.equal(next.serviceRuns()[0]!.phase, 'interrupted');
  assert.equal(next.sizeBytes(), 0);
});
