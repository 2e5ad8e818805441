/** Cores with a bug in them, made by wrapping the product's: what an exploration must find. */
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import type { Request, Vote } from '../../node/protocol/message.ts';
import type { Wallet } from '../../node/protocol/wallet.ts';
import { type CoreUnderTest, PRODUCT_CORE } from '../../orchestrator/simulated/core-under-test.ts';

export const PLANTED_BUGS: Readonly<Record<string, CoreUnderTest>> = {
  'the vote lock is dropped at a restart': {
    ...PRODUCT_CORE,
    begin: (options) =>
      new LedgerNode<Wallet, Request, Vote>({ ...options, durable: { ...options.durable, locks: [] } }),
  },
  'the quorum is off by one': {
    ...PRODUCT_CORE,
    rules: (profile) => ({ ...profile, quorum: (n) => profile.quorum(n) - 1 }),
  },
  'a reward is credited twice': {
    ...PRODUCT_CORE,
    rules: (profile) => ({
      ...profile,
      rewarded: (voters, n) => profile.rewarded(voters, n).flatMap((voter) => [voter, voter]),
    }),
  },
};
