/**
 * What a run leaves behind for its judges, as it stands in the run directory: events.ndjson (this file's RunEvent),
 * history.ndjson (observations), the final reports, and what the fabric counted.
 *
 * `t` is CLOCK_MONOTONIC in milliseconds, the clock of the observations; `at` Unix milliseconds.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import type { Observation } from '../history/observation.ts';
import type { FaultKind, ScenarioPlan } from '../scenario/scenario-plan.ts';

export const PHASES = [
  'prepare',
  'start',
  'fund',
  'load',
  'heal',
  'settle',
  'read',
  'stop',
  'collect',
  'judge',
] as const;
export type Phase = (typeof PHASES)[number];

/**
 * asked -> applied -> verified -> healed. `unverified`: it was applied and could not be seen to work; `failed`: it
 * could not be applied, or not healed; `skipped`: its condition never came.
 */
export type FaultState = 'asked' | 'applied' | 'verified' | 'unverified' | 'failed' | 'skipped' | 'healed';

export type OrderState = 'placed' | 'queued' | 'requested' | 'refused' | 'lost' | 'given-up';

/** `phase`: its beginning. */
export type RunEvent = { readonly t: number; readonly at: number } /** Its beginning. */ & (
  | { readonly event: 'phase'; readonly phase: Phase }
  /** What the wait at the end of the load came to: nothing under way any more, or why not. */
  | { readonly event: 'rest'; readonly quiet: boolean; readonly detail: string }
  | {
      readonly event: 'fault';
      readonly id: string;
      readonly kind: FaultKind;
      readonly title: string;
      readonly state: FaultState;
      /** Seats that it touches. */
      readonly seats: readonly string[];
      readonly detail: string;
    }
  /** A node came or went: `crashed` is not asked for. */
  | {
      readonly event: 'seat';
      readonly seat: string;
      readonly state: 'ready' | 'down' | 'crashed';
      readonly detail: string;
    }
  | {
      readonly event: 'order';
      readonly orderId: string;
      readonly seat: string;
      readonly service: string;
      /** When it was meant to be placed, on the clock `t`: latencies begin there. */
      readonly plannedT: number;
      readonly state: OrderState;
      readonly requestId: string | null;
      readonly detail: string;
    }
);

export interface RunRecord {
  readonly plan: ScenarioPlan;
  readonly events: readonly RunEvent[];
  /** Every seat's lines, each seat's in its own order, otherwise by time. Read anew with each call. */
  readonly history: () => Iterable<{ readonly seat: string; readonly observation: Observation }>;
  /** Final reports, by seat; of the seats that answered. */
  readonly finals: ReadonlyMap<string, NodeReport>;
  readonly fabric: BrokerStats | null;
  /** What may be missing in the history, a line each. */
  readonly gaps: readonly string[];
}
