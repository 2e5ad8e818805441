/**
 * Byzantine voters, one kind at a time, among eight nodes of which five must vote alike: what each sends, and what honest
 * nodes make of it. Two are tolerated, three halt a requester or, where they say so, fork it (R-09..R-12).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Behaviour } from '../../node/behaviours/behaviour.ts';
import { verifyMessage } from '../../node/protocol/verify.ts';
import { ByzantineWorld, type ByzantineWorldOptions } from '../support/byzantine-world.ts';
import { nativeHash } from '../support/core-world.ts';

const EIGHT = ['1', '2', '3', '4', '5', '6', '7', '8'];
const HONEST = ['2', '3', '4', '5'];

/** Node 1 asks for a Nespresso (2 DCoin, 10 units) from 23 units; `voters` behave like this. */
function purchase(voters: readonly string[], behaviour: Behaviour, options: ByzantineWorldOptions = {}) {
  const behaviours = Object.fromEntries(voters.map((id) => [id, [behaviour]]));
  const lab = new ByzantineWorld({ units: 23, ...options, behaviours });
  lab.order('1');
  lab.run(5000);
  return lab;
}

const everybody = (outcome: string) => Object.fromEntries(EIGHT.map((id) => [id, outcome]));

/** Every vote of `id` passes the checks that need no ledger, were it sent by `sender`. */
function validWork(lab: ByzantineWorld, id: string): boolean {
  return lab.votesOf(id).every(({ vote }) => verifyMessage(lab.profile, vote, vote.voter).ok);
}

describe('silent voters (F16)', () => {
  const silent: Behaviour = { kind: 'silent-voter' };

  it('are tolerated up to two; three halt, and nobody decides', () => {
    assert.deepEqual(purchase(['7', '8'], silent).decided('1'), everybody('Nespresso 13'));
    const lab = purchase(['6', '7', '8'], silent);
    assert.deepEqual(lab.decided('1'), {});
    assert.deepEqual(lab.votesOf('6'), []);
    assert.deepEqual(
      lab.deviations('6').map(({ act, requestId }) => [act, requestId]),
      [['vote kept back', lab.requestsOf('1')[0]!.request.id]],
    );
  });
});

describe('voters with a wrong value (F17)', () => {
  it('say so to all, under valid work, and two of them change nothing', () => {
    for (const byUnits of [1, -1, 500]) {
      const lab = purchase(['7', '8'], { kind: 'wrong-remaining', byUnits });
      assert.deepEqual(lab.decided('1'), everybody('Nespresso 13'));
      assert.deepEqual(
        lab.votesOf('7').map(({ to, vote }) => [to, vote.remainingUnits]),
        [[null, 13 + byUnits]],
      );
      assert.ok(validWork(lab, '7'));
    }
  });

  it('halt a requester when they are three, and decide when they are five', () => {
    assert.deepEqual(purchase(['6', '7', '8'], { kind: 'wrong-remaining', byUnits: 5 }).decided('1'), {});
    const lab = purchase(['4', '5', '6', '7', '8'], { kind: 'wrong-remaining', byUnits: 500 });
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 513'));
  });

  it('stay within the bounds of the wire: the other direction where there is no room', () => {
    for (const [byUnits, said] of [
      [-13, 0],
      [-14, 27],
      [2_147_483_647, 0],
    ] as const) {
      const lab = purchase(['8'], { kind: 'wrong-remaining', byUnits });
      assert.equal(lab.votesOf('8')[0]!.vote.remainingUnits, said);
    }
  });

  it('are off by whole DCoins where the wire has nothing smaller (D-02)', () => {
    const lab = purchase(['8'], { kind: 'wrong-remaining', byUnits: 1 }, { profile: 'ref-c' });
    assert.deepEqual(
      lab.votesOf('8').map(({ vote }) => vote.remainingUnits),
      [15],
    );
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 10'));
  });

  it('always-no: nothing was bought', () => {
    const lab = purchase(['7', '8'], { kind: 'always-no' });
    assert.deepEqual(
      lab.votesOf('7').map(({ vote }) => vote.remainingUnits),
      [23],
    );
    assert.ok(validWork(lab, '7'));
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 13'));
  });
});

