/**
 * Reads the conditions that a node is to run under, from its configuration or from the lab, and the behaviours in them:
 * every field bounded, all problems at once. What depends on the lab (members, services, width of ids) is checked in a
 * second step, where the profile is known.
 */
import type { Behaviour, BehaviourKind, Sides } from '../behaviours/behaviour.ts';
import { BEHAVIOUR_KINDS } from '../behaviours/behaviour.ts';
import { expectedId, isId } from '../protocol/field-bounds.ts';
import { INT32_MAX, NODE_ID_PATTERN } from '../protocol/message.ts';
import type { PaperProfile } from '../protocol/paper-profile.ts';
import { type Problem, shown } from '../protocol/parameters.ts';
import { NORMAL_CONDITIONS, type NodeConditions } from './conditions.ts';
import { RecordReader, readArray } from './record-reader.ts';

export const BEHAVIOURS_MAX = 32;
export const COMMIT_DELAY_MS_MAX = 60_000;
/** Ten years; the wire's seconds end in 2038, which an offset may reach. */
export const CLOCK_OFFSET_MS_MAX = 315_360_000_000;
const HOUR_MS = 3_600_000;
const MEMBERS_MAX = 512;
const FORGED_VOTERS_MAX = 64;
const ID = '1..32 of [A-Za-z0-9-]';

export type ConditionsResult =
  | { readonly ok: true; readonly conditions: NodeConditions }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** An absent field is as in {@link NORMAL_CONDITIONS}. */
export function readConditions(value: unknown, path: string): ConditionsResult {
  const problems: Problem[] = [];
  const reader = RecordReader.over(value, path, problems);
  if (reader === null) return { ok: false, problems };
  const behaviours = reader.has('behaviours')
    ? readBehaviours(reader.raw('behaviours'), `${path}.behaviours`)
    : { ok: true as const, behaviours: [] };
  if (!behaviours.ok) problems.push(...behaviours.problems);
  const conditions: NodeConditions = {
    behaviours: behaviours.ok ? behaviours.behaviours : [],
    commitDelayMs: reader.integer('commitDelayMs', 0, COMMIT_DELAY_MS_MAX, NORMAL_CONDITIONS.commitDelayMs),
    clockOffsetMs: reader.integer(
      'clockOffsetMs',
      -CLOCK_OFFSET_MS_MAX,
      CLOCK_OFFSET_MS_MAX,
      NORMAL_CONDITIONS.clockOffsetMs,
    ),
    sensors: reader.truth('sensors', NORMAL_CONDITIONS.sensors),
  };
  reader.finish();
  return problems.length > 0 ? { ok: false, problems } : { ok: true, conditions };
}

