/**
 * The run's own record: phases, faults, orders, nodes that came and went (events.ndjson). Written line by line as it
 * happens, so that a run that is killed leaves it. A disk that is full is remembered, not thrown: the run goes on to
 * its orderly end, and says there that its record is incomplete.
 */
import { appendFileSync } from 'node:fs';
import { monotonicMs } from '../../node/host/observations.ts';
import { messageOf } from '../failure.ts';
import type { Phase, RunEvent } from './run-record.ts';

type Fields<E> = E extends unknown ? Omit<E, 't' | 'at'> : never;

/** An event before it has its time. */
export type NewRunEvent = Fields<RunEvent>;

export class RunLog {
  readonly #file: string;
  readonly #watchers = new Set<(event: RunEvent) => void>();
  #failure: string | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /** Why the file is incomplete; null while it is not. */
  get failure(): string | null {
    return this.#failure;
  }

  write(fields: NewRunEvent): void {
    const t = Math.round(monotonicMs() * 1000) / 1000;
    const event = { t, at: Date.now(), ...fields } as RunEvent;
    if (this.#failure === null) {
      try {
        appendFileSync(this.#file, `${JSON.stringify(event)}\n`);
      } catch (error) {
        this.#failure = messageOf(error);
      }
    }
    for (const watcher of this.#watchers) watcher(event);
  }

  watch(watcher: (event: RunEvent) => void): void {
    this.#watchers.add(watcher);
  }

  /** Writes the beginning of a phase; its end is the beginning of the next. */
  phase<T>(phase: Phase, perform: () => Promise<T>): Promise<T> {
    this.write({ event: 'phase', phase });
    return perform();
  }
}
