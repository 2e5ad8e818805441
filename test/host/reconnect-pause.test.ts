/** How long a connection waits before it tries again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RECONNECT_MS_MAX, RECONNECT_MS_MIN, reconnectPauseMs } from '../../node/host/reconnect-pause.ts';

const SEATS = Array.from({ length: 64 }, (_, index) => String(index + 1));

describe('the pause before a reconnect', () => {
  it('doubles from a tenth of a second to a second, a quarter shorter at most', () => {
    for (const seat of SEATS) {
      for (let failures = 0; failures < 40; failures++) {
        const wholeMs = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** failures);
        const pauseMs = reconnectPauseMs(seat, failures);
        assert.ok(pauseMs >= 0.75 * wholeMs && pauseMs <= wholeMs, `${pauseMs} of ${wholeMs} ms`);
      }
    }
  });

  it('is the same for the same client each time, and spread over clients', () => {
    assert.equal(reconnectPauseMs('7', 5), reconnectPauseMs('7', 5));
    const quarters = SEATS.map((seat) => Math.floor((reconnectPauseMs(seat, 5) - 750) / 62.5));
    for (const quarter of [0, 1, 2, 3]) {
      const among = quarters.filter((one) => one === quarter).length;
      assert.ok(among >= 4, `${among} of ${SEATS.length} nodes in part ${quarter} of the spread`);
    }
  });
});
