/** A running lab as text: a block that is redrawn on a terminal, or a line for each thing that happens. Pure. */
import { blockTable } from '../cli/block-table.ts';
import type { Style } from '../cli/terminal.ts';
import { onOneLine, shortened } from '../report/markup.ts';
import { millisecondsText, plainNumber } from '../report/quantity-text.ts';
import type { FaultAnswer } from './api/fault-answer-shape.ts';
import type { LiveNode } from './api/frame-shape.ts';
import type { RequestAnswer } from './api/request-shape.ts';
import type { LabStore } from './page/lab-store.ts';

export interface WatchView {
  readonly store: LabStore;
  readonly lab: string;
  readonly profile: string;
  readonly dcoinRate: number;
  /** Characters of a line and lines of the block, at most. */
  readonly columns: number;
  readonly rows: number;
  readonly style: (style: Style, text: string) => string;
}

const DECISIONS_SHOWN = 6;
const FAULTS_SHOWN = 3;
const TEXT_MAX = 60;

const NODE_COLUMNS = [
  { title: 'node' },
  { title: 'state' },
  { title: 'n/q', align: 'right' },
  { title: 'DCoin', align: 'right' },
  { title: 'decided', align: 'right' },
  { title: 'refused', align: 'right' },
] as const;

export function watchLines(view: WatchView): string[] {
  const { store, columns, rows, style } = view;
  if (store.boot === null) return ['waiting for the lab'];
  const head = [headline(view), ...faultLines(view), requestsLine(view)];
  const requests = [...store.requests.values()];
  const last = requests
    .slice(-DECISIONS_SHOWN)
    .map((request) => `${new Date(request.sentAt).toISOString().slice(11, 19)}  ${requestLine(request, store, style)}`);
  const below = last.length === 0 ? ['last requests: none yet'] : ['last requests', ...last.map((line) => `  ${line}`)];
  const nodes = blockTable(
    NODE_COLUMNS,
    [...store.nodes.values()],
    (node) => [
      shortened(onOneLine(node.node), 12),
      stateText(node, style),
      node.n === null ? '-' : `${node.n}/${node.quorum ?? '-'}`,
      node.units === null ? '-' : (node.units / view.dcoinRate).toFixed(1),
      String(node.decisions),
      String(node.refusals),
    ],
    { columnsMax: columns, linesMax: Math.max(3, rows - head.length - below.length) },
    (rest) => `and ${rest.length} more nodes, ${rest.filter(({ state }) => state === 'ready').length} of them up`,
  );
  return [...head, ...nodes, ...below];
}

function headline({ store, lab, profile, style }: WatchView): string {
  const up = [...store.nodes.values()].filter(({ state }) => state === 'ready').length;
  const messages = Object.values(store.messagesPerSecond).reduce((sum, rate) => sum + rate, 0);
  const link = store.link === 'live' ? '' : style('red', '   the lab does not answer, trying again');
  const fabric = store.fabricFailure === null ? '' : style('red', `   the fabric has gone: ${store.fabricFailure}`);
  return `${style('bold', `Lab ${lab}`)}, profile ${profile}: ${up} of ${store.nodes.size} nodes up, ${plainNumber(messages)} messages/s, ${plainNumber(store.decisionsPerSecond)} decisions/s${link}${fabric}`;
}

function faultLines({ store, style }: WatchView): string[] {
  const active = [...store.faults.values()].filter((fault) => fault.active);
  const lines = active
    .slice(0, FAULTS_SHOWN)
    .map(({ title, state }) => `${style('yellow', `fault ${state}`)}  ${shortened(onOneLine(title), TEXT_MAX)}`);
  return active.length > FAULTS_SHOWN ? [...lines, `and ${active.length - FAULTS_SHOWN} more faults`] : lines;
}

function requestsLine({ store, style }: WatchView): string {
  const requests = [...store.requests.values()];
  const count = (wanted: RequestAnswer['state']): number => requests.filter(({ state }) => state === wanted).length;
  const stuck = count('stuck');
  const apart = [...store.wallets.values()].filter(({ agreed }) => !agreed).length;
  const all = store.latency?.all;
  return [
    `requests    ${requests.length}, ${count('everywhere')} decided everywhere`,
    stuck === 0 ? '0 stuck' : style('yellow', `${stuck} stuck`),
    apart === 0 ? 'wallets alike' : style('yellow', `${apart} wallets differ`),
    all == null ? 'no latency yet' : `p50 ${millisecondsText(all.p50)}, p95 ${millisecondsText(all.p95)} to all`,
  ].join('   ');
}

