/** The life of a purchase as the paper tells it (IV.C, IV.D; Fig. 2), one test a statement. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GENESIS, type Vote } from '../../node/protocol/message.ts';
import { CoreWorld } from '../support/core-world.ts';

const votesIn = (world: CoreWorld): Vote[] => world.take().filter((m): m is Vote => m.kind === 'vote');

describe('earning', () => {
  it('adds one unit to the publisher at every node that receives the data (R-06)', () => {
    const world = new CoreWorld();
    world.deliverAll(world.sensor('3'), ['1', '2', '3']);
    assert.equal(world.wallet('1', '3').units, 1);
    assert.equal(world.wallet('3', '3').units, 1);
    assert.equal(world.wallet('4', '3').units, 0);
  });

  it('does not credit the node that shares data before the fabric delivers it back (R-21)', () => {
    const world = new CoreWorld();
    world.feed('3', { kind: 'sample', topic: 'temperature', value: 21.5 });
    assert.equal(world.wallet('3', '3').units, 0);
    world.settle();
    for (const id of world.members) assert.equal(world.wallet(id, '3').units, 1);
  });

  it('credits a redelivered position once, and a reordered one still (D-05)', () => {
    const world = new CoreWorld();
    const [first, second] = [world.sensor('3'), world.sensor('3')];
    world.deliver(second, '1');
    world.deliver(first, '1');
    const again = world.deliver(second, '1');
    assert.deepEqual(CoreWorld.rejections(again), ['duplicate']);
    assert.equal(world.wallet('1', '3').units, 2);
  });

  it('gives members a wallet of 0 units at GENESIS from the start, and strangers none (R-01, D-09)', () => {
    const world = new CoreWorld({ n: 3 });
    assert.deepEqual(
      world
        .node('1')
        .snapshot()
        .wallets.map((w) => [w.id, w.units, w.stateHash]),
      [
        ['1', 0, GENESIS],
        ['2', 0, GENESIS],
        ['3', 0, GENESIS],
      ],
    );
    const refused = world.deliver(world.sensor('sybil'), '1');
    assert.deepEqual(CoreWorld.rejections(refused), ['unknown-requester']);
    assert.equal(world.node('1').wallet('sybil'), undefined);
    assert.equal(world.node('1').n, 3);
  });

  it('saturates a balance at the largest value a vote can carry (D-02)', () => {
    const world = new CoreWorld({ units: 2 ** 31 - 1 });
    world.deliver(world.sensor('3'), '1');
    assert.equal(world.wallet('1', '3').units, 2 ** 31 - 1);
  });
});

describe('voting (Algorithm 1)', () => {
  it('casts one vote with the balance left after the price, by every node but the requester (R-09)', () => {
    const world = new CoreWorld({ units: 23 });
    world.deliverAll(world.request());
    const votes = votesIn(world);
    assert.deepEqual(
      votes.map((v) => v.voter),
      ['2', '3', '4', '5', '6', '7', '8'],
    );
    assert.ok(votes.every((v) => v.remainingUnits === 13 && v.requester === '1'));
  });

  it('votes once per requester and State, even for another request (D-03)', () => {
    const world = new CoreWorld({ units: 50 });
    world.deliver(world.request(), '2');
    const second = world.deliver(world.request({ service: 'Tea', priceDcoins: 1 }), '2');
    const same = world.deliver(world.request(), '2');
    assert.equal(votesIn(world).length, 1);
    assert.deepEqual(CoreWorld.rejections(second), ['conflicting']);
    assert.deepEqual(CoreWorld.rejections(same), ['duplicate']);
  });

  it('waits with an unfunded request and votes when sensor data has paid for it (R-08)', () => {
    const world = new CoreWorld({ units: 9 });
    world.deliver(world.request(), '2');
    assert.equal(votesIn(world).length, 0);
    assert.equal(world.node('2').storedRows.requests, 1);
    world.deliver(world.sensor('1'), '2');
    assert.deepEqual(
      votesIn(world).map((v) => v.remainingUnits),
      [0],
    );
    assert.equal(world.node('2').storedRows.requests, 0);
  });

  it('waits with a request on a State that is not current yet (R-08)', () => {
    const world = new CoreWorld({ units: 50 });
    const first = world.request();
    world.deliverAll(first);
    const votes = votesIn(world);
    for (const vote of votes) world.deliver(vote, '3');
    const next = world.request({ state: world.wallet('3', '1').stateHash, time: 1001 });
    world.deliver(next, '2');
    assert.equal(votesIn(world).length, 0);
    for (const vote of votes) world.deliver(vote, '2');
    assert.deepEqual(
      votesIn(world).map((v) => [v.voter, v.state]),
      [['2', next.state]],
    );
  });

  it('persists the lock in the step that uses the request up, before the vote leaves (R-16, D-06)', () => {
    const world = new CoreWorld({ units: 23 });
    const effects = world.deliver(world.request(), '2');
    const publish = effects.findIndex((e) => e.kind === 'publish');
    const locked = effects.findIndex((e) => e.kind === 'persist' && e.changes.some((c) => c.table === 'locks'));
    assert.ok(locked >= 0 && publish > locked);
  });
});

describe('deciding (Algorithm 2)', () => {
  function decided(units = 23): { world: CoreWorld; votes: Vote[] } {
    const world = new CoreWorld({ units });
    world.deliverAll(world.request());
    return { world, votes: votesIn(world) };
  }

  it('does nothing with four equal votes of eight nodes and settles with the fifth (R-11, R-12)', () => {
    const { world, votes } = decided();
    for (const vote of votes.slice(0, 4)) world.deliver(vote, '8');
    assert.equal(world.wallet('8', '1').stateHash, GENESIS);
    world.deliver(votes[4]!, '8');
    assert.notEqual(world.wallet('8', '1').stateHash, GENESIS);
    assert.equal(world.wallet('8', '1').units, 13);
  });

  it('settles from votes alone, without having seen the request (R-10)', () => {
    const world = new CoreWorld({ units: 23 });
    world.deliverAll(world.request(), ['2', '3', '4', '5', '6']);
    for (const vote of votesIn(world)) world.deliver(vote, '8');
    assert.equal(world.wallet('8', '1').units, 13);
  });

  it('rewards the voters present at the decision with 10 units and nobody later (D-04)', () => {
    const { world, votes } = decided();
    for (const vote of votes) world.deliver(vote, '8');
    assert.deepEqual(
      world.members.map((id) => world.wallet('8', id).units),
      [13, 33, 33, 33, 33, 33, 23, 23],
    );
  });

  it('refuses votes on the State before as late, and keeps no row of them (D-13)', () => {
    const { world, votes } = decided();
    for (const vote of votes.slice(0, 5)) world.deliver(vote, '8');
    assert.deepEqual(CoreWorld.rejections(world.deliver(votes[5]!, '8')), ['late']);
    assert.deepEqual(CoreWorld.rejections(world.deliver(world.request(), '8')), ['late']);
    assert.deepEqual(world.node('8').storedRows, { requests: 0, votes: 0 });
  });

  it('counts groups by remaining balance: four against three never settle, and the wallet is locked (R-11)', () => {
    const world = new CoreWorld({ units: 23 });
    world.deliverAll(world.sensor('1'), ['2', '3', '4']);
    world.deliverAll(world.request());
    world.settle();
    for (const id of world.members) assert.equal(world.wallet(id, '1').stateHash, GENESIS);
    world.deliverAll(world.request({ time: 2000 }));
    assert.equal(votesIn(world).length, 0);
  });

  it('counts a second, different vote of a voter nowhere, and an equal one once (R-10)', () => {
    const { world, votes } = decided();
    const [first] = votes;
    world.deliver(first!, '8');
    assert.deepEqual(CoreWorld.rejections(world.deliver(first!, '8')), ['duplicate']);
    const other = world.vote(first!.voter, first!, 3);
    assert.deepEqual(CoreWorld.rejections(world.deliver(other, '8')), ['conflicting']);
    for (const vote of votes.slice(1, 4)) world.deliver(vote, '8');
    assert.equal(world.wallet('8', '1').stateHash, GENESIS);
  });

  it('starts the service at the requester only, with the argument of the reference (R-22)', () => {
    const { world, votes } = decided();
    for (const id of ['1', '2']) for (const vote of votes) world.deliver(vote, id);
    const starts = (id: string) => (world.effects.get(id) ?? []).filter((e) => e.kind === 'execute');
    assert.deepEqual(
      starts('1').map((e) => e.argument),
      [`1_${GENESIS}_1000`],
    );
    assert.deepEqual(starts('2'), []);
  });

  it('chains purchases: the next request is on the new State (R-13)', () => {
    const world = new CoreWorld({ units: 40 });
    for (let i = 0; i < 3; i++) {
      world.order('1', { orderId: `o${i}` });
      world.settle();
    }
    const states = new Set(world.members.map((id) => world.wallet(id, '1').stateHash));
    assert.equal(states.size, 1);
    assert.equal(world.wallet('4', '1').units, 10);
  });

  it('settles buffered votes for the next State once the missing ones arrive (R-11)', () => {
    const world = new CoreWorld({ units: 40 });
    const others = world.members.filter((id) => id !== '8');
    const heard: Vote[][] = [];
    for (let i = 0; i < 2; i++) {
      const state = world.wallet('1', '1').stateHash;
      world.deliverAll(world.request({ state, time: 1000 + i }), others);
      const votes = votesIn(world);
      heard.push(votes);
      for (const vote of votes) world.deliverAll(vote, others);
    }
    for (const vote of heard[1]!) world.deliver(vote, '8');
    assert.equal(world.wallet('8', '1').stateHash, GENESIS);
    for (const vote of heard[0]!) world.deliver(vote, '8');
    assert.equal(world.wallet('8', '1').stateHash, world.wallet('2', '1').stateHash);
  });
});

describe('refusals (R-18)', () => {
  const catalogue = new Map([['Nespresso', 2]]);
  const world = new CoreWorld({ units: 23, catalogue });
  const request = world.request();
  const cases: [string, () => string[]][] = [
    ['unknown-service', () => CoreWorld.rejections(world.deliver(world.request({ service: 'Tea' }), '2'))],
    ['wrong-price', () => CoreWorld.rejections(world.deliver(world.request({ priceDcoins: 1 }), '2'))],
    ['unknown-requester', () => CoreWorld.rejections(world.deliver(world.request({ requester: 'x' }), '2'))],
    ['unknown-voter', () => CoreWorld.rejections(world.deliver(world.vote('ghost0', request, 13), '2'))],
    ['self-vote', () => CoreWorld.rejections(world.deliver(world.vote('1', request, 13), '2'))],
    ['sender-mismatch', () => CoreWorld.rejections(world.deliver(world.vote('3', request, 13), '2', '4'))],
    [
      'work-insufficient',
      () => CoreWorld.rejections(world.deliver({ ...request, nonce: request.nonce + 1 } as never, '2')),
    ],
    ['bad-field', () => CoreWorld.rejections(world.deliver(world.request({ time: -1 }), '2'))],
    ['bad-field', () => CoreWorld.rejections(world.deliver(world.vote('3', request, -1), '2'))],
    ['malformed', () => CoreWorld.rejections(world.deliver({ kind: 'gossip' }, '2', '3'))],
  ];
  for (const [code, attempt] of cases) {
    it(`refuses ${code} and changes nothing (R-07, R-10, D-08)`, () => {
      const before = JSON.stringify(world.node('2').snapshot());
      assert.deepEqual(attempt(), [code]);
      assert.equal(JSON.stringify(world.node('2').snapshot()), before);
    });
  }
});
