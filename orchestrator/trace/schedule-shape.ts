/**
 * The shape of a schedule: which keys a file has and what each value may be. One declaration gives the validation, the
 * types and the words of the problems; what depends on the profile or on other steps is checked in schedule.ts.
 */
import type { z } from 'zod';
import { INT32_MAX, INT32_MIN, NODE_ID_PATTERN } from '../../node/protocol/message.ts';
import { PROFILE_NAMES } from '../../node/protocol/profiles.ts';
import { REJECTION_CODES, type RejectionCode } from '../../node/protocol/rejection.ts';
import { either, integer, leaf, listOf, mapOf, oneOf, record, text } from '../files/file-shapes.ts';

export const NODES_MAX = 64;
const STEPS_MAX = 10_000;
const TIMES_MAX = 1_000;
const SENSOR_COUNT_MAX = 100_000;
/** A day of virtual time in one step. */
const ADVANCE_MS_MAX = 86_400_000;

const RESERVED = ['votes', 'all', 'null'];
const NAME = /^[A-Za-z][A-Za-z0-9_.'-]{0,63}$/;
const HASH = /^[0-9A-Fa-f]{64}$/;
const HASH_PREFIX = /^[0-9A-Fa-f]{8,64}$/;

const isNodeId = (found: string): boolean => NODE_ID_PATTERN.test(found);
const isName = (found: string): boolean => NAME.test(found) && !RESERVED.includes(found);

const ID = 'an id of 1..32 letters, digits or hyphens';
const MESSAGE = 'the name of a message';
const id = text(ID, isNodeId);
const name = text(
  `a name of 1..64 of [A-Za-z0-9_.'-] that begins with a letter and is not ${RESERVED.join(', ')}`,
  isName,
);
const service = text('the name of a service', (found) => found.length > 0);
const price = integer(0, INT32_MAX);
const nonce = integer(0, INT32_MAX);
const units = integer(INT32_MIN, INT32_MAX);
const count = integer(0, 1_000_000);
const hashPrefix = text('the first 8 to 64 hexadecimal digits of a hash', (found) => HASH_PREFIX.test(found));
const stateHash = text(
  'genesis, or the first 8 to 64 hexadecimal digits of a State',
  (found) => found === 'genesis' || HASH_PREFIX.test(found),
);
const state = text('genesis, or 64 hexadecimal digits', (found) => found === 'genesis' || HASH.test(found));
const nameOrNull = leaf(`${MESSAGE}, or null`, (found) => {
  if (found === 'null' || found === '~' || found === '') return null;
  return typeof found === 'string' && isName(found) ? found : undefined;
});
const unitsText = (found: string): boolean => /^-?\d{1,10}$/.test(found);

const nodes = either(
  leaf('all, or a list of nodes', (found) => (found === 'all' ? ('all' as const) : undefined)),
  listOf('nodes', id),
);

/** Who receives, how often, and on whose behalf the transport vouches for it. */
const delivery = {
  to: nodes,
  times: integer(1, TIMES_MAX).optional(),
  as: id.optional(),
};

const rejectionCode = oneOf(...REJECTION_CODES);

const expectation = record({
  nodes: nodes.optional(),
  wallet: id.optional(),
  units: units.optional(),
  stateHash: stateHash.optional(),
  decided: mapOf(ID, isNodeId, nameOrNull).optional(),
  votesFor: mapOf(MESSAGE, isName, either(count, mapOf('remaining units', unitsText, count))).optional(),
  storedVotes: count.optional(),
  storedRequests: count.optional(),
  wallets: count.optional(),
  quorum: count.optional(),
  services: mapOf(ID, isNodeId, listOf('service arguments', service, 0)).optional(),
  rejected: leaf(
    `a list of codes or a map from code to count; codes: ${REJECTION_CODES.join(', ')}`,
    rejections,
  ).optional(),
  nonce: mapOf(MESSAGE, isName, nonce).optional(),
  powHash: mapOf(MESSAGE, isName, hashPrefix).optional(),
  voteNonces: mapOf(MESSAGE, isName, mapOf(ID, isNodeId, either(nonce, listOf('nonces', nonce)))).optional(),
  orders: mapOf(MESSAGE, isName, oneOf('requested', 'queued', 'refused')).optional(),
});

/** `seen`: each code at least once, none at all for an empty list. `counts`: exactly so often. */
export type ExpectedRejections =
  | { readonly kind: 'seen'; readonly codes: readonly RejectionCode[] }
  | { readonly kind: 'counts'; readonly counts: ReadonlyMap<RejectionCode, number> };

function rejections(found: unknown): ExpectedRejections | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  if (Array.isArray(found)) {
    const codes = listOf('codes', rejectionCode, 0).safeParse(found);
    return codes.success ? { kind: 'seen', codes: codes.data } : undefined;
  }
  const counts = Object.entries(found).map(
    ([code, times]) => [rejectionCode.safeParse(code), count.safeParse(times)] as const,
  );
  const valid = counts.flatMap(([code, times]) =>
    code.success && times.success ? [[code.data, times.data] as const] : [],
  );
  return valid.length === 0 || valid.length < counts.length ? undefined : { kind: 'counts', counts: new Map(valid) };
}

