/** The node's wall clock: the machine's, off by as much as its conditions say, never going back. */

export class NodeClock {
  /** Milliseconds, may be negative; may be changed at any time. */
  offsetMs = 0;
  readonly #wallMs: () => number;
  #lastMs = 0;

  /** `wallMs`: Unix milliseconds. */
  constructor(wallMs: () => number = Date.now) {
    this.#wallMs = wallMs;
  }

  /** Of the machine, without the offset. */
  get wallMs(): number {
    return this.#wallMs();
  }

  /** Unix milliseconds as the node takes them; a clock that is set back stands still until its time comes again. */
  nowMs(): number {
    // The ledger's times begin in 1970.
    this.#lastMs = Math.max(this.#lastMs, this.#wallMs() + this.offsetMs, 0);
    return this.#lastMs;
  }
}
