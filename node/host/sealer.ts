/**
 * Performs `seek` effects: finds the nonce that seals a request or vote (LWPoW). Source: R-05.
 *
 * A short search runs inline: at difficulty 1 it takes a few microseconds, and handing it to a thread would cost ten
 * times that. A long one would stop the node from hearing its peers, so it goes to a thread: one for the life of the
 * sealer, started when first needed, searching one ticket after another in the order they came.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { invariant } from '../protocol/invariant.ts';
import { INT32_MAX } from '../protocol/message.ts';
import { DIFFICULTY_MAX } from '../protocol/work.ts';
import { searchNonceNatively } from './native-search.ts';
import type { SealerWorkerData, SearchCommand, SearchReport } from './sealer-worker.ts';

/** Expected hashes are 16^difficulty: 256 at 2, well under a millisecond on a desktop and 12 ms on a Pi 3B+. */
export const INLINE_DIFFICULTY_MAX = 2;

export interface SealerOptions {
  /** Largest difficulty that is searched inline, -1 (none) .. 7; default {@link INLINE_DIFFICULTY_MAX}. */
  readonly inlineDifficultyMax?: number;
}

/** A nonce; null when the int32 range holds none; `cancelled` when the search was given up and nothing is known. */
export type Sealed = number | null | 'cancelled';

interface Search {
  readonly command: SearchCommand;
  readonly ticket: string;
  readonly resolve: (sealed: Sealed) => void;
  readonly reject: (cause: Error) => void;
}

/** Beside this file, and with its ending: `.ts` as written, `.js` as built. */
const WORKER_URL = new URL(`./sealer-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

export class Sealer {
  readonly #inlineDifficultyMax: number;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  /** In order of arrival; the worker is busy with the first one. */
  #searches: Search[] = [];
  #worker: Worker | null = null;
  #lastSerial = 0;
  #closed = false;
  #hashes = 0;
  #seconds = 0;

  constructor(options: SealerOptions = {}) {
    this.#inlineDifficultyMax = options.inlineDifficultyMax ?? INLINE_DIFFICULTY_MAX;
  }

  /** Hashes computed so far in finished searches, inline and in the thread. */
  get hashes(): number {
    return this.#hashes;
  }

  /** Seconds spent on {@link hashes}. */
  get seconds(): number {
    return this.#seconds;
  }

  /** The nonce at once, or null when there is none; undefined when it is too heavy: use {@link seek}. */
  seekInline(prefix: string, difficulty: number): number | null | undefined {
    if (difficulty > this.#inlineDifficultyMax) return undefined;
    const begunAtMs = performance.now();
    const nonce = searchNonceNatively(prefix, difficulty);
    this.#count(nonce === null ? INT32_MAX + 1 : nonce + 1, (performance.now() - begunAtMs) / 1000);
    return nonce;
  }

  /**
   * Searches in the thread, whatever the difficulty (0..7). `ticket` names the search; an unfinished one of the same
   * ticket is cancelled first. Rejects only when the thread itself fails.
   */
  seek(ticket: string, prefix: string, difficulty: number): Promise<Sealed> {
    invariant(!this.#closed, 'a closed sealer is asked to seek');
    invariant(difficulty >= 0 && difficulty <= DIFFICULTY_MAX, () => `difficulty is 0..7, got ${difficulty}`);
    this.cancel(ticket);
    this.#lastSerial = this.#lastSerial === INT32_MAX ? 1 : this.#lastSerial + 1;
    const command = { serial: this.#lastSerial, prefix, difficulty };
    return new Promise((resolve, reject) => {
      this.#searches.push({ command, ticket, resolve, reject });
      if (this.#searches.length === 1) this.#post(command);
    });
  }

  /** Gives up the search of this ticket; its promise resolves to `cancelled`. No effect when there is none. */
  cancel(ticket: string): void {
    // The last one: an earlier search of this ticket may still be there, cancelled and not yet reported back.
    const index = this.#searches.findLastIndex((search) => search.ticket === ticket);
    if (index < 0) return;
    const search = this.#searches[index]!;
    search.resolve('cancelled');
    // The thread reports as soon as it sees this, and the next search begins then.
    if (index === 0) Atomics.store(this.#cancelled, 0, search.command.serial);
    else this.#searches.splice(index, 1);
  }

  /** Ends the thread; unfinished searches resolve to `cancelled`. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = null;
    const searches = this.#searches;
    this.#searches = [];
    for (const search of searches) search.resolve('cancelled');
    await worker?.terminate();
  }

  #count(hashes: number, seconds: number): void {
    this.#hashes += hashes;
    this.#seconds += seconds;
  }

  #post(command: SearchCommand): void {
    this.#worker ??= this.#startWorker();
    // A search under way keeps the process alive, an idle thread does not.
    this.#worker.ref();
    this.#worker.postMessage(command);
  }

  #startWorker(): Worker {
    const workerData: SealerWorkerData = { cancelled: this.#cancelled };
    // No options of the process: some (`--input-type` beside `--eval`) keep a thread from starting.
    const worker = new Worker(WORKER_URL, { name: 'sealer', workerData, execArgv: [] });
    worker.on('message', (report: SearchReport) => this.#finish(report));
    worker.on('error', (cause) => this.#fail(worker, cause));
    worker.on('exit', (code) => this.#fail(worker, new Error(`the sealer's thread ended by itself, code ${code}`)));
    return worker;
  }

  #finish(report: SearchReport): void {
    const search = this.#searches[0];
    // A report that was on its way while the sealer was closed.
    if (search?.command.serial !== report.serial) return;
    this.#searches.shift();
    this.#count(report.hashes, report.seconds);
    const next = this.#searches[0];
    if (next === undefined) this.#worker?.unref();
    else this.#post(next.command);
    search.resolve(report.found);
  }

  #fail(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const searches = this.#searches;
    this.#searches = [];
    for (const search of searches) search.reject(cause);
  }
}
