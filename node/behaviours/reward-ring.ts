/**
 * F24: farms rewards. It votes at once and unchecked for requests of the ring, for nobody else, and buys `service` as
 * soon as its wallet can pay, once a State and once a second: where rewards pay for the next purchase, nothing else
 * would hold the ring back. The purchases are ordinary requests of its own making: they use no order, and none of them
 * is made while an order of the node is under way on the State.
 */
import { type Conduct, type ConductContext, publication, voteIn } from './conduct.ts';
import { UncheckedVoter } from './unchecked-voter.ts';

const PURCHASE_MS_MIN = 1000;

export function rewardRing(context: ConductContext, ring: readonly string[], service: string): Conduct {
  const { core, self, profile } = context;
  const { requests, catalogue } = profile;
  const members = new Set(ring);
  const voter = new UncheckedVoter(context, (requester) => members.has(requester));
  const priceDcoins = catalogue?.get(service) ?? 1;
  /** State that a purchase was tried on. */
  let spent: string | null = null;
  let resting = false;

  const buy = (): void => {
    const wallet = core.wallet(self);
    if (resting || wallet === undefined || wallet.stateHash === spent) return;
    const draft = requests.draft(self, wallet, service, priceDcoins, Math.floor(context.nowMs() / 1000));
    if (requests.acceptability(draft, wallet) === 'wait') return;
    spent = wallet.stateHash;
    const busy = core
      .snapshot()
      .orders.some(({ phase, request }) => phase !== 'done' && request?.slot === wallet.stateHash);
    if (busy) return;
    resting = context.after(PURCHASE_MS_MIN, () => {
      resting = false;
      buy();
    });
    context.seal(draft, (request) => {
      context.deviated('ring purchase', request.id, service);
      context.emit(publication(request));
    });
  };

  return {
    begins: buy,
    notices: (effect) => voter.notices(effect),
    sends(outgoing) {
      const vote = voteIn(outgoing);
      if (vote === null || members.has(vote.requester)) return voter.sends(outgoing);
      context.deviated('vote kept back', vote.requestId, 'not of the ring');
      return [];
    },
    hears(input) {
      voter.hears(input);
      buy();
    },
  };
}
