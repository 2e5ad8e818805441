/** What counts as evidence of faults of the broker. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../orchestrator/history/observation.ts';
import { brokerRestart } from '../../orchestrator/run/broker-faults.ts';
import { quietFaultWorld } from '../support/quiet-fault-world.ts';

const RESTART = { kind: 'broker-restart', sessions: 'kept', downMs: 0 } as const;

const lostSession = { t: 1, event: 'session', link: 'fabric', connected: false } as unknown as Observation;

describe('a restart of the broker', () => {
  it('is seen when nodes tell of their lost sessions, also after they are back', async () => {
    const world = quietFaultWorld(3);
    const handler = brokerRestart(world, RESTART);
    await handler.apply();
    const verified = handler.verify(new AbortController().signal);
    world.watch.take('1', lostSession);
    world.watch.take('2', lostSession);
    world.watch.take('2', lostSession);
    let over = false;
    void verified.then(() => {
      over = true;
    });
    await new Promise((done) => setImmediate(done));
    assert.equal(over, false, 'seat 3 has not told yet');
    world.watch.take('3', lostSession);
    assert.equal(await verified, null);
  });

  it('is seen when they told before it was asked', async () => {
    const world = quietFaultWorld(2, {
      restart: async () => {
        for (const seat of ['1', '2']) world.watch.take(seat, lostSession);
      },
    });
    const handler = brokerRestart(world, RESTART);
    await handler.apply();
    assert.equal(await handler.verify(new AbortController().signal), null);
  });

  it('is not seen where a node never tells', async () => {
    const world = quietFaultWorld(2);
    const handler = brokerRestart(world, RESTART);
    await handler.apply();
    const ending = new AbortController();
    const verified = handler.verify(ending.signal);
    world.watch.take('1', lostSession);
    ending.abort();
    assert.equal(await verified, 'seats 2 never lost their session');
  });
});
