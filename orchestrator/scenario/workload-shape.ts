/** Who does what in a scenario when nothing goes wrong, as it is written: funds, sensors, purchases, how long. */
import type { z } from 'zod';
import { either, integer, keyed, listOf, mapOf, oneOf, oneShapeOf, record, text, truth } from '../files/file-shapes.ts';
import { ID, raw } from './fabric-shape.ts';
import { decimal, duration, durationMs } from './quantities.ts';
import { SELECTOR } from './seat-selector.ts';

export const PURCHASES_MAX = 100_000;
const STREAMS_MAX = 100;
const RATE_MAX = 1000;
/** Longest load. */
export const LOAD_MS_MAX = 86_400_000;

const SENSOR_WORDS = ['fast', 'reference', 'none'] as const;

/** Sensors of a node: a word, or a list as `wallance up --sensors` takes it. */
export const SENSORS = either(
  oneOf(...SENSOR_WORDS),
  raw('fast, reference, none, or a list of sensors', Array.isArray, {
    type: 'array',
    items: { type: 'object' },
    description: 'sensors as wallance up --sensors takes them',
  }),
).describe('fast: a counter each 50..250 ms that falls silent before the load ends; reference: each 1..10 s');
export type WrittenSensors = z.output<typeof SENSORS>;

export const FUNDS = integer(0, 100_000).describe(
  'units of its own that a node is given before the load, as sensor data',
);

const service = text('the name of a service', (found) => found.length > 0, { type: ['string', 'number'] });
const services = either(
  service.transform((name) => [name]),
  listOf('services', service),
).describe('what is bought, drawn evenly; absent: the first service every other time, else one of the others');

const think = either(duration(), record({ exponential: duration(1) }));

const buying = {
  id: ID.optional().describe('names its draws, so that another stream moves none of them'),
  buyers: SELECTOR.optional().describe('absent: honest nodes that are there from the beginning'),
  services: services.optional(),
  service: service.optional().describe('one service'),
  mode: oneOf('wait', 'strict', 'force')
    .optional()
    .describe('wait [default]: ordered as soon as the node can pay; strict: or refused; force: sent regardless'),
} as const;
const from = duration().optional().describe('of the load');
const until = duration(1).optional().describe('of the load');

const isRates = (found: string): boolean => (durationMs(found) ?? -1) >= 0;

const STREAM = {
  count: integer(1, PURCHASES_MAX).describe('so many, at times drawn from `from` to `until`'),
  rate: decimal(0, RATE_MAX).describe('so many a second on average, at random (Poisson)'),
  rates: mapOf('a time such as 0s or 10s', isRates, decimal(0, RATE_MAX)).describe(
    'rate a second by time, straight lines between: { 0s: 1, 10s: 5 }; the last holds on',
  ),
  at: either(
    duration().transform((ms) => [ms]),
    listOf('times', duration()).max(PURCHASES_MAX),
  ).describe('these times, buyers in turn'),
  loop: oneOf('each', 'round-robin').describe(
    'the next after the last is decided: at each buyer, or one after another',
  ),
} as const;

const WHAT = 'a stream of purchases';
const COUNT = keyed(WHAT, { count: STREAM.count }, { ...buying, from, until });
const RATE = keyed(WHAT, { rate: STREAM.rate, rates: STREAM.rates }, { ...buying, from, until });
const AT = keyed(WHAT, { at: STREAM.at }, buying);
const LOOP = keyed(
  WHAT,
  { loop: STREAM.loop },
  {
    ...buying,
    from,
    count: integer(1, PURCHASES_MAX).describe('purchases of each buyer (each), or of all together (round-robin)'),
    think: think.optional().describe('pause before the next; [0], or { exponential: 200ms }'),
    giveUp: duration(1).optional().describe('a purchase that is not decided after so long is given up; [5s]'),
  },
);

/** The key that says what a stream is; `loop` beside `count` is a loop of so many. */
const STREAMS = [
  ['loop', LOOP],
  ['at', AT],
  ['rates', RATE],
  ['rate', RATE],
  ['count', COUNT],
] as const;

const PURCHASES = oneShapeOf<typeof COUNT | typeof RATE | typeof AT | typeof LOOP>([COUNT, RATE, AT, LOOP], (found) => {
  const stream = STREAMS.find(([key]) => typeof found === 'object' && found !== null && Object.hasOwn(found, key));
  return stream?.[1] ?? { expected: `${WHAT} with one of count, rate, rates, at, loop` };
});
export type WrittenStream = z.output<typeof PURCHASES>;

export const WORKLOAD = record({
  duration: duration(100, LOAD_MS_MAX).prefault('10s').describe('of the load: faults and purchases are within it'),
  endsEarly: truth().prefault('true').describe('the load ends when all purchases are over and the timeline is'),
  settle: duration(0, 3_600_000).prefault('10s').describe('longest wait for the lab to come to rest after the load'),
  sensors: SENSORS.optional().describe('of every node; [fast]'),
  funds: FUNDS.optional().describe('units that each node is given before the load; [0]'),
  purchases: listOf('streams of purchases', PURCHASES, 0)
    .max(STREAMS_MAX, { error: `at most ${STREAMS_MAX} streams` })
    .prefault([]),
});
export type WrittenWorkload = z.output<typeof WORKLOAD>;
