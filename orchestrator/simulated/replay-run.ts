/**
 * A recorded simulated run, run again: the same plan must give the same history and the same events, byte by byte. Where
 * it does not, the first line that differs is what to look at: the code has changed, or something reads a clock.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENTS_FILE, HISTORY_FILE, loadRun } from '../checks/load-run.ts';
import { Failure, messageOf } from '../failure.ts';
import { linesOf } from '../files/lines.ts';
import { simulateRun } from './simulation.ts';

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

/** Throws a Failure where there is no run, or one that was not simulated. */
export function replayRun(path: string): Replay {
  const { directory, record } = loadRun(path);
  const runtime = runtimeOf(join(directory, 'manifest.json'));
  if (runtime !== 'simulated')
    throw new Failure(
      'usage',
      `RUN-DIR: expected a simulated run, got one of runtime ${runtime} (a live run never repeats itself; run its scenario with the same seed)`,
    );
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

function runtimeOf(manifest: string): string {
  try {
    const { runtime } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly runtime?: unknown };
    return String(runtime);
  } catch (cause) {
    throw new Failure('artefacts', `${manifest} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
