/**
 * What hosts, simulators and tests drive: one node's state machine, honest or not. The unmodified core (`LedgerNode`)
 * is one as it stands; byzantine-node.ts wraps one into another. Source: R-17.
 */

import type { LedgerSnapshot } from '../protocol/ledger-node.ts';
import type { RequestHead, VoteHead } from '../protocol/message.ts';
import type { Profile } from '../protocol/profile.ts';
import type { Effect, Input } from '../protocol/step.ts';
import type { BehaviourKind } from './behaviour.ts';

/** A Byzantine node made, changed or kept back something that an honest one would not have: for the record only. */
export interface Deviation {
  readonly kind: 'deviated';
  readonly behaviour: BehaviourKind;
  /** What it did, in two or three words. */
  readonly act: string;
  /** The request that it is about; null where there is none. */
  readonly requestId: string | null;
  readonly detail: string | null;
}

export type StepEffect = Effect | Deviation;

export interface StepMachine<W, R extends RequestHead, V extends VoteHead> {
  readonly self: string;
  readonly profile: Profile<W, R, V>;
  /** Size of the network as this node sees it. */
  readonly n: number;
  readonly storedRows: { readonly requests: number; readonly votes: number };
  wallet(id: string): W | undefined;
  snapshot(): LedgerSnapshot<W, R, V>;
  /** As `LedgerNode.step`: runs to completion, a `persist` comes first among the effects. */
  step(input: Input, nowMs: number): readonly StepEffect[];
}
