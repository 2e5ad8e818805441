/** The wrapper itself: transparent without behaviours, deterministic with them, and it stores nothing of its own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BEHAVIOUR_KINDS, type Behaviour } from '../../node/behaviours/behaviour.ts';
import { ByzantineNode } from '../../node/behaviours/byzantine-node.ts';
import type { StepEffect, StepMachine } from '../../node/behaviours/step-machine.ts';
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import type { MessageHead, Request, Verified, Vote } from '../../node/protocol/message.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Input } from '../../node/protocol/step.ts';
import type { Wallet } from '../../node/protocol/wallet.ts';
import { openWallet } from '../../node/protocol/wallet.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { ByzantineWorld, SERVICES } from '../support/byzantine-world.ts';
import { CoreWorld, claimedSender, Disk } from '../support/core-world.ts';
import { EVERY_BEHAVIOUR } from '../support/every-behaviour.ts';

const MEMBERS = ['1', '2', '3', '4'];
const SELF = '2';
const START_MS = 1_000_000_000_000;

/** What a test does to a node; a nonce or an acknowledgement answers the oldest question that is open. */
type Act =
  | { readonly kind: 'input'; readonly input: Input }
  | { readonly kind: 'nonce' }
  | { readonly kind: 'receipt' };

/** Messages of a lab of four, valid ones and some that come twice, too late or too early. */
function arbitraryActs(world: CoreWorld): fc.Arbitrary<readonly Act[]> {
  const requests = ['1', '2', '3'].flatMap((requester) => [
    world.request({ requester }),
    world.request({ requester, service: 'Tea', priceDcoins: 1 }),
    world.request({ requester, state: 'a'.repeat(64) }),
  ]);
  const votes = MEMBERS.flatMap((voter) =>
    requests.flatMap((request) =>
      voter === request.requester ? [] : [13, 18].map((units) => world.vote(voter, request, units)),
    ),
  );
  const sensors = MEMBERS.flatMap((publisher) => [world.sensor(publisher), world.sensor(publisher)]);
  const message = fc
    .oneof(fc.constantFrom(...requests), fc.constantFrom(...votes), fc.constantFrom(...sensors))
    .map((one): Input => {
      const verified = one as unknown as Verified<MessageHead>;
      return { kind: 'message', sender: claimedSender(one), message: verified };
    });
  const input = fc.oneof(
    { weight: 8, arbitrary: message },
    fc.constantFrom<Input>(
      { kind: 'sample', topic: 'virtual', value: 1 },
      { kind: 'wake', name: 'period' },
      { kind: 'order', order: { orderId: 'a', service: 'Tea', priceDcoins: 1, mode: 'force' } },
      { kind: 'order', order: { orderId: 'b', service: 'Nespresso', priceDcoins: 2, mode: 'wait' } },
    ),
  );
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: input.map((one): Act => ({ kind: 'input', input: one })) },
      { weight: 2, arbitrary: fc.constant<Act>({ kind: 'nonce' }) },
      { weight: 1, arbitrary: fc.constant<Act>({ kind: 'receipt' }) },
    ),
    { maxLength: 60 },
  );
}

function newCore(profile: PaperProfile): LedgerNode<Wallet, Request, Vote> {
  const disk = new Disk();
  for (const id of MEMBERS) disk.apply([{ table: 'wallets', key: id, record: openWallet(id, 23) }]);
  return new LedgerNode<Wallet, Request, Vote>({ self: SELF, profile, durable: disk.load(), stream: 7 });
}

/** Effects of each act; tickets and receipts of the core alone are answered. */
function effectsOf(machine: StepMachine<Wallet, Request, Vote>, acts: readonly Act[]): (readonly StepEffect[])[] {
  const tickets: string[] = [];
  const receipts: string[] = [];
  const steps: (readonly StepEffect[])[] = [];
  let nowMs = START_MS;
  const step = (input: Input): void => {
    nowMs += 7;
    const effects = machine.step(input, nowMs);
    steps.push(effects);
    for (const effect of effects) {
      if (effect.kind === 'seek' && !effect.ticket.startsWith('byzantine:')) tickets.push(effect.ticket);
    }
    for (const effect of effects) {
      if (effect.kind === 'publish' && effect.receipt !== null) receipts.push(effect.receipt);
    }
  };
  step({ kind: 'start' });
  for (const act of acts) {
    if (act.kind === 'input') {
      step(act.input);
    } else if (act.kind === 'nonce') {
      const ticket = tickets.shift();
      if (ticket !== undefined) step({ kind: 'nonce-found', ticket, nonce: 5 });
    } else {
      const receipt = receipts.shift();
      if (receipt !== undefined) step({ kind: 'acknowledged', receipt });
    }
  }
  return steps;
}

const persisted = (steps: readonly (readonly StepEffect[])[]) =>
  steps.flatMap((effects) => effects.flatMap((effect) => (effect.kind === 'persist' ? effect.changes : [])));