/** Shapes of the steps, by the key that names their kind. */
export const STEP_SHAPES = {
  request: record({
    request: record({
      name,
      requester: id,
      service,
      priceDcoins: price,
      time: integer(INT32_MIN, INT32_MAX).optional(),
      state: state.optional(),
      nonce: nonce.optional(),
    }),
  }),
  order: record({
    order: record({ name, node: id, service, priceDcoins: price, mode: oneOf('strict', 'wait', 'force').optional() }),
  }),
  vote: record({
    vote: record({ name, voter: id, for: name, remainingUnits: units, nonce: nonce.optional() }),
  }),
  deliver: record({ deliver: name, ...delivery }),
  votes: record({
    deliver: oneOf('votes'),
    for: name,
    from: listOf('voters', id).optional(),
    remainingUnits: units.optional(),
    round: integer(1, 1_000_000).optional(),
    ...delivery,
  }),
  sensor: record({
    sensor: record({ from: id, count: integer(1, SENSOR_COUNT_MAX).optional() }),
    ...delivery,
  }),
  raw: record({
    raw: record({
      topic: oneOf('consensus', 'sensor'),
      text: text('text', () => true).optional(),
      base64: text('base64 with padding', isBase64).optional(),
    }),
    ...delivery,
  }),
  advance: record({ advance: integer(1, ADVANCE_MS_MAX) }),
  crash: record({ crash: record({ node: id, when: oneOf('now', 'after-persist').optional() }) }),
  restart: record({ restart: record({ node: id, database: oneOf('kept', 'lost') }) }),
  expect: record({ expect: expectation }),
} as const;

function isBase64(found: string): boolean {
  return Buffer.from(found, 'base64').toString('base64') === found;
}

export type StepKind = keyof typeof STEP_SHAPES;

/** A step as read, with its kind, its place among the steps (from 0) and its line in the file (from 1). */
export type Step = {
  [K in StepKind]: {
    readonly kind: K;
    readonly index: number;
    readonly line: number;
    readonly body: z.output<(typeof STEP_SHAPES)[K]>;
  };
}[StepKind];

export type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>;
export type Delivery = Pick<StepOf<'deliver'>['body'], 'to' | 'times' | 'as'>;
export type ExpectStep = StepOf<'expect'>['body']['expect'];

/** Keys of a step of which exactly one is there. */
export const STEP_KEYS = [
  'request',
  'order',
  'vote',
  'deliver',
  'sensor',
  'raw',
  'advance',
  'crash',
  'restart',
  'expect',
] as const;

/** What stands round the steps. Parameters and steps are looked into later. */
export const HEAD_SHAPE = record({
  profile: oneOf(...PROFILE_NAMES).optional(),
  parameters: leaf('a map of parameters', (found) =>
    typeof found === 'object' && found !== null ? found : undefined,
  ).optional(),
  nodes: integer(1, NODES_MAX),
  services: mapOf('the name of a service', (found) => found.length > 0, price).optional(),
  wallets: either(integer(0, INT32_MAX), mapOf(ID, isNodeId, integer(0, INT32_MAX))).optional(),
  known: mapOf(ID, isNodeId, listOf('wallets', id, 0)).optional(),
  steps: leaf(`a list of 1..${STEPS_MAX} steps`, (found) =>
    Array.isArray(found) && found.length > 0 && found.length <= STEPS_MAX ? (found as unknown[]) : undefined,
  ),
});

export type ScheduleHead = z.output<typeof HEAD_SHAPE>;
