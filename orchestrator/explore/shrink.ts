/**
 * Makes a scenario that violates an invariant smaller while it still does: delta debugging over its parts. Whole kinds of
 * thing go first, then halves of a list, then single entries, then what is left gets simpler: fewer nodes, a plainer
 * network, shorter times. A pass is repeated until nothing more goes, or as many runs were made as are allowed.
 *
 * What a candidate draws differs from what its original drew (seats have other numbers, links other counts), so each is
 * tried under a few seeds, the original's first. Deterministic.
 */
import { DEFAULT_SIMULATION } from '../scenario/scenario-plan.ts';
import { type DrawnFault, type DrawnScenario, type Part, purchaseCount, Seats } from './drawn-scenario.ts';

export interface ShrinkOptions {
  /** Whether it still shows what was found; false also for what is no scenario. */
  readonly shows: (candidate: DrawnScenario) => boolean;
  /** Calls of `shows` at most. */
  readonly runsMax: number;
}

export interface Shrunk {
  readonly scenario: DrawnScenario;
  readonly runs: number;
}

/** Seeds that each candidate is tried under. */
const SEEDS = 3;
const LOAD_MS_MIN = 100;

type Change = (scenario: DrawnScenario) => DrawnScenario | null;

/** Yields after each run, for whoever has other things to do in between. */
export function* shrinking(found: DrawnScenario, { shows, runsMax }: ShrinkOptions): Generator<number, Shrunk> {
  let best = found;
  let runs = 0;
  const tries = function* (change: Change, seeds = SEEDS): Generator<number, boolean> {
    const candidate = change(best);
    if (candidate === null || sizeOf(candidate) >= sizeOf(best)) return false;
    for (let i = 0; i < seeds && runs < runsMax; i++) {
      const seeded = i === 0 ? candidate : { ...candidate, seed: `${baseOf(found.seed)}~${i}` };
      runs++;
      yield runs;
      if (!shows(seeded)) continue;
      best = seeded;
      return true;
    }
    return false;
  };
  for (;;) {
    const before = best;
    for (const change of WHOLES) yield* tries(change);
    for (const list of LISTS) {
      for (let size = list.count(best) >> 1; size >= 1; size >>= 1) {
        for (let at = list.count(best) - size; at >= 0; at -= size) {
          const end = Math.min(at + size, list.count(best));
          yield* tries((scenario) => (at < end ? list.without(scenario, at, end) : null), size > 1 ? 1 : SEEDS);
        }
      }
    }
    for (const seat of [...best.seats].reverse()) yield* tries((scenario) => withoutSeat(scenario, seat.key));
    for (const change of simplifications(best)) yield* tries(change, 1);
    if (best === before || runs >= runsMax) return { scenario: best, runs };
  }
}

