/**
 * The named profiles: the paper as this project reads it, and the three codes its authors published, flaws included.
 * Source: R-04 (Table I), the table of profiles in PROTOCOL.md; D-17 (reward), D-14 (what of the codes is left out).
 */
import { expectedId, isId } from './field-bounds.ts';
import type { Sha256Hex } from './hash.ts';
import { type PaperProfile, paperProfile } from './paper-profile.ts';
import { overrideParameters, type Parameters, type Problem, shown } from './parameters.ts';
import type { Catalogue } from './profile.ts';

const PAPER: Parameters = {
  majorityThreshold: { numerator: 2, denominator: 3 },
  quorumRounding: 'nearest',
  difficulty: 1,
  dcoinRate: 5,
  dcoinRewardUnits: 10,
  rewarded: 'present',
  schedule: 'event',
  consensusPeriodMs: 2000,
  networkSize: 'configured',
  votesPerState: 'one',
  voterMustBeKnown: true,
  duplicateVotes: 'first-counts',
  remaining: 'exact',
  dcoinText: 'units',
  hexCase: 'lower',
  outdate: null,
  rowsPerPair: 4,
  senderCheck: 'transport',
  timeMin: 0,
  timeMinusOneBlocks: false,
  idBytes: 32,
  codec: 'compact',
};

const REF_C: Parameters = {
  ...PAPER,
  dcoinRewardUnits: 2,
  rewarded: 'first-share',
  schedule: 'reference-loop',
  networkSize: 'wallets',
  votesPerState: 'unlimited',
  voterMustBeKnown: false,
  duplicateVotes: 'all-stored',
  remaining: 'truncated',
  dcoinText: 'dcoins',
  outdate: 5,
  rowsPerPair: null,
  senderCheck: 'none',
  timeMin: -2147483648,
  timeMinusOneBlocks: true,
  codec: 'text',
};

const DEFAULTS = {
  paper: PAPER,
  'ref-c': REF_C,
  'ref-dds': { ...REF_C, schedule: 'reference-period-until-own' },
  'ref-py': {
    ...REF_C,
    quorumRounding: 'up',
    rewarded: 'present',
    schedule: 'reference-period',
    duplicateVotes: 'counted-per-age',
    remaining: 'exact',
    dcoinText: 'decimal',
    hexCase: 'upper',
    outdate: 6,
    timeMinusOneBlocks: false,
  },
} as const satisfies Record<string, Parameters>;

export type ProfileName = keyof typeof DEFAULTS;

export const PROFILE_NAMES = Object.keys(DEFAULTS) as readonly ProfileName[];

export interface ProfileRequest {
  /** `paper`, `ref-c`, `ref-dds` or `ref-py`. */
  readonly profile: unknown;
  /** Overrides of single parameters, by name. */
  readonly parameters: unknown;
  readonly members: readonly string[];
  readonly catalogue: Catalogue;
  readonly hash?: Sha256Hex;
}

export type ProfileResult =
  | { readonly ok: true; readonly profile: PaperProfile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The named profile with overrides, or every problem of the request at once. */
export function namedProfile(request: ProfileRequest): ProfileResult {
  const { profile: name, members, catalogue, hash } = request;
  if (typeof name !== 'string' || !Object.hasOwn(DEFAULTS, name)) {
    return {
      ok: false,
      problems: [{ path: 'profile', expected: `one of ${PROFILE_NAMES.join(', ')}`, found: shown(name) }],
    };
  }
  const merged = overrideParameters(DEFAULTS[name as ProfileName], request.parameters);
  if (!merged.ok) return merged;
  const { parameters } = merged;
  const profile = paperProfile({ name, parameters, members, catalogue, ...(hash === undefined ? {} : { hash }) });
  const problems = [
    ...memberProblems(members, parameters),
    ...catalogueProblems(profile),
    ...mixtureProblems(parameters),
  ];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, profile };
}

function memberProblems(members: readonly string[], { idBytes, networkSize }: Parameters): Problem[] {
  const problems: Problem[] = [];
  if (networkSize === 'configured' && members.length < 2) {
    problems.push({ path: 'members', expected: 'at least 2 ids', found: String(members.length) });
  }
  members.forEach((id, i) => {
    if (!isId(id, idBytes)) problems.push({ path: `members[${i}]`, expected: expectedId(idBytes), found: shown(id) });
    else if (members.indexOf(id) < i)
      problems.push({ path: `members[${i}]`, expected: 'an id named once', found: shown(id) });
  });
  return problems;
}

function catalogueProblems({ catalogue, parameters, requests }: PaperProfile): Problem[] {
  return [...(catalogue ?? [])]
    .filter(([service, price]) => !requests.expressible(service, price))
    .map(([service, price]) => ({
      path: `services.${service}`,
      expected: `a name that fits the wire (${parameters.codec}, ${parameters.idBytes} bytes) and a price of 0..2^31-1 DCoins`,
      found: `${shown(service)} at ${shown(price)}`,
    }));
}

/** A balance that is not printed exactly cannot be voted on exactly. */
function mixtureProblems({ remaining, dcoinText }: Parameters): Problem[] {
  if (remaining === 'truncated' || dcoinText !== 'dcoins') return [];
  return [{ path: 'parameters.dcoinText', expected: '"units" or "decimal" with remaining "exact"', found: '"dcoins"' }];
}
