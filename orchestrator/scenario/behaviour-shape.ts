/**
 * What a Byzantine node of a scenario is told to do, as it is written: `silent-voter`, or `double-spender: { sides: ... }`
 * with its parameters. Where the plan has member ids the file has selectors; what each behaviour does stands in
 * node/behaviours/behaviour.ts.
 */
import type { z } from 'zod';
import type { Behaviour, Sides } from '../../node/behaviours/behaviour.ts';
import { BEHAVIOUR_KINDS } from '../../node/behaviours/behaviour.ts';
import { readBehaviours } from '../../node/host/read-conditions.ts';
import { NODE_ID_PATTERN } from '../../node/protocol/message.ts';
import {
  either,
  integer,
  keyed,
  leaf,
  listOf,
  oneOf,
  optionalRecord,
  record,
  text,
  truth,
} from '../files/file-shapes.ts';
import type { Path } from '../files/yaml-source.ts';
import { problemPath } from './problem-path.ts';
import { duration } from './quantities.ts';
import type { Report } from './scenario-file.ts';
import { SELECTOR, type Selector } from './seat-selector.ts';

const UNITS_MAX = 1_000_000_000;
const PER_SECOND_MAX = 10_000;
const COPIES_MAX = 1000;

const service = text('the name of a service', (found) => found.length > 0, { type: ['string', 'number'] });

const sides = leafSides('two sides, [SEATS, SEATS], that are told different things');

function leafSides(about: string) {
  return listOf('two sides', SELECTOR, 2).max(2, { error: 'a list of 2 sides' }).describe(about);
}

const byUnits = leaf(
  `integer -${UNITS_MAX}..${UNITS_MAX}, not 0`,
  (found) => {
    const value = integer(-UNITS_MAX, UNITS_MAX).safeParse(found);
    return value.success && value.data !== 0 ? value.data : undefined;
  },
  { type: 'integer', minimum: -UNITS_MAX, maximum: UNITS_MAX, not: { const: 0 } },
);

const BODIES = {
  'silent-voter': optionalRecord({}).describe('never sends a vote'),
  'always-yes': optionalRecord({}).describe('votes at once for every request, unchecked'),
  'always-no': optionalRecord({}).describe('votes that nothing was bought'),
  'wrong-remaining': optionalRecord({ byUnits: byUnits.prefault('1') }).describe('Remaining is off by so many units'),
  'equivocating-voter': record({ sides, byUnits: byUnits.prefault('5') }).describe('a different vote for each side'),
  'repeated-vote': optionalRecord({
    copies: integer(1, COPIES_MAX).prefault('5'),
    every: duration(0).prefault('20ms'),
  }).describe('sends each vote so many times more'),
  'double-spender': optionalRecord({
    sides: sides.optional(),
    gap: duration(0).prefault('0'),
    service: service.optional(),
    crossed: truth().prefault('false'),
  }).describe('asks twice on one State; crossed: both sides hear both, in opposite order'),
  overspender: record({ service, every: duration(1).prefault('500ms') }).describe('asks for what it cannot pay'),
  'forged-voter': record({
    voters: listOf(
      'ids',
      text('an id of 1..32 letters, digits or hyphens', (found) => NODE_ID_PATTERN.test(found), {
        type: ['string', 'integer'],
      }),
    ).max(512),
  }).describe('sends each vote once more in the name of each of these, members or not'),
  'sybil-wallets': optionalRecord({
    count: integer(1, 1000).prefault('4'),
    every: duration(1).prefault('200ms'),
  }).describe('shares sensor data in the names of wallets that nobody has heard of'),
  'sensor-spam': optionalRecord({ perSecond: integer(1, PER_SECOND_MAX).prefault('100') }).describe(
    'shares sensor data without end',
  ),
  'vote-copier': optionalRecord({}).describe('sends the first vote it hears as its own'),
  replayer: optionalRecord({
    after: duration(0).prefault('1s'),
    copies: integer(1, COPIES_MAX).prefault('1'),
  }).describe('sends messages of the past again'),
  'weak-work': optionalRecord({}).describe('votes and requests whose work misses the difficulty'),
  'stale-state': optionalRecord({}).describe('requests and votes on the State before the current one'),
  'selective-sender': record({
    messages: oneOf('requests', 'votes', 'both').prefault('both'),
    to: SELECTOR,
  }).describe('its requests, votes or both reach these only'),
  'hostile-payloads': optionalRecord({ perSecond: integer(1, PER_SECOND_MAX).prefault('20') }).describe(
    'bytes that are no message, and messages with poison in them',
  ),
  withholding: record({ delay: duration(1) }).describe('keeps each vote back for so long'),
  'reward-ring': record({ ring: SELECTOR, service }).describe('votes for its ring only, unchecked, and buys'),
} as const satisfies Record<Behaviour['kind'], z.ZodType>;

