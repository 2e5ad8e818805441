/**
 * Votes at once for every request that it hears, unchecked: what the wallet holds, which State it is on and whether it
 * has voted on that State do not matter. Where the core votes for a request anyway, its vote is the one that is sent.
 * Remaining follows the profile's rule and is 0 where that would be below.
 *
 * Shared by `always-yes` and `reward-ring`.
 */
import type { Request } from '../protocol/message.ts';
import type { Effect, Input } from '../protocol/step.ts';
import { type Conduct, type ConductContext, heardRequest, type Outgoing, publication, voteIn } from './conduct.ts';
import { voteFor } from './false-vote.ts';
import { RecentKeys } from './recent-keys.ts';

/** Requests voted for that are remembered: a repeated one is not voted for again. */
const REQUESTS_MAX = 4096;

export class UncheckedVoter {
  readonly #context: ConductContext;
  readonly #votesFor: (requester: string) => boolean;
  readonly #voted = new RecentKeys(REQUESTS_MAX);
  readonly #unchecked = new RecentKeys(REQUESTS_MAX);

  /** `votesFor`: whose requests it votes for in this way. */
  constructor(context: ConductContext, votesFor: (requester: string) => boolean) {
    this.#context = context;
    this.#votesFor = votesFor;
  }

  /** The core casts a vote. */
  notices(effect: Effect): void {
    if (effect.kind === 'voted') this.#voted.add(effect.requestId);
  }

  /** A vote of the core for a request that was voted for already is kept back. */
  sends(outgoing: Outgoing): readonly Outgoing[] {
    const vote = voteIn(outgoing);
    if (vote === null || !this.#unchecked.has(vote.requestId)) return [outgoing];
    this.#context.deviated('second vote kept back', vote.requestId);
    return [];
  }

  hears(input: Input): void {
    const request = heardRequest(input);
    if (request === null || request.requester === this.#context.self || !this.#votesFor(request.requester)) return;
    if (!this.#voted.add(request.id)) return;
    this.#unchecked.add(request.id);
    this.#vote(request);
  }

  #vote(request: Request): void {
    const { core, self, profile } = this.#context;
    const { wallets, votes } = profile;
    const wallet = core.wallet(request.requester) ?? wallets.open(request.requester);
    const honest = votes.remainingUnits(votes.cast(request, wallet, self));
    const draft = voteFor(self, request, request.id, Math.max(0, honest));
    this.#context.seal(draft, (vote) => {
      this.#context.deviated('unchecked vote', request.id, `remaining ${vote.remainingUnits}`);
      this.#context.emit(publication(vote));
    });
  }
}

export function alwaysYes(context: ConductContext): Conduct {
  const voter = new UncheckedVoter(context, () => true);
  return {
    notices: (effect) => voter.notices(effect),
    sends: (outgoing) => voter.sends(outgoing),
    hears: (input) => voter.hears(input),
  };
}
