/** Requests that are stuck, messages, nodes, surroundings and the way to run it again, as HTML. */
import { STUCK_REASONS } from '../history/stuck-request.ts';
import { codeHtml, columnsOf, seatsHtml, sectionHtml, tableHtml, textHtml } from './html-parts.ts';
import { bytesText, countText, millisecondsText, secondsText } from './quantity-text.ts';
import { commandText } from './replay-command.ts';
import type { RunSummary } from './run-summary.ts';

const STUCK_ROWS_MAX = 150;
const FACTS_MAX = 120;

export function stuckSection({ judgement: { stuck }, orders }: RunSummary): string {
  const waiting = `<p class="soft">Of ${orders.placed} purchases ordered, ${orders.requested} were requested, ${orders.queued} still waited for funds or an earlier request, ${orders.givenUp} were given up, ${orders.refused} refused, ${orders.lost} not answered.</p>`;
  if (stuck.length === 0)
    return sectionHtml('stuck', 'Stuck requests', `<p>No request that was sent is stuck.</p>${waiting}`);
  const classes = STUCK_REASONS.map((reason) => {
    const members = stuck.filter((request) => request.reason === reason);
    return [reason, MEANINGS[reason], String(members.length)];
  }).filter(([, , count]) => count !== '0');
  // Each class is to be seen, however many another one has.
  const each = Math.ceil(STUCK_ROWS_MAX / classes.length);
  const rows = STUCK_REASONS.flatMap((reason) =>
    stuck.filter((request) => request.reason === reason).slice(0, each),
  ).map(({ requestId, requester, service, reason, detail, undecidedAt }) => [
    reason,
    codeHtml(requestId.slice(0, 12)),
    textHtml(requester, 40),
    textHtml(service, 40),
    textHtml(detail, 200),
    seatsHtml(undecidedAt, 12),
  ]);
  const left = stuck.length - rows.length;
  return sectionHtml(
    'stuck',
    'Stuck requests',
    tableHtml(
      `${stuck.length} requests that are not decided on every correct node, by class`,
      columnsOf({ class: 'key', meaning: 'long', requests: 'number' }),
      classes,
    ) +
      tableHtml(
        'Each of them, and why',
        columnsOf({
          class: 'key',
          request: 'word',
          requester: 'text',
          service: 'text',
          why: 'long',
          'undecided at': 'text',
        }),
        rows,
      ) +
      (left > 0 ? `<p class="soft">${left} more are in result.json.</p>` : '') +
      waiting,
  );
}

const MEANINGS: { readonly [R in (typeof STUCK_REASONS)[number]]: string } = {
  double: 'two requests on one State share the votes',
  split: 'votes for different remaining balances, no group reaches the quorum',
  unfunded: 'the balance does not cover the price where it was looked at',
  stale: 'some nodes hold another State of the requester',
  lost: 'messages did not arrive everywhere',
  unexplained: 'none of these fits',
};

export function trafficSection({ traffic }: RunSummary): string {
  if (traffic === null) return sectionHtml('traffic', 'Messages', '<p>No broker counted messages.</p>');
  const classes = [...new Set([...Object.keys(traffic.received), ...Object.keys(traffic.delivered)])];
  const cell = (counted: { readonly messages: number; readonly payloadBytes: number } | undefined): string[] => [
    countText(counted?.messages ?? 0),
    bytesText(counted?.payloadBytes ?? 0),
  ];
  const rows = classes.map((name) => [
    textHtml(name, 40),
    ...cell(traffic.received[name]),
    ...cell(traffic.delivered[name]),
  ]);
  const reasons = (counts: Readonly<Record<string, number>>, none: string): string =>
    Object.keys(counts).length === 0
      ? none
      : Object.entries(counts)
          .map(([reason, count]) => `${textHtml(reason, 40)} ${countText(count)}`)
          .join(', ');
  return sectionHtml(
    'traffic',
    'Messages',
    (rows.length === 0
      ? '<p>No message passed the broker.</p>'
      : tableHtml(
          'Messages and payload bytes by class: received by the broker, and copies delivered to nodes',
          columnsOf({
            class: 'key',
            received: 'number',
            'bytes received': 'number',
            delivered: 'number',
            'bytes delivered': 'number',
          }),
          rows,
        )) +
      `<p>Copies dropped: ${reasons(traffic.dropped, 'none')}. Sent once more after a lost session: ${countText(traffic.redelivered)}. Refused by the broker: ${reasons(traffic.refused, 'nothing')}.</p>`,
  );
}

