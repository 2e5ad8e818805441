/** The end of a file that may be large, and what is added to it later. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const BLOCK_BYTES = 65_536;

/** Up to `lineCount` last lines, at most 64 kB of them; empty where there is no such file. */
export function lastLines(file: string, lineCount: number): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    const { size } = fstatSync(descriptor);
    const length = Math.min(size, BLOCK_BYTES);
    const block = Buffer.alloc(length);
    readSync(descriptor, block, 0, length, size - length);
    const lines = block.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    if (length < size) lines.shift();
    return lines.slice(-lineCount);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads what a growing file gains: each call returns the text since the last one, whole lines only. */
export class FileFollower {
  readonly #file: string;
  #offset: number;
  #rest: Buffer = Buffer.alloc(0);

  /** From `offset` bytes on. */
  constructor(file: string, offset: number) {
    this.#file = file;
    this.#offset = offset;
  }

  /** Complete lines that were added; none where the file is not there (yet). A file that shrank is read anew. */
  lines(): string[] {
    let descriptor: number;
    try {
      descriptor = openSync(this.#file, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    try {
      const { size } = fstatSync(descriptor);
      if (size < this.#offset) {
        this.#offset = 0;
        this.#rest = Buffer.alloc(0);
      }
      const blocks = [this.#rest];
      while (this.#offset < size) {
        const block = Buffer.alloc(Math.min(BLOCK_BYTES, size - this.#offset));
        const read = readSync(descriptor, block, 0, block.length, this.#offset);
        if (read === 0) break;
        this.#offset += read;
        blocks.push(block.subarray(0, read));
      }
      const all = Buffer.concat(blocks);
      const end = all.lastIndexOf(10);
      this.#rest = all.subarray(end + 1);
      return end < 0 ? [] : all.subarray(0, end).toString('utf8').split('\n');
    } finally {
      closeSync(descriptor);
    }
  }
}
