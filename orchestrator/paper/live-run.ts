/** A scenario with real nodes as part of a measurement: its run directory stays with the results, its lab does not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { Terminal } from '../cli/terminal.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import type { RunSummary } from '../report/run-summary.ts';
import { performRun } from '../run/perform-run.ts';
import { type ChosenRuntime, chooseRuntime } from '../runtimes/choose-runtime.ts';
import { DockerFailure } from '../runtimes/docker/docker-failure.ts';
import type { Placement } from '../runtimes/placement.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { CannotMeasure, type MeasureContext } from './measurement.ts';

export interface LiveRun {
  readonly summary: RunSummary;
  /** Relative to paper.json, with `/`. */
  readonly runDirectory: string;
}

/** Rejects with CannotMeasure where the runtime is not there. */
export async function performLiveRun(plan: ScenarioPlan, context: MeasureContext): Promise<LiveRun> {
  const runtime = await measuringRuntime(plan.lab, context);
  // Not below the results: a path there may be longer than that of a socket may be.
  const home = mkdtempSync(join(tmpdir(), 'wallance-paper-'));
  const notes = { write: (text: string) => context.note(`${plan.seats.length} nodes: ${text.trim()}`) };
  try {
    const summary = await performRun({
      plan,
      directory: new LabDirectory(home, plan.lab.lab),
      out: context.directory,
      runtime,
      inherited: {},
      terminal: new Terminal({ stdout: notes, stderr: notes, colourAllowed: false }),
      signal: context.signal,
      replay: [],
      onStanding: null,
    });
    context.signal.throwIfAborted();
    const below = relative(context.directory, summary.path).split(sep).join('/');
    return { summary, runDirectory: `${context.relativeDirectory}/${below}` };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What nodes run in. Rejects with CannotMeasure, in the engine's words, where no engine or image is there. */
export async function measuringRuntime(
  plan: LabPlan,
  { runtime, note }: Pick<MeasureContext, 'runtime' | 'note'>,
  containers: Partial<Pick<Placement, 'board' | 'images'>> = {},
): Promise<ChosenRuntime> {
  try {
    return await chooseRuntime(plan, { runtime, ...containers }, null, { ephemeral: true, onStep: note });
  } catch (error) {
    if (error instanceof DockerFailure) throw new CannotMeasure(error.message, { cause: error });
    throw error;
  }
}
