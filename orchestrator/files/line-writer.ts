/** Lines into a new file, many at once. */
import { closeSync, openSync, writeSync } from 'node:fs';

const BATCH_CHARACTERS = 256 * 1024;

export class LineWriter {
  readonly #descriptor: number;
  #text = '';

  /** Throws what the system says when it cannot be made. */
  constructor(file: string) {
    this.#descriptor = openSync(file, 'w', 0o644);
  }

  write(line: string): void {
    this.append(`${line}\n`);
  }

  /** Whole lines with their ends. */
  append(lines: string): void {
    this.#text += lines;
    if (this.#text.length >= BATCH_CHARACTERS) this.flush();
  }

  flush(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
  }

  close(): void {
    try {
      this.flush();
    } finally {
      closeSync(this.#descriptor);
    }
  }
}
