/**
 * A run as text for people: each step with its number, what the nodes did about it, what was expected and found. Nodes
 * that did the same share a line. It says nothing that the run does not hold.
 */
import { GENESIS, type Request, type Vote } from '../../node/protocol/message.ts';
import { nodeList } from '../cli/node-list.ts';
import type { ExpectationResult, TraceView } from './expectations.ts';
import type { StepRecord, TraceFailure, TraceRun } from './run-schedule.ts';
import type { Schedule } from './schedule.ts';
import type { NodeEvent } from './virtual-node.ts';

const INDENT = ' '.repeat(6);

export function headLine(file: string, { profile, members }: Schedule): string {
  const { kind } = profile.membership;
  const quorum = profile.quorum(members.length);
  const size =
    kind === 'configured' ? `quorum ${quorum}` : `quorum ${quorum} where ${members.length} wallets are known`;
  return `${file}: profile ${profile.name}, ${members.length} nodes, ${size}`;
}

/** The lines of one step, without a line break at the end of each. */
export function stepLines(record: StepRecord, view: TraceView): string[] {
  const { members } = view;
  const { step, receivers, deaf, events, results } = record;
  const to = receivers.length === 0 ? '' : ` to ${nodeList(receivers, members)}`;
  const down = deaf.length === 0 ? '' : ` (${nodeList(deaf, members)} down)`;
  const as = 'as' in step.body && step.body.as !== undefined ? ` as ${step.body.as}` : '';
  const times = 'times' in step.body && (step.body.times ?? 1) > 1 ? `, ${step.body.times} times` : '';
  return [
    `${String(step.index + 1).padStart(4)}  ${record.text}${madeText(record, view)}${as}${to}${times}${down}`,
    ...reactions(events, view),
    ...results.map((result) => INDENT + resultText(result, members)),
  ];
}

export function closingLines(run: TraceRun): string[] {
  const { passed, failures } = run;
  const counts =
    passed + failures.length === 0
      ? 'it expects nothing, so nothing was checked'
      : `${passed} expectations passed, ${failures.length} failed`;
  return [
    ...failureLines(failures, run.schedule.members),
    `${run.records.length} steps, ${run.view.history.votes.length} votes cast, ${counts}`,
  ];
}

export function failureLines(failures: readonly TraceFailure[], members: readonly string[]): string[] {
  return failures.map(
    ({ step, ...failure }) => `step ${step.index + 1}, line ${step.line}: ${resultText(failure, members)}`,
  );
}

function resultText({ text, nodes, passed, expected, found }: ExpectationResult, members: readonly string[]): string {
  const where = nodes === null ? '' : ` at ${nodeList(nodes, members)}`;
  return passed ? `pass  ${text}${where}: ${expected}` : `FAIL  ${text}${where}: expected ${expected}, found ${found}`;
}

/** Nonce, work and State of what a step made. */
function madeText({ step }: StepRecord, view: TraceView): string {
  if (step.kind !== 'request' && step.kind !== 'vote') return '';
  const name = step.kind === 'request' ? step.body.request.name : step.body.vote.name;
  const message = view.history.messages.get(name);
  if (message === undefined) return '';
  return `, State ${stateText(message.state)}, nonce ${message.nonce} (${view.powHash(message).slice(0, 8)})`;
}

/** One line for each group of nodes that did the same. */
function reactions(events: StepRecord['events'], view: TraceView): string[] {
  const byNode = new Map<string, string[]>();
  for (const [node, event] of events) {
    const text = eventText(event, view);
    if (text !== null) byNode.set(node, [...(byNode.get(node) ?? []), text]);
  }
  const groups = new Map<string, string[]>();
  for (const [node, texts] of byNode) {
    const text = joined(texts);
    groups.set(text, [...(groups.get(text) ?? []), node]);
  }
  return [...groups].map(([text, nodes]) => `${INDENT}${nodeList(nodes, view.members)}: ${text}`);
}

/** Equal neighbours counted, not repeated. */
function joined(texts: readonly string[]): string {
  const runs: { text: string; count: number }[] = [];
  for (const text of texts) {
    const last = runs.at(-1);
    if (last?.text === text) last.count++;
    else runs.push({ text, count: 1 });
  }
  return runs.map(({ text, count }) => (count === 1 ? text : `${text} (${count} times)`)).join('; ');
}

/** Null for what goes without saying: rows stored, timers, rewards (they are in the decision). */
function eventText(event: NodeEvent, view: TraceView): string | null {
  switch (event.kind) {
    case 'publish': {
      const { message } = event;
      if (message.kind === 'vote') {
        const { requestId, remainingUnits } = message as Vote;
        return `votes for ${view.history.requestName(requestId)}, ${remainingUnits} units remain`;
      }
      return message.kind === 'request' ? `sends request ${view.history.requestName((message as Request).id)}` : null;
    }
    case 'settled': {
      const { requester, requestId, newState, remainingUnits, voters, rewarded, rewardUnits } = event.decision;
      return (
        `decides ${view.history.requestName(requestId)} by votes of ${voters.join(', ')}: wallet ${requester} at ${remainingUnits} units, ` +
        `State ${stateText(newState)}; ${rewardUnits} units each to ${rewarded.length === 0 ? 'nobody' : rewarded.join(', ')}`
      );
    }
    case 'execute':
      return `starts ${event.decision.service} with ${event.argument.replace(/[0-9A-Fa-f]{64}/, stateText)}`;
    case 'rejected': {
      const { code, message, where, expected, found } = event.rejection;
      const evidence = named(`${where}: expected ${expected}, found ${found}`, view);
      return `refuses a ${message === 'unknown' ? 'message' : message}: ${code} (${evidence})`;
    }
    case 'credited':
      return event.cause === 'sensor' ? `credits wallet ${event.wallet} with ${event.units} unit` : null;
    case 'order':
      return event.outcome === 'requested'
        ? `order ${event.orderId}: requested`
        : `order ${event.orderId}: ${event.outcome}, ${event.reason}`;
    case 'crashed':
      return `crashes with ${event.unsent} message${event.unsent === 1 ? '' : 's'} unsent`;
    default:
      return null;
  }
}

/** Names in place of the ids of requests, the first digits of other hashes. */
function named(text: string, { history }: TraceView): string {
  return text.replace(/[0-9A-Fa-f]{64}/g, (hash) =>
    history.requestName(hash) === hash ? stateText(hash) : history.requestName(hash),
  );
}

function stateText(state: string): string {
  return state === GENESIS ? 'genesis' : state.slice(0, 8);
}
