/** One request on the time line, and in words when it is opened. */
import { useMemo } from 'preact/hooks';
import type { RequestAnswer } from '../../api/request-shape.ts';
import { quorumMark } from '../quorum-mark.ts';
import { clockTime, counted, cut, milliseconds, plain } from '../wording.ts';

const WIDTH = 600;
const LEFT = 8;

const STATES: Readonly<Record<RequestAnswer['state'], string>> = {
  open: '\u2026 pending',
  decided: '\u25d0 decided',
  everywhere: '\u25cf everywhere',
  stuck: '! stuck',
};

interface RequestRowProps {
  readonly request: RequestAnswer;
  /** Of the time line, in milliseconds. */
  readonly endMs: number;
  readonly open: boolean;
  readonly onToggle: (requestId: string) => void;
}

export function RequestRow({ request, endMs, open, onToggle }: RequestRowProps) {
  // Entries are replaced when they change.
  return useMemo(() => {
    const { requestId, requester, service, state, sentAt, votes, commits, quorum, members, requesterMs } = request;
    const { agreeing } = quorumMark(request);
    return (
      <div class="request-row" data-request={requestId}>
        <div class="what">
          <button type="button" class="as-link" aria-expanded={open} onClick={() => onToggle(requestId)}>
            {cut(requestId, 9)}
          </button>{' '}
          {cut(service, 32)} for {cut(requester, 24)} <span class="muted">{clockTime(sentAt)}</span>
        </div>
        <div class="line">
          <Track request={request} endMs={endMs} />
        </div>
        <div class="how">
          <span class={`badge ${state}`}>{STATES[state]}</span>
          <br />
          <span class="muted">
            {agreeing < quorum
              ? `${agreeing} of ${quorum} votes alike`
              : `${counted(votes.length, 'vote')}, quorum ${quorum}`}
            {requesterMs === null ? '' : `, ${milliseconds(requesterMs)}`}
          </span>
        </div>
        {open && <Details request={request} />}
        <span class="hidden">
          {commits.length} of {members} nodes have decided
        </span>
      </div>
    );
  }, [request, endMs, open, onToggle]);
}

function Track({ request, endMs }: { readonly request: RequestAnswer; readonly endMs: number }) {
  const { votes, commits } = request;
  const x = (ms: number): string => (LEFT + (Math.min(ms, endMs) / endMs) * (WIDTH - 2 * LEFT)).toFixed(1);
  const { reachedAt } = quorumMark(request);
  const reached = reachedAt === null ? undefined : votes[reachedAt];
  const words = `${votes.length} votes, ${commits.length} commits${reached === undefined ? '' : `, quorum after ${milliseconds(reached.afterMs)}`}`;
  return (
    <svg class="track" viewBox={`0 0 ${WIDTH} 34`} preserveAspectRatio="none" role="img" aria-label={words}>
      <line class="base" x1={LEFT} y1={17} x2={WIDTH - LEFT} y2={17} />
      <path class="votes" d={votes.map(({ afterMs }) => `M${x(afterMs)} 4V16`).join('')} />
      <path class="commits" d={commits.map(({ afterMs }) => `M${x(afterMs)} 18V30`).join('')} />
      {reached !== undefined && <line class="quorum" x1={x(reached.afterMs)} y1={0} x2={x(reached.afterMs)} y2={34} />}
      <rect class="asked" x={LEFT - 4} y={11} width={6} height={12} />
    </svg>
  );
}

function Details({ request }: { readonly request: RequestAnswer }) {
  const { votes, commits, requestId, previousState, newState, priceDcoins, served, stuck, receivedBy, members, allMs } =
    request;
  const { reachedAt } = quorumMark(request);
  return (
    <div class="details two">
      <dl>
        <Fact name="request">
          <code>{requestId}</code>
        </Fact>
        <Fact name="price">{plain(priceDcoins)} DCoin</Fact>
        <Fact name="on State">
          <code>{cut(previousState, 20)}</code>
        </Fact>
        <Fact name="new State">{newState === null ? 'none yet' : <code>{cut(newState, 20)}</code>}</Fact>
        <Fact name="received by">
          {receivedBy.length} of {members}
        </Fact>
        <Fact name="all decided">
          {allMs === null ? `${commits.length} of ${members} so far` : `after ${milliseconds(allMs)}`}
        </Fact>
        <Fact name="service">
          {served === null
            ? 'not yet'
            : cut([served.phase, served.detail].filter((text) => text !== '').join(': '), 240)}
        </Fact>
        {stuck !== null && (
          <Fact name="stuck">
            {stuck.reason}: {cut(stuck.detail, 300)}
          </Fact>
        )}
      </dl>
      <table>
        <caption>Votes, as they were cast</caption>
        <thead>
          <tr>
            <th scope="col">Voter</th>
            <th scope="col" class="number">
              After
            </th>
            <th scope="col" class="number">
              Remaining
            </th>
          </tr>
        </thead>
        <tbody>
          {votes.map(({ voter, afterMs, remainingUnits }, index) => (
            <tr key={`${voter} ${index}`}>
              <td>
                {cut(voter, 24)} {index === reachedAt && <b>quorum</b>}
              </td>
              <td class="number">{milliseconds(afterMs)}</td>
              <td class="number">{remainingUnits} u</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <caption>Commits of nodes</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col" class="number">
              After
            </th>
          </tr>
        </thead>
        <tbody>
          {commits.map(({ seat, afterMs }) => (
            <tr key={seat}>
              <td>
                {cut(seat, 24)} {seat === request.seat && <b>requester</b>}
              </td>
              <td class="number">{milliseconds(afterMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
