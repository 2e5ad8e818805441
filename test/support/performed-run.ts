/** A scenario performed through the command, and what its run directory says afterwards. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRun } from '../../orchestrator/checks/load-run.ts';
import type { Observation } from '../../orchestrator/history/observation.ts';
import type { RunSummary } from '../../orchestrator/report/run-summary.ts';
import type { RunEvent, RunRecord } from '../../orchestrator/run/run-record.ts';
import { CommandLine } from './command-line.ts';

type FaultEvent = Extract<RunEvent, { readonly event: 'fault' }>;

/** Longer than the longest scenario with its timeouts. */
const RUN_MS_MAX = 150_000;

export class PerformedRun {
  readonly code: number | null;
  /** What the command printed. */
  readonly text: string;
  /** Of the command: labs and runs are below it. */
  readonly home: string;
  /** Of the run directory. */
  readonly path: string;
  /** For more commands about the run. */
  readonly cli: CommandLine;
  readonly summary: RunSummary;
  readonly record: RunRecord;
  #lines: readonly { readonly seat: string; readonly observation: Observation }[] | null = null;

  /** Throws, with all that was printed, where the run left nothing to read. */
  private constructor(code: number | null, text: string, cli: CommandLine) {
    const { home } = cli;
    this.cli = cli;
    this.code = code;
    this.text = text;
    this.home = home;
    try {
      const name = readdirSync(join(home, 'runs'))[0]!;
      this.path = join(home, 'runs', name, 'latest');
      this.summary = JSON.parse(readFileSync(join(this.path, 'result.json'), 'utf8')) as RunSummary;
      this.record = loadRun(this.path).record;
    } catch (cause) {
      throw new Error(`the run ended with ${code} and no result:\n${text}`, { cause });
    }
  }

  /** Of a shipped scenario, by its name. */
  static async shipped(name: string, ...args: readonly string[]): Promise<PerformedRun> {
    const cli = new CommandLine();
    mkdirSync(cli.home, { recursive: true });
    return PerformedRun.#perform(cli, name, args);
  }

  /** Of a scenario that is written here. */
  static async of(scenario: string, ...args: readonly string[]): Promise<PerformedRun> {
    const cli = new CommandLine();
    mkdirSync(cli.home, { recursive: true });
    writeFileSync(join(cli.home, 'scenario.yaml'), scenario);
    return PerformedRun.#perform(cli, 'scenario.yaml', args);
  }

  static async #perform(cli: CommandLine, scenario: string, args: readonly string[]): Promise<PerformedRun> {
    const child = cli.start('run', scenario, ...args);
    const late = setTimeout(() => child.kill('SIGINT'), RUN_MS_MAX);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    const code = await new Promise<number | null>((done) => child.once('close', done));
    clearTimeout(late);
    return new PerformedRun(code, text, cli);
  }

  /** What to say when something about the run is not as it should be. */
  get explanation(): string {
    const { verdict, reasons, replay } = this.summary;
    return [
      `${this.summary.scenario} under ${this.summary.profile}: ${verdict}, exit code ${this.code}`,
      ...reasons,
      `again: ${replay.join(' ')}`,
      `run: ${this.path}`,
    ].join('\n  ');
  }

  /** Everything that the nodes wrote down. */
  get lines(): readonly { readonly seat: string; readonly observation: Observation }[] {
    this.#lines ??= [...this.record.history()];
    return this.#lines;
  }

  /** Lines of one kind, of one seat or of all. */
  observed(event: string, seat: string | null = null): readonly Observation[] {
    return this.lines
      .filter((line) => line.observation.event === event && (seat === null || line.seat === seat))
      .map(({ observation }) => observation);
  }

  /** What became of a fault, in order. */
  fault(id: string): readonly FaultEvent[] {
    return this.record.events.filter((event) => event.event === 'fault').filter((event) => event.id === id);
  }
}
