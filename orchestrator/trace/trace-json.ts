/**
 * A run as JSON for programs: what was sent, what each node holds at the end, what it decided, refused and started, and
 * how the expectations came out. Nothing here depends on the time or the machine.
 */
import type { Request, Vote } from '../../node/protocol/message.ts';
import type { Rejection } from '../../node/protocol/rejection.ts';
import type { TraceFailure, TraceRun } from './run-schedule.ts';

export interface TraceJson {
  /** Requests, orders' requests and forged votes by name. */
  readonly messages: Readonly<Record<string, (Request | Vote) & { readonly powHash: string }>>;
  /** Votes cast by nodes, in order; `for` is the name of the request, its id where it has none. */
  readonly votes: readonly {
    readonly voter: string;
    readonly for: string;
    readonly remainingUnits: number;
    readonly nonce: number;
  }[];
  readonly nodes: readonly NodeJson[];
  readonly expectations: {
    readonly passed: number;
    readonly failed: number;
    readonly failures: readonly FailureJson[];
  };
}

export interface NodeJson {
  readonly id: string;
  readonly wallets: Readonly<Record<string, { readonly units: number; readonly stateHash: string }>>;
  /** All decisions in order, over all lives of the node. */
  readonly decided: readonly {
    readonly requester: string;
    readonly request: string;
    readonly stateHash: string;
    readonly voters: readonly string[];
  }[];
  readonly rejected: readonly Rejection[];
  /** Arguments of the services it started, in order. */
  readonly services: readonly string[];
}

export interface FailureJson {
  /** Counted from 1. */
  readonly step: number;
  readonly line: number;
  readonly text: string;
  readonly nodes: readonly string[] | null;
  readonly expected: string;
  readonly found: string;
}

export function traceJson(run: TraceRun): TraceJson {
  const { view } = run;
  const { history } = view;
  return {
    messages: Object.fromEntries(
      [...history.messages].map(([name, message]) => [name, { ...message, powHash: view.powHash(message) }]),
    ),
    votes: history.votes.map(({ voter, requestId, remainingUnits, nonce }) => ({
      voter,
      for: history.requestName(requestId),
      remainingUnits,
      nonce,
    })),
    nodes: view.members.map((id) => nodeJson(run, id)),
    expectations: { passed: run.passed, failed: run.failures.length, failures: run.failures.map(failureJson) },
  };
}

function nodeJson(run: TraceRun, id: string): NodeJson {
  const { view } = run;
  const { history } = view;
  const { wallets } = view.node(id).snapshot();
  return {
    id,
    wallets: Object.fromEntries(wallets.map(({ id, units, stateHash }) => [id, { units, stateHash }])),
    decided: history.decisions(id).map(({ requester, requestId, newState, voters }) => ({
      requester,
      request: history.requestName(requestId),
      stateHash: newState,
      voters,
    })),
    rejected: history.rejections(id),
    services: history.services(id),
  };
}

function failureJson({ step, text, nodes, expected, found }: TraceFailure): FailureJson {
  return { step: step.index + 1, line: step.line, text, nodes, expected, found };
}
