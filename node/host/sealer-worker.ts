/**
 * The thread of a sealer: searches one nonce at a time, in slices, and looks between two slices whether the search
 * was cancelled. Started by sealer.ts alone.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { INT32_MAX } from '../protocol/message.ts';
import { searchNonceNatively } from './native-search.ts';

export interface SealerWorkerData {
  /** One int32: serial number of the search to give up, 0 for none. Shared, since a searching thread reads no messages. */
  readonly cancelled: Int32Array;
}

export interface SearchCommand {
  /** 1 .. 2^31-1, new with each search. */
  readonly serial: number;
  readonly prefix: string;
  readonly difficulty: number;
}

export interface SearchReport {
  readonly serial: number;
  readonly found: number | null | 'cancelled';
  readonly hashes: number;
  readonly seconds: number;
}

/** Hashes between two looks at the cancellation: a millisecond or so. */
const SLICE_HASHES = 4096;

const { cancelled } = workerData as SealerWorkerData;

function search({ serial, prefix, difficulty }: SearchCommand): SearchReport {
  const begunAtMs = performance.now();
  const report = (found: SearchReport['found'], hashes: number): SearchReport => ({
    serial,
    found,
    hashes,
    seconds: (performance.now() - begunAtMs) / 1000,
  });
  for (let from = 0; from <= INT32_MAX; from += SLICE_HASHES) {
    if (Atomics.load(cancelled, 0) === serial) return report('cancelled', from);
    const nonce = searchNonceNatively(prefix, difficulty, from, SLICE_HASHES);
    if (nonce !== null) return report(nonce, nonce + 1);
  }
  return report(null, INT32_MAX + 1);
}

parentPort!.on('message', (command: SearchCommand) => parentPort!.postMessage(search(command)));