function stateText({ state, paused, behaviours, detail }: LiveNode, style: WatchView['style']): string {
  if (paused) return style('yellow', 'paused');
  if (state !== 'ready') return style('red', detail === null ? state : `${state}: ${shortened(onOneLine(detail), 24)}`);
  return behaviours.length === 0 ? 'up' : style('yellow', shortened(onOneLine(behaviours.join(', ')), 24));
}

/** `node 3 bought espresso: 7 votes, 8.5 ms, everywhere after 12 ms, served`. */
function requestLine(request: RequestAnswer, store: LabStore, style: WatchView['style'] = (_, text) => text): string {
  const { requester, service, state, votes, quorum, requesterMs, allMs, stuck, served } = request;
  const who = `node ${shortened(onOneLine(requester), 12)}`;
  const what = shortened(onOneLine(service), 32);
  if (state === 'stuck')
    return `${style('yellow', 'stuck')}: ${who} asked for ${what}, ${votes.length} votes, ${stuck?.reason ?? ''}: ${shortened(onOneLine(stuck?.detail ?? ''), TEXT_MAX)}`;
  if (state === 'open') return `${who} asked for ${what}: ${votes.length} votes, quorum ${quorum}`;
  const everywhere =
    allMs === null
      ? `, ${request.commits.length} of ${store.nodes.size} nodes`
      : `, everywhere after ${millisecondsText(allMs)}`;
  return `${who} bought ${what}: ${votes.length} votes, ${millisecondsText(requesterMs)}${everywhere}${served === null ? '' : `, service ${onOneLine(served.phase)}`}`;
}

/** What has happened since the last look, a line each; nothing is told twice. */
export class WatchNews {
  readonly #nodes = new Map<string, string>();
  readonly #requests = new Map<string, RequestAnswer['state']>();
  readonly #faults = new Map<string, FaultAnswer['state']>();
  #boot: string | null = null;
  #link: LabStore['link'] = 'connecting';

  /** What was so already when the watching began is not news, except for how the nodes are. */
  take(store: LabStore): string[] {
    const lines: string[] = [];
    if (store.link !== this.#link) {
      if (store.link === 'lost') lines.push('the lab does not answer, trying again');
      else if (this.#link === 'lost') lines.push('the lab answers again');
      this.#link = store.link;
    }
    if (store.boot === null) return lines;
    const begun = store.boot !== this.#boot;
    if (begun) {
      this.#boot = store.boot;
      for (const known of [this.#nodes, this.#requests, this.#faults]) known.clear();
      const up = [...store.nodes.values()].filter(({ state }) => state === 'ready').length;
      lines.push(`${up} of ${store.nodes.size} nodes are up`);
    }
    for (const node of store.nodes.values()) {
      const now = stateText(node, (_, text) => text);
      if (this.#nodes.get(node.seat) === now) continue;
      if (this.#nodes.has(node.seat) || now !== 'up') lines.push(`node ${shortened(onOneLine(node.node), 12)}: ${now}`);
      this.#nodes.set(node.seat, now);
    }
    for (const request of store.requests.values()) {
      const told = this.#requests.get(request.requestId);
      if (told === request.state) continue;
      this.#requests.set(request.requestId, request.state);
      // Decided at the requester is followed by everywhere within moments: one line for both.
      if (!begun && (request.state === 'everywhere' || request.state === 'stuck'))
        lines.push(requestLine(request, store));
    }
    for (const fault of store.faults.values()) {
      if (this.#faults.get(fault.id) === fault.state) continue;
      this.#faults.set(fault.id, fault.state);
      if (!begun || fault.active) lines.push(`fault ${fault.state}: ${shortened(onOneLine(fault.title), TEXT_MAX)}`);
    }
    for (const id of this.#requests.keys()) if (!store.requests.has(id)) this.#requests.delete(id);
    return lines;
  }
}