const KIND = leaf(
  `a behaviour: ${BEHAVIOUR_KINDS.join(', ')}`,
  (found) => {
    const kind = BEHAVIOUR_KINDS.find((known) => known === found);
    const body = kind === undefined ? undefined : BODIES[kind].safeParse('');
    return body?.success
      ? ({ kind, body: body.data, from: undefined, until: undefined } as WrittenBehaviour)
      : undefined;
  },
  { enum: BEHAVIOUR_KINDS.filter((kind) => BODIES[kind].safeParse('').success) },
);

const MAP = keyed('a behaviour', BODIES, {
  from: duration().optional().describe('from then on, from the beginning of the load; absent: from its start on'),
  until: duration(1).optional().describe('until then; absent: to the end of the load'),
});

export type WrittenBehaviour = z.output<typeof MAP>;

/** A kind, or a map with the kind as key. */
export const BEHAVIOUR = either(KIND, MAP);
export const BEHAVIOURS = listOf('behaviours', BEHAVIOUR).max(16, { error: 'at most 16 behaviours' });

/** Turns a selector at `path` into member ids; null after it reported a problem. */
export type MembersOf = (selector: Selector, path: Path, name: string) => readonly string[] | null;

/**
 * The behaviour of the plan, selectors as member ids, as a node would take it. `name` is that of the thing it belongs
 * to, for the draws. Null after a problem was reported.
 */
export function plannedBehaviour(
  written: WrittenBehaviour,
  path: Path,
  name: string,
  membersOf: MembersOf,
  report: Report,
): Behaviour | null {
  const planned = translated(written, path, name, membersOf);
  if (planned === null) return null;
  // Bounds and what excludes what are the node's: it refuses what it cannot do.
  const taken = readBehaviours([planned], '');
  if (taken.ok) return planned;
  for (const problem of taken.problems) {
    report(
      [...path, written.kind],
      `${problemPath(problem.path).slice(1).join('.')}: ${problem.expected}`,
      problem.found,
    );
  }
  return null;
}

/** Null after `membersOf` reported a problem. */
function translated(written: WrittenBehaviour, path: Path, name: string, membersOf: MembersOf): Behaviour | null {
  const at = [...path, written.kind];
  switch (written.kind) {
    case 'silent-voter':
    case 'always-yes':
    case 'always-no':
    case 'vote-copier':
    case 'weak-work':
    case 'stale-state':
      return { kind: written.kind };
    case 'wrong-remaining':
    case 'forged-voter':
    case 'sensor-spam':
    case 'hostile-payloads':
      return { kind: written.kind, ...written.body } as Behaviour;
    case 'equivocating-voter': {
      const { byUnits } = written.body;
      const found = sidesOf(written.body.sides, at, name, membersOf);
      return found === null ? null : { kind: written.kind, sides: found, byUnits };
    }
    case 'double-spender': {
      const { gap, service: other = null, crossed } = written.body;
      const rest = { gapMs: gap, service: other, crossed };
      if (written.body.sides === undefined) return { kind: written.kind, sides: null, ...rest };
      const found = sidesOf(written.body.sides, at, name, membersOf);
      return found === null ? null : { kind: written.kind, sides: found, ...rest };
    }
    case 'repeated-vote':
      return { kind: written.kind, copies: written.body.copies, everyMs: written.body.every };
    case 'overspender':
      return { kind: written.kind, service: written.body.service, everyMs: written.body.every };
    case 'sybil-wallets':
      return { kind: written.kind, count: written.body.count, everyMs: written.body.every };
    case 'replayer':
      return { kind: written.kind, afterMs: written.body.after, copies: written.body.copies };
    case 'withholding':
      return { kind: written.kind, delayMs: written.body.delay };
    case 'selective-sender': {
      const to = membersOf(written.body.to, [...at, 'to'], `${name}/to`);
      return to === null ? null : { kind: written.kind, messages: written.body.messages, to };
    }
    case 'reward-ring': {
      const ring = membersOf(written.body.ring, [...at, 'ring'], `${name}/ring`);
      return ring === null ? null : { kind: written.kind, ring, service: written.body.service };
    }
  }
}

/** A service that a behaviour buys; null for most. */
export function serviceOf({ kind, body }: WrittenBehaviour): string | null {
  return kind === 'overspender' || kind === 'reward-ring' || kind === 'double-spender' ? (body.service ?? null) : null;
}

function sidesOf(written: readonly Selector[], path: Path, name: string, membersOf: MembersOf): Sides | null {
  const [left, right] = written.map((side, index) =>
    membersOf(side, [...path, 'sides', index], `${name}/side${index}`),
  );
  return left && right ? { left, right } : null;
}