describe('a voter that always agrees', () => {
  const yes: Behaviour = { kind: 'always-yes' };

  it('votes for what cannot be paid, with nothing remaining; the honest wait (R-08)', () => {
    const lab = new ByzantineWorld({ units: 5, behaviours: { 7: [yes], 8: [yes] } });
    lab.order('1', 'Nespresso', 'force');
    lab.run(1000);
    assert.deepEqual(
      lab.votesOf('8').map(({ vote }) => vote.remainingUnits),
      [0],
    );
    assert.deepEqual(lab.votesOf('2'), []);
    assert.deepEqual(lab.decided('1'), {});
    // It can pay: the honest vote now, and the Byzantine ones do not a second time.
    lab.share('1', 5);
    lab.run(1000);
    assert.equal(lab.votesOf('8').length, 1);
    assert.equal(lab.deviations('8').filter(({ act }) => act === 'second vote kept back').length, 1);
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 0'));
  });

  it('votes for both of two requests on one State; receivers count the first (R-10)', () => {
    const lab = new ByzantineWorld({ units: 23, behaviours: { 8: [yes] } });
    for (const id of ['2', '3', '8']) lab.send(lab.request(), '1', id);
    lab.send(lab.request({ service: 'Tea', priceDcoins: 1 }), '1');
    lab.run(1000);
    assert.equal(lab.votesOf('8').length, 2);
    assert.ok(validWork(lab, '8'));
    assert.deepEqual(lab.refused('2', '8'), ['conflicting']);
    assert.equal(lab.votesOf('2').length, 1);
  });

  it('leaves what its core votes for to its core, and votes once for a request that is repeated', () => {
    const lab = purchase(['8'], yes);
    assert.deepEqual(lab.deviations('8'), []);
    assert.equal(lab.votesOf('8').length, 1);
    const stranger = lab.request({ requester: '2', state: 'a'.repeat(64) });
    for (let i = 0; i < 3; i++) lab.send(stranger, '2');
    lab.run(100);
    assert.equal(lab.votesOf('8').filter(({ vote }) => vote.requestId === stranger.id).length, 1);
  });
});

describe('a repeated vote', () => {
  const repeat: Behaviour = { kind: 'repeated-vote', copies: 3, everyMs: 100 };

  it('comes as often as told, so far apart, and counts once (R-10)', () => {
    // Four that vote are too few, so that the copies find the State undecided.
    const behaviours = { 8: [repeat], 6: [{ kind: 'silent-voter' } as const], 7: [{ kind: 'silent-voter' } as const] };
    const lab = new ByzantineWorld({ units: 23, behaviours: { ...behaviours, 5: behaviours[6] } });
    lab.order('1');
    const begun = lab.nowMs;
    lab.run(1000);
    assert.deepEqual(
      lab.sent.filter(({ from, message }) => from === '8' && message.kind === 'vote').map(({ at }) => at - begun),
      [0, 100, 200, 300],
    );
    assert.deepEqual(lab.refused('2', '8'), ['duplicate']);
    assert.deepEqual(lab.decided('1'), {});
    assert.equal(lab.deviations('8').length, 3);
  });

  it('takes places among the rewarded in ref-c (D-11)', () => {
    const silent: Behaviour[] = [{ kind: 'silent-voter' }];
    // Copies of 8 first, then four others.
    const lab = new ByzantineWorld({
      profile: 'ref-c',
      units: 23,
      behaviours: {
        8: [{ kind: 'repeated-vote', copies: 3, everyMs: 0 }],
        2: [{ kind: 'withholding', delayMs: 10 }],
        3: [{ kind: 'withholding', delayMs: 10 }],
        4: [{ kind: 'withholding', delayMs: 10 }],
        5: [{ kind: 'withholding', delayMs: 10 }],
        6: silent,
        7: silent,
      },
    });
    lab.order('1');
    lab.run(1000);
    const [decision] = lab.decisions('2');
    assert.equal(decision!.voters.length, 5);
    assert.deepEqual(decision!.rewarded, ['8', '2']);
  });
});

