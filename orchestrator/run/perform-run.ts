/**
 * A scenario as a run, stage by stage: prepare, start, fund, load (with the timeline of faults), heal, settle, final
 * reads, stop, collect, judge. The order at the end is fixed; what the nodes recorded is collected also when a stage
 * failed or was interrupted, and before anything is removed.
 */
import { join } from 'node:path';
import type { NodeConditions } from '../../node/host/conditions.ts';
import { checkFacts } from '../checks/check-facts.ts';
import { LiveMetrics } from '../checks/live-metrics.ts';
import type { Terminal } from '../cli/terminal.ts';
import { Failure } from '../failure.ts';
import type { Observation } from '../history/observation.ts';
import type { LabDirectory } from '../lab/lab-directory.ts';
import { LabProcess } from '../lab/lab-process.ts';
import type { LabEvent } from '../lab/lab-view.ts';
import { PROJECT_VERSION } from '../project.ts';
import type { RunSummary } from '../report/run-summary.ts';
import type { ChosenRuntime } from '../runtimes/choose-runtime.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { measureHashRate } from './calibrate.ts';
import { collect, saveOutput } from './collect.ts';
import { judgedRun, liveFigures } from './judged-run.ts';
import { LoadStages } from './load-stages.ts';
import { describeMachine } from './machine.ts';
import { MessageJournal } from './message-journal.ts';
import { ObservationWatch } from './observation-watch.ts';
import { RunDirectory } from './run-directory.ts';
import { RunLog } from './run-log.ts';
import { ScenarioProgress } from './scenario-progress.ts';
import { SeatConditions } from './seat-conditions.ts';

export interface RunSettings {
  readonly plan: ScenarioPlan;
  /** Of the lab that the run starts; it must be new. */
  readonly directory: LabDirectory;
  /** Where runs are written. */
  readonly out: string;
  readonly runtime: ChosenRuntime;
  readonly inherited: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** The command that runs it again. */
  readonly replay: readonly string[];
  /** Leave the lab standing: called after the judgement, before it is stopped. */
  readonly onStanding: ((lab: LabProcess, summary: RunSummary) => Promise<void>) | null;
}

