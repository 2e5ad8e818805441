/**
 * A scenario as a simulated run with a directory like that of a live one. The plan decides every byte of the history and
 * of the events; only the manifest, the result and the name of the directory tell of the machine and the hour.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFacts } from '../checks/check-facts.ts';
import { LiveMetrics } from '../checks/live-metrics.ts';
import { EVENTS_FILE, HISTORY_FILE, PLAN_FILE } from '../checks/load-run.ts';
import type { Terminal } from '../cli/terminal.ts';
import { Failure, messageOf } from '../failure.ts';
import { LineWriter } from '../files/line-writer.ts';
import { PROJECT_VERSION } from '../project.ts';
import type { RunSummary } from '../report/run-summary.ts';
import { judgedRun, liveFigures } from '../run/judged-run.ts';
import { describeMachine } from '../run/machine.ts';
import { MessageJournal } from '../run/message-journal.ts';
import { RunDirectory } from '../run/run-directory.ts';
import { ScenarioProgress } from '../run/scenario-progress.ts';
import { CAPABILITIES, type Capability, DEFAULT_SIMULATION, type ScenarioPlan } from '../scenario/scenario-plan.ts';
import { Simulation, type SimulationEnd } from './simulation.ts';

/** A board gives its pace, not its limits; nothing is compiled for an architecture. */
export const SIMULATED_CAPABILITIES: ReadonlySet<Capability> = new Set(
  CAPABILITIES.filter((capability) => capability !== 'board-limits' && capability !== 'architectures'),
);

export interface SimulatedRunSettings {
  readonly plan: ScenarioPlan;
  /** Where runs are written. */
  readonly out: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** The command that runs it again. */
  readonly replay: readonly string[];
}

/** Between two looks at the process's own business. */
const HAPPENINGS_A_SLICE = 20_000;

/** Throws a Failure where there is nothing to judge; its message names the run directory. */
export async function performSimulatedRun(settings: SimulatedRunSettings): Promise<RunSummary> {
  const { plan, signal } = settings;
  const { simulation = DEFAULT_SIMULATION, lab } = plan;
  const machine = describeMachine();
  const startedAt = new Date();
  const run = RunDirectory.create(settings.out, plan.name, plan.seed, machine.revision, PROJECT_VERSION, startedAt);
  const manifest = {
    startedAt: startedAt.toISOString(),
    run: plan.name,
    seed: plan.seed,
    runtime: 'simulated',
    warnings: [],
    fabric: `simulated, ${simulation.broker}`,
    networkEmulation: `network ${simulation.network} and link rules, in virtual time`,
    pace: simulation.pace,
    durability: lab.durability,
    qos: lab.qos,
    profile: lab.profile,
    configurationHash: lab.configurationHash,
    machine,
  };
  run.yaml(PLAN_FILE, plan);
  run.json('manifest.json', manifest);
  const end = await written(settings, run);
  run.json('fabric.json', end.fabric);
  for (const [seat, report] of end.finals) {
    writeFileSync(join(run.seat(seat), 'ledger.json'), `${JSON.stringify(report, null, 2)}\n`);
  }
  const summary = judgedRun(run, {
    runtime: 'simulated',
    startedAt,
    interrupted: signal.aborted,
    reasons: end.reasons,
    replay: settings.replay,
    manifest,
  });
  run.link();
  return summary;
}

/** Runs it, writing down what happens. */
async function written({ plan, terminal, signal }: SimulatedRunSettings, run: RunDirectory): Promise<SimulationEnd> {
  const writers = new Map<string, LineWriter>();
  const journal = new MessageJournal(join(run.path, 'messages.ndjson'));
  const gaps: string[] = [];
  try {
    const write = (file: string, text: string): void => {
      let writer = writers.get(file);
      if (writer === undefined) {
        writer = new LineWriter(file);
        writers.set(file, writer);
      }
      writer.append(text);
    };
    const history = join(run.path, HISTORY_FILE);
    const events = join(run.path, EVENTS_FILE);
    const records = new Map(plan.seats.map(({ seat }) => [seat, join(run.seat(seat), 'observations.ndjson')]));
    const metrics = new LiveMetrics(checkFacts(plan));
    let simulation: Simulation | null = null;
    const figures = liveFigures(metrics);
    const progress = new ScenarioProgress(terminal, plan, figures, () => simulation?.nowMs ?? 0);
    try {
      simulation = new Simulation(plan, {
        onLines: (seat, text) => {
          write(history, text);
          write(records.get(seat)!, text);
        },
        onEvent: (event) => {
          write(events, `${JSON.stringify(event)}\n`);
          progress.event(event);
        },
        onJournal: (lines) => journal.take(lines),
        onObservation: (seat, observation) => {
          metrics.take(seat, observation);
          progress.take(seat, observation);
        },
      });
      for (;;) {
        const end = simulation.advance(HAPPENINGS_A_SLICE);
        if (end !== null) return end;
        progress.draw();
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (signal.aborted) simulation.hurry();
      }
    } finally {
      progress.end();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, `${error.message}\nwhat was recorded is in ${run.path}`, { cause: error });
  } finally {
    for (const [file, writer] of writers) {
      try {
        writer.close();
      } catch (error) {
        gaps.push(`${file} is incomplete: ${messageOf(error)}`);
      }
    }
    gaps.push(...journal.close());
    run.json('gaps.json', gaps);
  }
}
