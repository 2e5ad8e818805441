/**
 * The file that a node's observations are appended to. Every append is one write to the kernel and nothing is kept in
 * user space, so what was appended survives kill -9 of the process (not the loss of power: nothing is synced).
 *
 * On opening, the end of the file is read to take up the chain; what follows the last whole line is cut off. At a
 * bound the file becomes `<path>.1`, in place of an older one. An append that fails leaves nothing of itself behind.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { CHAIN_START, type ChainPlace, chainHead, linkOf } from './observation-chain.ts';

/** The end of the file that is searched for a whole line. */
const TAIL_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

export class ObservationFileError extends Error {
  readonly code: 'io';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = 'io';
  }
}

export class ObservationFile {
  readonly path: string;
  /** Where the chain stood when the file was opened. */
  readonly place: ChainPlace;
  /** What opening had to mend, for people; null: nothing. */
  readonly repair: string | null;
  readonly #bytesMax: number;
  #fd: number | null;
  #bytes: number;
  #torn = false;

  /**
   * Opens or creates `path`; `bytesMax` is the size at which it is rotated (a single append may exceed it). Throws
   * {@link ObservationFileError} when that is impossible.
   */
  constructor(path: string, bytesMax: number) {
    this.path = path;
    this.#bytesMax = bytesMax;
    try {
      const tail = readTail(path);
      this.place = tail?.place ?? readTail(`${path}.1`)?.place ?? { seq: 0, link: CHAIN_START };
      if (tail !== null && tail.place === null) renameSync(path, `${path}.damaged`);
      this.#fd = openSync(path, 'a');
      this.#bytes = fstatSync(this.#fd).size;
      const cut = this.#bytes - Math.min(this.#bytes, tail?.place == null ? this.#bytes : tail.wholeBytes);
      if (cut > 0) {
        this.#bytes -= cut;
        ftruncateSync(this.#fd, this.#bytes);
      }
      this.repair =
        tail !== null && tail.place === null
          ? `no whole line at the end of ${path}: it was moved to ${path}.damaged`
          : cut > 0
            ? `cut ${cut} bytes after the last whole line of ${path}`
            : null;
    } catch (error) {
      throw new ObservationFileError(`cannot keep observations in ${path}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Appends `text` (whole lines). Returns null, or the reason why none of it was written, such as ENOSPC. */
  append(text: string): string | null {
    const bytes = Buffer.from(text);
    let done = 0;
    try {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) this.#rotate();
      this.#fd ??= openSync(this.path, 'a');
      if (this.#torn) this.#cutTorn(this.#fd);
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done);
      this.#bytes += bytes.length;
      return null;
    } catch (error) {
      this.#torn ||= done > 0;
      if (this.#torn && this.#fd !== null) {
        try {
          this.#cutTorn(this.#fd);
        } catch {
          // The next append tries again before it writes.
        }
      }
      return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #cutTorn(fd: number): void {
    ftruncateSync(fd, this.#bytes);
    this.#torn = false;
  }

  #rotate(): void {
    this.close();
    renameSync(this.path, `${this.path}.1`);
    this.#bytes = 0;
    this.#torn = false;
  }
}

interface Tail {
  /** Place of the last whole line; null when there is none within the tail of a file that is not empty. */
  readonly place: ChainPlace | null;
  /** Bytes up to and with that line. */
  readonly wholeBytes: number;
}

/** Null when there is no such file or it is empty. */
function readTail(path: string): Tail | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return null;
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const start = size - tail.length;
    let filled = 0;
    while (filled < tail.length) {
      const read = readSync(fd, tail, filled, tail.length - filled, start + filled);
      if (read === 0) break;
      filled += read;
    }
    let end = tail.lastIndexOf(LINE_FEED);
    while (end >= 0) {
      const before = end === 0 ? -1 : tail.lastIndexOf(LINE_FEED, end - 1);
      if (before < 0 && start > 0) break; // the line may begin before the tail
      const line = tail.toString('utf8', before + 1, end);
      const head = chainHead(line);
      if (head !== null) return { place: { seq: head.seq, link: linkOf(line) }, wholeBytes: start + end + 1 };
      end = before;
    }
    return { place: null, wholeBytes: 0 };
  } finally {
    closeSync(fd);
  }
}
