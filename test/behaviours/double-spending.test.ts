/**
 * The attack on agreement: a requester that asks twice on one State, and voters that tell each side what it wants to
 * hear. With at most 2q - n = 2 Byzantine voters of eight it must fail, with three it must succeed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Behaviour, Sides } from '../../node/behaviours/behaviour.ts';
import { ByzantineWorld } from '../support/byzantine-world.ts';

const SIDES: Sides = { left: ['2', '3'], right: ['4', '5'] };
const spender = (more: object = {}): Behaviour => ({
  kind: 'double-spender',
  sides: SIDES,
  gapMs: 0,
  service: 'Tea',
  crossed: false,
  ...more,
});
const equivocator: Behaviour = { kind: 'equivocating-voter', sides: SIDES, byUnits: 5 };

/** Requester 1 asks for a Nespresso and, Byzantine, for a tea; these voters push both sides. */
function attack(voters: readonly string[], options: object = {}, more: object = {}): ByzantineWorld {
  const behaviours = Object.fromEntries(voters.map((id) => [id, [equivocator]]));
  const world = new ByzantineWorld({ units: 23, behaviours: { 1: [spender(more)], ...behaviours }, ...options });
  world.order('1');
  world.run(2000);
  return world;
}

const heard = (world: ByzantineWorld, side: readonly string[]) =>
  new Set(side.map((id) => world.decided('1')[id] ?? 'nothing'));

describe('double spending with equivocating voters (R-09)', () => {
  it('forks a wallet of eight nodes with three Byzantine voters, whatever the time of the order', () => {
    for (let second = 0; second < 20; second++) {
      const world = new ByzantineWorld({
        units: 23,
        behaviours: { 1: [spender()], 6: [equivocator], 7: [equivocator], 8: [equivocator] },
      });
      world.run(1000 * second);
      world.order('1');
      world.run(2000);
      const [left, right] = [heard(world, SIDES.left), heard(world, SIDES.right)];
      assert.equal(left.size, 1);
      assert.equal(right.size, 1);
      assert.deepEqual(new Set([...left, ...right]), new Set(['Nespresso 13', 'Tea 18']));
      assert.equal(world.deviations('6', 'equivocating-voter').length, 1);
      assert.equal(world.deviations('1', 'double-spender').length, 1);
    }
  });

  it('forks it as well when the second request comes 100 ms later', () => {
    const world = attack(['6', '7', '8'], {}, { gapMs: 100 });
    assert.deepEqual(new Set(Object.values(world.decided('1'))), new Set(['Nespresso 13', 'Tea 18']));
  });

  it('forks it where the voters are told of one request only, of either: votes tell of the other and of its side', () => {
    for (const told of [0, 1]) {
      for (const swapped of [false, true]) {
        const voters = ['6', '7', '8'];
        const world = new ByzantineWorld({
          units: 23,
          behaviours: Object.fromEntries(voters.map((id) => [id, [equivocator]])),
        });
        const requests = [world.request(), world.request({ service: 'Tea', priceDcoins: 1 })];
        const [forLeft, forRight] = swapped ? [requests[1]!, requests[0]!] : requests;
        for (const id of SIDES.left) world.send(forLeft!, '1', id);
        for (const id of SIDES.right) world.send(forRight!, '1', id);
        for (const id of voters) world.send(requests[told]!, '1', id);
        world.run(2000);
        const left = swapped ? 'Tea 18' : 'Nespresso 13';
        const right = swapped ? 'Nespresso 13' : 'Tea 18';
        const { 2: two, 3: three, 4: four, 5: five } = world.decided('1');
        assert.deepEqual([two, three, four, five], [left, left, right, right]);
      }
    }
  });

  it('does not with two, and no two honest nodes disagree', () => {
    const world = attack(['6', '7']);
    const honest = ['2', '3', '4', '5', '8'].flatMap((id) => world.decided('1')[id] ?? []);
    assert.ok(new Set(honest).size <= 1, JSON.stringify(world.decided('1')));
    assert.equal(world.deviations('6').length, 1);
  });

  it('has correct voters vote once each, for what they were told', () => {
    const world = attack(['6', '7', '8']);
    for (const id of ['2', '3', '4', '5']) assert.equal(world.votesOf(id).length, 1);
    const [left, right] = [world.votesOf('2')[0]!.vote, world.votesOf('4')[0]!.vote];
    assert.notEqual(left.requestId, right.requestId);
    // Left hears the first in order of id.
    assert.ok(left.requestId < right.requestId);
    for (const { to, vote } of world.votesOf('6')) {
      if (SIDES.left.includes(to!)) assert.equal(vote.group, left.group);
      if (SIDES.right.includes(to!)) assert.equal(vote.group, right.group);
    }
    // Members in neither side hear both, the node itself what its core wanted to say.
    assert.equal(world.votesOf('6').filter(({ to }) => to === '7').length, 2);
    assert.equal(world.votesOf('6').filter(({ to }) => to === '6').length, 1);
  });

  it('forks with work that is found late', () => {
    const world = attack(['6', '7', '8'], { workMs: 40 });
    assert.equal(new Set(Object.values(world.decided('1'))).size, 2);
  });
});

