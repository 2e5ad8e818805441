/** Schedules of one process, seed after seed, until one shows a violation. */
import { messageOf } from '../failure.ts';
import type { CoreUnderTest } from '../simulated/core-under-test.ts';
import { type DrawOptions, drawScenario } from './draw-scenario.ts';
import { kindsOf } from './kinds.ts';
import { type Explored, exploredInvariants, runDrawn, type Violation } from './run-one.ts';
import { count, newTally, type Tally } from './tally.ts';

/** What is wrong with a schedule. */
export interface Finding {
  readonly seed: number;
  /** Empty where it could not be run to its end. */
  readonly violations: readonly Violation[];
  readonly error: string | null;
}

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

export interface ExploredSeeds {
  readonly tally: Tally;
  /** Of the lowest seed that has one; nothing behind it was run. */
  readonly found: Finding | null;
}

/** `core` default: the product's. */
export function exploreSeeds(
  { first, count: seeds }: SeedRange,
  options: DrawOptions,
  core?: CoreUnderTest,
): ExploredSeeds {
  const tally = newTally();
  const invariants = exploredInvariants(options.profile);
  for (let seed = first; seed < first + seeds; seed++) {
    const drawn = drawScenario(String(seed), options);
    const explored = attempt(() => runDrawn(drawn, { invariants, core }));
    count(tally, seed, kindsOf(drawn), explored);
    const { violations, error } = explored;
    if (violations.length > 0 || error !== null) return { tally, found: { seed, violations, error } };
  }
  return { tally, found: null };
}

function attempt(run: () => Explored): Explored {
  try {
    return run();
  } catch (error) {
    return { violations: [], error: messageOf(error), requests: 0, decided: 0, stuck: {}, happenings: 0 };
  }
}
