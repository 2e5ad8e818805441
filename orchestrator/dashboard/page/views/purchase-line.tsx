/** One purchase from the order to the service: order, request, votes, decision, output. */
import type { PurchaseAnswer } from '../../api/purchase-shape.ts';
import { hrefOf } from '../route.ts';
import { clockTime, cut, milliseconds, plain } from '../wording.ts';

type StepState = 'done' | 'now' | 'open' | 'bad';

interface Step {
  readonly name: string;
  readonly state: StepState;
  readonly words: string;
}

const SIGNS: Readonly<Record<StepState, string>> = { done: '\u2713', now: '\u2026', open: '\u00b7', bad: '\u2715' };
const STEP_WORDS: Readonly<Record<StepState, string>> = {
  done: 'done',
  now: 'under way',
  open: 'to come',
  bad: 'failed',
};

function stepsOf(purchase: PurchaseAnswer): Step[] {
  const { outcome, detail, votes, quorum, requestId, requesterMs, allMs, decidedBy, members, served } = purchase;
  const ended = outcome === 'refused' || outcome === 'lost';
  const decided = outcome === 'decided';
  const requested = requestId !== null || decided;
  return [
    {
      name: 'Order',
      state: ended && !requested ? 'bad' : requested ? 'done' : 'now',
      words:
        ended && !requested
          ? (detail ?? outcome)
          : outcome === 'queued'
            ? (detail ?? 'waits until the node can pay')
            : 'taken by the node',
    },
    { name: 'Request', state: requested ? 'done' : 'open', words: requestId === null ? '' : cut(requestId, 11) },
    {
      name: 'Votes',
      state: decided || (quorum > 0 && votes >= quorum) ? 'done' : requested ? 'now' : 'open',
      words: requested ? `${votes} of ${quorum}` : '',
    },
    {
      name: 'Decision',
      state: decided ? 'done' : ended && requested ? 'bad' : 'open',
      words: decided
        ? `${requesterMs === null ? '' : `after ${milliseconds(requesterMs)}; `}${decidedBy} of ${members} nodes${allMs === null ? '' : ` in ${milliseconds(allMs)}`}`
        : ended && requested
          ? (detail ?? outcome)
          : '',
    },
    {
      name: 'Service',
      state: served === null ? (decided ? 'now' : 'open') : served.phase === 'failed' ? 'bad' : 'done',
      words: served === null ? '' : cut(served.detail === '' ? served.phase : served.detail, 160),
    },
  ];
}

/** `live`: changes are announced; the one that was bought last on this page. */
export function PurchaseLine({ purchase, live }: { readonly purchase: PurchaseAnswer; readonly live: boolean }) {
  const { node, service, priceDcoins, orderedAt, requestId } = purchase;
  return (
    <li class="card purchase" data-order={purchase.orderId}>
      <p class="purchase-title">
        <b>{cut(service, 40)}</b> for node <b>{cut(node, 40)}</b>{' '}
        <span class="muted">
          {plain(priceDcoins)} DCoin, {clockTime(orderedAt)}
        </span>{' '}
        {requestId !== null && <a href={hrefOf('consensus', { request: requestId })}>votes and commits</a>}
      </p>
      <ol class="steps" aria-live={live ? 'polite' : undefined}>
        {stepsOf(purchase).map(({ name, state, words }) => (
          <li key={name} class={state}>
            <span class="step-name">
              <span aria-hidden="true">{SIGNS[state]}</span> {name} <span class="hidden">{STEP_WORDS[state]}</span>
            </span>
            <span class="step-words">{words}</span>
          </li>
        ))}
      </ol>
    </li>
  );
}
