/** Runs of scenarios below a directory, read when somebody asks; a run's own lines are read once for each change of it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../report/run-summary.ts';
import type { RunLineAnswer, RunsAnswer } from './api/run-shape.ts';
import { LIMITS } from './limits.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export class KeptRuns {
  readonly #directory: string;
  readonly #lines = new Map<string, { readonly changedMs: number; readonly line: RunLineAnswer | null }>();

  /** `directory` need not be there. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Newest first. A run that cannot be read is left out. */
  list(): RunsAnswer {
    const found = directoriesIn(this.#directory).flatMap((scenario) =>
      directoriesIn(join(this.#directory, scenario)).map((run) => ({ scenario, run })),
    );
    // Names begin with the time of their start.
    found.sort((a, b) => (a.run < b.run ? 1 : a.run > b.run ? -1 : 0));
    const listed = found.slice(0, LIMITS.runsListed);
    return {
      runs: listed.flatMap(({ scenario, run }) => this.#line(scenario, run) ?? []),
      leftOut: found.length - listed.length,
    };
  }

  /** The text of a file of a run; null where there is none. Names are those of the list: no path leads out of it. */
  file(scenario: string, run: string, name: 'result.json' | 'report.html'): Buffer | null {
    if (!NAME.test(scenario) || !NAME.test(run)) return null;
    try {
      return readFileSync(join(this.#directory, scenario, run, name));
    } catch {
      return null;
    }
  }

  #line(scenario: string, run: string): RunLineAnswer | null {
    const path = join(this.#directory, scenario, run);
    const key = `${scenario}/${run}`;
    try {
      const changedMs = statSync(join(path, 'result.json')).mtimeMs;
      const known = this.#lines.get(key);
      if (known?.changedMs === changedMs) return known.line;
      const text = this.file(scenario, run, 'result.json');
      const line = text === null ? null : lineOf(scenario, run, JSON.parse(text.toString('utf8')), path);
      this.#lines.set(key, { changedMs, line });
      if (this.#lines.size > 2 * LIMITS.runsListed) this.#lines.delete(this.#lines.keys().next().value!);
      return line;
    } catch {
      return null;
    }
  }
}

function lineOf(scenario: string, run: string, summary: RunSummary, path: string): RunLineAnswer | null {
  if (summary.schema !== 1) return null;
  const { startedAt, tookMs, verdict, reasons, profile, seed, runtime, seats, faults, judgement } = summary;
  return {
    scenario,
    run,
    startedAt,
    tookMs,
    verdict,
    reasons,
    profile,
    seed,
    runtime,
    nodes: seats.length,
    faults: faults.length,
    violated: judgement.checks.filter(({ asExpected }) => asExpected === false).map(({ check }) => check.title),
    report: existsSync(join(path, 'report.html')),
  };
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
