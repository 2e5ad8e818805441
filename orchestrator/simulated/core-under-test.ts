/**
 * The state machine that simulated nodes run: the product's, or for tests of what finds bugs one with a bug in it. The
 * checks always judge by the rules of the profile as it is.
 */
import type { StepMachine } from '../../node/behaviours/step-machine.ts';
import { LedgerNode, type LedgerNodeOptions } from '../../node/protocol/ledger-node.ts';
import type { Request, Vote } from '../../node/protocol/message.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Wallet } from '../../node/protocol/wallet.ts';

export interface CoreUnderTest {
  /** The rules that nodes follow, from those of the plan. */
  readonly rules: (profile: PaperProfile) => PaperProfile;
  /** One life of one node. */
  readonly begin: (options: LedgerNodeOptions<Wallet, Request, Vote>) => StepMachine<Wallet, Request, Vote>;
}

export const PRODUCT_CORE: CoreUnderTest = {
  rules: (profile) => profile,
  begin: (options) => new LedgerNode<Wallet, Request, Vote>(options),
};
