/**
 * A profile that is not the paper's, built without touching the state machine: heights instead of States as slots,
 * its own wallet record and message kinds, an answer to one peer, a named timer, a settlement that needs the request.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EMPTY_STATE } from '../../node/protocol/durable.ts';
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import type { MessageHead, RequestHead, Verified, VoteHead } from '../../node/protocol/message.ts';
import type { Profile } from '../../node/protocol/profile.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { Effect, Input } from '../../node/protocol/step.ts';

interface HeightWallet {
  readonly owner: string;
  readonly height: number;
  readonly spent: number;
  readonly earned: number;
}
interface Claim extends RequestHead {
  readonly price: number;
}
interface Approval extends VoteHead {
  readonly height: number;
}

const members = ['a', 'b', 'c', 'd'];
const paper = namedProfile({ profile: 'paper', parameters: {}, members, catalogue: null });
if (!paper.ok) throw new Error('paper profile expected');

const toy: Profile<HeightWallet, Claim, Approval> = {
  ...(paper.profile as unknown as Profile<HeightWallet, Claim, Approval>),
  name: 'toy',
  schema: 900,
  check: () => null,
  wallets: {
    open: (owner) => ({ owner, height: 0, spent: 0, earned: 100 }),
    slot: (wallet) => `${wallet.height + 1}`,
    previousSlot: (wallet) => (wallet.height === 0 ? null : `${wallet.height}`),
    units: (wallet) => wallet.earned - wallet.spent,
    stateHash: (wallet) => `height ${wallet.height}`,
    decidedRequestId: () => null,
    earn: (wallet, units) => ({ ...wallet, earned: wallet.earned + units }),
  },
  requests: {
    draft: (requester, wallet, _service, price) => {
      const slot = `${wallet.height + 1}`;
      return { kind: 'request', id: `${requester}@${slot}`, requester, slot, price };
    },
    expressible: () => true,
    workPrefix: (request) => request.id,
    solved: (request) => request,
    acceptability: (request, wallet) => (request.price <= wallet.earned - wallet.spent ? 'accept' : 'wait'),
    blocksScan: () => false,
  },
  votes: {
    cast: (request, wallet, voter) => ({
      kind: 'vote',
      voter,
      requester: request.requester,
      slot: request.slot,
      requestId: request.id,
      group: request.id,
      height: wallet.height + 1,
    }),
    workPrefix: (vote) => vote.voter + vote.requestId,
    solved: (vote) => vote,
    remainingUnits: () => 0,
    compareGroups: () => 0,
    blocksConsensus: () => false,
  },
  quorum: (n) => n - 1,
  rewarded: () => [],
  settle: (wallet, vote, request) =>
    request === null
      ? null
      : {
          wallet: { ...wallet, height: vote.height, spent: wallet.spent + request.price },
          service: 'toy',
          priceDcoins: request.price,
          time: 0,
          serviceKey: vote.requestId,
          serviceArgument: vote.requestId,
        },
  extension: {
    onStart: (_ledger, nowMs) => [{ kind: 'wake', name: 'gossip', atMs: nowMs + 50 }],
    onWake: (name, ledger, nowMs) => [
      {
        kind: 'publish',
        channel: 'consensus',
        message: { kind: 'digest', from: ledger.self } as MessageHead,
        receipt: null,
      },
      { kind: 'wake', name, atMs: nowMs + 50 },
    ],
    onMessage: (message, sender, ledger) => {
      if (message.kind !== 'digest' || sender === null || sender === ledger.self) return [];
      ledger.setWallet(sender, { ...ledger.wallet(sender)!, earned: 7 });
      return [{ kind: 'send', to: sender, channel: 'consensus', message: { kind: 'pull' } }];
    },
    onMisplaced: (message) => [
      { kind: 'send', to: message.requester, channel: 'consensus', message: { kind: 'pull' } },
    ],
  },
};

function boot(self: string): { node: LedgerNode<HeightWallet, Claim, Approval>; start: readonly Effect[] } {
  const node = new LedgerNode({ self, profile: toy, durable: EMPTY_STATE, stream: 1 });
  return { node, start: node.step({ kind: 'start' }, 1000) };
}
const message = (value: MessageHead, sender: string): Input => ({
  kind: 'message',
  sender,
  message: value as Verified<MessageHead>,
});
const approval = (voter: string, slot = '1'): Approval => ({
  kind: 'vote',
  voter,
  requester: 'a',
  slot,
  requestId: `a@${slot}`,
  group: `a@${slot}`,
  height: Number(slot),
});
const claim: Claim = { kind: 'request', id: 'a@1', requester: 'a', slot: '1', price: 30 };

describe('a profile of its own (R-17)', () => {
  it('is voted for and settled by height, and waits for the request it needs', () => {
    const { node } = boot('b');
    for (const voter of ['b', 'c', 'd']) node.step(message(approval(voter), voter), 1001);
    assert.equal(node.wallet('a')?.height, 0);
    const effects = node.step(message(claim, 'a'), 1002);
    assert.equal(effects.filter((e) => e.kind === 'settled').length, 1);
    assert.equal(node.wallet('a')?.height, 1);
  });

  it('settles as soon as request and quorum are there', () => {
    const { node } = boot('b');
    node.step(message(claim, 'a'), 1001);
    const effects = ['b', 'c', 'd'].flatMap((voter) => [...node.step(message(approval(voter), voter), 1002)]);
    assert.deepEqual(
      effects.filter((e) => e.kind === 'settled').map((e) => e.decision.newState),
      ['height 1'],
    );
    assert.deepEqual(node.wallet('a'), { owner: 'a', height: 1, spent: 30, earned: 100 });
    assert.deepEqual(node.storedRows, { requests: 0, votes: 0 });
  });

  it('has message kinds of its own, answers one peer, and its wallet changes are persisted first', () => {
    const { node } = boot('b');
    const effects = node.step(message({ kind: 'digest' }, 'c'), 1001);
    assert.deepEqual(
      effects.map((e) => e.kind),
      ['persist', 'send'],
    );
    assert.deepEqual(node.wallet('c')?.earned, 7);
  });

  it('has timers of its own, by name', () => {
    const { node, start } = boot('b');
    assert.deepEqual(
      start.filter((e) => e.kind === 'wake'),
      [{ kind: 'wake', name: 'gossip', atMs: 1050 }],
    );
    const effects = node.step({ kind: 'wake', name: 'gossip' }, 1050);
    assert.deepEqual(
      effects.map((e) => e.kind),
      ['publish', 'wake'],
    );
  });

  it('is told of messages for a slot that is not current', () => {
    const { node } = boot('b');
    const effects = node.step(message(approval('c', '5'), 'c'), 1001);
    assert.deepEqual(
      effects.filter((e) => e.kind === 'send').map((e) => e.to),
      ['a'],
    );
  });
});
