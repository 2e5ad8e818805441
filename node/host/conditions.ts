/**
 * What a node is told to run under: the part of a fault that happens inside its process. Always the complete set, so
 * that telling it again is harmless and a restarted node is told with its configuration. Source: R-17; the observation
 * `conditions` says when they came into force.
 */
import type { Behaviour } from '../behaviours/behaviour.ts';

export interface NodeConditions {
  /** In order: each sees what the ones before it let through. Empty: an honest node. */
  readonly behaviours: readonly Behaviour[];
  /** Every commit of the store takes so much longer, milliseconds 0..60,000. */
  readonly commitDelayMs: number;
  /** The wall clock is off by so much, milliseconds. A clock that is set back stands still, as everywhere. */
  readonly clockOffsetMs: number;
  /** Virtual sensors share data. */
  readonly sensors: boolean;
}

export const NORMAL_CONDITIONS: NodeConditions = {
  behaviours: [],
  commitDelayMs: 0,
  clockOffsetMs: 0,
  sensors: true,
};
