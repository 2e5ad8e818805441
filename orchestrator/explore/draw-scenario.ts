/**
 * A random scenario from a seed, in swarm style: each seed first chooses its own mix (how many nodes, which kinds of
 * fault and of behaviour there are at all, the shape of the load), then draws instances of these. A mix that leaves most
 * kinds out reaches what a uniform one hides, since faults often undo each other.
 *
 * Within the bounds of `paper` stay: Byzantine voters and nodes that lose their database, together at most 2q - n; one
 * more node that misbehaves as a requester only, as long as fewer than a quorum are not correct; any loss, delay, order
 * and repetition of messages, partitions, crashes with the database kept, pauses, clocks and faults of the broker.
 * Corruption is beyond: a copy with a byte changed that still reads as a vote is a vote that its sender never cast.
 * The references promise nothing; within means for them that no voter misbehaves and no database is lost.
 *
 * Every part is drawn from a stream of its own under the seed.
 */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { invariant } from '../../node/protocol/invariant.ts';
import type { ProfileName } from '../../node/protocol/profiles.ts';
import { quorum } from '../../node/protocol/quorum.ts';
import { Prng } from '../../node/simulation/prng.ts';
import type { SimulationPlan } from '../scenario/scenario-plan.ts';
import { Dice } from './dice.ts';
import {
  DOUBLE_SPENDING,
  drawRequesterBehaviours,
  drawVoterBehaviours,
  REQUESTER_BEHAVIOURS,
  VOTER_BEHAVIOURS,
} from './draw-behaviours.ts';
import { drawFault, FAULTS_BEYOND, FAULTS_WITHIN, type FaultLabel, type FaultTargets } from './draw-faults.ts';
import { drawLinks } from './draw-links.ts';
import {
  type DrawnFault,
  type DrawnLoop,
  type DrawnPurchase,
  type DrawnScenario,
  type DrawnSeat,
  Seats,
} from './drawn-scenario.ts';

export type Bounds = 'within' | 'beyond';

export interface DrawOptions {
  readonly profile: ProfileName;
  readonly nodesMin: number;
  readonly nodesMax: number;
  readonly bounds: Bounds;
}

/** Fewest nodes that can be drawn. */
export const EXPLORED_NODES_MIN = 2;
const PURCHASES_MIN = 10;
const PURCHASES_MORE_MAX = 4;
const FAULTS_MAX = 6;
/** In all, so that giving them out does not cost more than the purchases. */
const FUND_UNITS_MAX = 48;
const FIRST_PURCHASE_MS = 50;
/** After a moment at which something happens, for what is to meet it under way. */
const NEAR_MS = 8;
/** Where nothing in the mix can be a fault. */
const ALWAYS_USABLE: readonly FaultLabel[] = ['crash', 'partition', 'drop'];

/** How many may misbehave as voters or forget within the bounds. */
export function voterBound({ profile }: Pick<DrawOptions, 'profile'>, n: number): number {
  if (profile !== 'paper') return 0;
  return Math.max(0, 2 * quorum({ numerator: 2, denominator: 3 }, n, 'nearest') - n);
}

