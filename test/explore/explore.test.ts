/**
 * Beside every run: 1,000 seeds of paper within its bounds. `EXPLORE_SEEDS=20000` in the environment of the test makes it
 * so many, which is what is run before a release.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExploreOptions, explore } from '../../orchestrator/explore/explore.ts';
import { shrinkFinding } from '../../orchestrator/explore/found-scenario.ts';

const never = new AbortController().signal;
const options = (more: Partial<ExploreOptions>): ExploreOptions => ({
  profile: 'paper',
  nodesMin: 4,
  nodesMax: 10,
  bounds: 'within',
  firstSeed: 1,
  seeds: 1000,
  minutes: null,
  signal: never,
  ...more,
});

describe('an exploration', () => {
  it('finds no violation of paper within its bounds, and stuck requests by class', async () => {
    const seeds = Number(process.env.EXPLORE_SEEDS ?? 1000);
    const { found, tally } = await explore(options({ seeds }));
    assert.equal(found, null);
    assert.equal(tally.schedules, seeds);
    for (const reason of ['double', 'split', 'stale', 'lost', 'unfunded'] as const)
      assert.ok(tally.stuck[reason] > 0, `no request is stuck as ${reason}`);
    const stuck = Object.values(tally.stuck).reduce((sum, count) => sum + count, 0);
    assert.equal(tally.decided + stuck, tally.requests);
  });

  it('finds the lowest seed that forks under ref-c without a Byzantine voter, however many processes there are', async () => {
    const alone = await explore(options({ profile: 'ref-c', seeds: 200, workers: 1 }));
    const together = await explore(options({ profile: 'ref-c', seeds: 200, workers: 3 }));
    assert.ok(alone.found !== null, 'no fork in 200 seeds');
    assert.equal(alone.found.violations[0]!.invariant, 'I1');
    assert.deepEqual(together.found, alone.found);
  });

  it('makes a fork small: at most 8 nodes, 2 requests and 2 faults, the same each time', async () => {
    const drawing = options({ profile: 'ref-c', seeds: 200 });
    const { found } = await explore(drawing);
    assert.ok(found !== null);
    const small = await shrinkFinding(found, drawing, never);
    assert.equal(small.invariant, 'I1');
    assert.ok(small.nodes <= 8 && small.requests <= 2 && small.faults <= 2, JSON.stringify(small));
    assert.equal(small.byzantine, 0);
    assert.deepEqual(await shrinkFinding(found, drawing, never), small);
  });

  it('ends where it is interrupted, and says so', async () => {
    const abort = new AbortController();
    const ended = await explore(
      options({ seeds: null, minutes: 5, signal: abort.signal, onProgress: () => abort.abort() }),
    );
    assert.ok(ended.interrupted);
    assert.ok(ended.tally.schedules > 0);
  });
});
