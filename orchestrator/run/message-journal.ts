/** The fabric's journal as a file of the run: messages.ndjson. A disk that is full costs the journal, not the run. */

import { messageOf } from '../failure.ts';
import { LineWriter } from '../files/line-writer.ts';

export class MessageJournal {
  #writer: LineWriter | null = null;
  #problem: string | null = null;

  constructor(file: string) {
    this.#attempt(() => {
      this.#writer = new LineWriter(file);
    });
  }

  /** Whole lines, as the broker tells them. */
  take(lines: string): void {
    this.#attempt(() => this.#writer?.append(lines));
  }

  /** What may be missing, a line each. */
  close(): readonly string[] {
    const writer = this.#writer;
    this.#writer = null;
    this.#attempt(() => writer?.close());
    return this.#problem === null ? [] : [`messages.ndjson is incomplete: ${this.#problem}`];
  }

  #attempt(perform: () => void): void {
    try {
      perform();
    } catch (error) {
      this.#problem ??= messageOf(error);
      this.#writer = null;
    }
  }
}
