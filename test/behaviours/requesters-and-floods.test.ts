/** Byzantine requesters and senders of data, and payloads that are meant to harm: what honest nodes make of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Behaviour } from '../../node/behaviours/behaviour.ts';
import { ByzantineWorld } from '../support/byzantine-world.ts';

const EIGHT = ['1', '2', '3', '4', '5', '6', '7', '8'];
const units = (lab: ByzantineWorld, at: string) => EIGHT.map((id) => lab.wallet(at, id).units);

describe('an overspender (F20)', () => {
  const overspender: Behaviour = { kind: 'overspender', service: 'Nespresso', everyMs: 500 };

  it('asks again and again; honest nodes keep one request and wait (R-08)', () => {
    const lab = new ByzantineWorld({ units: 9, behaviours: { 1: [overspender] } });
    lab.run(2100);
    assert.equal(lab.requestsOf('1').length, 4);
    assert.equal(new Set(lab.requestsOf('1').map(({ request }) => request.id)).size, 4);
    assert.deepEqual(lab.refused('2', '1'), ['conflicting']);
    assert.deepEqual(lab.votesOf('2'), []);
    assert.deepEqual(lab.nodes.get('2')!.storedRows, { requests: 1, votes: 0 });
  });

  it('is served once its wallet is funded, and asks no more while it can pay', () => {
    const lab = new ByzantineWorld({ units: 9, behaviours: { 1: [overspender] } });
    lab.run(600);
    lab.share('1');
    lab.run(0);
    assert.equal(lab.wallet('2', '1').units, 0);
    lab.share('1', 30);
    lab.run(2000);
    assert.deepEqual(Object.keys(lab.decided('1')), EIGHT);
    assert.equal(lab.requestsOf('1').length, 1);
  });
});

describe('a reward ring (F24)', () => {
  it('buys when it can pay and votes for its own, for nobody else', () => {
    const ring: Behaviour = { kind: 'reward-ring', ring: ['1', '2', '3'], service: 'Tea' };
    const lab = new ByzantineWorld({ behaviours: { 1: [ring], 2: [ring], 3: [ring] } });
    lab.share('1', 5);
    lab.run(10_500);
    // Each reward buys the next tea: node 1 one a second from the first on, the others as soon as they are paid.
    assert.equal(lab.decisions('5').length, 33);
    assert.ok(lab.decisions('5').every(({ requester }) => ['1', '2', '3'].includes(requester)));
    const before = lab.votesOf('2').length;
    lab.share('8', 10);
    lab.order('8', 'Nespresso', 'wait');
    lab.run(2000);
    assert.equal(
      lab
        .votesOf('2')
        .slice(before)
        .filter(({ vote }) => vote.requester === '8').length,
      0,
    );
    assert.ok(lab.deviations('2').some(({ detail }) => detail === 'not of the ring'));
    assert.equal(lab.votesOf('5').filter(({ vote }) => vote.requester === '8').length, 1);
  });

  it('votes unchecked for a member that cannot pay, and makes no purchase beside an order', () => {
    const ring: Behaviour = { kind: 'reward-ring', ring: ['1', '2'], service: 'Tea' };
    const lab = new ByzantineWorld({ units: 4, behaviours: { 2: [ring] } });
    lab.order('1', 'Tea', 'force');
    lab.run(100);
    assert.equal(lab.votesOf('2').length, 1);
    assert.deepEqual(lab.votesOf('3'), []);
    const busy = new ByzantineWorld({ units: 4 });
    busy.order('2', 'Nespresso', 'force');
    busy.behave('2', ring);
    busy.share('2', 3);
    busy.run(100);
    assert.deepEqual(
      busy.requestsOf('2').map(({ request }) => request.service),
      ['Nespresso'],
    );
  });
});

describe('a replayer (F26)', () => {
  const replayer: Behaviour = { kind: 'replayer', afterMs: 100, copies: 2 };

  it('under paper gets nothing counted twice, and nothing of others at all (D-05, D-08)', () => {
    const lab = new ByzantineWorld({ units: 23, behaviours: { 8: [replayer] } });
    lab.share('1', 2);
    lab.share('8', 3);
    lab.order('1');
    lab.run(5000);
    assert.deepEqual(lab.refused('2', '8'), ['duplicate', 'late', 'sender-mismatch']);
    assert.equal(lab.decisions('2').length, 1);
    // Three units earned, ten for its vote where it was among the first five.
    assert.deepEqual(units(lab, '2'), units(lab, '5'));
    assert.ok([26, 36].includes(lab.wallet('2', '8').units));
  });

  it('replays each message twice, however often it comes back, and so comes to rest', () => {
    const lab = new ByzantineWorld({ units: 23, profile: 'ref-c', behaviours: { 7: [replayer], 8: [replayer] } });
    lab.share('1');
    lab.order('1');
    lab.run(5000);
    const sent = lab.sent.length;
    const ofOne = lab.sent.filter(({ message }) => message.kind === 'sensor').length;
    // The original, and two replays by each of the two.
    assert.equal(ofOne, 5);
    lab.run(60_000);
    assert.equal(lab.sent.length, sent);
    // In ref-c a redelivery earns again (D-05).
    assert.equal(lab.decisions('2').length > 0, true);
  });
});

describe('false sensor data', () => {
  it('in masses earns as much (F23)', () => {
    const lab = new ByzantineWorld({ behaviours: { 8: [{ kind: 'sensor-spam', perSecond: 120 }] } });
    lab.run(10_000);
    const spam = lab.wallet('2', '8').units;
    assert.ok(Math.abs(spam - 1200) <= 12, `${spam} units`);
    assert.deepEqual(lab.refused('2', '8'), []);
    assert.equal(
      lab.deviations('8').reduce((sum, { detail }) => sum + Number.parseInt(detail!, 10), 0),
      spam,
    );
    lab.share('8', 5);
    lab.run(0);
    assert.equal(lab.wallet('2', '8').units, spam + 5);
  });

  it('is sent at a rate above the wake-ups a second as well as below', () => {
    for (const perSecond of [1, 3, 1000, 10_000]) {
      const lab = new ByzantineWorld({ n: 2, behaviours: { 2: [{ kind: 'sensor-spam', perSecond }] } });
      lab.run(3000);
      const { units: spam } = lab.wallet('1', '2');
      assert.ok(Math.abs(spam - 3 * perSecond) <= Math.max(1, perSecond / 50), `${spam} of ${3 * perSecond}`);
    }
  });

  it('of wallets that nobody has heard of is refused under paper (F22, D-09)', () => {
    const lab = new ByzantineWorld({
      units: 23,
      behaviours: { 8: [{ kind: 'sybil-wallets', count: 4, everyMs: 100 }] },
    });
    lab.run(250);
    assert.deepEqual(lab.refused('2', '8'), ['sender-mismatch']);
    assert.equal(lab.sent.length, 12);
    lab.order('1');
    lab.run(10);
    assert.deepEqual(Object.keys(lab.decided('1')), EIGHT);
    assert.equal(lab.nodes.get('2')!.n, 8);
  });

  it('of four such wallets halts ref-c, of three it does not (D-09)', () => {
    for (const [count, deciding] of [
      [3, 8],
      [4, 0],
    ] as const) {
      const behaviours = { 8: [{ kind: 'sybil-wallets', count, everyMs: 1000 } as const] };
      const lab = new ByzantineWorld({ units: 23, profile: 'ref-c', behaviours });
      assert.equal(lab.nodes.get('2')!.n, 8 + count);
      lab.order('1');
      lab.run(100);
      assert.equal(Object.keys(lab.decided('1')).length, deciding);
    }
  });

  it('has names that fit the narrowest wire, the same for one seed', () => {
    const run = () => {
      const behaviours = { 8: [{ kind: 'sybil-wallets', count: 1000, everyMs: 1000 } as const] };
      const lab = new ByzantineWorld({ profile: 'ref-c', behaviours });
      return lab.nodes
        .get('2')!
        .snapshot()
        .wallets.map(({ id }) => id);
    };
    assert.equal(run().length, 1008);
    assert.ok(run().every((id) => id.length <= 8));
    assert.deepEqual(run(), run());
  });
});

describe('hostile payloads (F28)', () => {
  for (const profile of ['paper', 'ref-c', 'ref-py']) {
    it(`are refused or harmless, and the lab goes on (${profile})`, () => {
      const lab = new ByzantineWorld({
        units: 23,
        profile,
        behaviours: { 8: [{ kind: 'hostile-payloads', perSecond: 500 }] },
      });
      lab.run(4000);
      const codes = lab.refused('2', '8');
      for (const code of ['malformed', 'oversized', 'bad-field'])
        assert.ok(codes.includes(code), `${code} of ${codes}`);
      assert.equal(lab.sent.length, 2000);
      assert.deepEqual(units(lab, '2'), units(lab, '3'));
      if (profile !== 'paper') return;
      // A checked sender lets nothing through.
      assert.deepEqual(
        units(lab, '2'),
        EIGHT.map(() => 23),
      );
      lab.order('1');
      lab.run(10);
      assert.deepEqual(Object.keys(lab.decided('1')), EIGHT);
    });
  }
});
