/** Copies that link rules hold, in virtual time: what delay-line.ts is for a real broker. */
import type { Timeline } from '../../node/simulation/timeline.ts';
import type { CopyLine, DelayedCopy } from '../fabric/link-rules.ts';

interface Entry {
  readonly dueMs: number;
  readonly item: DelayedCopy;
}

export class VirtualLine implements CopyLine {
  readonly #timeline: Timeline;
  readonly #release: (copy: DelayedCopy) => void;
  /** In the order of entry. */
  readonly #entries = new Set<Entry>();

  constructor(timeline: Timeline, release: (copy: DelayedCopy) => void) {
    this.#timeline = timeline;
    this.#release = release;
  }

  get size(): number {
    return this.#entries.size;
  }

  push(dueMs: number, item: DelayedCopy): void {
    const entry = { dueMs, item };
    this.#entries.add(entry);
    this.#timeline.at(dueMs, () => {
      if (this.#entries.delete(entry)) this.#release(item);
    });
  }

  drain(): readonly Entry[] {
    const entries = [...this.#entries].sort((a, b) => a.dueMs - b.dueMs);
    this.#entries.clear();
    return entries;
  }
}
