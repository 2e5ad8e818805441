/**
 * What a stage of a run or a fault does one thing after another, as a generator over virtual time: it yields what it
 * waits for and goes on when that has come. All of it is synchronous, and the order in which several go on at one
 * moment is that in which they were due (timeline.ts).
 *
 *   function* visit(timeline: Timeline, bell: Signal): Script {
 *     yield { ms: 100 };                              // a tenth of a second
 *     const rang = yield { ms: 1000, signals: [bell] };  // false: it took longer than a second
 *   }
 */
import type { Appointment, Timeline } from './timeline.ts';

/** Raised once, and for good. */
export class Signal {
  #raised = false;
  readonly #waiting = new Set<() => void>();

  get raised(): boolean {
    return this.#raised;
  }

  raise(): void {
    if (this.#raised) return;
    this.#raised = true;
    for (const notify of [...this.#waiting]) notify();
    this.#waiting.clear();
  }

  /** Calls `notify` when it is raised, at once where it is; returns what ends that. */
  on(notify: () => void): () => void {
    if (this.#raised) notify();
    else this.#waiting.add(notify);
    return () => this.#waiting.delete(notify);
  }
}

export interface Pause {
  /** Goes on after so long at the latest; null: no such time. */
  readonly ms: number | null;
  /** Goes on when one of them is raised. */
  readonly signals?: readonly Signal[];
}

/** `yield` returns true when a signal ended the pause, false when its time was over. */
export type Script<T = void> = Generator<Pause, T, boolean>;

/** Runs `script` from now on, its first part at once. The signal is raised when it has ended. */
export function perform(timeline: Timeline, script: Script<unknown>): Signal {
  const ended = new Signal();
  const resume = (signalled: boolean): void => {
    const step = script.next(signalled);
    if (step.done === true) ended.raise();
    else wait(step.value);
  };
  const wait = ({ ms, signals = [] }: Pause): void => {
    let over = false;
    let appointment: Appointment | null = null;
    const stops: (() => void)[] = [];
    const end = (signalled: boolean): void => {
      if (over) return;
      over = true;
      timeline.cancel(appointment);
      for (const stop of stops) stop();
      if (signalled) timeline.at(timeline.nowMs, () => resume(true));
      else resume(false);
    };
    if (ms !== null) appointment = timeline.appoint(timeline.nowMs + Math.max(0, ms), () => end(false));
    for (const signal of signals) if (!over) stops.push(signal.on(() => end(true)));
  };
  resume(false);
  return ended;
}

/** Goes on when all of `signals` are raised. */
export function* allOf(signals: readonly Signal[]): Script {
  for (const signal of signals) if (!signal.raised) yield { ms: null, signals: [signal] };
}
