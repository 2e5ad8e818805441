/**
 * What a drawn Byzantine node does. A voter's behaviours touch its votes, and maybe more; a requester's touch no vote,
 * so that its node still votes as an honest one. Rates are low: a flood costs time and finds little more.
 */
import type { BehaviourKind } from '../../node/behaviours/behaviour.ts';
import type { Dice } from './dice.ts';
import { type DrawnBehaviour, type Part, Seats } from './drawn-scenario.ts';

export const VOTER_BEHAVIOURS = [
  'silent-voter',
  'always-yes',
  'always-no',
  'wrong-remaining',
  'equivocating-voter',
  'repeated-vote',
  'forged-voter',
  'vote-copier',
  'replayer',
  'weak-work',
  'stale-state',
  'selective-sender',
  'withholding',
  'reward-ring',
  'double-spender',
  'hostile-payloads',
] as const satisfies readonly BehaviourKind[];

export const REQUESTER_BEHAVIOURS = [
  'double-spender',
  'double-spender',
  'overspender',
  'sybil-wallets',
  'sensor-spam',
  'selective-sender',
] as const satisfies readonly BehaviourKind[];

/** All that a client of a reference does within its bounds, which are none. */
export const DOUBLE_SPENDING = ['double-spender'] as const satisfies readonly BehaviourKind[];

/** `others`: keys of the other seats. */
export function drawVoterBehaviours(
  dice: Dice,
  kinds: readonly (typeof VOTER_BEHAVIOURS)[number][],
  others: readonly number[],
  services: readonly string[],
): readonly DrawnBehaviour[] {
  const first = dice.one(kinds);
  const second = dice.chance(0.3) ? dice.one(kinds) : first;
  return (second === first ? [first] : [first, second]).map((kind) => ({
    kind,
    body: bodyOf(kind, dice, others, services, dice.one(['votes', 'both'] as const)),
  }));
}

export function drawRequesterBehaviours(
  dice: Dice,
  others: readonly number[],
  services: readonly string[],
  kinds: readonly BehaviourKind[] = REQUESTER_BEHAVIOURS,
): readonly DrawnBehaviour[] {
  const kind = dice.one(kinds);
  return [{ kind, body: bodyOf(kind, dice, others, services, 'requests') }];
}

function bodyOf(
  kind: BehaviourKind,
  dice: Dice,
  others: readonly number[],
  services: readonly string[],
  messages: 'requests' | 'votes' | 'both',
): { readonly [key: string]: Part } {
  switch (kind) {
    case 'wrong-remaining':
      return { byUnits: dice.one([-5, -1, 1, 5, 10]) };
    case 'equivocating-voter':
      return { sides: sidesOf(dice, others), byUnits: dice.one([1, 5, -5]) };
    case 'repeated-vote':
      return { copies: dice.integer(1, 3), every: dice.integer(0, 30) };
    case 'double-spender':
      return {
        ...(others.length > 1 && dice.chance(0.7) ? { sides: sidesOf(dice, others), crossed: dice.chance(0.3) } : {}),
        gap: dice.one([0, 0, 1, 3, 20]),
        ...(dice.chance(0.5) ? { service: dice.one(services) } : {}),
      };
    case 'overspender':
      return { service: dice.one(services), every: dice.integer(2, 8) * 100 };
    case 'forged-voter':
      return { voters: dice.some(others, dice.integer(1, 3)).map((key) => (dice.chance(0.3) ? `ghost-${key}` : key)) };
    case 'sybil-wallets':
      return { count: dice.integer(1, 4), every: dice.integer(3, 9) * 100 };
    case 'sensor-spam':
      return { perSecond: dice.integer(2, 10) };
    case 'replayer':
      return { after: dice.integer(1, 60) * 10, copies: 1 };
    case 'selective-sender':
      return { messages, to: new Seats(dice.some(others, dice.integer(1, others.length))) };
    case 'hostile-payloads':
      return { perSecond: dice.integer(1, 6) };
    case 'withholding':
      return { delay: dice.one([1, 3, 10, 100, 800]) };
    case 'reward-ring':
      return { ring: new Seats(dice.some(others, dice.integer(1, 2))), service: dice.one(services) };
    default:
      return {};
  }
}

/** Two sets of others, neither empty where there are two of them. */
function sidesOf(dice: Dice, others: readonly number[]): readonly Part[] {
  const left = dice.some(others, dice.integer(1, Math.max(1, others.length - 1)));
  const right = others.filter((key) => !left.includes(key));
  return [new Seats(left), new Seats(right.length > 0 ? right : left)];
}
