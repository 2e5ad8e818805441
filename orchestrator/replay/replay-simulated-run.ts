/**
 * A recorded simulated run, run again: the same plan must give the same history and the same events, byte by byte. Where
 * it does not, the first line that differs is what to look at: the code has changed, or something reads a clock.
 */
import { join } from 'node:path';
import { EVENTS_FILE, HISTORY_FILE, type LoadedRun } from '../checks/load-run.ts';
import { linesOf } from '../files/lines.ts';
import { simulateRun } from '../simulated/simulation.ts';

export interface Difference {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Null: the record has ended. */
  readonly recorded: string | null;
  /** Null: the replay has ended. */
  readonly replayed: string | null;
}

export interface Replay {
  readonly directory: string;
  readonly lines: number;
  readonly events: number;
  /** Virtual milliseconds. */
  readonly tookMs: number;
  /** The first of the history, otherwise of the events; null: there is none. */
  readonly difference: Difference | null;
}

/** `run`: one that was simulated. */
export function replaySimulatedRun({ directory, record }: LoadedRun): Replay {
  const history = new Comparison(join(directory, HISTORY_FILE), HISTORY_FILE);
  const events = new Comparison(join(directory, EVENTS_FILE), EVENTS_FILE);
  const { tookMs } = simulateRun(record.plan, {
    onLines: (_seat, text) => {
      for (const line of text.split('\n')) if (line !== '') history.take(line);
    },
    onEvent: (event) => events.take(JSON.stringify(event)),
  });
  const difference = history.end() ?? events.end();
  return { directory, lines: history.lines, events: events.lines, tookMs, difference };
}

class Comparison {
  lines = 0;
  readonly #name: string;
  readonly #recorded: Generator<string>;
  #difference: Difference | null = null;

  constructor(file: string, name: string) {
    this.#name = name;
    this.#recorded = linesOf(file);
  }

  take(replayed: string): void {
    this.lines++;
    if (this.#difference !== null) return;
    const next = this.#recorded.next();
    const recorded = next.done === true ? null : next.value;
    if (recorded !== replayed) this.#difference = { file: this.#name, line: this.lines, recorded, replayed };
  }

  /** After the last line. */
  end(): Difference | null {
    if (this.#difference === null) {
      const next = this.#recorded.next();
      if (next.done !== true)
        this.#difference = { file: this.#name, line: this.lines + 1, recorded: next.value, replayed: null };
    }
    this.#recorded.return(undefined);
    return this.#difference;
  }
}