export function nodesSection({ seats, tookMs }: RunSummary): string {
  const rows = seats.map((seat) => [
    textHtml(seat.seat, 40),
    seat.node === seat.seat ? 'the same' : textHtml(seat.node, 40),
    textHtml(seat.group, 40),
    seat.role === 'honest' ? 'honest' : `<strong>${seat.role}</strong>`,
    `${seat.finalState === 'ready' ? '\u2713' : seat.finalState === 'crashed' ? '\u2717' : '\u2013'} ${seat.finalState}`,
    seat.cpuMs === null ? '\u2013' : secondsText(seat.cpuMs),
    bytesText(seat.rssBytes),
    bytesText(seat.databaseBytes),
    countText(seat.decisions),
    Object.entries(seat.rejections)
      .map(([code, count]) => `${textHtml(code, 40)} ${countText(count)}`)
      .join(', ') || 'none',
  ]);
  return sectionHtml(
    'nodes',
    'Nodes',
    tableHtml(
      `Each seat at the final read, after a run of ${secondsText(tookMs)}; CPU, decisions and refusals since its last start`,
      columnsOf({
        seat: 'key',
        node: 'text',
        group: 'text',
        role: 'word',
        state: 'word',
        CPU: 'number',
        'memory (RSS)': 'number',
        database: 'number',
        decisions: 'number',
        'refused messages': 'text',
      }),
      rows,
    ),
  );
}

export function phasesSection({ phases, gaps }: RunSummary): string {
  const rows = phases.map(({ phase, fromMs, tookMs }) => [phase, secondsText(fromMs), millisecondsText(tookMs)]);
  const missing =
    gaps.length === 0
      ? '<p>No gap in the history is known.</p>'
      : `<p>What may be missing in the history:</p><ul>${gaps
          .slice(0, 50)
          .map((gap) => `<li>${textHtml(gap)}</li>`)
          .join('')}</ul>`;
  return sectionHtml(
    'phases',
    'Phases and gaps',
    tableHtml(
      'Phases; from the beginning of the load',
      columnsOf({ phase: 'key', began: 'number', took: 'number' }),
      rows,
    ) + missing,
  );
}

/** `environment`: manifest.json as it is. */
export function environmentSection(summary: RunSummary, environment: unknown): string {
  const { scenario, profile, seed, runtime, startedAt, tookMs, path } = summary;
  const own: readonly (readonly [string, string])[] = [
    ['scenario', scenario],
    ['profile', profile],
    ['seed', seed],
    ['runtime', runtime],
    ['startedAt', startedAt],
    ['took', secondsText(tookMs)],
    ['run directory', path],
  ];
  const names = new Set(own.map(([name]) => name));
  const facts = [...own, ...flattened(environment, '').filter(([name]) => !names.has(name))];
  const rows = facts.slice(0, FACTS_MAX).map(([name, value]) => [codeHtml(name, 80), textHtml(value, 300)]);
  return sectionHtml(
    'environment',
    'Environment',
    tableHtml('What it ran on and with', columnsOf({ fact: 'key', value: 'long' }), rows) +
      (facts.length > FACTS_MAX ? '<p class="soft">The rest is in manifest.json.</p>' : ''),
  );
}

export function replayHtml({ replay }: RunSummary): string {
  return `<p class="soft">Run it again with the same seed:</p><pre>${textHtml(commandText(replay), 2000)}</pre>`;
}

function flattened(value: unknown, name: string): (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) {
    return name === '' || value === undefined ? [] : [[name, String(value)]];
  }
  if (Array.isArray(value))
    return [
      [
        name,
        value.length === 0
          ? 'none'
          : value.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(', '),
      ],
    ];
  return Object.entries(value).flatMap(([key, inner]) => flattened(inner, name === '' ? key : `${name}.${key}`));
}