describe('a double-spending requester', () => {
  it('is locked under paper when two sides are told different things and everybody votes honestly', () => {
    const world = attack([]);
    assert.ok(new Set(Object.values(world.decided('1'))).size <= 1);
    assert.equal(world.votesOf('2').length, 1);
  });

  it('without sides asks everybody twice, the second refused as conflicting (R-07)', () => {
    const world = new ByzantineWorld({ units: 23, behaviours: { 1: [spender({ sides: null, gapMs: 50 })] } });
    world.order('1', 'Nespresso');
    world.run(20);
    assert.equal(world.requestsOf('1').length, 1);
    world.run(1000);
    const [first, second] = world.requestsOf('1').map(({ request }) => request);
    assert.equal(first!.service, 'Nespresso');
    assert.equal(second!.service, 'Tea');
    assert.equal(second!.slot, first!.slot);
    // Decided meanwhile: the State is the one before.
    assert.deepEqual(world.refused('2', '1'), ['late']);
    assert.deepEqual(new Set(Object.values(world.decided('1'))), new Set(['Nespresso 13']));
  });

  it('asks for the same at another time where no other service is named', () => {
    for (const service of [null, 'Nespresso']) {
      const world = new ByzantineWorld({ units: 23, behaviours: { 1: [spender({ sides: null, service })] } });
      world.order('1', 'Nespresso');
      world.run(100);
      const [first, second] = world.requestsOf('1').map(({ request }) => request);
      assert.deepEqual({ ...second, id: 0, nonce: 0, time: 0 }, { ...first, id: 0, nonce: 0, time: 0 });
      assert.equal(second!.time, first!.time + 1);
      assert.deepEqual(world.refused('2', '1'), ['conflicting']);
    }
  });

  it('crossed tells both sides both, in opposite order', () => {
    const sides: Sides = { left: ['2', '3', '4'], right: ['5', '6', '7', '8'] };
    const behaviours = { 1: [spender({ sides, crossed: true })] };
    const world = new ByzantineWorld({ profile: 'ref-c', units: 50, behaviours });
    world.order('1');
    world.run(2000);
    const told = (id: string) => world.requestsOf('1').flatMap(({ to, request }) => (to === id ? [request.id] : []));
    const [first, second] = told('2');
    assert.ok(first! < second!);
    for (const id of sides.left) assert.deepEqual(told(id), [first, second]);
    for (const id of sides.right) assert.deepEqual(told(id), [second, first]);
    // Without a lock every voter votes for both: two votes each (D-03).
    for (const id of ['2', '8']) assert.equal(new Set(world.votesOf(id).map(({ vote }) => vote.requestId)).size, 2);
  });
});

describe('an equivocating voter', () => {
  it('with one request tells the right side another Remaining, under valid work', () => {
    const behaviours = Object.fromEntries(['6', '7', '8'].map((id) => [id, [equivocator]]));
    const world = new ByzantineWorld({ units: 23, behaviours });
    world.order('1');
    world.run(200);
    assert.deepEqual(
      world.votesOf('6').map(({ to }) => to),
      ['6'],
    );
    // Each of the three counts its own beside four honest ones.
    assert.deepEqual(Object.keys(world.decided('1')), ['6', '7', '8']);
    world.run(200);
    const said = (to: string) =>
      world.votesOf('6').flatMap((sent) => (sent.to === to ? [sent.vote.remainingUnits] : []));
    assert.deepEqual([said('2'), said('4'), said('1')], [[13], [18], [13, 18]]);
    assert.deepEqual(world.refused('2', '6'), []);
    // The first of the two was the fifth for the one Remaining: the other came late.
    assert.deepEqual(world.refused('1', '6'), ['late']);
    // Four honest votes and three for the left side; the right side never has five of one kind.
    assert.deepEqual(
      Object.keys(world.decided('1')).filter((id) => ['2', '3', '4', '5'].includes(id)),
      ['2', '3'],
    );
  });

  it('equivocates again on the next State, and once a State', () => {
    const world = new ByzantineWorld({ units: 50, behaviours: { 6: [equivocator] } });
    for (let i = 0; i < 3; i++) {
      world.order('1');
      world.run(1000);
    }
    assert.equal(world.deviations('6').length, 3);
    assert.equal(Object.values(world.decided('1')).filter((text) => text.split(', ').length === 3).length, 8);
  });
});
