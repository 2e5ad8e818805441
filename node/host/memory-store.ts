/**
 * A store without a file, for nodes that share one process and for tests. What it holds lives on a {@link MemoryDisk},
 * which outlives the store as a file outlives a process. Records pass through JSON as they do in sqlite-store.ts, so a
 * record that is changed after its commit, or that JSON cannot carry, shows up here as well.
 */
import { type Change, type DurableState, type Rows, TABLES, type Table } from '../protocol/durable.ts';
import { invariant } from '../protocol/invariant.ts';
import type { ServiceRun, Store, StoreIdentity } from './store.ts';
import { recordText, requireIdentity, SERVICE_RUNS_MAX } from './store-rules.ts';

/** The rows of one node between two stores: a restart with the database kept is a new store on the same disk. */
export class MemoryDisk {
  /** Null until a store was opened on it. */
  identity: StoreIdentity | null = null;
  /** Records as JSON text. */
  readonly tables: { readonly [T in Table]: Map<string | number, string> } = {
    wallets: new Map(),
    requests: new Map(),
    votes: new Map(),
    locks: new Map(),
    streams: new Map(),
    orders: new Map(),
  };
  /** By key, oldest first. */
  readonly serviceRuns = new Map<string, ServiceRun>();
  /** The store that was opened last and not closed; no other may read or write. */
  owner: Store | null = null;
}

export class MemoryStore implements Store {
  readonly fresh: boolean;
  readonly interrupted: readonly ServiceRun[];
  readonly #disk: MemoryDisk;

  /**
   * Opens `disk` (default: an empty one) for a node. A store that was opened on it before is thereby dead, as after a
   * crash. Throws StoreError `identity-mismatch`.
   */
  constructor(identity: StoreIdentity, disk: MemoryDisk = new MemoryDisk()) {
    requireIdentity('this memory', identity, disk.identity ?? identity);
    disk.identity = { ...identity };
    disk.owner = this;
    this.#disk = disk;
    this.fresh = disk.serviceRuns.size === 0 && TABLES.every((table) => disk.tables[table].size === 0);
    this.interrupted = [...disk.serviceRuns.values()]
      .filter((run) => run.phase === 'started')
      .map((run) => ({ ...run, phase: 'interrupted' }));
    for (const run of this.interrupted) disk.serviceRuns.set(run.key, run);
  }

  load(): DurableState {
    const { tables } = this.#owned();
    return {
      wallets: rows(tables.wallets),
      requests: rows(tables.requests),
      votes: rows(tables.votes),
      locks: rows(tables.locks),
      streams: rows(tables.streams),
      orders: rows(tables.orders),
    };
  }

  commit(changes: readonly Change[], runs: readonly ServiceRun[] = []): void {
    const { tables, serviceRuns } = this.#owned();
    // All texts before the first row is touched: a change that cannot be kept leaves nothing of the others.
    const texts = changes.map(recordText);
    for (const [index, { table, key }] of changes.entries()) {
      const text = texts[index]!;
      if (text === null) tables[table].delete(key);
      else tables[table].set(key, text);
    }
    for (const { key, service, argument, phase, detail } of runs) {
      serviceRuns.set(key, { key, service, argument, phase, detail });
    }
    while (serviceRuns.size > SERVICE_RUNS_MAX) serviceRuns.delete(serviceRuns.keys().next().value!);
  }

  serviceRuns(): readonly ServiceRun[] {
    return [...this.#owned().serviceRuns.values()].map((run) => ({ ...run }));
  }

  sizeBytes(): number {
    return 0;
  }

  close(): void {
    if (this.#disk.owner === this) this.#disk.owner = null;
  }

  #owned(): MemoryDisk {
    invariant(this.#disk.owner === this, 'the store was closed, or its disk was opened by another');
    return this.#disk;
  }
}

function rows(table: ReadonlyMap<string | number, string>): Rows {
  return [...table].sort(([a], [b]) => compareKeys(a, b)).map(([key, text]) => [key, JSON.parse(text)]);
}

/** Numbers by value, text by its UTF-8 bytes as SQLite orders it. A table has keys of one kind. */
function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
