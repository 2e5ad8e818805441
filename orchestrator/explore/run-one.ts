/**
 * One drawn scenario, simulated and judged in memory: no directory, no text, nothing but what was violated and what
 * became of the requests.
 */

import { describeProblem } from '../../node/protocol/parameters.ts';
import type { ProfileName } from '../../node/protocol/profiles.ts';
import type { InvariantId } from '../checks/invariant-id.ts';
import { judgeInvariants } from '../checks/judge.ts';
import { Failure, messageOf } from '../failure.ts';
import type { Observation } from '../history/observation.ts';
import type { StuckReason } from '../history/stuck-request.ts';
import { promisedInvariants } from '../scenario/resolve-checks.ts';
import { resolveScenarioValue } from '../scenario/resolve-scenario.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import type { CoreUnderTest } from '../simulated/core-under-test.ts';
import { simulateRun } from '../simulated/simulation.ts';
import { type DrawnScenario, writtenScenario } from './drawn-scenario.ts';

export interface Violation {
  readonly invariant: InvariantId;
  readonly detail: string;
}

export interface Explored {
  readonly violations: readonly Violation[];
  /** Why it could not be run to its end: a bug of the simulator or of the core; null: it was. */
  readonly error: string | null;
  /** Of correct requesters. */
  readonly requests: number;
  readonly decided: number;
  readonly stuck: Readonly<Partial<Record<StuckReason, number>>>;
  readonly happenings: number;
}

export interface RunOptions {
  /** Judged. */
  readonly invariants: readonly InvariantId[];
  /** Default: the product's. */
  readonly core?: CoreUnderTest | undefined;
}

/** The name of the lab is in topics and lines only; `wallance run` uses this one too. */
const LAB = 'simulated';
/** A schedule takes some thousands; one that takes so many does not end. */
const EVENTS_MAX = 2_000_000;

/** What is looked at: all that a profile promises; of the references, which promise nothing, that nodes agree. */
export function exploredInvariants(profile: ProfileName): readonly InvariantId[] {
  return profile === 'paper' ? promisedInvariants(profile) : ['I1', 'I2'];
}

/** Null where the parts of `drawn` do not fit together. */
export function planOfDrawn(drawn: DrawnScenario, invariants: readonly InvariantId[]): ScenarioPlan | string {
  const result = resolveScenarioValue(writtenScenario(drawn, invariants), { lab: LAB });
  return result.ok ? result.plan : result.problems.map(describeProblem).join('; ');
}

/** Throws where `drawn` is no scenario. */
export function runDrawn(drawn: DrawnScenario, options: RunOptions): Explored {
  const plan = planOfDrawn(drawn, options.invariants);
  if (typeof plan === 'string') throw new Failure('usage', `seed ${drawn.seed}: ${plan}`);
  return runPlan(plan, options.core);
}

export function runPlan(plan: ScenarioPlan, core?: CoreUnderTest): Explored {
  const lines: { readonly seat: string; readonly observation: Observation }[] = [];
  try {
    const { events, finals, fabric, happenings } = simulateRun(plan, {
      onObservation: (seat, observation) => lines.push({ seat, observation }),
      eventsMax: EVENTS_MAX,
      ...(core === undefined ? {} : { core }),
    });
    const { checks, requests, stuck } = judgeInvariants({
      plan,
      events,
      history: () => lines,
      finals,
      fabric,
      gaps: [],
    });
    const violations = checks.flatMap(({ check, state, detail }): Violation[] =>
      check.kind === 'invariant' && state === 'violated' ? [{ invariant: check.invariant, detail }] : [],
    );
    const byReason: Partial<Record<StuckReason, number>> = {};
    for (const { reason } of stuck) byReason[reason] = (byReason[reason] ?? 0) + 1;
    return { violations, error: null, requests, decided: requests - stuck.length, stuck: byReason, happenings };
  } catch (error) {
    return { violations: [], error: messageOf(error), requests: 0, decided: 0, stuck: {}, happenings: 0 };
  }
}
