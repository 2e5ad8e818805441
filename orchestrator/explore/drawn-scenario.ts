/**
 * A scenario that was drawn from a seed, in the form that is easy to make smaller: seats have keys that stay when others
 * go, and whoever is named somewhere is named by key. `writtenScenario` gives what stands in a scenario file; seats are
 * numbered from 1 there, in their order. Pure data.
 */
import type { ProfileName } from '../../node/protocol/profiles.ts';
import type { InvariantId } from '../checks/invariant-id.ts';
import type { SimulationPlan } from '../scenario/scenario-plan.ts';

/** Seats by key, in a place where a selector stands. */
export class Seats {
  readonly keys: readonly number[];

  constructor(keys: readonly number[]) {
    this.keys = keys;
  }
}

/** Maps, lists and scalars of a scenario file, with {@link Seats} for selectors. */
export type Part = string | number | boolean | Seats | readonly Part[] | { readonly [key: string]: Part };

export interface DrawnBehaviour {
  readonly kind: string;
  readonly body: { readonly [key: string]: Part };
}

export interface DrawnSeat {
  readonly key: number;
  readonly fundUnits: number;
  /** Empty: an honest node, unless a fault has it misbehave. */
  readonly behaviours: readonly DrawnBehaviour[];
  /** Null: there from the beginning. */
  readonly joinsAtMs: number | null;
  /** A second seat has its identity. */
  readonly twin: boolean;
}

export interface DrawnFault {
  readonly kind: string;
  readonly atMs: number;
  /** Null: until the end of the load, or nothing to heal. */
  readonly forMs: number | null;
  readonly body: { readonly [key: string]: Part };
}

export interface DrawnPurchase {
  readonly atMs: number;
  /** Key of a seat. */
  readonly buyer: number;
  readonly service: string;
  readonly mode: 'wait' | 'strict' | 'force';
}

/** Each buyer orders the next when the last is decided or given up. */
export interface DrawnLoop {
  readonly buyers: readonly number[];
  readonly purchases: number;
  readonly service: string;
  readonly giveUpMs: number;
}

export interface DrawnScenario {
  readonly seed: string;
  readonly profile: ProfileName;
  /** In place of the profile's. */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly simulation: SimulationPlan;
  readonly services: Readonly<Record<string, number>>;
  readonly seats: readonly DrawnSeat[];
  /** Links of the whole load. */
  readonly links: readonly { readonly [key: string]: Part }[];
  /** Period of one counter at each node; null: no sensors. */
  readonly sensorMs: number | null;
  readonly purchases: readonly DrawnPurchase[];
  readonly loops: readonly DrawnLoop[];
  readonly faults: readonly DrawnFault[];
  readonly loadMs: number;
}

/** Requests that it asks for. */
export function purchaseCount({ purchases, loops }: DrawnScenario): number {
  return purchases.length + loops.reduce((sum, loop) => sum + loop.buyers.length * loop.purchases, 0);
}

/** How a scenario is written that shows what was found. */
export interface Wording {
  readonly name: string;
  readonly description: string;
  /** Looked at, and no other; null: what the profile promises. */
  readonly invariant: InvariantId | null;
  /** Violate: the file passes as long as it shows what was found. */
  readonly expect: 'hold' | 'violate';
}

const SETTLE_MS = 10_000;

/** As a scenario file has it; `wording` null: with the checks `invariants`, each of which is to hold. */
export function writtenScenario(
  drawn: DrawnScenario,
  invariants: readonly InvariantId[],
  wording: Wording | null = null,
): Readonly<Record<string, unknown>> {
  const numbers = new Map(drawn.seats.map(({ key }, index) => [key, index + 1]));
  const written = (part: Part): unknown => {
    if (part instanceof Seats) return part.keys.flatMap((key) => numbers.get(key) ?? []).sort((a, b) => a - b);
    if (Array.isArray(part)) return part.map(written);
    if (typeof part !== 'object') return part;
    return Object.fromEntries(
      Object.entries(part as Record<string, Part>).map(([key, value]) => [key, written(value)]),
    );
  };
  const behaviour = ({ kind, body }: DrawnBehaviour): unknown =>
    Object.keys(body).length === 0 ? kind : { [kind]: written(body) };
  const { profile, parameters, simulation, services, links, sensorMs, loadMs } = drawn;
  return {
    name: wording?.name ?? `explored-${drawn.seed}`.slice(0, 64),
    ...(wording === null ? {} : { description: wording.description }),
    seed: drawn.seed,
    profile,
    parameters,
    simulation,
    services,
    nodes: groupsOf(drawn.seats, behaviour),
    ...(links.length === 0 ? {} : { fabric: { links: links.map(written) } }),
    workload: {
      duration: loadMs,
      settle: SETTLE_MS,
      sensors:
        sensorMs === null
          ? 'none'
          : [{ topic: 'explored', kind: 'counter', periodMs: { min: sensorMs, max: 2 * sensorMs } }],
      purchases: [
        ...purchasesOf(drawn.purchases, numbers),
        ...drawn.loops.map(({ buyers, purchases, service, giveUpMs }) => ({
          loop: 'each',
          count: purchases,
          buyers: written(new Seats(buyers)),
          service,
          giveUp: giveUpMs,
        })),
      ],
    },
    timeline: drawn.faults.map(({ kind, atMs, forMs, body }, index) => ({
      id: `f${index + 1}`,
      at: atMs,
      [kind]: written(body),
      ...(forMs === null ? {} : { for: forMs }),
    })),
    checks:
      wording === null
        ? [{ invariant: invariants, evidence: 0 }]
        : wording.invariant === null
          ? [{ invariant: 'default' }]
          : [{ invariant: wording.invariant, expect: wording.expect, evidence: 0 }],
  };
}

/** Seats of equal kind that follow one another are a group. */
function groupsOf(
  seats: readonly DrawnSeat[],
  behaviour: (behaviour: DrawnBehaviour) => unknown,
): Readonly<Record<string, unknown>> {
  const groups: Record<string, { count: number } & Record<string, unknown>> = {};
  let last = '';
  let name = '';
  for (const { fundUnits, behaviours, joinsAtMs } of seats) {
    const kind = {
      ...(fundUnits === 0 ? {} : { funds: fundUnits }),
      ...(joinsAtMs === null ? {} : { at: joinsAtMs }),
      ...(behaviours.length === 0 ? {} : { behaviours: behaviours.map(behaviour) }),
    };
    const text = JSON.stringify(kind);
    if (text !== last) {
      name = `g${Object.keys(groups).length + 1}`;
      groups[name] = { count: 0, ...kind };
      last = text;
    }
    groups[name]!.count++;
  }
  const twins = seats.flatMap(({ twin }, index) => (twin ? [index + 1] : []));
  return twins.length === 0 ? groups : { ...groups, twins: { of: twins } };
}

/** One stream for each buyer, service and mode. */
function purchasesOf(
  purchases: readonly DrawnPurchase[],
  numbers: ReadonlyMap<number, number>,
): readonly Readonly<Record<string, unknown>>[] {
  const streams = new Map<string, { at: number[]; buyers: number; service: string; mode: string }>();
  for (const { atMs, buyer, service, mode } of purchases) {
    const number = numbers.get(buyer);
    if (number === undefined) continue;
    const key = `${number} ${mode} ${service}`;
    const stream = streams.get(key);
    if (stream === undefined) streams.set(key, { at: [atMs], buyers: number, service, mode });
    else stream.at.push(atMs);
  }
  return [...streams.values()];
}
