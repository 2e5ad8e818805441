/**
 * Table I of the paper and the knobs in which the paper and the three reference implementations differ.
 * A named profile is a set of defaults for them (profiles.ts); a lab or a schedule overrides single ones.
 * Source: R-04 (Table I), D-01..D-12 (the knobs). Pure data: what a knob does stands in the strategy that reads it.
 */

import type { QuorumRounding, Ratio } from './quorum.ts';
import { DIFFICULTY_MAX } from './work.ts';

export interface Parameters {
  /** Majority threshold: share of the network that must cast equal votes. Above 1/2, at most 1. */
  readonly majorityThreshold: Ratio;
  readonly quorumRounding: QuorumRounding;
  /** Zero nibbles at the start of a valid work hash, 0..7. */
  readonly difficulty: number;
  /** Sensor transactions, and so units, that make one DCoin, 1..1,000,000. */
  readonly dcoinRate: number;
  /** Units credited to a rewarded voter, 0..1,000,000. The paper's 2 DCoin are 10 units at rate 5. */
  readonly dcoinRewardUnits: number;
  /** Who is rewarded: every voter of the winning group present, or the first 67 % of its rows (by arrival). */
  readonly rewarded: 'present' | 'first-share';
  /** When nodes vote and decide: on each message, each period, or as the C++ loop does. */
  readonly schedule: 'event' | 'period' | 'reference-loop' | 'reference-period' | 'reference-period-until-own';
  /** Consensus period in milliseconds, 1..3,600,000; used by every schedule but `event`. */
  readonly consensusPeriodMs: number;
  /** What n is: the configured members, or the wallets ever seen. */
  readonly networkSize: 'configured' | 'wallets';
  /** Votes a node casts per requester and State. */
  readonly votesPerState: 'one' | 'unlimited';
  readonly voterMustBeKnown: boolean;
  /** Votes of one voter for one State: first counts; all stored, voters counted once; or once per row age. */
  readonly duplicateVotes: 'first-counts' | 'all-stored' | 'counted-per-age';
  /** Remaining balance: exact units, or whole DCoins with the rest burnt. */
  readonly remaining: 'exact' | 'truncated';
  /** How a balance is printed into hashes and the text form: units, whole DCoins, or decimal DCoins. */
  readonly dcoinText: 'units' | 'dcoins' | 'decimal';
  readonly hexCase: 'lower' | 'upper';
  /** Requests of one requester that its stored rows survive, 1..1000; null: rows do not age. */
  readonly outdate: number | null;
  /** Rows kept per (voter, requester) and requests per requester, 1..64; null: no bound, and no State is `late`. */
  readonly rowsPerPair: number | null;
  readonly senderCheck: 'transport' | 'none';
  /** Earliest time a message may carry: 0, or any int32. */
  readonly timeMin: 0 | -2147483648;
  /** The reference reads time -1 as "no row found", so such a request blocks all voting. */
  readonly timeMinusOneBlocks: boolean;
  /** Width of ids and service names on the wire, bytes. */
  readonly idBytes: 8 | 16 | 32;
  readonly codec: 'compact' | 'text';
}

type Check = { readonly expected: string; readonly accepts: (value: unknown) => boolean };

const integer = (min: number, max: number): Check => ({
  expected: `integer ${min}..${max}`,
  accepts: (v) => Number.isInteger(v) && (v as number) >= min && (v as number) <= max,
});
const nullable = (check: Check): Check => ({
  expected: `${check.expected} or null`,
  accepts: (v) => v === null || check.accepts(v),
});
const oneOf = (...values: readonly unknown[]): Check => ({
  expected: `one of ${values.map((v) => JSON.stringify(v)).join(', ')}`,
  accepts: (v) => values.includes(v),
});
const truth: Check = { expected: 'true or false', accepts: (v) => typeof v === 'boolean' };

const ratio: Check = {
  expected: 'a ratio above 1/2 and at most 1, as {numerator, denominator} with integers 1..10000',
  accepts: (v) => {
    if (typeof v !== 'object' || v === null) return false;
    const { numerator: a, denominator: b } = v as Partial<Ratio>;
    const part = integer(1, 10_000);
    return part.accepts(a) && part.accepts(b) && 2 * a! > b! && a! <= b! && Object.keys(v).length === 2;
  },
};

const CHECKS: { readonly [K in keyof Parameters]: Check } = {
  majorityThreshold: ratio,
  quorumRounding: oneOf('nearest', 'up'),
  difficulty: integer(0, DIFFICULTY_MAX),
  dcoinRate: integer(1, 1_000_000),
  dcoinRewardUnits: integer(0, 1_000_000),
  rewarded: oneOf('present', 'first-share'),
  schedule: oneOf('event', 'period', 'reference-loop', 'reference-period', 'reference-period-until-own'),
  consensusPeriodMs: integer(1, 3_600_000),
  networkSize: oneOf('configured', 'wallets'),
  votesPerState: oneOf('one', 'unlimited'),
  voterMustBeKnown: truth,
  duplicateVotes: oneOf('first-counts', 'all-stored', 'counted-per-age'),
  remaining: oneOf('exact', 'truncated'),
  dcoinText: oneOf('units', 'dcoins', 'decimal'),
  hexCase: oneOf('lower', 'upper'),
  outdate: nullable(integer(1, 1000)),
  rowsPerPair: nullable(integer(1, 64)),
  senderCheck: oneOf('transport', 'none'),
  timeMin: oneOf(0, -2147483648),
  timeMinusOneBlocks: truth,
  idBytes: oneOf(8, 16, 32),
  codec: oneOf('compact', 'text'),
};

export const PARAMETER_NAMES = Object.keys(CHECKS) as readonly (keyof Parameters)[];

/** One finding about configuration: where, what was expected, what was found. */
export interface Problem {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

export function describeProblem(problem: Problem): string {
  return `${problem.path}: expected ${problem.expected}, got ${problem.found}`;
}

/** A value as it is shown in a problem: JSON, at most 60 characters. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * `defaults` with `overrides` on top. Returns the parameters, or every problem at once; `path` is put before each
 * parameter's name in a problem. Unknown names are problems.
 */
export function overrideParameters(
  defaults: Parameters,
  overrides: unknown,
  path = 'parameters',
): { ok: true; parameters: Parameters } | { ok: false; problems: readonly Problem[] } {
  if (overrides === undefined || overrides === null) return { ok: true, parameters: defaults };
  if (typeof overrides !== 'object' || Array.isArray(overrides)) {
    return { ok: false, problems: [{ path, expected: 'a map of parameters', found: shown(overrides) }] };
  }
  const problems: Problem[] = [];
  const merged: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(overrides)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof Parameters] : undefined;
    if (check === undefined) {
      problems.push({
        path: `${path}.${name}`,
        expected: `one of ${PARAMETER_NAMES.join(', ')}`,
        found: 'an unknown name',
      });
    } else if (!check.accepts(value)) {
      problems.push({ path: `${path}.${name}`, expected: check.expected, found: shown(value) });
    } else {
      merged[name] = value;
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, parameters: merged as unknown as Parameters };
}
