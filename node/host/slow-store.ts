/**
 * A store whose commits take longer, as on a slow disk: the process stands still meanwhile, as it does in a real
 * commit. The delay comes after the commit, so what is durable is never less than what the node believes.
 */
import type { Change, DurableState } from '../protocol/durable.ts';
import type { ServiceRun, Store } from './store.ts';

export class SlowStore implements Store {
  /** Milliseconds, 0 or more; may be changed at any time. */
  commitDelayMs = 0;
  readonly #store: Store;
  readonly #never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  constructor(store: Store) {
    this.#store = store;
  }

  get fresh(): boolean {
    return this.#store.fresh;
  }

  get interrupted(): readonly ServiceRun[] {
    return this.#store.interrupted;
  }

  load(): DurableState {
    return this.#store.load();
  }

  commit(changes: readonly Change[], runs?: readonly ServiceRun[]): void {
    this.#store.commit(changes, runs);
    if (this.commitDelayMs > 0) Atomics.wait(this.#never, 0, 0, this.commitDelayMs);
  }

  serviceRuns(): readonly ServiceRun[] {
    return this.#store.serviceRuns();
  }

  sizeBytes(): number {
    return this.#store.sizeBytes();
  }

  close(): void {
    this.#store.close();
  }
}
