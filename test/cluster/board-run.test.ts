/** What the evaluation measures of nodes in containers with the limits of a board. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { measureBoard } from '../../orchestrator/paper/board-run.ts';
import { BOARD_PROFILES } from '../../orchestrator/runtimes/board-profiles.ts';
import { engineTest } from '../support/engine.ts';
import { measureContext } from '../support/paper-section.ts';
import { IMAGES, NATIVE } from '../support/runtime-world.ts';

const native = engineTest([`${IMAGES}-node:${NATIVE}`, `${IMAGES}-lab:${NATIVE}`]);

describe('nodes on a board profile', { timeout: 120_000 }, () => {
  native('each container is looked at, at rest and at work, under the limits of its board', async () => {
    const sizes = { nodes: 3, idleMs: 200, purchases: 6 };
    const data = await measureBoard('pi3bplus', sizes, measureContext(), IMAGES);
    assert.deepEqual(
      data.busy.map(({ node }) => node),
      ['1', '2', '3'],
    );
    for (const { memoryBytes, rssBytes, cpuMs, periods } of data.busy) {
      assert.ok(memoryBytes > 1e6 && memoryBytes < BOARD_PROFILES.pi3bplus.memoryBytes);
      assert.ok(rssBytes > memoryBytes / 4);
      assert.ok(cpuMs > 0);
      assert.ok(!data.limits.processorsEnforced || periods > 0);
    }
    assert.equal(data.limits.calibrated, false);
    assert.equal(data.limits.memoryEnforced, data.limits.memoryBytesInForce === BOARD_PROFILES.pi3bplus.memoryBytes);
    assert.equal(data.everywhereMs?.count, 6);
    assert.ok(data.requesterMs!.p50 <= data.everywhereMs!.p50);
  });
});
