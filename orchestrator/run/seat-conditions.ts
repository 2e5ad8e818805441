/**
 * What each seat is to run under at this moment: its part in the plan, the stage of the run, and the faults that are
 * active. Whoever starts or restarts a node asks here, so that a fault outlives a crash of the node that it is about.
 */
import type { Behaviour, BehaviourKind } from '../../node/behaviours/behaviour.ts';
import type { NodeConditions } from '../../node/host/conditions.ts';
import type { PlannedSeat } from '../scenario/scenario-plan.ts';

/** `quiet`: no sensors, no behaviours. `load`: as planned. `settling`: nobody starts anything of his own accord. */
export type Stage = 'quiet' | 'load' | 'settling';

export type Change = (conditions: NodeConditions) => NodeConditions;

/** They send without being asked, and would keep the lab from ever coming to rest. */
const RESTLESS: ReadonlySet<BehaviourKind> = new Set<BehaviourKind>([
  'overspender',
  'sybil-wallets',
  'sensor-spam',
  'replayer',
  'hostile-payloads',
  'reward-ring',
]);

export class SeatConditions {
  readonly #seats: ReadonlyMap<string, Pick<PlannedSeat, 'conditions'>>;
  readonly #changes = new Map<string, { readonly seats: ReadonlySet<string>; readonly change: Change }>();
  stage: Stage = 'quiet';

  constructor(seats: readonly Pick<PlannedSeat, 'seat' | 'conditions'>[]) {
    this.#seats = new Map(seats.map((seat) => [seat.seat, seat]));
  }

  /** Adds what a fault changes at `seats`, until `remove`. */
  add(fault: string, seats: readonly string[], change: Change): void {
    this.#changes.set(fault, { seats: new Set(seats), change });
  }

  remove(fault: string): void {
    this.#changes.delete(fault);
  }

  of(seat: string): NodeConditions {
    let conditions = this.#seats.get(seat)!.conditions;
    for (const { seats, change } of this.#changes.values()) if (seats.has(seat)) conditions = change(conditions);
    if (this.stage === 'load') return conditions;
    const calm = (behaviour: Behaviour): boolean => this.stage === 'settling' && !RESTLESS.has(behaviour.kind);
    return { ...conditions, sensors: false, behaviours: conditions.behaviours.filter(calm) };
  }
}
