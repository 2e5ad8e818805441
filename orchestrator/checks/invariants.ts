/** Which fold looks after which invariant, and where an invariant has nothing to say. */
import { agreement, noDoubleSpend } from './agreement.ts';
import { balance } from './balance.ts';
import { certificate } from './certificate.ts';
import { chain } from './chain.ts';
import type { CheckFacts } from './check-facts.ts';
import { conservation } from './conservation.ts';
import { convergence } from './convergence.ts';
import type { BeginFold } from './fold.ts';
import type { InvariantId } from './invariant-id.ts';
import { isolation } from './isolation.ts';
import { liveness } from './liveness.ts';
import { noMint } from './no-mint.ts';
import { rewards } from './reward.ts';
import { serviceAfterDecision, serviceOnce, serviceServed } from './service.ts';
import { lockDurability, singleVote } from './single-vote.ts';
import { stateHash } from './state-hash.ts';
import { voteValidity } from './vote-validity.ts';
import { work } from './work.ts';

/** Null: no profile of this project has what it is about. */
export const INVARIANT_FOLDS: { readonly [I in InvariantId]: BeginFold | null } = {
  I1: agreement,
  I2: noDoubleSpend,
  I3: chain,
  I4: stateHash,
  I5: work,
  I6: certificate,
  I7: singleVote,
  I8: voteValidity,
  I9: balance,
  I10: serviceAfterDecision,
  I11: serviceOnce,
  I12: serviceServed,
  I13: conservation,
  I14: noMint,
  I15: convergence,
  I16: liveness,
  I17: rewards,
  I18: isolation,
  I19: lockDurability,
  I20: null,
};

/** Why `invariant` does not apply to the plan's profile; null where it does. */
export function inapplicable(invariant: InvariantId, { parameters, profile }: CheckFacts): string | null {
  if (invariant === 'I20') return 'no profile of this project signs votes, so there is no evidence to be sound';
  if ((invariant === 'I7' || invariant === 'I19') && parameters.votesPerState !== 'one') {
    return `profile ${profile.name} allows any number of votes on a State and locks nothing`;
  }
  return null;
}
