/**
 * Runs of attacks as raw data: each scenario of attack-scenarios.ts simulated with several seeds, judged in memory by
 * the judge of every run, and a few of them with real nodes. The scenario files stay in the measurement's directory, so
 * each run can be made again by the command that stands beside its figures.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeProblem } from '../../node/protocol/parameters.ts';
import { judge } from '../checks/judge.ts';
import { loadRun } from '../checks/load-run.ts';
import type { Judgement } from '../checks/verdict.ts';
import type { Observation } from '../history/observation.ts';
import { STUCK_REASONS, type StuckReason } from '../history/stuck-request.ts';
import type { OrderState, RunEvent } from '../run/run-record.ts';
import { resolveScenario } from '../scenario/resolve-scenario.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { simulateRun } from '../simulated/simulation.ts';
import { type Attack, attackScenario } from './attack-scenarios.ts';
import { performLiveRun } from './live-run.ts';
import type { MeasureContext } from './measurement.ts';

/** Of one run; requests and orders are those of correct nodes. */
export interface AttackRun {
  readonly seed: string;
  /** The command that makes it again, in the directory of the results. */
  readonly replay: string;
  readonly orders: number;
  /** Requests that every correct node has decided. */
  readonly decided: number;
  /** Requests that some correct node has not decided, by class. */
  readonly stuck: Readonly<Record<StuckReason, number>>;
  /** Orders that never became a request: they wait behind one that is stuck, or for funds. */
  readonly waiting: number;
  /** Orders that the node refused. */
  readonly refused: number;
  /** States on which correct nodes decided differently. */
  readonly forks: number;
  /** By I1 and I2. */
  readonly agreementViolated: boolean;
  /** From the time at which a purchase was meant to be ordered to the commit on every correct node; null: none was. */
  readonly latencyMsP50: number | null;
  /** Messages that Byzantine nodes changed, made or kept back. */
  readonly byzantineActs: number;
}

export interface AttackCase {
  readonly attackers: number;
  /** Scenario file, relative to paper.json. */
  readonly file: string;
  readonly runs: readonly AttackRun[];
}

/** By number of attackers. */
export interface AttackData {
  readonly attack: string;
  readonly scenario: string;
  readonly profile: 'paper';
  readonly byAttackers: Readonly<Record<string, AttackCase>>;
}

export interface LiveAttackData extends AttackCase {
  readonly attack: string;
  /** Of the run, relative to paper.json. */
  readonly runDirectory: string;
  readonly runtime: string;
}

/** As `wallance run --runtime simulated` names it. */
const LAB = 'simulated';

/** Seeds are `<seed>-1` to `<seed>-<seeds>`, the same for each number of attackers. */
export async function simulateAttack(attack: Attack, seeds: number, context: MeasureContext): Promise<AttackData> {
  const byAttackers: Record<string, AttackCase> = {};
  for (const attackers of attack.counts) {
    context.note(`${attack.title}: ${attackers} of 8`);
    const { text, file } = written(attack, attackers, context);
    const runs: AttackRun[] = [];
    for (let number = 1; number <= seeds; number++) {
      context.signal.throwIfAborted();
      const seed = `${context.seed}-${number}`;
      const plan = planOf(text, seed, LAB);
      const lines: { readonly seat: string; readonly observation: Observation }[] = [];
      const { events, finals, fabric } = simulateRun(plan, {
        onObservation: (seat, observation) => lines.push({ seat, observation }),
      });
      const judgement = judge({ plan, events, history: () => lines, finals, fabric, gaps: [] });
      runs.push(figuresOf(judgement, events, seed, replayOf(file, 'simulated', seed)));
      // The process has other business too: an interrupt, progress.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    byAttackers[String(attackers)] = { attackers, file, runs };
  }
  return { attack: attack.id, scenario: attack.scenario, profile: 'paper', byAttackers };
}

/** One run with real nodes; its directory stays. Rejects with CannotMeasure where the runtime is not there. */
export async function performAttack(
  attack: Attack,
  attackers: number,
  context: MeasureContext,
): Promise<LiveAttackData> {
  const { text, file } = written(attack, attackers, context);
  const seed = `${context.seed}-1`;
  const { summary, runDirectory } = await performLiveRun(planOf(text, seed, 'attack'), context);
  const { record } = loadRun(summary.path);
  const run = figuresOf(summary.judgement, record.events, seed, replayOf(file, context.runtime, seed));
  return { attack: attack.id, attackers, file, runs: [run], runDirectory, runtime: context.runtime };
}

function written(attack: Attack, attackers: number, context: MeasureContext): { text: string; file: string } {
  const text = attackScenario(attack, attackers);
  const name = `${attack.id}-${attackers}.yaml`;
  writeFileSync(join(context.directory, name), text);
  return { text, file: `${context.relativeDirectory}/${name}` };
}

function replayOf(file: string, runtime: string, seed: string): string {
  return `npx wallance run ${file} --runtime ${runtime} --seed ${seed}`;
}

function planOf(text: string, seed: string, lab: string): ScenarioPlan {
  const result = resolveScenario({ text, directory: '/' }, { seed, lab, profile: 'paper' });
  if (result.ok) return result.plan;
  throw new Error(`a scenario of an attack has problems:\n${result.problems.map(describeProblem).join('\n')}\n${text}`);
}

function figuresOf(
  { metrics, stuck, checks, correct }: Pick<Judgement, 'metrics' | 'stuck' | 'checks' | 'correct'>,
  events: readonly RunEvent[],
  seed: string,
  replay: string,
): AttackRun {
  const honest = new Set(correct);
  const states = new Map<string, OrderState>();
  for (const event of events)
    if (event.event === 'order' && honest.has(event.seat)) states.set(event.orderId, event.state);
  const count = (state: OrderState): number => [...states.values()].filter((other) => other === state).length;
  const byReason = Object.fromEntries(
    STUCK_REASONS.map((reason) => [reason, stuck.filter((request) => request.reason === reason).length]),
  ) as Record<StuckReason, number>;
  return {
    seed,
    replay,
    orders: states.size,
    decided: metrics['decided-everywhere'] ?? 0,
    stuck: byReason,
    waiting: count('queued'),
    refused: count('refused'),
    forks: metrics.forks ?? 0,
    agreementViolated: checks.some(({ state }) => state === 'violated'),
    latencyMsP50: metrics['latency-all-p50'],
    byzantineActs: metrics['byzantine-acts'] ?? 0,
  };
}
