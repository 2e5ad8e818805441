/** Storage holds the present, not the past: rows stay bounded whatever arrives (D-13, paper IV.B). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CoreWorld, nativeHash } from '../support/core-world.ts';

const state = (i: number) => nativeHash(`unknown state ${i}`);

describe('rows', () => {
  it('on unknown States: at most 4 votes per voter and requester stay, the oldest leave as evicted', () => {
    const world = new CoreWorld({ n: 4, units: 10 });
    const votes = Array.from({ length: 6 }, (_, i) => world.vote('2', world.request({ state: state(i) }), 0));
    const codes = votes.flatMap((vote) => CoreWorld.rejections(world.deliver(vote, '3')));
    assert.deepEqual(codes, ['evicted', 'evicted']);
    assert.deepEqual(
      world
        .node('3')
        .snapshot()
        .votes.map((v) => v.state),
      [2, 3, 4, 5].map(state),
    );
  });

  it('on unknown States: at most 4 requests per requester stay, the oldest leave as evicted', () => {
    const world = new CoreWorld({ n: 4, units: 10 });
    const codes = Array.from({ length: 6 }, (_, i) =>
      CoreWorld.rejections(world.deliver(world.request({ state: state(i) }), '3')),
    );
    assert.deepEqual(codes.flat(), ['evicted', 'evicted']);
    assert.deepEqual(
      world
        .node('3')
        .snapshot()
        .requests.map((r) => r.state),
      [2, 3, 4, 5].map(state),
    );
  });

  it('on the current State is never the one evicted', () => {
    const world = new CoreWorld({ n: 4, units: 0 });
    world.deliver(world.request(), '3');
    for (let i = 0; i < 9; i++) world.deliver(world.request({ state: state(i) }), '3');
    assert.ok(
      world
        .node('3')
        .snapshot()
        .requests.some((r) => r.state === world.request().state),
    );
    assert.equal(world.node('3').storedRows.requests, 4);
  });

  it('never exceed 4n^2 + 4n when every member fills every place it can', () => {
    const n = 5;
    const world = new CoreWorld({ n, units: 0 });
    for (let round = 0; round < 7; round++) {
      for (const requester of world.members) {
        const request = world.request({ requester, ...(round === 0 ? {} : { state: state(round) }) });
        world.deliver(request, '3');
        for (const voter of world.members)
          if (voter !== requester) world.deliver(world.vote(voter, request, Number(voter)), '3');
        const { requests, votes } = world.node('3').storedRows;
        assert.ok(requests + votes <= 4 * n * n + 4 * n, `${requests} requests, ${votes} votes`);
        const disk = world.disks.get('3')!;
        assert.equal(disk.count('requests') + disk.count('votes'), requests + votes);
      }
    }
  });

  it('are the same after 200 decisions as after 10', () => {
    const world = new CoreWorld({ n: 4, units: 10_000 });
    const rows = () =>
      (['wallets', 'requests', 'votes', 'locks', 'streams'] as const).map((t) => world.disks.get('2')!.count(t));
    let early: number[] = [];
    for (let i = 0; i < 200; i++) {
      world.deliverAll(world.sensor('3'));
      world.order(world.members[i % 4]!, { orderId: `o${i}` });
      world.settle();
      if (i === 10) early = rows();
    }
    assert.deepEqual(rows(), early);
  });
});

describe('reference codes (D-13)', () => {
  it('purge stored votes after five further requests of the requester, ref-c', () => {
    const world = new CoreWorld({ profile: 'ref-c', units: 23 });
    const request = world.request();
    world.deliver(world.vote('2', request, 10), '3');
    for (let i = 0; i < 4; i++) world.deliver(world.request({ state: state(i) }), '3');
    assert.equal(world.node('3').storedRows.votes, 1);
    world.deliver(world.request({ state: state(9) }), '3');
    assert.equal(world.node('3').storedRows.votes, 0);
  });
});
