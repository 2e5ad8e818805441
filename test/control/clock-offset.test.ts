import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pong } from '../../node/host/control-protocol.ts';
import { measureClock, SAME_CLOCK } from '../../orchestrator/control/clock-offset.ts';

/** A node whose clock is `aheadMs` ahead, over a line that takes `toMs` there and `backMs` back, in turn. */
function distantNode(aheadMs: number, journeys: readonly (readonly [toMs: number, backMs: number])[]) {
  let nowMs = 5000;
  let asked = 0;
  return {
    now: () => nowMs,
    ping: async (): Promise<Pong> => {
      const [toMs, backMs] = journeys[asked++ % journeys.length]!;
      nowMs += toMs;
      const pong = { pingId: 'p', t: nowMs + aheadMs, kernel: 'of the board' };
      nowMs += backMs;
      return pong;
    },
  };
}

test('the offset of a clock is never further off than the stated error, whichever way the line is slow', async () => {
  for (const aheadMs of [-1e9, -3.5, 0, 1e9]) {
    for (const journeys of [
      [[1, 1]],
      [[9, 1]],
      [[0, 10]],
      [
        [20, 30],
        [2, 4],
        [50, 1],
      ],
    ] as const) {
      const { ping, now } = distantNode(aheadMs, journeys);
      const { offsetMs, errorMs } = await measureClock(ping, 'of the lab', now);
      assert.ok(Math.abs(offsetMs - aheadMs) <= errorMs + 1e-6, `${offsetMs} ± ${errorMs} has ${aheadMs} in it`);
      assert.equal(errorMs, Math.min(...journeys.map(([toMs, backMs]) => (toMs + backMs) / 2)), 'of the best of them');
    }
  }
});

test('processes under one kernel have one clock; where the kernel has no name it is measured', async () => {
  const { ping, now } = distantNode(7, [[1, 1]]);
  assert.equal(await measureClock(ping, 'of the board', now), SAME_CLOCK);
  const nameless = async () => ({ ...(await ping()), kernel: null });
  assert.deepEqual(await measureClock(nameless, null, now), { offsetMs: 7, errorMs: 1 });
});
