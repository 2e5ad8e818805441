/** What a node does with orders to buy, and what survives a crash at any point. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GENESIS, type MessageHead, type Request, type Vote } from '../../node/protocol/message.ts';
import type { Effect } from '../../node/protocol/step.ts';
import { CoreWorld } from '../support/core-world.ts';

const outcomes = (effects: readonly Effect[]) =>
  effects.flatMap((e) =>
    e.kind === 'order' ? [e.outcome === 'requested' ? e.outcome : `${e.outcome}: ${e.reason}`] : [],
  );
const requestsIn = (messages: readonly MessageHead[]) => messages.filter((m): m is Request => m.kind === 'request');
const votesIn = (messages: readonly MessageHead[]) => messages.filter((m): m is Vote => m.kind === 'vote');

describe('orders (R-19)', () => {
  it('become a request on the current State, stored before it is published (D-15)', () => {
    const world = new CoreWorld({ units: 10 });
    const effects = world.order('1');
    assert.deepEqual(outcomes(effects), ['requested']);
    const [request] = requestsIn(world.published);
    assert.equal(request?.state, GENESIS);
    assert.equal(request?.time, Math.floor(world.nowMs / 1000));
    const publish = effects.findIndex((e) => e.kind === 'publish');
    const stored = effects.slice(0, publish).flatMap((e) => (e.kind === 'persist' ? e.changes : []));
    assert.deepEqual(stored.findLast((c) => c.table === 'orders')?.record, {
      orderId: 'order-1',
      service: 'Nespresso',
      priceDcoins: 2,
      mode: 'strict',
      key: 1,
      phase: 'sent',
      request,
      acknowledged: false,
    });
  });

  it('are refused in strict mode without funds, and while a request is undecided', () => {
    const world = new CoreWorld({ units: 25 });
    assert.deepEqual(outcomes(world.order('1', { orderId: 'a', priceDcoins: 6 })), ['refused: insufficient-funds']);
    world.order('1', { orderId: 'b' });
    assert.deepEqual(outcomes(world.order('1', { orderId: 'c' })), ['refused: request-pending']);
    assert.equal(requestsIn(world.published).length, 1);
  });

  it('name the price list and the listed price when they are refused for it', () => {
    const world = new CoreWorld({ units: 25, catalogue: new Map([['Tea', 1]]) });
    assert.deepEqual(outcomes(world.order('1', { orderId: 'a' })), ['refused: unknown-service']);
    assert.deepEqual(outcomes(world.order('1', { orderId: 'b', service: 'Tea', priceDcoins: 9 })), [
      'refused: wrong-price',
    ]);
  });

  it('wait for funds in wait mode, across a restart too', () => {
    const world = new CoreWorld({ units: 9 });
    assert.deepEqual(outcomes(world.order('1', { mode: 'wait' })), ['queued: insufficient-funds']);
    world.boot('1');
    assert.equal(requestsIn(world.published).length, 0);
    world.deliverAll(world.sensor('1'));
    assert.equal(requestsIn(world.published).length, 1);
    world.settle();
    assert.equal(world.wallet('5', '1').units, 0);
  });

  it('in wait mode follow one another, each on the State that the one before made', () => {
    const world = new CoreWorld({ units: 30 });
    for (const orderId of ['a', 'b', 'c']) world.order('1', { orderId, mode: 'wait' });
    world.settle();
    assert.equal(world.wallet('8', '1').units, 0);
  });

  it('in force mode ask twice on one State: the network settles one at most (D-03)', () => {
    const world = new CoreWorld({ units: 30 });
    world.order('1', { orderId: 'a' });
    world.order('1', { orderId: 'b', service: 'Tea', priceDcoins: 1, mode: 'force' });
    assert.equal(requestsIn(world.published).length, 2);
    world.settle();
    assert.equal(world.wallet('8', '1').units, 20);
  });

  it('buy once when they are delivered twice, before and after the decision', () => {
    const world = new CoreWorld({ units: 30 });
    world.order('1', { orderId: 'a' });
    assert.deepEqual(outcomes(world.order('1', { orderId: 'a' })), ['requested']);
    world.settle();
    assert.deepEqual(outcomes(world.order('1', { orderId: 'a' })), ['requested']);
    world.settle();
    assert.equal(world.wallet('1', '1').units, 20);
  });

  it('leave at most 16 done rows behind, however many were made (D-06)', () => {
    const world = new CoreWorld({ units: 1000 });
    for (let i = 0; i < 40; i++) {
      world.order('1', { orderId: `o${i}` });
      world.settle();
    }
    assert.equal(world.node('1').snapshot().orders.length, 16);
    assert.equal(world.disks.get('1')!.count('orders'), 16);
  });
});

describe('restarts (R-20)', () => {
  it('publish again the vote that was stored and not sent, with the same fields', () => {
    const world = new CoreWorld({ units: 23 });
    world.crashAfterPersist = '3';
    world.deliver(world.request(), '3');
    assert.deepEqual(votesIn(world.published), []);
    world.boot('3');
    assert.deepEqual(
      votesIn(world.published).map((v) => [v.voter, v.remainingUnits]),
      [['3', 13]],
    );
  });

  it('publish nothing again that was acknowledged', () => {
    const world = new CoreWorld({ units: 23 });
    world.deliver(world.request(), '3');
    assert.equal(votesIn(world.take()).length, 1);
    world.boot('3');
    assert.deepEqual(world.published, []);
  });

  it('keep the lock: no second vote on the State, not even for another request (D-03)', () => {
    const world = new CoreWorld({ units: 23 });
    world.deliver(world.request(), '3');
    world.take();
    world.boot('3');
    world.deliver(world.request({ service: 'Tea', priceDcoins: 1 }), '3');
    assert.deepEqual(world.published, []);
  });

  it('find the nonce of a vote that was locked but not sealed', () => {
    const world = new CoreWorld({ units: 23 });
    const node = world.node('3');
    // Only the first step is taken: the lock is stored, the nonce never found.
    const effects = node.step({ kind: 'message', sender: '1', message: world.request() as never }, world.nowMs);
    for (const effect of effects) if (effect.kind === 'persist') world.disks.get('3')!.apply(effect.changes);
    world.boot('3');
    assert.deepEqual(
      votesIn(world.published).map((v) => v.voter),
      ['3'],
    );
  });

  it('repeat nothing for a State that was decided meanwhile', () => {
    const world = new CoreWorld({ units: 23 });
    world.crashAfterPersist = '3';
    world.deliverAll(world.request());
    const votes = votesIn(world.take());
    for (const vote of votes) world.deliver(vote, '3');
    world.boot('3');
    assert.deepEqual(world.published, []);
    assert.equal(world.node('3').snapshot().locks.length, 0);
  });

  it('publish again a request that was stored and not sent (D-15)', () => {
    const world = new CoreWorld({ units: 10 });
    world.crashAfterPersist = '1';
    world.order('1');
    assert.deepEqual(world.published, []);
    world.boot('1');
    world.settle();
    assert.equal(world.wallet('6', '1').units, 0);
  });

  it('settle votes that were stored before the crash, and never lose a decision', () => {
    const world = new CoreWorld({ units: 23 });
    world.deliverAll(world.request());
    const votes = votesIn(world.take());
    for (const vote of votes) {
      world.deliver(vote, '8');
      world.boot('8');
    }
    assert.equal(world.wallet('8', '1').units, 13);
    assert.deepEqual(world.members.map((id) => world.wallet('8', id).units).slice(1), [33, 33, 33, 33, 33, 23, 23]);
  });

  it('remember which sensor data was credited (D-05)', () => {
    const world = new CoreWorld();
    const data = world.sensor('2');
    world.deliver(data, '1');
    world.boot('1');
    assert.deepEqual(CoreWorld.rejections(world.deliver(data, '1')), ['duplicate']);
    assert.equal(world.wallet('1', '2').units, 1);
  });

  it('with a lost database start at 0 units and GENESIS, without a lock', () => {
    const world = new CoreWorld({ units: 23 });
    world.deliver(world.request(), '3');
    world.boot('3', true);
    assert.equal(world.wallet('3', '1').units, 0);
    assert.equal(world.node('3').snapshot().locks.length, 0);
  });
});

describe('snapshots and rows', () => {
  it('agree after every step: a node built from the rows equals the node that wrote them (R-16)', () => {
    const world = new CoreWorld({ units: 40 });
    world.order('1', { orderId: 'a' });
    world.order('2', { orderId: 'b', mode: 'wait', priceDcoins: 9 });
    while (world.published.length > 0) {
      for (const message of world.take()) {
        for (const id of world.members) {
          world.deliver(message, id);
          const live = JSON.stringify(world.node(id).snapshot());
          const published = world.published.length;
          world.boot(id);
          assert.equal(JSON.stringify(world.node(id).snapshot()), live);
          assert.equal(world.published.length, published);
        }
      }
    }
    // 40 less 2 DCoins, and 10 units for the vote on node 2's purchase, which its own vote had paid for.
    assert.deepEqual([world.wallet('3', '1').units, world.wallet('3', '2').units], [40, 5]);
  });
});
