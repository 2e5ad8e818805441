/**
 * The node's memory as a port, declared by its consumer, the host. Implementations: sqlite-store.ts (a file) and
 * memory-store.ts; one contract suite covers both.
 */
import type { Change, DurableState } from '../protocol/durable.ts';

/** What stands beside the rows and must match when a store is opened again. */
export interface StoreIdentity {
  /** Node id the rows belong to. */
  readonly self: string;
  /** Version of the profile's durable records. */
  readonly schema: number;
  /** SHA-256 of the configuration that all nodes of a lab share. */
  readonly configurationHash: string;
}

export interface ServiceRun {
  readonly key: string;
  readonly service: string;
  readonly argument: string;
  /** `started` on opening means: a crash came between start and end. It is reported and never run again. */
  readonly phase: 'started' | 'ended' | 'failed' | 'interrupted';
  readonly detail: string;
}

export interface Store {
  /** True when the store held nothing when it was opened. */
  readonly fresh: boolean;
  /** Runs that were `started` when the store was opened: a crash cut them, and this opening is the one to say so. */
  readonly interrupted: readonly ServiceRun[];
  load(): DurableState;
  /** All changes and service runs, or none: one transaction, durable as configured when it returns. */
  commit(changes: readonly Change[], runs?: readonly ServiceRun[]): void;
  /** The last 16 service runs, oldest first. */
  serviceRuns(): readonly ServiceRun[];
  /** Bytes of the database and its journal; 0 where there is no file. */
  sizeBytes(): number;
  close(): void;
}

export class StoreError extends Error {
  readonly code: 'identity-mismatch' | 'corrupt' | 'io';
  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
