/** What a check says of a run, and what it rests on. */

import type { Observation } from '../history/observation.ts';
import type { StuckRequest } from '../history/stuck-request.ts';
import type { PlannedCheck } from '../scenario/scenario-plan.ts';
import type { MetricValues } from './metric.ts';

/** `unknown`: too little was seen to say. */
export type CheckState = 'hold' | 'violated' | 'unknown';

/** A line of somebody's record that the verdict rests on. */
export interface EvidenceLine {
  readonly seat: string;
  readonly observation: Observation;
  /** What it shows, in a few words. */
  readonly why: string;
}

export interface CheckOutcome {
  readonly state: CheckState;
  /** Events that the check could look at. */
  readonly examined: number;
  /** One sentence, with the figures. */
  readonly detail: string;
  /** The shortest that proves a violation, in order of time; empty where there is none. */
  readonly evidence: readonly EvidenceLine[];
}

export interface JudgedCheck extends CheckOutcome {
  readonly check: PlannedCheck;
  /** As expected; null: unknown. */
  readonly asExpected: boolean | null;
}

export interface Judgement {
  /** `failed`: a check is not as expected; `inconclusive`: one is unknown, or a fault was not seen to work. */
  readonly verdict: 'pass' | 'failed' | 'inconclusive';
  /** Why it is not `pass`, a line each. */
  readonly reasons: readonly string[];
  readonly checks: readonly JudgedCheck[];
  readonly metrics: MetricValues;
  readonly stuck: readonly StuckRequest[];
  /** Correct seats: honest, with their database kept. */
  readonly correct: readonly string[];
}
