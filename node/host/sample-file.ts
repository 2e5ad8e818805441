/**
 * Samples from a file that another program appends to, as `tail -F` follows it. What is there at the start is old and is
 * not read; a file that comes later is read from its beginning. When the path names another file (rotation), the old
 * one is read to its end first; when the file has become shorter (truncation), reading begins anew. A named pipe is read
 * like a stream.
 *
 * It looks at the file at intervals instead of asking the kernel for notice, which network file systems and bind mounts
 * do not give. A file that was cut and has outgrown its old length between two looks cannot be told from one that grew.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { LineSplitter, type SplitLine } from './line-splitter.ts';
import { SAMPLE_LINE_BYTES_MAX, type SampleIntake } from './sample-intake.ts';
import type { Schedule } from './schedule.ts';

const INTERVAL_MS = 200;
const CHUNK_BYTES = 65_536;

export interface SampleFileOptions {
  readonly path: string;
  readonly intake: SampleIntake;
  readonly schedule: Schedule;
}

export class SampleFile {
  readonly #options: SampleFileOptions;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #handle: FileHandle | null = null;
  #inode = 0n;
  #isPipe = false;
  #position = 0;
  #splitter = new LineSplitter(SAMPLE_LINE_BYTES_MAX);
  /** Where the splitter's first byte stands in the file. */
  #splitterStart = 0;
  #looked = false;
  #trouble: string | null = null;
  #cancel: (() => void) | null = null;
  #busy: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: SampleFileOptions) {
    this.#options = options;
  }

  /** Looks once, and from then on every 200 ms until `close`. Resolves after the first look. */
  async start(): Promise<void> {
    await this.poll();
    this.#plan();
  }

  /** Looks now: takes over all whole lines that have been added. */
  poll(): Promise<void> {
    this.#busy = this.#busy.then(() => this.#look());
    return this.#busy;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#busy;
    await this.#handle?.close();
    this.#handle = null;
  }

  #plan(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.schedule(INTERVAL_MS, () => {
      void this.poll().then(() => this.#plan());
    });
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const first = !this.#looked;
    this.#looked = true;
    try {
      if (this.#handle !== null) {
        await this.#readOn();
        if (!(await this.#replaced())) return;
        await this.#readOn(); // what came between the last read and the replacement
        await this.#drop();
      }
      await this.#open(first);
      await this.#readOn();
      this.#trouble = null;
    } catch (error) {
      this.#report((error as NodeJS.ErrnoException).code ?? (error as Error).message);
    }
  }

  /** A file that is not there yet is no problem, and every other trouble is said once until it changes. */
  #report(trouble: string): void {
    if (trouble === 'ENOENT' || trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.intake.refuse('the file', 'a file or named pipe that can be read', trouble);
  }

  /** Also when the path names nothing any more: then the next look waits for a new file. */
  async #replaced(): Promise<boolean> {
    try {
      return (await stat(this.#options.path, { bigint: true })).ino !== this.#inode;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
      throw error;
    }
  }

  /** The last line of a file that nobody appends to any more has ended, line break or not. */
  async #drop(): Promise<void> {
    await this.#take(this.#splitter.flush());
    await this.#handle?.close();
    this.#handle = null;
  }

  async #open(first: boolean): Promise<void> {
    // Without waiting for a writer, should it be a named pipe.
    const handle = await open(this.#options.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile() && !stats.isFIFO()) {
      await handle.close();
      throw new Error('something else');
    }
    this.#handle = handle;
    this.#inode = stats.ino;
    this.#isPipe = stats.isFIFO();
    this.#restart(first && !this.#isPipe ? Number(stats.size) : 0);
  }

  #restart(position: number): void {
    this.#position = position;
    this.#splitterStart = position;
    this.#splitter = new LineSplitter(SAMPLE_LINE_BYTES_MAX);
  }

  async #readOn(): Promise<void> {
    const handle = this.#handle;
    if (handle === null) return;
    if (!this.#isPipe && Number((await handle.stat({ bigint: true })).size) < this.#position) this.#truncated();
    while (!this.#closed) {
      const bytesRead = await this.#read(handle);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      await this.#take(this.#splitter.push(this.#chunk.subarray(0, bytesRead)));
    }
  }

  async #read(handle: FileHandle): Promise<number> {
    try {
      return (await handle.read(this.#chunk, 0, CHUNK_BYTES, this.#isPipe ? null : this.#position)).bytesRead;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0; // a pipe without data
      throw error;
    }
  }

  #truncated(): void {
    const { pendingBytes } = this.#splitter;
    if (pendingBytes > 0) {
      this.#options.intake.refuse(
        `byte ${this.#position - pendingBytes}`,
        'a whole line',
        'one that was cut off with its file',
      );
    }
    this.#restart(0);
  }

  async #take(lines: Iterable<SplitLine>): Promise<void> {
    const { intake } = this.#options;
    for (const line of lines) {
      const place = `byte ${this.#splitterStart + line.byte}`;
      if (line.kind === 'fault') intake.refuse(place, line.expected, line.found);
      else {
        const taken = intake.line(line.text, place);
        if (taken !== undefined) await taken;
      }
    }
  }
}
