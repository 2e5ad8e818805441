/** What a scenario demands of a run, as it is written: one check an entry, what it looks at as the key. */
import type { z } from 'zod';
import { PROFILE_NAMES } from '../../node/protocol/profiles.ts';
import { INVARIANT_IDS } from '../checks/invariant-id.ts';
import { METRIC_NAMES } from '../checks/metric.ts';
import { either, integer, keyed, leaf, listOf, mapOf, oneOf, text } from '../files/file-shapes.ts';
import { ID } from './fabric-shape.ts';
import { decimalOf, duration, durationMs, percentOf } from './quantities.ts';

export const CHECKS_MAX = 500;

const EXPECT = ['hold', 'violate'] as const;
const expectation = oneOf(...EXPECT);
const isProfile = (found: string): boolean => (PROFILE_NAMES as readonly string[]).includes(found);

const metric = oneOf(...METRIC_NAMES);

/** What is written beside a metric: its unit is looked at later. */
export interface WrittenFigure {
  readonly unit: 'plain' | 'share' | 'duration';
  readonly value: number;
}

const figure = leaf(
  'a number, a duration such as 300ms (metrics in milliseconds) or a share such as 95%',
  (found): WrittenFigure | undefined => {
    if (typeof found !== 'string') return undefined;
    const plain = decimalOf(found);
    if (plain !== undefined) return { unit: 'plain', value: plain };
    const percent = percentOf(found);
    if (percent !== undefined) return { unit: 'share', value: percent };
    const ms = durationMs(found);
    return ms === undefined ? undefined : { unit: 'duration', value: ms };
  },
  { type: ['number', 'string'] },
);

const invariant = oneOf('default', 'all', ...INVARIANT_IDS);

const BODIES = {
  invariant: either(
    invariant.transform((id) => [id]),
    listOf('invariants', invariant),
  ).describe('I1, a list of them, all that apply to the profile, or default: those that the profile promises'),
  eventually: metric.describe('within some time after a fault was healed, or after the load began'),
  'at-end': metric.describe('in the final reads'),
  metric: metric.describe('over the whole run'),
} as const;

export const CHECK = keyed('a check', BODIES, {
  id: ID.optional(),
  title: text('1..120 characters', (found) => found.length > 0 && found.length <= 120, { type: 'string' }).optional(),
  atLeast: figure.optional(),
  atMost: figure.optional(),
  equals: figure.optional(),
  within: duration(1).optional().describe('for eventually'),
  after: ID.optional().describe('for eventually: the id of a fault; absent: the beginning of the load'),
  expect: either(expectation, mapOf(`a profile: ${PROFILE_NAMES.join(', ')}`, isProfile, expectation))
    .optional()
    .describe('hold [default] or violate; a map { paper: hold, ref-c: violate } is for these profiles only'),
  profiles: listOf('profiles', oneOf(...PROFILE_NAMES))
    .optional()
    .describe('for these profiles only'),
  evidence: integer(0, 1_000_000).optional().describe('events that there must be to look at; [1]'),
});
export type WrittenCheck = z.output<typeof CHECK>;
