/** The emulated network of a scenario as it is written: links and what they do to messages, zones, quality of service. */
import type { z } from 'zod';
import { NETWORK_NAMES, type NetworkName } from '../../node/simulation/network.ts';
import { PACE_NAMES, type PaceName } from '../../node/simulation/pace.ts';
import { MESSAGE_CLASSES } from '../fabric/link-rule.ts';
import { either, integer, leaf, listOf, mapOf, oneOf, record, text, truth } from '../files/file-shapes.ts';
import { decimal, duration, fineDuration, share } from './quantities.ts';
import { DEFAULT_SIMULATION } from './scenario-plan.ts';
import { EXPECTED_NAME, NAME_PATTERN, RESERVED_NAMES, SELECTOR } from './seat-selector.ts';

export const isName = (found: string): boolean => NAME_PATTERN.test(found) && !RESERVED_NAMES.includes(found);

/** Of a fault, a link, a stream of purchases, a check. */
export const ID = text(
  'an id of 1..32 of a-z, 0-9 and - that begins with a letter',
  (found) => NAME_PATTERN.test(found),
  { type: 'string', pattern: NAME_PATTERN.source },
);

const DELAY_MS_MAX = 600_000;
const RATE_MAX = 1_000_000;

const jitter = fineDuration(0.001, DELAY_MS_MAX);
const delay = either(
  fineDuration(0, DELAY_MS_MAX),
  record({
    fixed: fineDuration(0, DELAY_MS_MAX).prefault('0').describe('every message'),
    uniform: jitter.optional().describe('and up to so much more'),
    exponential: jitter.optional().describe('and exponentially distributed, with this mean'),
    pareto: jitter.optional().describe('and long-tailed: shape 1.5, smallest value'),
  }),
).describe('a duration, or fixed beside one of uniform, exponential, pareto; they are drawn for each copy');

export const FLAPPING = record({ on: duration(1), off: duration(1) }).describe(
  'in force for `on`, then not for `off`, and so on',
);

export const CLASSES = listOf('message classes', oneOf(...MESSAGE_CLASSES)).describe('only these; absent: all');

/** What happens to copies on a link. */
export const EFFECTS = {
  classes: CLASSES.optional(),
  self: truth().optional().describe("whether a node's copy of its own message is on a link as well; [false]"),
  drop: share().optional().describe('probability that a copy is lost'),
  delay: delay.optional(),
  duplicate: either(share(), record({ share: share(), copies: integer(1, 100).prefault('1') }))
    .optional()
    .describe('share of copies that are sent once more, or `copies` times more'),
  reorder: either(share(), record({ share: share(), hold: fineDuration(0.001, DELAY_MS_MAX).prefault('50ms') }))
    .optional()
    .describe('share of copies that are held back so that later ones overtake them'),
  corrupt: share().optional().describe('share of copies of which a byte is changed'),
  rate: decimal(0.001, RATE_MAX).optional().describe('messages a second that a pair passes; others wait in line'),
  flapping: FLAPPING.optional(),
} as const;

const EFFECTS_RECORD = record(EFFECTS);
export type Effects = z.output<typeof EFFECTS_RECORD>;

export const LINK = record({
  id: ID.optional(),
  from: SELECTOR.optional().describe('senders; absent: all'),
  to: SELECTOR.optional().describe('receivers; absent: all'),
  between: listOf('two sides', SELECTOR, 2)
    .max(2, { error: 'a list of 2 sides' })
    .optional()
    .describe('both directions between two sides, in place of from and to'),
  ...EFFECTS,
});
export type WrittenLink = z.output<typeof LINK>;

export const LINKS = listOf('links', LINK).max(1000, { error: 'at most 1000 links' });

const SIMULATED = record({
  network: oneOf(...(NETWORK_NAMES as readonly [NetworkName, ...NetworkName[]])).prefault(DEFAULT_SIMULATION.network),
  broker: oneOf('total-order', 'independent')
    .prefault(DEFAULT_SIMULATION.broker)
    .describe('one order for all, as a broker gives, or a path of its own for each pair'),
  pace: oneOf(...(PACE_NAMES as readonly [PaceName, ...PaceName[]]))
    .prefault(DEFAULT_SIMULATION.pace)
    .describe('how fast a node without a board is'),
});

export const FABRIC = record({
  qos: oneOf('0', '1').optional().describe('MQTT quality of service; [1]'),
  link: EFFECTS_RECORD.optional().describe('of every pair of nodes'),
  links: LINKS.optional().describe('of single pairs, in addition'),
  zones: mapOf(EXPECTED_NAME, isName, SELECTOR)
    .optional()
    .describe('names for places, used as zone:NAME in links and anywhere else'),
  simulated: SIMULATED.optional().describe('of simulated runs only: what stands for network and machine'),
});
export type WrittenFabric = z.output<typeof FABRIC>;

/** A leaf that takes anything: what is in it is looked at later, as YAML types it. */
export function raw(expected: string, accepts: (found: unknown) => boolean, json: Readonly<Record<string, unknown>>) {
  return leaf(expected, (found) => (accepts(found) ? { found } : undefined), json);
}