describe('a wrapped core', () => {
  for (const profile of ['paper', 'ref-c', 'ref-py']) {
    const world = new CoreWorld({ n: 4, units: 23, profile, catalogue: SERVICES });

    it(`without behaviours gives the same effects as the bare one, step by step (${profile})`, () => {
      fc.assert(
        fc.property(arbitraryActs(world), fc.boolean(), (acts, usedBefore) => {
          const wrapped = new ByzantineNode({ core: newCore(world.profile), prng: Prng.seeded('x') });
          if (usedBefore) {
            wrapped.behave(EVERY_BEHAVIOUR, START_MS);
            wrapped.behave([], START_MS);
          }
          assert.deepEqual(effectsOf(wrapped, acts), effectsOf(newCore(world.profile), acts));
        }),
        { numRuns: 150, seed: 4 },
      );
    });

    it(`persists what the bare one does, and nothing else, whatever its behaviours (${profile})`, () => {
      fc.assert(
        fc.property(arbitraryActs(world), fc.subarray([...EVERY_BEHAVIOUR]), (acts, behaviours) => {
          const withoutReceipts = acts.filter(({ kind }) => kind !== 'receipt');
          const wrapped = new ByzantineNode({ core: newCore(world.profile), prng: Prng.seeded('x') });
          wrapped.behave(behaviours, START_MS);
          const steps = effectsOf(wrapped, withoutReceipts);
          assert.deepEqual(persisted(steps), persisted(effectsOf(newCore(world.profile), withoutReceipts)));
          for (const effects of steps) assert.ok(effects.every(({ kind }, i) => kind !== 'persist' || i === 0));
        }),
        { numRuns: 150, seed: 5 },
      );
    });

    it(`with each behaviour and with many encodes all that it sends, twice the same with one seed (${profile})`, () => {
      // These keep everything back, and the ones after them would have nothing to do.
      const greedy = ['silent-voter', 'vote-copier', 'selective-sender', 'reward-ring'];
      const many = EVERY_BEHAVIOUR.filter(({ kind }) => !greedy.includes(kind));
      const run = (seed: string, behaviours: readonly Behaviour[] = many) => {
        const lab = new ByzantineWorld({ n: 4, units: 23, profile, seed, behaviours: { 2: behaviours } });
        for (const id of ['1', '2', '3', '1']) {
          lab.order(id, 'Nespresso', 'force');
          lab.run(300);
        }
        return lab.effects.get('2')!;
      };
      assert.deepEqual(run('a'), run('a'));
      assert.notDeepEqual(run('a'), run('b'));
      for (const behaviour of EVERY_BEHAVIOUR) assert.ok(run('a', [behaviour]).length > 0);
    });
  }

  it('is told of every kind of behaviour', () => {
    assert.deepEqual(
      EVERY_BEHAVIOUR.map(({ kind }) => kind),
      BEHAVIOUR_KINDS,
    );
  });
});

describe('behaviours', () => {
  it('pass what they let through to those after them, in the order of the list', () => {
    const wrong: Behaviour = { kind: 'wrong-remaining', byUnits: 1 };
    const selective: Behaviour = { kind: 'selective-sender', messages: 'votes', to: ['1'] };
    for (const behaviours of [
      [wrong, selective],
      [selective, wrong],
    ]) {
      const lab = new ByzantineWorld({ n: 4, units: 23, behaviours: { 2: behaviours } });
      lab.order('1');
      lab.run(0);
      assert.deepEqual(
        lab.votesOf('2').map(({ to, vote }) => [to, vote.remainingUnits]),
        [
          ['1', 14],
          ['2', 14],
        ],
      );
    }
    const lab = new ByzantineWorld({ n: 4, units: 23, behaviours: { 2: [{ kind: 'silent-voter' }, wrong] } });
    lab.order('1');
    lab.run(0);
    assert.deepEqual(lab.votesOf('2'), []);
    assert.deepEqual(lab.deviations('2', 'wrong-remaining'), []);
  });

  it('that are told again go on as they were, ended ones stop at once', () => {
    const late: Behaviour = { kind: 'withholding', delayMs: 100 };
    const lab = new ByzantineWorld({ n: 4, units: 23, behaviours: { 2: [late] } });
    lab.order('1');
    lab.run(50);
    lab.behave('2', { kind: 'sensor-spam', perSecond: 10 }, { ...late });
    lab.run(100);
    assert.equal(lab.votesOf('2').length, 1);
    lab.order('3');
    lab.run(50);
    lab.behave('2');
    const sent = lab.sent.length;
    lab.run(1000);
    assert.equal(lab.votesOf('2').length, 1);
    assert.equal(lab.sent.length, sent);
  });

  it('begin anew after a restart, and what was kept back is sent by the core when they are gone (R-20)', () => {
    const lab = new ByzantineWorld({ n: 4, units: 23, behaviours: { 2: [{ kind: 'silent-voter' }] } });
    lab.order('1');
    lab.run(0);
    lab.boot('2', [{ kind: 'silent-voter' }]);
    lab.run(0);
    assert.equal(lab.deviations('2').length, 2);
    assert.deepEqual(lab.decided('1'), {});
    lab.boot('2');
    lab.run(0);
    assert.equal(Object.keys(lab.decided('1')).length, 4);
  });

  it('answer late: a nonce for a behaviour that has ended changes nothing', () => {
    const lab = new ByzantineWorld({
      n: 4,
      units: 23,
      workMs: 50,
      behaviours: { 2: [{ kind: 'wrong-remaining', byUnits: 1 }] },
    });
    lab.order('1');
    // Its own work and that of the vote are found; the one of the false vote is under way.
    lab.run(110);
    assert.equal(lab.votesOf('3').length, 1);
    lab.behave('2');
    lab.run(1000);
    assert.deepEqual(lab.votesOf('2'), []);
  });
});
