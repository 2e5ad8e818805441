/**
 * The configuration of one seat's node as environment variables, the same for every runtime; config-variables.ts of the
 * host says what each means. Passwords go as names of files.
 */
import type { NodeConditions } from '../../node/host/conditions.ts';
import { type LabPlan, membersOf, type SeatPlan } from '../lab/lab-plan.ts';

/**
 * Options of the Node.js that runs a node, the same for every runtime. A young generation of 2 MB in place of 16: under
 * a flood of 2,700 sensor transactions a second a node takes 98 MB instead of 125, at the same rate.
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=2'];

/** What differs between runtimes: addresses and paths as the node sees them. */
export interface NodeSurroundings {
  readonly fabricUrl: string;
  readonly fabricPasswordFile: string;
  readonly controlUrl: string;
  readonly controlPasswordFile: string;
  readonly dataDirectory: string;
}

/** The seat with what it is to run under from this start on; null: as planned. */
export function underConditions(seat: SeatPlan, conditions: NodeConditions | null): SeatPlan {
  return conditions === null ? seat : { ...seat, conditions };
}

export function nodeEnvironment(plan: LabPlan, seat: SeatPlan, surroundings: NodeSurroundings): Record<string, string> {
  const sensors = seat.sensors ?? plan.sensors;
  return {
    WALLANCE_NODE: seat.node,
    WALLANCE_SEAT: seat.seat,
    WALLANCE_LAB: plan.lab,
    WALLANCE_MEMBERS: membersOf(plan.seats).join(','),
    WALLANCE_PROFILE: plan.profile,
    WALLANCE_PARAMETERS: JSON.stringify(plan.overrides),
    // An absent field of a definition is null in the plan, and absent again here.
    WALLANCE_SERVICES: JSON.stringify(plan.services, (_, value: unknown) => (value === null ? undefined : value)),
    WALLANCE_SENSORS: sensors.length === 0 ? 'none' : JSON.stringify(sensors),
    WALLANCE_SEED: plan.seed,
    WALLANCE_QOS: String(plan.qos),
    WALLANCE_DURABILITY: plan.durability,
    WALLANCE_FABRIC_URL: surroundings.fabricUrl,
    WALLANCE_FABRIC_PASSWORD_FILE: surroundings.fabricPasswordFile,
    WALLANCE_CONTROL_URL: surroundings.controlUrl,
    WALLANCE_CONTROL_PASSWORD_FILE: surroundings.controlPasswordFile,
    WALLANCE_DATA_DIR: surroundings.dataDirectory,
    ...(seat.conditions === undefined ? {} : { WALLANCE_CONDITIONS: JSON.stringify(seat.conditions) }),
  };
}
