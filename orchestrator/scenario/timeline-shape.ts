/** What goes wrong in a scenario, and when, as it is written: one fault an entry, its kind as the key. */
import type { z } from 'zod';
import { METRIC_NAMES, METRICS, type MetricName } from '../checks/metric.ts';
import {
  anyForm,
  integer,
  keyed,
  listOf,
  mapOf,
  oneOf,
  oneShapeOf,
  optionalRecord,
  record,
  truth,
} from '../files/file-shapes.ts';
import { BEHAVIOURS } from './behaviour-shape.ts';
import { CLASSES, FLAPPING, ID, LINK, LINKS } from './fabric-shape.ts';
import { decimal, duration } from './quantities.ts';
import { SELECTOR } from './seat-selector.ts';

export const FAULTS_MAX = 1000;

export const LIVE_METRICS = METRIC_NAMES.filter((name) => METRICS[name].live);

const database = oneOf('kept', 'lost').prefault('kept');

/** Seats alone, or a map with them and more. */
function seatsWith<const T extends z.ZodRawShape>(rest: T) {
  const map = record({ nodes: SELECTOR, ...rest });
  const asMap = SELECTOR.transform((nodes) => map.parse({ nodes: [...nodes] }));
  return anyForm(asMap, asMap, map);
}

const behave = record({ nodes: SELECTOR, behaviours: BEHAVIOURS });

const partition = record({
  sides: listOf('sides', SELECTOR).max(64).describe('[SEATS, SEATS, ...]; a single one: against all others'),
  oneWay: truth().prefault('false').describe('only what the first side sends to the second is lost'),
  classes: CLASSES.optional(),
  flapping: FLAPPING.optional(),
});

export const FAULT_BODIES = {
  crash: seatsWith({ database }).describe('killed, like a power cut; started again at its end'),
  pause: seatsWith({}).describe('stopped where they are, and continued'),
  restart: seatsWith({ database }).describe('ended in good order and started again at once'),
  leave: seatsWith({}).describe('ended in good order; they come back only with `for`'),
  'slow-disk': record({ nodes: SELECTOR, commit: duration(1, 60_000) }).describe('every commit takes so much longer'),
  clock: record({ nodes: SELECTOR, offset: duration(-86_400_000) }).describe('the wall clock is off'),
  behave: behave.describe('Byzantine for a time'),
  link: oneShapeOf<typeof LINK | typeof LINKS>([LINK, LINKS], (found) =>
    Array.isArray(found) ? LINKS : typeof found === 'object' ? LINK : { expected: 'a link, or a list of links' },
  ).describe('one link, or a list of them'),
  partition: partition.describe('nothing passes between the sides'),
  'broker-restart': optionalRecord({
    sessions: oneOf('kept', 'lost').prefault('kept'),
    down: duration(0, 600_000).prefault('0').describe('so long between end and start'),
  }).describe('the broker of the fabric is ended and started again'),
  'broker-pause': optionalRecord({}).describe('the broker of the fabric stands still'),
  'cut-client': seatsWith({}).describe('their connections to the fabric are ended once'),
  'queue-limit': record({ messages: integer(1, 1_000_000) }).describe(
    'messages that wait at the broker for one session; what is in flight to a connected one is not limited by it',
  ),
} as const;

const isLive = (found: string): found is MetricName => LIVE_METRICS.includes(found as MetricName);

export const FAULT = keyed('a fault', FAULT_BODIES, {
  id: ID.optional().describe('names it for checks and draws'),
  at: duration().optional().describe('from the beginning of the load'),
  when: mapOf(`a live metric: ${LIVE_METRICS.join(', ')}`, isLive, decimal(0, 1e9))
    .optional()
    .describe('{ decisions: 5 }: once the metric is that high, in place of `at`'),
  after: duration().optional().describe('so long after `when`'),
  notLater: duration(1).optional().describe('`when` must come until then; [the end of the load]'),
  for: duration(1).optional().describe('healed after so long; absent: at the end of the load'),
});
export type WrittenFault = z.output<typeof FAULT>;