export function drawScenario(seed: string, options: DrawOptions): DrawnScenario {
  const { profile, nodesMin, nodesMax, bounds } = options;
  invariant(nodesMin >= EXPLORED_NODES_MIN && nodesMin <= nodesMax, () => `nodes from ${nodesMin} to ${nodesMax}`);
  const root = Prng.seeded(seed, nativeSha256Hex).stream('explore');
  const dice = (name: string): Dice => new Dice(root.stream(name));
  const mix = dice('mix');
  const n = mix.integer(nodesMin, nodesMax);
  const loadMs = mix.integer(12, 32) * 100;
  const services: Readonly<Record<string, number>> = mix.chance(0.25)
    ? { espresso: 2, Tea: 1, Water: 0 }
    : { espresso: 2, Tea: 1 };
  const kinds = mix.mix(bounds === 'within' ? FAULTS_WITHIN : FAULTS_BEYOND, mix.one([0.15, 0.3, 0.5]));
  const drawnSeats = drawSeats(dice('seats'), n, options, kinds, Object.keys(services));
  const parameters = {
    dcoinRate: mix.one([5, 2, 1]),
    difficulty: drawnSeats.weakWork || mix.chance(0.15) ? 1 : 0,
  };
  const load = drawLoad(dice('load'), drawnSeats.buyers, Object.keys(services), loadMs);
  const seats = withFunds(dice('funds'), drawnSeats.seats, load, parameters.dcoinRate, profile);
  const faultDice = dice('faults');
  const { forgetful, misbehaving } = drawnSeats;
  const targets: FaultTargets = {
    keys: seats.map(({ key }) => key),
    forgetful,
    misbehaving,
    services: Object.keys(services),
  };
  const inMix = kinds.filter((kind) => isUsable(kind, targets));
  const usable = inMix.length > 0 ? inMix : ALWAYS_USABLE;
  const count = faultDice.integer(1, FAULTS_MAX);
  const faults = Array.from({ length: count }, (): DrawnFault => {
    const near = faultDice.chance(0.6) && load.purchases.length > 0;
    const atMs = near
      ? Math.max(0, faultDice.one(load.purchases).atMs + faultDice.integer(-2, NEAR_MS))
      : faultDice.integer(0, loadMs - 200);
    return drawFault(faultDice.one(usable), faultDice, Math.min(atMs, loadMs - 1), targets);
  }).concat(laterBehaviours(drawnSeats, faultDice, loadMs));
  return {
    seed,
    profile,
    parameters,
    simulation: drawSimulation(dice('simulation')),
    services,
    seats,
    links: drawLinks(dice('links'), kinds, targets.keys),
    sensorMs: mix.chance(0.12) ? mix.integer(15, 40) * 10 : null,
    ...load,
    faults,
    loadMs,
  };
}

interface DrawnSeats {
  readonly seats: readonly DrawnSeat[];
  /** Whose database may be lost. */
  readonly forgetful: readonly number[];
  readonly misbehaving: readonly number[];
  readonly later: readonly { readonly key: number; readonly behaviours: DrawnSeat['behaviours'] }[];
  /** There from the beginning. */
  readonly buyers: readonly number[];
  readonly weakWork: boolean;
}

function drawSeats(
  dice: Dice,
  n: number,
  options: DrawOptions,
  kinds: readonly FaultLabel[],
  services: readonly string[],
): DrawnSeats {
  const keys = Array.from({ length: n }, (_, index) => index + 1);
  const bound = voterBound(options, n);
  const beyond = options.bounds === 'beyond';
  const badCount = beyond ? dice.integer(Math.min(bound + 1, n - 1), n - 1) : dice.integer(0, bound);
  const bad = dice.some(keys, dice.chance(0.25) ? 0 : badCount);
  const loses = kinds.some((kind) => kind === 'crash-lost' || kind === 'restart-lost');
  const forgetful = loses ? dice.some(bad, dice.integer(0, bad.length)) : [];
  const byzantine = bad.filter((key) => !forgetful.includes(key));
  const behaviourKinds = dice.mix(VOTER_BEHAVIOURS, dice.one([0.1, 0.25, 0.4]));
  const own = new Map<number, DrawnSeat['behaviours']>();
  const later: { key: number; behaviours: DrawnSeat['behaviours'] }[] = [];
  const twins = new Set<number>();
  const others = (key: number): readonly number[] => keys.filter((other) => other !== key);
  for (const key of byzantine) {
    if (dice.chance(0.12)) {
      twins.add(key);
      continue;
    }
    const behaviours = drawVoterBehaviours(dice, behaviourKinds, others(key), services);
    if (dice.chance(0.25)) later.push({ key, behaviours });
    else own.set(key, behaviours);
  }
  // The quorum of every wallet still holds a correct voter.
  const quorumOfAll = quorum({ numerator: 2, denominator: 3 }, n, 'nearest');
  const room = beyond || options.profile !== 'paper' || bad.length + 1 < quorumOfAll;
  const honest = keys.filter((key) => !bad.includes(key));
  if (room && honest.length > 0 && dice.chance(0.3)) {
    const key = dice.one(honest);
    const choice = beyond || options.profile === 'paper' ? REQUESTER_BEHAVIOURS : DOUBLE_SPENDING;
    own.set(key, drawRequesterBehaviours(dice, others(key), services, choice));
  }
  const late = n > 3 && kinds.includes('join') ? [dice.one(keys.filter((key) => !twins.has(key)))] : [];
  const seats = keys.map(
    (key): DrawnSeat => ({
      key,
      fundUnits: 0,
      behaviours: own.get(key) ?? [],
      joinsAtMs: late.includes(key) ? dice.integer(1, 10) * 100 : null,
      twin: twins.has(key),
    }),
  );
  const kindsUsed = [...own.values(), ...later.map(({ behaviours }) => behaviours)].flat().map(({ kind }) => kind);
  return {
    seats,
    forgetful,
    misbehaving: byzantine.filter((key) => !twins.has(key)),
    later,
    buyers: keys.filter((key) => !late.includes(key) && !twins.has(key)),
    weakWork: kindsUsed.includes('weak-work'),
  };
}