/** All of it at once. */
export function shrink(found: DrawnScenario, options: ShrinkOptions): Shrunk {
  const steps = shrinking(found, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function baseOf(seed: string): string {
  return seed.slice(0, 48);
}

/** What is smaller: fewer faults, requests and nodes before anything else. */
function sizeOf(scenario: DrawnScenario): number {
  const { seats, faults, links, loops, sensorMs, loadMs, simulation } = scenario;
  const behaviours = seats.reduce((sum, seat) => sum + seat.behaviours.length + (seat.twin ? 1 : 0), 0);
  const things = faults.length + links.length + purchaseCount(scenario) + seats.length + behaviours;
  const units = seats.reduce((sum, { fundUnits }) => sum + fundUnits, 0);
  const details =
    (sensorMs === null ? 0 : 20) +
    loops.length +
    (simulation.network === DEFAULT_SIMULATION.network ? 0 : 1) +
    (simulation.broker === DEFAULT_SIMULATION.broker ? 0 : 1) +
    (simulation.pace === DEFAULT_SIMULATION.pace ? 0 : 1) +
    seats.filter(({ joinsAtMs }) => joinsAtMs !== null).length;
  const text = JSON.stringify([faults.map(({ body }) => body), links]).length;
  const lasting = faults.reduce((sum, { forMs }) => sum + (forMs ?? loadMs), 0);
  return 1000 * things + 10 * details + units + text / 100 + (loadMs + lasting) / 1000;
}

const without = <T>(items: readonly T[], from: number, to: number): readonly T[] => [
  ...items.slice(0, from),
  ...items.slice(to),
];

const WHOLES: readonly Change[] = [
  (scenario) => ({ ...scenario, faults: [] }),
  (scenario) => ({ ...scenario, links: [] }),
  (scenario) => ({ ...scenario, sensorMs: null }),
  (scenario) => ({ ...scenario, loops: [] }),
  (scenario) => ({
    ...scenario,
    seats: scenario.seats.map((seat) => ({ ...seat, behaviours: [], joinsAtMs: null, twin: false })),
  }),
];

interface List {
  readonly count: (scenario: DrawnScenario) => number;
  readonly without: (scenario: DrawnScenario, from: number, to: number) => DrawnScenario;
}

const LISTS: readonly List[] = [
  {
    count: ({ purchases }) => purchases.length,
    without: (scenario, from, to) => ({ ...scenario, purchases: without(scenario.purchases, from, to) }),
  },
  {
    count: ({ faults }) => faults.length,
    without: (scenario, from, to) => ({ ...scenario, faults: without(scenario.faults, from, to) }),
  },
  {
    count: ({ links }) => links.length,
    without: (scenario, from, to) => ({ ...scenario, links: without(scenario.links, from, to) }),
  },
  {
    count: ({ loops }) => loops.reduce((sum, { buyers }) => sum + buyers.length, 0),
    without: (scenario, from, to) => {
      let index = 0;
      const kept = (): boolean => {
        const at = index++;
        return at < from || at >= to;
      };
      const loops = scenario.loops.map((loop) => ({ ...loop, buyers: loop.buyers.filter(kept) }));
      return { ...scenario, loops: loops.filter(({ buyers }) => buyers.length > 0) };
    },
  },
];

/** Whoever named it names it no more; what is about nobody then goes as well. */
function withoutSeat(scenario: DrawnScenario, key: number): DrawnScenario {
  const left = <T extends Part>(part: T): T | null => partWithout(part, key) as T | null;
  type Body = { readonly [key: string]: Part };
  return {
    ...scenario,
    seats: scenario.seats
      .filter((seat) => seat.key !== key)
      .map((seat) => ({
        ...seat,
        behaviours: seat.behaviours.flatMap(({ kind, body }) => {
          const kept = left(body);
          return kept === null ? [] : [{ kind, body: kept }];
        }),
      })),
    links: scenario.links.flatMap((link): Body[] => {
      const kept = left(link);
      return kept === null ? [] : [kept];
    }),
    purchases: scenario.purchases.filter(({ buyer }) => buyer !== key),
    loops: scenario.loops
      .map((loop) => ({ ...loop, buyers: loop.buyers.filter((buyer) => buyer !== key) }))
      .filter(({ buyers }) => buyers.length > 0),
    faults: scenario.faults.flatMap((fault): DrawnFault[] => {
      const body = left(fault.body);
      return body === null ? [] : [{ ...fault, body }];
    }),
  };
}

/** Null: nobody is left where somebody must be. */
function partWithout(part: Part, key: number): Part | null {
  if (part instanceof Seats) {
    const keys = part.keys.filter((other) => other !== key);
    return keys.length === 0 ? null : new Seats(keys);
  }
  if (Array.isArray(part)) {
    const parts = part.map((element) => partWithout(element, key));
    return parts.includes(null) ? null : (parts as readonly Part[]);
  }
  if (typeof part !== 'object') return part;
  const entries = Object.entries(part).map(([name, value]) => [name, partWithout(value, key)] as const);
  return entries.some(([, value]) => value === null) ? null : (Object.fromEntries(entries) as Part);
}

/** Of what is there now; each is tried by itself. */
function simplifications(scenario: DrawnScenario): readonly Change[] {
  const changes: Change[] = [
    (now) => ({ ...now, simulation: { ...now.simulation, network: DEFAULT_SIMULATION.network } }),
    (now) => ({ ...now, simulation: { ...now.simulation, broker: DEFAULT_SIMULATION.broker } }),
    (now) => ({ ...now, simulation: { ...now.simulation, pace: DEFAULT_SIMULATION.pace } }),
    ...[0, 1, 2, 5, 10].map(
      (units): Change =>
        (now) => ({
          ...now,
          seats: now.seats.map((seat) => ({ ...seat, fundUnits: Math.min(seat.fundUnits, units) })),
        }),
    ),
    (now) => {
      const lastMs = Math.max(LOAD_MS_MIN, ...[...now.purchases, ...now.faults].map(({ atMs }) => atMs + 100));
      return lastMs < now.loadMs ? { ...now, loadMs: lastMs } : null;
    },
    earlier,
    ...scenario.loops.map(
      (_, index): Change =>
        (now) => ({
          ...now,
          loops: now.loops.map((loop, i) => (i === index ? { ...loop, purchases: loop.purchases >> 1 || 1 } : loop)),
        }),
    ),
  ];
  for (const { key } of scenario.seats) {
    changes.push((now) => ({
      ...now,
      seats: now.seats.map((seat) =>
        seat.key === key ? { ...seat, behaviours: seat.behaviours.slice(1), joinsAtMs: null, twin: false } : seat,
      ),
    }));
    changes.push((now) => ({
      ...now,
      seats: now.seats.map((seat) => (seat.key === key ? { ...seat, fundUnits: 0 } : seat)),
    }));
  }
  scenario.faults.forEach((fault, index) => {
    const changed = (change: (fault: DrawnFault) => DrawnFault): Change => {
      return (now) => ({ ...now, faults: now.faults.map((other, i) => (i === index ? change(other) : other)) });
    };
    if (fault.forMs !== null && fault.forMs > 1)
      changes.push(changed((other) => ({ ...other, forMs: (other.forMs ?? 2) >> 1 })));
    for (const name of Object.keys(fault.body)) {
      changes.push(changed((other) => ({ ...other, body: withoutKey(other.body, name) })));
    }
    for (const [name, value] of Object.entries(fault.body)) {
      if (!(value instanceof Seats)) continue;
      for (const key of value.keys) {
        changes.push(
          changed((other) => {
            const seats = other.body[name];
            if (!(seats instanceof Seats) || seats.keys.length < 2) return other;
            return { ...other, body: { ...other.body, [name]: new Seats(seats.keys.filter((k) => k !== key)) } };
          }),
        );
      }
    }
  });
  scenario.links.forEach((link, index) => {
    for (const name of Object.keys(link)) {
      changes.push((now) => ({
        ...now,
        links: now.links.map((other, i) => (i === index ? withoutKey(other, name) : other)),
      }));
    }
  });
  return changes;
}

function withoutKey(body: { readonly [key: string]: Part }, name: string): { readonly [key: string]: Part } {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
}

/** Everything so much sooner that the first thing happens soon. */
function earlier(scenario: DrawnScenario): DrawnScenario | null {
  const { purchases, faults, loops, loadMs } = scenario;
  if (loops.length > 0) return null;
  const firstMs = Math.min(...[...purchases, ...faults].map(({ atMs }) => atMs));
  const byMs = firstMs - 10;
  if (!Number.isFinite(byMs) || byMs <= 0 || loadMs - byMs < LOAD_MS_MIN) return null;
  const moved = <T extends { readonly atMs: number }>(thing: T): T => ({ ...thing, atMs: thing.atMs - byMs });
  return { ...scenario, purchases: purchases.map(moved), faults: faults.map(moved), loadMs: loadMs - byMs };
}