/** A list of behaviours as behaviour.ts has them, each field given. */
export function readBehaviours(
  value: unknown,
  path: string,
): { ok: true; behaviours: readonly Behaviour[] } | { ok: false; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const behaviours: Behaviour[] = [];
  readArray(value, path, BEHAVIOURS_MAX, problems).forEach((element, index) => {
    const reader = RecordReader.over(element, `${path}[${index}]`, problems);
    if (reader === null) return;
    const kind = BEHAVIOUR_KINDS.find((known) => known === reader.raw('kind'));
    if (kind === undefined) {
      reader.choice('kind', BEHAVIOUR_KINDS);
      return;
    }
    behaviours.push(new BehaviourReader(reader, problems).read(kind));
    reader.finish();
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, behaviours };
}

/** What of `behaviours` does not fit the lab that `profile` describes. */
export function behaviourProblems(
  behaviours: readonly Behaviour[],
  profile: Pick<PaperProfile, 'membership' | 'catalogue' | 'parameters'>,
  path: string,
): readonly Problem[] {
  const { membership, catalogue, parameters } = profile;
  const members = new Set(membership.members);
  const problems: Problem[] = [];
  const knownMembers = (ids: readonly string[], place: string): void => {
    for (const id of ids) {
      if (!members.has(id)) problems.push({ path: place, expected: 'members of the lab', found: shown(id) });
    }
  };
  const knownService = (service: string, place: string): void => {
    if (catalogue === null || catalogue.has(service)) return;
    problems.push({ path: place, expected: `one of ${[...catalogue.keys()].join(', ')}`, found: shown(service) });
  };
  behaviours.forEach((behaviour, index) => {
    const place = `${path}[${index}]`;
    if ('sides' in behaviour && behaviour.sides !== null) {
      knownMembers(behaviour.sides.left, `${place}.sides.left`);
      knownMembers(behaviour.sides.right, `${place}.sides.right`);
    }
    if ('service' in behaviour && behaviour.service !== null) knownService(behaviour.service, `${place}.service`);
    if (behaviour.kind === 'selective-sender') knownMembers(behaviour.to, `${place}.to`);
    if (behaviour.kind === 'reward-ring') knownMembers(behaviour.ring, `${place}.ring`);
    if (behaviour.kind === 'forged-voter') {
      for (const voter of behaviour.voters) {
        if (isId(voter, parameters.idBytes)) continue;
        problems.push({ path: `${place}.voters`, expected: expectedId(parameters.idBytes), found: shown(voter) });
      }
    }
  });
  return problems;
}

class BehaviourReader {
  readonly #reader: RecordReader;
  readonly #problems: Problem[];

  constructor(reader: RecordReader, problems: Problem[]) {
    this.#reader = reader;
    this.#problems = problems;
  }

  read(kind: BehaviourKind): Behaviour {
    const reader = this.#reader;
    switch (kind) {
      case 'silent-voter':
      case 'always-yes':
      case 'always-no':
      case 'vote-copier':
      case 'weak-work':
      case 'stale-state':
        return { kind };
      case 'wrong-remaining':
        return { kind, byUnits: this.#byUnits() };
      case 'equivocating-voter':
        return { kind, sides: this.#sides(reader.raw('sides')), byUnits: this.#byUnits() };
      case 'repeated-vote':
        return { kind, copies: reader.integer('copies', 1, 1000), everyMs: reader.integer('everyMs', 0, HOUR_MS) };
      case 'double-spender':
        return {
          kind,
          sides: reader.raw('sides') === null ? null : this.#sides(reader.raw('sides')),
          gapMs: reader.integer('gapMs', 0, HOUR_MS),
          service: reader.raw('service') === null ? null : reader.name('service'),
          crossed: this.#crossed(),
        };
      case 'overspender':
        return { kind, service: reader.name('service'), everyMs: reader.integer('everyMs', 1, HOUR_MS) };
      case 'forged-voter':
        return { kind, voters: this.#ids('voters', reader.raw('voters'), 1, FORGED_VOTERS_MAX) };
      case 'sybil-wallets':
        return { kind, count: reader.integer('count', 1, 1000), everyMs: reader.integer('everyMs', 1, HOUR_MS) };
      case 'sensor-spam':
      case 'hostile-payloads':
        return { kind, perSecond: reader.integer('perSecond', 1, 10_000) };
      case 'replayer':
        return { kind, afterMs: reader.integer('afterMs', 0, HOUR_MS), copies: reader.integer('copies', 1, 1000) };
      case 'selective-sender':
        return {
          kind,
          messages: reader.choice('messages', ['requests', 'votes', 'both']),
          to: this.#ids('to', reader.raw('to'), 0, MEMBERS_MAX),
        };
      case 'withholding':
        return { kind, delayMs: reader.integer('delayMs', 1, HOUR_MS) };
      case 'reward-ring':
        return {
          kind,
          ring: this.#ids('ring', reader.raw('ring'), 1, MEMBERS_MAX),
          service: reader.name('service'),
        };
    }
  }

  #byUnits(): number {
    const value = this.#reader.integer('byUnits', -INT32_MAX, INT32_MAX);
    if (value === 0) this.#reader.problem('byUnits', 'not 0', '0');
    return value;
  }

  #crossed(): boolean {
    if (!this.#reader.has('crossed')) this.#reader.problem('crossed', 'true or false', 'nothing');
    const crossed = this.#reader.truth('crossed', false);
    if (crossed && this.#reader.raw('sides') === null) {
      this.#reader.problem('crossed', 'false where there are no sides', 'true');
    }
    return crossed;
  }

  #sides(value: unknown): Sides {
    const sides = RecordReader.over(value, `${this.#reader.path}.sides`, this.#problems);
    if (sides === null) return { left: [], right: [] };
    const left = this.#ids('sides.left', sides.raw('left'), 1, MEMBERS_MAX);
    const right = this.#ids('sides.right', sides.raw('right'), 1, MEMBERS_MAX);
    sides.finish();
    const both = left.find((id) => right.includes(id));
    if (both !== undefined) this.#reader.problem('sides', 'no member on both sides', shown(both));
    return { left, right };
  }

  #ids(name: string, value: unknown, min: number, max: number): readonly string[] {
    const before = this.#problems.length;
    const path = `${this.#reader.path}.${name}`;
    const ids = readArray(value, path, max, this.#problems);
    if (this.#problems.length > before) return [];
    if (ids.length < min) this.#reader.problem(name, `at least ${min}`, `${ids.length}`);
    ids.forEach((id, index) => {
      if (typeof id !== 'string' || !NODE_ID_PATTERN.test(id)) {
        this.#reader.problem(`${name}[${index}]`, ID, shown(id));
      } else if (ids.indexOf(id) < index) {
        this.#reader.problem(`${name}[${index}]`, 'an id named once', shown(id));
      }
    });
    return this.#problems.length > before ? [] : (ids as readonly string[]);
  }
}