/** Throws a Failure where there is nothing to judge; its message names the run directory. */
export async function performRun(settings: RunSettings): Promise<RunSummary> {
  const { plan, terminal, signal, runtime } = settings;
  const machine = describeMachine();
  const startedAt = new Date();
  const run = RunDirectory.create(settings.out, plan.name, plan.seed, machine.revision, PROJECT_VERSION, startedAt);
  const log = new RunLog(join(run.path, 'events.ndjson'));
  const watch = new ObservationWatch();
  const metrics = new LiveMetrics(checkFacts(plan));
  const conditions = new SeatConditions(plan.seats);
  const progress = new ScenarioProgress(terminal, plan, liveFigures(metrics));
  const journal = new MessageJournal(join(run.path, 'messages.ndjson'));
  log.watch((event) => progress.event(event));
  watch.follow((seat, observation) => {
    metrics.take(seat, observation);
    progress.take(seat, observation);
  });
  const manifest = {
    startedAt: startedAt.toISOString(),
    run: plan.name,
    seed: plan.seed,
    runtime: runtime.placement.runtime,
    ...runtime.facts,
    warnings: runtime.warnings,
    fabric: `embedded broker (aedes) in its own ${runtime.placement.runtime === 'docker' ? 'container' : 'process'}`,
    networkEmulation: 'link rules in the broker; netem is not used',
    durability: plan.lab.durability,
    qos: plan.lab.qos,
    profile: plan.lab.profile,
    configurationHash: plan.lab.configurationHash,
    machine,
    hashesPerSecond: measureHashRate(),
  };
  await log.phase('prepare', async () => {
    run.yaml('scenario.resolved.yaml', plan);
    run.json('manifest.json', manifest);
  });

  let stages: LoadStages | null = null;
  const lab = await log
    .phase('start', () =>
      startLab(settings, {
        onEvent: (event) => {
          if (event.kind === 'ready')
            log.write({
              event: 'seat',
              seat: event.seat,
              state: 'ready',
              detail: event.databaseEmpty ? 'empty database' : 'kept database',
            });
          else if (event.kind === 'died')
            log.write({ event: 'seat', seat: event.seat, state: 'crashed', detail: event.reason });
          else if (event.kind === 'stopped')
            log.write({ event: 'seat', seat: event.seat, state: 'down', detail: event.reason });
          else if (event.kind === 'fabric-died') stages?.end(`the fabric ended: ${event.reason}`);
          else if (event.kind === 'trouble') terminal.note(event.text);
        },
        onObservation: (seat, observation) => watch.take(seat, observation),
        onJournal: (lines) => journal.take(lines),
        conditionsOf: (seat) => conditions.of(seat),
      }),
    )
    .catch((error: unknown) => {
      progress.end();
      journal.close();
      saveOutput(plan.lab, settings.directory, run);
      throw pointedAt(error, `what the nodes printed is in ${run.path}`);
    });
  try {
    stages = new LoadStages({ lab: lab.lab, plan, log, watch, metrics, conditions, signal });
    let trouble: unknown = null;
    try {
      await stages.perform();
    } catch (error) {
      // What was recorded until here is collected and judged all the same.
      trouble = error;
    }
    progress.end();
    const summary = await recorded(async () => {
      const { finals, fabric, reasons } = await stages!.read();
      if (settings.onStanding === null) await log.phase('stop', () => lab.stop());
      const gaps = [...(await log.phase('collect', () => collect(lab.lab, run, finals)))];
      gaps.push(...journal.close());
      if (log.failure !== null) gaps.push(`events.ndjson is incomplete: ${log.failure}`);
      run.json('fabric.json', fabric);
      run.json('gaps.json', gaps);
      if (trouble !== null) throw trouble;
      const made = await log.phase('judge', async () =>
        judgedRun(run, {
          runtime: runtime.placement.runtime,
          startedAt,
          interrupted: signal.aborted,
          reasons,
          replay: settings.replay,
          manifest,
        }),
      );
      if (log.failure !== null) throw new Failure('artefacts', `${join(run.path, 'events.ndjson')}: ${log.failure}`);
      return made;
    }, run);
    run.link();
    if (settings.onStanding !== null && !signal.aborted) {
      signal.addEventListener('abort', () => void lab.stop());
      await settings.onStanding(lab, summary);
    }
    return summary;
  } finally {
    progress.end();
    await lab.stop();
  }
}

/** What goes wrong once there is something to keep says where it is. */
async function recorded<T>(perform: () => Promise<T>, run: RunDirectory): Promise<T> {
  try {
    return await perform();
  } catch (error) {
    throw pointedAt(error, `what was recorded is in ${run.path}`);
  }
}

async function startLab(
  { plan, directory, runtime, inherited, signal }: RunSettings,
  listeners: {
    readonly onEvent: (event: LabEvent) => void;
    readonly onObservation: (seat: string, observation: Observation) => void;
    readonly onJournal: (lines: string) => void;
    readonly conditionsOf: (seat: string) => NodeConditions;
  },
): Promise<LabProcess> {
  // An interrupt stops a lab that is starting. Later it ends the load first: the final reads come before the stop.
  const starting = new AbortController();
  const onAbort = (): void => starting.abort();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    const lab = await LabProcess.start({
      directory,
      plan: () => plan.lab,
      runtime: runtime.create,
      placement: runtime.placement,
      inherited,
      signal: starting.signal,
      ...listeners,
    });
    if (lab === null) throw new Failure('environment', `lab ${plan.lab.lab} is running already`);
    return lab;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The same error, saying where to look; a bug stays a bug. */
function pointedAt(error: unknown, where: string): unknown {
  if (!(error instanceof Failure)) return error;
  return new Failure(error.code, `${error.message}\n${where}`, { cause: error });
}
