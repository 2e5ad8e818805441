/** What a fault may touch, and what every handler of a fault offers. */

import type { Lab } from '../lab/lab.ts';
import type { LabFabric } from '../lab/lab-fabric.ts';
import type { PlannedSeat } from '../scenario/scenario-plan.ts';
import type { ActiveLinks } from './active-links.ts';
import type { ObservationWatch } from './observation-watch.ts';
import type { SeatConditions } from './seat-conditions.ts';

/** What faults ask of a lab. */
export interface FaultLab
  extends Pick<
    Lab,
    | 'isUp'
    | 'startNode'
    | 'stopNode'
    | 'eraseNode'
    | 'pauseNode'
    | 'resumeNode'
    | 'databaseWasEmpty'
    | 'setConditions'
    | 'answers'
    | 'canary'
  > {
  readonly fabric: Pick<LabFabric, 'control' | 'stats' | 'restart' | 'pause' | 'resume' | 'untilConnected'>;
}

export interface FaultWorld {
  readonly lab: FaultLab;
  readonly plan: { readonly seats: readonly Pick<PlannedSeat, 'seat'>[] };
  readonly conditions: SeatConditions;
  readonly links: ActiveLinks;
  readonly watch: ObservationWatch;
}

export interface FaultHandler {
  /** Resolves when it is in force. Rejects when it cannot be applied; what was half done is undone by `heal`. */
  apply(): Promise<void>;
  /**
   * Whether it was seen to work: null, or what was not seen. `ending` is aborted when the fault is about to be healed;
   * then it answers soon.
   */
  verify(ending: AbortSignal): Promise<string | null>;
  /** Null: there is nothing to heal. */
  readonly heal: (() => Promise<void>) | null;
}

/** Seats whose node runs. */
export function upOf({ lab }: Pick<FaultWorld, 'lab'>, seats: readonly string[]): readonly string[] {
  return seats.filter((seat) => lab.isUp(seat));
}

/** A fault of a node that does not run is none. */
export function requireUp(world: Pick<FaultWorld, 'lab'>, seats: readonly string[]): void {
  const up = upOf(world, seats);
  const down = seats.filter((seat) => !up.includes(seat));
  if (down.length > 0) throw new Error(`seats ${down.join(', ')}: expected to run, found down`);
}

/** Brings the conditions of `seats` that run into force. Rejects where a node does not say so. */
export async function tellConditions(world: FaultWorld, seats: readonly string[]): Promise<void> {
  const { lab, conditions } = world;
  await Promise.all(upOf(world, seats).map((seat) => lab.setConditions(seat, conditions.of(seat))));
}