describe('withheld votes', () => {
  it('come so much later, and late where five others have voted', () => {
    const lab = purchase(['8'], { kind: 'withholding', delayMs: 700 });
    const [sent] = lab.sent.filter(({ from, message }) => from === '8' && message.kind === 'vote');
    assert.equal(sent!.at - lab.sent[0]!.at, 700);
    assert.deepEqual(lab.refused('2', '8'), ['late']);
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 13'));
    const three = purchase(['6', '7', '8'], { kind: 'withholding', delayMs: 700 });
    assert.deepEqual(three.decided('1'), everybody('Nespresso 13'));
  });
});

describe('forged voters (F21)', () => {
  const forged: Behaviour = { kind: 'forged-voter', voters: ['g1', 'g2', 'g3', 'g4', '2'] };

  it('are refused under paper, members or not (D-08)', () => {
    const lab = purchase(['8'], forged);
    // Its own comes late where five others have voted.
    assert.deepEqual(lab.refused('2', '8'), ['late', 'sender-mismatch']);
    assert.deepEqual(
      lab.votesOf('8').map(({ vote }) => vote.voter),
      ['8', 'g1', 'g2', 'g3', 'g4', '2'],
    );
    // The work is valid in that name: who checks no sender would take it.
    for (const { vote } of lab.votesOf('8')) {
      assert.ok(nativeHash(lab.profile.votes.workPrefix(vote) + vote.nonce).startsWith('0'));
    }
    for (const { voters } of lab.decisions('3')) assert.ok(voters.every((voter) => EIGHT.includes(voter)));
  });

  it('decide alone in ref-c: one vote and four invented ones', () => {
    const silent: Behaviour[] = [{ kind: 'silent-voter' }];
    const lab = new ByzantineWorld({
      profile: 'ref-c',
      units: 23,
      behaviours: { 2: silent, 3: silent, 4: silent, 5: silent, 6: silent, 7: silent, 8: [forged] },
    });
    lab.order('1');
    lab.run(1000);
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 10'));
    assert.deepEqual([...lab.decisions('3')[0]!.voters].sort(), ['8', 'g1', 'g2', 'g3', 'g4']);
  });
});

describe('vote copiers (F25)', () => {
  const copier: Behaviour = { kind: 'vote-copier' };

  it('send the first vote that they hear as their own, and never one of their core', () => {
    const wrong: Behaviour = { kind: 'wrong-remaining', byUnits: 487 };
    const lab = new ByzantineWorld({
      units: 23,
      behaviours: {
        2: [wrong],
        ...Object.fromEntries(['5', '6', '7', '8'].map((id) => [id, [copier]])),
        // The wrong vote is heard first.
        3: [{ kind: 'withholding', delayMs: 50 }],
        4: [{ kind: 'withholding', delayMs: 50 }],
      },
    });
    lab.order('1');
    lab.run(1000);
    // One wrong vote and four copies are five.
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 500'));
    assert.deepEqual(
      lab.votesOf('8').map(({ vote }) => vote.remainingUnits),
      [500],
    );
    assert.ok(validWork(lab, '8'));
  });

  it('alone keep silent', () => {
    const lab = purchase(EIGHT.slice(1), copier);
    for (const id of EIGHT) assert.deepEqual(lab.votesOf(id), []);
  });
});

