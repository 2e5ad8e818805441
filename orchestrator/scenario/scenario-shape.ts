/**
 * The file that people write: which keys a scenario has and what each may be. One declaration gives the validation, the
 * words of its problems, the types and the JSON Schema; what depends on other parts of the file is looked at in the
 * resolve-*.ts beside it. docs/scenarios.md tells the format by examples.
 */
import type { z } from 'zod';
import { PARAMETER_NAMES } from '../../node/protocol/parameters.ts';
import { PROFILE_NAMES } from '../../node/protocol/profiles.ts';
import { NETWORK_NAMES, type NetworkName } from '../../node/simulation/network.ts';
import { PACE_NAMES, type PaceName } from '../../node/simulation/pace.ts';
import {
  either,
  integer,
  type JsonSchema,
  jsonSchemaOf,
  listOf,
  mapOf,
  oneOf,
  record,
  text,
} from '../files/file-shapes.ts';
import { withSharedDefinitions } from '../files/shared-definitions.ts';
import { NODES_MAX } from '../lab/lab-plan.ts';
import { BOARD_NAMES, type BoardName } from '../runtimes/board-profiles.ts';
import { ARCHITECTURES } from '../runtimes/placement.ts';
import { BEHAVIOURS } from './behaviour-shape.ts';
import { CHECK, CHECKS_MAX } from './check-shape.ts';
import { FABRIC, isName, raw } from './fabric-shape.ts';
import { duration } from './quantities.ts';
import { CAPABILITIES, DEFAULT_SIMULATION } from './scenario-plan.ts';
import { EXPECTED_NAME, SELECTOR } from './seat-selector.ts';
import { FAULT, FAULTS_MAX } from './timeline-shape.ts';
import { FUNDS, SENSORS, WORKLOAD } from './workload-shape.ts';

export const ROLES = ['honest', 'byzantine', 'twin', 'silent'] as const;
const GROUPS_MAX = 64;
const COPIES_MAX = 8;

export const SCENARIO_NAME_PATTERN = /^[a-z0-9-]{1,64}$/;
export const SEED_PATTERN = /^[^\0]{1,64}$/;

const GROUP = record({
  count: integer(1, NODES_MAX).optional().describe('how many; of a twin: how many more places for each; [1]'),
  role: oneOf(...ROLES)
    .optional()
    .describe('[honest, or what of and behaviours imply]; silent: never sends a vote'),
  behaviours: BEHAVIOURS.optional().describe('what a Byzantine node does, all at once'),
  of: SELECTOR.optional().describe('for role twin: whose identity it shares'),
  board: oneOf(...(BOARD_NAMES as readonly [BoardName, ...BoardName[]])).optional(),
  architecture: oneOf(...ARCHITECTURES).optional(),
  clock: duration(-86_400_000).optional().describe('the wall clock is off by so much, from the start'),
  at: duration().optional().describe('joins then, from the beginning of the load; absent: there from the beginning'),
  sensors: SENSORS.optional(),
  funds: FUNDS.optional(),
});
export type WrittenGroup = z.output<typeof GROUP>;

const SIMULATION = record({
  network: oneOf(...(NETWORK_NAMES as readonly [NetworkName, ...NetworkName[]]))
    .prefault(DEFAULT_SIMULATION.network)
    .describe('how long messages are under way; [loopback]'),
  broker: oneOf('total-order', 'independent')
    .prefault(DEFAULT_SIMULATION.broker)
    .describe('one order for all, as a broker gives [default], or a path of its own for each pair'),
  pace: oneOf(...(PACE_NAMES as readonly [PaceName, ...PaceName[]]))
    .prefault(DEFAULT_SIMULATION.pace)
    .describe('what hashes, deliveries and commits take; [desktop]'),
});

const count = integer(1, NODES_MAX);
const isMap = (found: unknown): boolean => typeof found === 'object' && found !== null && !Array.isArray(found);

export const SECTIONS = {
  name: text('1..64 of a-z, 0-9 and -', (found) => SCENARIO_NAME_PATTERN.test(found), {
    type: ['string', 'integer'],
    pattern: SCENARIO_NAME_PATTERN.source,
  }),
  description: text('text of 1..4000 characters', (found) => found.trim() !== '' && found.length <= 4000, {
    type: 'string',
  })
    .optional()
    .describe('what it shows, and what is expected of it'),
  seed: text('text of 1..64 characters', (found) => SEED_PATTERN.test(found), { type: ['string', 'number'] })
    .optional()
    .describe('what is drawn at random follows from it; [1]'),
  timeout: duration(1000)
    .optional()
    .describe('from when every node was started to the final reads; [load + settle + 2m]'),
  requires: listOf('capabilities', oneOf(...CAPABILITIES), 0)
    .optional()
    .describe('what the runtime must be able to do, beside what follows from the rest'),
  profile: oneOf(...PROFILE_NAMES)
    .optional()
    .describe('the rules of the ledger; [paper]'),
  parameters: raw('a map of parameters', isMap, {
    type: 'object',
    properties: Object.fromEntries(PARAMETER_NAMES.map((name) => [name, {}])),
    additionalProperties: false,
  })
    .optional()
    .describe('single ones in place of those of the profile'),
  services: raw('a map from service to price, or a list of services', (found) => typeof found === 'object', {
    anyOf: [
      { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } },
      { type: 'array', items: { type: 'object' } },
    ],
  })
    .optional()
    .describe('{ espresso: 2, Tea: 1 }, or a list as wallance up --services takes it; [espresso, Nespresso, Tea]'),
  durability: oneOf('process', 'power').optional().describe('what a commit survives: kill -9 [default], or power loss'),
  simulation: SIMULATION.optional().describe('what stands for network and machine in a simulated run'),
  nodes: either(count, mapOf(EXPECTED_NAME, isName, either(count, GROUP))).describe(
    'how many, or groups of them by name; seats are numbered from 1 in the order of the groups',
  ),
  fabric: FABRIC.optional().describe('the emulated network; [nothing is lost or delayed on purpose]'),
  workload: WORKLOAD.optional().describe('what the nodes do while nothing goes wrong, and for how long'),
  timeline: listOf('faults', FAULT, 0).max(FAULTS_MAX).optional().describe('what goes wrong, and when'),
  checks: listOf('checks', CHECK, 0).max(CHECKS_MAX).optional().describe('[the invariants that the profile promises]'),
} as const;

export type SectionName = keyof typeof SECTIONS;
export type Sections = { readonly [K in SectionName]: z.output<(typeof SECTIONS)[K]> };

export const SECTION_NAMES = Object.keys(SECTIONS) as readonly SectionName[];
export const GROUPS = { max: GROUPS_MAX, copiesMax: COPIES_MAX } as const;

/** JSON Schema (draft 2020-12) of a scenario file, for editors. */
export function scenarioJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A scenario of Wallance Lab',
    ...withSharedDefinitions(jsonSchemaOf(record(SECTIONS))),
  };
}
