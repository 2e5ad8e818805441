/**
 * Bytes in pieces of any size, lines out. Lines end with LF or CRLF. A line that is too long is given up and skipped to
 * its end, and one that is not UTF-8 as well, so a source without line breaks cannot fill the memory.
 */

export type SplitLine =
  /** `byte`: where the line begins in what has come so far; `number`: from 1. */
  | { readonly kind: 'line'; readonly text: string; readonly byte: number; readonly number: number }
  | {
      readonly kind: 'fault';
      readonly expected: string;
      readonly found: string;
      readonly byte: number;
      readonly number: number;
    };

const LINE_FEED = 0x0a;

export class LineSplitter {
  readonly #bytesMax: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #skipping = false;
  #byte = 0;
  #number = 1;
  #lineByte = 0;

  /** `bytesMax`: longest line, without its end. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of the line that has not ended yet. */
  get pendingBytes(): number {
    return this.#byte - this.#lineByte;
  }

  /** The lines that end in `chunk`. Keeps no reference to it. */
  *push(chunk: Uint8Array): Iterable<SplitLine> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const fault = this.#keep(chunk.subarray(start, end));
      this.#byte += end + 1 - start;
      start = end + 1;
      if (fault !== null) yield fault;
      const line = this.#end();
      if (line !== null) yield line;
    }
    const fault = this.#keep(chunk.subarray(start));
    this.#byte += chunk.length - start;
    if (fault !== null) yield fault;
  }

  /** The input has ended: what is left is a line without an end. */
  *flush(): Iterable<SplitLine> {
    if (this.pendingBytes === 0) return;
    const line = this.#end();
    if (line !== null) yield line;
  }

  #keep(part: Uint8Array): SplitLine | null {
    if (this.#skipping || part.length === 0) return null;
    // One more for the CR before the LF.
    if (this.#keptBytes + part.length > this.#bytesMax + 1) {
      this.#skipping = true;
      this.#kept = [];
      return this.#fault(`a line of at most ${this.#bytesMax} bytes`, 'a longer one');
    }
    this.#kept.push(new Uint8Array(part)); // a copy; the slice of a Buffer would be none
    this.#keptBytes += part.length;
    return null;
  }

  #end(): SplitLine | null {
    const bytes = this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept);
    const place = { byte: this.#lineByte, number: this.#number };
    const skipped = this.#skipping;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#skipping = false;
    this.#lineByte = this.#byte;
    this.#number++;
    if (skipped) return null;
    const line = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
    if (line.length > this.#bytesMax) {
      return { kind: 'fault', expected: `a line of at most ${this.#bytesMax} bytes`, found: 'a longer one', ...place };
    }
    try {
      return { kind: 'line', text: this.#decoder.decode(line), ...place };
    } catch {
      return { kind: 'fault', expected: 'UTF-8', found: 'other bytes', ...place };
    }
  }

  #fault(expected: string, found: string): SplitLine {
    return { kind: 'fault', expected, found, byte: this.#lineByte, number: this.#number };
  }
}