describe('work below the difficulty', () => {
  it('is refused, as a vote and as a request (R-05)', () => {
    const lab = purchase(['7', '8'], { kind: 'weak-work' });
    assert.deepEqual(lab.refused('2', '8'), ['work-insufficient']);
    assert.equal(lab.votesOf('8').length, 1);
    assert.deepEqual(lab.decided('1'), everybody('Nespresso 13'));
    const asking = purchase(['1'], { kind: 'weak-work' });
    assert.deepEqual(asking.refused('2', '1'), ['work-insufficient']);
    assert.deepEqual(asking.decided('1'), {});
  });

  it('is always below, also where the first nonce would be enough', () => {
    const lab = new ByzantineWorld({ units: 1000, behaviours: { 1: [{ kind: 'weak-work' }] } });
    for (let i = 0; i < 60; i++) {
      lab.order('1', 'Tea', 'force');
      lab.run(1000);
    }
    const nonces = lab.requestsOf('1').map(({ request }) => request.nonce);
    assert.equal(nonces.length, 60);
    assert.deepEqual([...new Set(nonces)].sort(), [0, 1]);
    assert.deepEqual(lab.decided('1'), {});
  });

  it('is none at difficulty 0', () => {
    const lab = purchase(['8'], { kind: 'weak-work' }, { parameters: { difficulty: 0 } });
    assert.ok(!lab.refused('2', '8').includes('work-insufficient'));
    assert.deepEqual(lab.deviations('8'), []);
  });
});

describe('votes and requests on the State before', () => {
  it('are late under paper (D-13), and stay as they are at GENESIS', () => {
    const behaviours = { 1: [{ kind: 'stale-state' } as const], 8: [{ kind: 'stale-state' } as const] };
    const lab = new ByzantineWorld({ units: 50, behaviours });
    lab.order('1');
    lab.run(10);
    assert.deepEqual([lab.deviations('1'), lab.deviations('8')], [[], []]);
    assert.deepEqual(Object.keys(lab.decided('1')), EIGHT);
    lab.order('1', 'Tea');
    lab.run(10);
    assert.deepEqual(lab.refused('2', '1'), ['late']);
    assert.equal(lab.requestsOf('1')[1]!.request.state, lab.requestsOf('1')[0]!.request.state);
    lab.behave('1');
    lab.order('1', 'Nespresso', 'force');
    lab.run(10);
    assert.deepEqual(lab.refused('2', '8'), ['late']);
    assert.ok(validWork(lab, '8'));
    assert.equal(lab.decisions('2').length, 2);
  });
});

describe('a selective sender (F30)', () => {
  it('of votes reaches those it chose, and itself', () => {
    const lab = purchase(['8'], { kind: 'selective-sender', messages: 'votes', to: ['3', '1'] });
    assert.deepEqual(
      lab.votesOf('8').map(({ to }) => to),
      ['3', '1', '8'],
    );
    const order = new ByzantineWorld({
      units: 23,
      behaviours: { 1: [{ kind: 'selective-sender', messages: 'votes', to: [] }] },
    });
    order.order('1');
    order.run(100);
    assert.deepEqual(order.decided('1'), everybody('Nespresso 13'));
  });

  it('keeps letters from those it did not choose as well', () => {
    const equivocator: Behaviour = {
      kind: 'equivocating-voter',
      sides: { left: ['2', '3'], right: ['4', '5'] },
      byUnits: 1,
    };
    const selective: Behaviour = { kind: 'selective-sender', messages: 'votes', to: ['2', '4'] };
    const lab = new ByzantineWorld({ units: 23, behaviours: { 8: [equivocator, selective] } });
    lab.order('1');
    lab.run(1000);
    assert.deepEqual(
      lab.votesOf('8').map(({ to, vote }) => [to, vote.remainingUnits]),
      [
        ['8', 13],
        ['2', 13],
        ['4', 14],
      ],
    );
  });

  it('of requests is served where enough hear it, and pending where not', () => {
    for (const [to, decided] of [
      [['2', '3', '4', '5', '6'], EIGHT],
      [['2', '3', '4', '5'], []],
      [[], []],
    ] as const) {
      const lab = purchase(['1'], { kind: 'selective-sender', messages: 'requests', to });
      assert.deepEqual(Object.keys(lab.decided('1')), decided);
      assert.deepEqual(
        lab.requestsOf('1').map((sent) => sent.to),
        [...to, '1'],
      );
      for (const id of HONEST) assert.equal(lab.votesOf(id).length, to.includes(id as never) ? 1 : 0);
    }
  });
});
