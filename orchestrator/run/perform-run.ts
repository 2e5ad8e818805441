/**
 * A bounded run, stage by stage: start, load, settle, final reads, stop, collect, judge, write down. The order at the
 * end is fixed; what the nodes recorded is collected also when a stage failed or was interrupted.
 */
import type { Terminal } from '../cli/terminal.ts';
import { Failure, messageOf } from '../failure.ts';
import type { LabDirectory } from '../lab/lab-directory.ts';
import { LabProcess } from '../lab/lab-process.ts';
import { PROJECT_VERSION } from '../project.ts';
import type { ChosenRuntime } from '../runtimes/choose-runtime.ts';
import { collect, saveOutput } from './collect.ts';
import { type PlacedOrder, startLoad } from './load.ts';
import { describeMachine } from './machine.ts';
import { RunDirectory } from './run-directory.ts';
import type { RunPlan } from './run-plan.ts';
import { RunProgress } from './run-progress.ts';
import { judgeRun, type RunResult } from './run-result.ts';
import { type Settled, settle } from './settle.ts';

export interface RunSettings {
  readonly plan: RunPlan;
  /** Of the lab that the run starts; it must be new. */
  readonly directory: LabDirectory;
  /** Where runs are written. */
  readonly out: string;
  readonly runtime: ChosenRuntime;
  readonly inherited: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Leave the lab standing: called after the judgement, before it is stopped. */
  readonly onStanding: ((lab: LabProcess, result: RunResult, path: string) => Promise<void>) | null;
}

export interface PerformedRun {
  readonly result: RunResult;
  readonly path: string;
  readonly interrupted: boolean;
}

export async function performRun(settings: RunSettings): Promise<PerformedRun> {
  const { plan, directory, terminal, signal, inherited, runtime } = settings;
  const machine = describeMachine();
  const startedAt = new Date();
  const run = RunDirectory.create(settings.out, plan.name, plan.seed, machine.revision, PROJECT_VERSION, startedAt);
  const died: { node: string; reason: string }[] = [];
  const phases: { readonly phase: string; readonly at: number; readonly tookMs: number }[] = [];
  const timed = async <T>(phase: string, perform: () => Promise<T>): Promise<T> => {
    const at = Date.now();
    const begunMs = performance.now();
    try {
      return await perform();
    } finally {
      phases.push({ phase, at, tookMs: Math.round(performance.now() - begunMs) });
    }
  };
  run.yaml('scenario.resolved.yaml', plan);
  run.json('manifest.json', {
    startedAt: startedAt.toISOString(),
    run: plan.name,
    seed: plan.seed,
    runtime: runtime.placement.runtime,
    ...runtime.facts,
    warnings: runtime.warnings,
    fabric: `embedded broker (aedes) in its own ${runtime.placement.runtime === 'docker' ? 'container' : 'process'}, no link rule`,
    durability: plan.lab.durability,
    qos: plan.lab.qos,
    profile: plan.lab.profile,
    configurationHash: plan.lab.configurationHash,
    machine,
  });

  let progress: RunProgress | null = null;
  // An interrupt stops a lab that is starting. Later it ends the load first: the final reads come before the stop.
  const starting = new AbortController();
  const onAbort = (): void => starting.abort();
  signal.addEventListener('abort', onAbort);
  const lab = await timed('start', () =>
    LabProcess.start({
      directory,
      plan: () => plan.lab,
      runtime: runtime.create,
      placement: runtime.placement,
      inherited,
      signal: starting.signal,
      onEvent: (event) => {
        if (event.kind === 'died') died.push({ node: event.node, reason: event.reason });
        else if (event.kind === 'trouble') terminal.note(event.text);
      },
      onObservation: (observation) => progress?.take(observation),
    }),
  ).catch((error: unknown) => {
    saveOutput(plan, directory, run);
    if (error instanceof Failure)
      throw new Failure(error.code, `${error.message}\nwhat the nodes printed is in ${run.path}`, { cause: error });
    throw error;
  });
  signal.removeEventListener('abort', onAbort);
  if (lab === null) throw new Failure('environment', `lab ${plan.lab.lab} is running already`);
  try {
    const begun = phases.at(-1)!.tookMs;
    terminal.line(
      `Lab ${plan.lab.lab}: ${plan.lab.seats.length} nodes ready after ${(begun / 1000).toFixed(1)} s, profile ${plan.lab.profile}, seed ${plan.seed}. ` +
        `Sensors mint, ${plan.purchases.length} purchases follow.`,
    );
    progress = new RunProgress(terminal, plan);
    const stopWatching = lab.lab.purchases.watch((purchase) => progress?.purchase(purchase));
    const load = startLoad(lab.lab, plan, signal, () => {});
    await timed('load', () => load.done);
    progress.stage('settle');
    const settled = await timed('settle', () =>
      settle(lab.lab, { msMax: plan.settleMsMax, sensorTransactions: plan.sensorTransactions, signal }),
    );
    progress.end();
    stopWatching();
    const fabric = await lab.lab.fabricStats();
    if (settings.onStanding === null) await timed('stop', () => lab.stop());
    const { result, malformed } = await writeDown(settings, run, lab, load.orders, settled, died, timed);
    run.json('result.json', {
      ...result,
      settled: { quiet: settled.quiet, tookMs: Math.round(settled.tookMs), waitingFor: settled.waitingFor },
      interrupted: signal.aborted,
      phases,
      malformed,
      fabric,
      orderList: load.orders,
      path: run.path,
    });
    run.link();
    if (settings.onStanding !== null && !signal.aborted) {
      signal.addEventListener('abort', () => void lab.stop());
      await settings.onStanding(lab, result, run.path);
    }
    return { result, path: run.path, interrupted: signal.aborted };
  } finally {
    progress?.end();
    await lab.stop();
  }
}

async function writeDown(
  { plan }: RunSettings,
  run: RunDirectory,
  { lab }: LabProcess,
  orders: readonly PlacedOrder[],
  { reports }: Settled,
  died: readonly { readonly node: string; readonly reason: string }[],
  timed: <T>(phase: string, perform: () => Promise<T>) => Promise<T>,
): Promise<{ result: RunResult; malformed: Readonly<Record<string, number>> }> {
  const { history, malformed } = await timed('collect', () => collect(lab, run, reports));
  try {
    return { result: judgeRun({ plan, orders, history, reports, died }), malformed };
  } catch (cause) {
    throw new Error(`the records in ${run.path} could not be judged: ${messageOf(cause)}`, { cause });
  }
}