/** Byzantine for a time. */
function laterBehaviours({ later }: DrawnSeats, dice: Dice, loadMs: number): readonly DrawnFault[] {
  return later.map(({ key, behaviours }) => behaveFault(key, behaviours, dice, loadMs));
}

function behaveFault(key: number, behaviours: DrawnSeat['behaviours'], dice: Dice, loadMs: number): DrawnFault {
  return {
    kind: 'behave',
    atMs: dice.integer(0, loadMs >> 1),
    forMs: dice.chance(0.5) ? dice.integer(1, 10) * 100 : null,
    body: {
      nodes: new Seats([key]),
      behaviours: behaviours.map(({ kind, body }) => (Object.keys(body).length === 0 ? kind : { [kind]: body })),
    },
  };
}

function drawSimulation(dice: Dice): SimulationPlan {
  return {
    network: dice.one(['wifi-144', 'wifi-144', 'spread', 'loopback', 'ethernet', 'local-echo'] as const),
    broker: dice.one(['independent', 'independent', 'total-order'] as const),
    pace: dice.one(['instant', 'hashing', 'desktop', 'pi3bplus'] as const),
  };
}

interface DrawnLoad {
  readonly purchases: readonly DrawnPurchase[];
  readonly loops: readonly DrawnLoop[];
}

function drawLoad(dice: Dice, candidates: readonly number[], services: readonly string[], loadMs: number): DrawnLoad {
  const buyers = dice.some(candidates, dice.one([1, 2, 3, candidates.length]));
  const count = PURCHASES_MIN + dice.integer(0, PURCHASES_MORE_MAX);
  if (dice.chance(0.2)) {
    const each = Math.ceil(count / buyers.length);
    return {
      purchases: [],
      loops: [{ buyers, purchases: each, service: dice.one(services), giveUpMs: dice.integer(1, 20) * 10 }],
    };
  }
  const doubled = dice.chance(0.6) ? dice.one([0.2, 0.5, 0.9]) : 0;
  const forced = dice.one([0.1, 0.5, 1]);
  const lastMs = Math.max(FIRST_PURCHASE_MS, loadMs - 400);
  const purchases: DrawnPurchase[] = [];
  while (purchases.length < count) {
    const buyer = dice.one(buyers);
    const atMs = dice.integer(FIRST_PURCHASE_MS, lastMs);
    const mode = dice.chance(forced) ? 'force' : dice.one(['wait', 'wait', 'strict'] as const);
    purchases.push({ atMs, buyer, service: dice.one(services), mode });
    if (purchases.length >= count || !dice.chance(doubled)) continue;
    // A double click, and one that comes a little late.
    const gapMs = dice.chance(0.7) ? dice.integer(0, NEAR_MS) : dice.integer(0, 400);
    purchases.push({ atMs: Math.min(loadMs - 1, atMs + gapMs), buyer, service: dice.one(services), mode: 'force' });
  }
  return { purchases: purchases.sort((a, b) => a.atMs - b.atMs), loops: [] };
}

/** Buyers can pay for some of what they want; what others have, they earn. */
function withFunds(
  dice: Dice,
  seats: readonly DrawnSeat[],
  { purchases, loops }: DrawnLoad,
  rate: number,
  profile: ProfileName,
): readonly DrawnSeat[] {
  const buyers = new Set([...purchases.map(({ buyer }) => buyer), ...loops.flatMap((loop) => loop.buyers)]);
  const each = Math.max(1, Math.floor(FUND_UNITS_MAX / Math.max(1, buyers.size)));
  // References count a wallet as a member from the first they hear of it.
  const known = profile !== 'paper' && dice.chance(0.8) ? 1 : 0;
  return seats.map((seat) => {
    if (seat.joinsAtMs !== null) return seat;
    const wanted = buyers.has(seat.key) ? rate * dice.integer(1, 6) + dice.integer(0, rate - 1) : 0;
    return { ...seat, fundUnits: Math.max(known, Math.min(each, wanted)) };
  });
}

function isUsable(kind: FaultLabel, { forgetful }: FaultTargets): boolean {
  if (kind === 'crash-lost' || kind === 'restart-lost') return forgetful.length > 0;
  return kind !== 'join';
}
