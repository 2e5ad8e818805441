/** Faults that are started and healed by hand. */
import { z } from 'zod';
import { component, list, seatName, unixMs } from './component.ts';

export const FAULT_STATES = ['asked', 'applied', 'verified', 'unverified', 'failed', 'skipped', 'healed'] as const;

const CUT_LINK = component(
  'AffectedLink',
  z.strictObject({
    from: list(seatName()).nullable().describe('null: all'),
    to: list(seatName()).nullable(),
    drop: z.number().describe('probability that a copy is lost; 1: cut'),
    delayMs: z.number().describe('at least; 0: none'),
    flapping: z.boolean(),
  }),
);

export const HAND_FAULT = component(
  'Fault',
  z.strictObject({
    id: z.string(),
    kind: z.string(),
    title: z.string(),
    seats: list(seatName()).describe('that it touches'),
    links: list(CUT_LINK).describe('of link and partition: for the topology'),
    written: z.looseObject({}).describe('as it was asked for'),
    state: z.enum(FAULT_STATES).describe('the last one'),
    active: z.boolean().describe('in force, or about to be'),
    detail: z.string(),
    askedAt: unixMs(),
    appliedAt: unixMs().nullable(),
    verifiedAt: unixMs().nullable(),
    healedAt: unixMs().nullable(),
    durationMs: z.number().nullable().describe('null: until it is healed by hand'),
  }),
);
export type FaultAnswer = z.output<typeof HAND_FAULT>;

export const HAND_FAULTS = component(
  'Faults',
  z.strictObject({ faults: list(HAND_FAULT).describe('the last ones, oldest first') }),
);

export const FAULT_KIND = component(
  'FaultKind',
  z.strictObject({
    kind: z.string(),
    description: z.string(),
    available: z.boolean().describe('whether what runs this lab can do it'),
    heals: z.boolean().describe('whether it lasts, and is healed; otherwise it is over at once'),
    schema: z.looseObject({}).describe('JSON Schema of the value under the key of its kind'),
  }),
);

export const FAULT_KINDS_ANSWER = component(
  'FaultKinds',
  z.strictObject({
    kinds: list(FAULT_KIND),
    definitions: z.looseObject({}).describe('what `#/$defs/...` in the schemas refers to'),
  }),
);
export type FaultKindsAnswer = z.output<typeof FAULT_KINDS_ANSWER>;

/** Looked at by the scenario language's own reader, which tells all problems at once. */
export const WRITTEN_FAULT = component(
  'WrittenFault',
  z
    .record(z.string(), z.unknown())
    .describe(
      'one entry of a scenario’s timeline as JSON, without `at` and `when`: it begins at once. E.g. {"partition": {"sides": ["1-3", "4-8"]}, "for": "30s"}',
    ),
);
