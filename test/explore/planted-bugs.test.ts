import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DrawOptions } from '../../orchestrator/explore/draw-scenario.ts';
import { exploreSeeds } from '../../orchestrator/explore/explore-seeds.ts';
import { PLANTED_BUGS } from '../support/planted-bugs.ts';

const PAPER: DrawOptions = { profile: 'paper', nodesMin: 4, nodesMax: 10, bounds: 'within' };
/** One of these shows it. */
const SHOWN_BY: Readonly<Record<string, readonly string[]>> = {
  'the vote lock is dropped at a restart': ['I7', 'I19'],
  'the quorum is off by one': ['I6'],
  'a reward is credited twice': ['I17'],
};

for (const [bug, core] of Object.entries(PLANTED_BUGS)) {
  it(`is found within 500 seeds: ${bug}`, () => {
    const { found, tally } = exploreSeeds({ first: 1, count: 500 }, PAPER, core);
    assert.ok(found !== null, `nothing in ${tally.schedules} schedules`);
    assert.equal(found.error, null);
    const invariants: readonly string[] = found.violations.map(({ invariant }) => invariant);
    assert.ok(
      SHOWN_BY[bug]!.some((id) => invariants.includes(id)),
      `seed ${found.seed}: ${JSON.stringify(found.violations)}`,
    );
    const honest = exploreSeeds({ first: found.seed, count: 1 }, PAPER);
    assert.equal(honest.found, null, 'the product is blamed for the same seed');
  });
}
