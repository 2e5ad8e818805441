/** Requests on their way: one row each on a time line, newest first, those that are stuck before all others. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { LatencyAnswer, RequestAnswer } from '../../api/request-shape.ts';
import { useTopics } from '../lab-context.ts';
import { Empty } from '../notice.tsx';
import { counted, cut, milliseconds, plain } from '../wording.ts';
import { RequestRow } from './request-row.tsx';

const REQUESTS_SHOWN = 30;
const STUCK_SHOWN = 10;

export function ConsensusView({ query }: { readonly query: URLSearchParams }) {
  const store = useTopics('lab', 'requests');
  const [open, setOpen] = useState<string | null>(query.get('request'));
  const wanted = query.get('request');
  const toggle = useCallback((requestId: string) => setOpen((before) => (before === requestId ? null : requestId)), []);
  useEffect(() => setOpen(wanted), [wanted]);
  if (!store.heard.has('requests')) return <Empty>Waiting for the requests.</Empty>;
  const all = [...store.requests.values()].sort((a, b) => b.sentAt - a.sentAt);
  const stuck = all.filter(({ state }) => state === 'stuck');
  const pending = all.filter(({ state }) => state === 'open');
  const recent = all.slice(0, REQUESTS_SHOWN);
  const asked = open === null ? undefined : store.requests.get(open);
  const shown = asked === undefined || recent.includes(asked) ? recent : [asked, ...recent];
  const endMs = niceEnd(Math.max(1, ...shown.map(lastMs)));
  return (
    <>
      <div class="title-row">
        <h1>Consensus</h1>
        <p class="summary">
          {counted(all.length, 'request')} kept, {pending.length} pending, {stuck.length} stuck
        </p>
      </div>
      {wanted !== null && !store.requests.has(wanted) && (
        <p class="notice warn">
          Request <code>{cut(wanted, 20)}</code> is not kept any more, or was never heard of.
        </p>
      )}
      <Latency latency={store.latency} />
      {stuck.length > 0 && <Stuck stuck={stuck} onOpen={setOpen} />}
      {all.length === 0 ? (
        <Empty>
          No request yet. <a href="#/services">Buy something</a>, and watch it being voted on.
        </Empty>
      ) : (
        <>
          <p class="legend">
            From the request, over {milliseconds(endMs)}: <span class="key vote">votes</span>{' '}
            <span class="key quorum">quorum</span> <span class="key commit">commits of nodes</span>
          </p>
          <div class="scroll requests">
            {shown.map((request) => (
              <RequestRow
                key={request.requestId}
                request={request}
                endMs={endMs}
                open={request.requestId === open}
                onToggle={toggle}
              />
            ))}
          </div>
          {all.length > REQUESTS_SHOWN && (
            <p class="muted">{counted(all.length - REQUESTS_SHOWN, 'older request')} not shown.</p>
          )}
        </>
      )}
    </>
  );
}

/** Of what is drawn on the time line; a straggler after seconds would squeeze the rest into nothing. */
function lastMs({ votes, commits }: RequestAnswer): number {
  const last = Math.max(votes.at(-1)?.afterMs ?? 0, commits.at(-1)?.afterMs ?? 0);
  return Math.min(last, 2000);
}

function niceEnd(ms: number): number {
  const unit = 10 ** Math.floor(Math.log10(ms));
  return unit * ([1, 2, 5, 10].find((step) => step * unit >= ms) ?? 10);
}

function Latency({ latency }: { readonly latency: LatencyAnswer | null }) {
  const rows = [
    ['at the requester', latency?.requester ?? null],
    ['at all nodes', latency?.all ?? null],
  ] as const;
  if (rows.every(([, distribution]) => distribution === null)) return null;
  return (
    <div class="scroll">
      <table class="latency">
        <caption class="hidden">Time from request to decision</caption>
        <thead>
          <tr>
            <th scope="col">Decided</th>
            {['p50', 'p95', 'p99', 'max', 'requests'].map((name) => (
              <th key={name} scope="col" class={name === 'max' ? 'number wide' : 'number'}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, distribution]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {distribution === null ? (
                <td colSpan={5} class="muted">
                  none yet
                </td>
              ) : (
                <>
                  {[distribution.p50, distribution.p95, distribution.p99, distribution.max].map((ms, index) => (
                    <td key={index} class={index === 3 ? 'number wide' : 'number'}>
                      {milliseconds(ms)}
                    </td>
                  ))}
                  <td class="number">{plain(distribution.count)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Stuck({
  stuck,
  onOpen,
}: {
  readonly stuck: readonly RequestAnswer[];
  readonly onOpen: (requestId: string) => void;
}) {
  return (
    <section class="notice bad" aria-label="Stuck requests">
      <h2>{counted(stuck.length, 'stuck request')}</h2>
      <ul>
        {stuck.slice(0, STUCK_SHOWN).map(({ requestId, requester, service, stuck: why }) => (
          <li key={requestId}>
            <button type="button" class="as-link" onClick={() => onOpen(requestId)}>
              {cut(requestId, 9)}
            </button>{' '}
            node {cut(requester, 24)}, {cut(service, 32)}: <b>{why?.reason ?? 'unexplained'}</b>
            {why !== null && `: ${cut(why.detail, 200)}`}
            {why !== null && why.undecidedAt.length > 0 && `; undecided at ${cut(why.undecidedAt.join(', '), 80)}`}
          </li>
        ))}
      </ul>
      {stuck.length > STUCK_SHOWN && <p>{stuck.length - STUCK_SHOWN} more.</p>}
    </section>
  );
}
