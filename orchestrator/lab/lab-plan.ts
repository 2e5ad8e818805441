/**
 * What a lab is, written out before anything is started: seats and members, profile and parameters with every default,
 * services, sensors, storage and delivery. Pure: options in, an immutable plan or every problem at once out. Secrets
 * are not part of it (credentials.ts), nor is where it runs.
 */
import type { NodeConditions } from '../../node/host/conditions.ts';
import { configurationHash } from '../../node/host/configuration-hash.ts';
import { readSensors } from '../../node/host/sensor-definitions.ts';
import {
  catalogueOf,
  defaultServices,
  readServices,
  type ServiceDefinition,
} from '../../node/host/service-definitions.ts';
import type { Parameters, Problem } from '../../node/protocol/parameters.ts';
import { shown } from '../../node/protocol/parameters.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { BoardName } from '../runtimes/board-profiles.ts';
import type { Architecture } from '../runtimes/placement.ts';

export const LAB_NAME_PATTERN = /^[a-z0-9-]{1,32}$/;
export const NODES_MIN = 2;
/** A live lab on one machine: about 80 MB a node process. */
export const NODES_MAX = 512;

/** A unique place in the plan (credential, process, files) and the identity that speaks from it. */
export interface SeatPlan {
  readonly seat: string;
  readonly node: string;
  /** Its node is started elsewhere, by somebody else; the lab observes and commands it, and that is all. */
  readonly external?: true;
  /** It is not started with the lab. */
  readonly late?: true;
  /** Whose room its container has, and of which architecture it is; absent: as the lab is placed. */
  readonly board?: BoardName;
  readonly architecture?: Architecture;
  /** In place of the lab's, as readSensors takes them. */
  readonly sensors?: readonly unknown[];
  /** What it runs under from its start on; absent: nothing out of the ordinary. */
  readonly conditions?: NodeConditions;
}

export type Durability = 'process' | 'power';

export interface LabOptions {
  readonly lab: string;
  readonly nodes: number;
  /** Written out, in place of seats `1` to `nodes`; twins are two seats with one node. */
  readonly seats?: readonly SeatPlan[];
  /** How many of them are started elsewhere: the last ones. Default 0. */
  readonly external?: number;
  /** The lab is to start nothing at all, not even the fabric. */
  readonly attached?: true;
  readonly profile: string;
  /** Overrides of single parameters, by name. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** JSON as readServices takes it; null: what the project ships. */
  readonly services: unknown;
  /** JSON as readSensors takes it, the same sensors at every node; null: one as in the reference. */
  readonly sensors: unknown;
  readonly durability: Durability;
  readonly qos: 0 | 1;
  readonly seed: string;
}

export interface LabPlan {
  readonly schema: 1;
  readonly lab: string;
  /** The lab starts neither fabric nor nodes: all of it was started elsewhere. */
  readonly attached?: true;
  readonly seats: readonly SeatPlan[];
  readonly profile: string;
  /** What was overridden, as it was given. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** The profile's defaults with the overrides on top. */
  readonly parameters: Parameters;
  readonly services: readonly ServiceDefinition[];
  /** As readSensors takes it. */
  readonly sensors: readonly unknown[];
  readonly durability: Durability;
  readonly qos: 0 | 1;
  readonly seed: string;
  /** Of everything that all nodes must agree on; a node's stored wallets belong to one such hash. */
  readonly configurationHash: string;
}

export type PlanResult =
  | { readonly ok: true; readonly plan: LabPlan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The reference's sensor: a counter with a period drawn from 1..10 s. */
export const REFERENCE_SENSORS: readonly unknown[] = [
  { topic: 'virtual', kind: 'counter', periodMs: { min: 1000, max: 10_000 } },
];

export function planLab(options: LabOptions): PlanResult {
  const problems: Problem[] = [];
  if (!LAB_NAME_PATTERN.test(options.lab)) {
    problems.push({ path: 'lab', expected: '1..32 of a-z, 0-9 and -', found: shown(options.lab) });
  }
  const { nodes } = options;
  if (!Number.isInteger(nodes) || nodes < NODES_MIN || nodes > NODES_MAX) {
    problems.push({ path: 'nodes', expected: `integer ${NODES_MIN}..${NODES_MAX}`, found: shown(nodes) });
  }
  const external = options.external ?? 0;
  if (!Number.isInteger(external) || external < 0 || external > nodes) {
    problems.push({ path: 'external', expected: `integer 0..${shown(nodes)} (nodes)`, found: shown(external) });
  }
  const count = Number.isInteger(nodes) ? Math.min(Math.max(nodes, 0), NODES_MAX) : 0;
  const numbered = Array.from({ length: count }, (_, index): SeatPlan => {
    const id = String(index + 1);
    return index < count - external ? { seat: id, node: id } : { seat: id, node: id, external: true };
  });
  const seats = options.seats ?? numbered;
  const members = membersOf(seats);

  const services =
    options.services === null
      ? defaultServices(options.lab)
      : taken(readServices(options.services, 'services'), problems, 'services');
  const sensors = options.sensors === null ? REFERENCE_SENSORS : rawSensors(options.sensors, problems);
  const catalogue = catalogueOf(services);
  const profiled = namedProfile({ profile: options.profile, parameters: options.parameters, members, catalogue });
  if (!profiled.ok) problems.push(...profiled.problems);

  if (problems.length > 0 || !profiled.ok) return { ok: false, problems };
  const { parameters } = profiled.profile;
  return {
    ok: true,
    plan: {
      schema: 1,
      lab: options.lab,
      ...(options.attached === true ? { attached: true } : {}),
      seats,
      profile: options.profile,
      overrides: options.parameters,
      parameters,
      services,
      sensors,
      durability: options.durability,
      qos: options.qos,
      seed: options.seed,
      configurationHash: configurationHash({ profile: options.profile, parameters, members, catalogue }),
    },
  };
}

/** The member ids of the seats, each once. */
export function membersOf(seats: readonly SeatPlan[]): readonly string[] {
  return [...new Set(seats.map(({ node }) => node))];
}

/** A value of `--set NAME=VALUE`: JSON where it is JSON, a ratio where it looks like one, text otherwise. */
export function parameterValue(text: string): unknown {
  const ratio = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  if (ratio !== null) return { numerator: Number(ratio[1]), denominator: Number(ratio[2]) };
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function taken(
  result: ReturnType<typeof readServices>,
  problems: Problem[],
  path: string,
): readonly ServiceDefinition[] {
  if (!result.ok) {
    problems.push(...result.problems);
    return [];
  }
  if (result.services.length === 0) problems.push({ path, expected: 'at least one service', found: 'none' });
  return result.services;
}

function rawSensors(value: unknown, problems: Problem[]): readonly unknown[] {
  const result = readSensors(value, 'sensors');
  if (result.ok) return value as readonly unknown[];
  problems.push(...result.problems);
  return [];
}
