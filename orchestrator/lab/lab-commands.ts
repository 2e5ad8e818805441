/**
 * What a running lab is asked over its command socket: the requests, their answers, and the handler. What is done is
 * lab-operations.ts, the same that the HTTP interface calls.
 */
import type { OrderMode } from '../../node/protocol/step.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import { Failure } from '../failure.ts';
import type { WalletDifference } from '../history/wallet-agreement.ts';
import type { ExternalSeat } from './boards.ts';
import type { CommandHandler } from './command-socket.ts';
import type { LabOperations } from './lab-operations.ts';
import type { LabPlan } from './lab-plan.ts';
import type { SeatState, SeatView } from './lab-view.ts';
import type { Purchase } from './purchase-watch.ts';

export type LabRequest =
  /** Answered once the lab is ready. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'status' }
  | {
      readonly kind: 'buy';
      readonly node: string;
      readonly service: string;
      readonly mode: OrderMode;
      /** Wait for the decision. */
      readonly follow: boolean;
      /** For the decision at the requester. */
      readonly timeoutMs: number;
    }
  /** Values shared as if the node's sensor had measured them. Answered once they are on their way to the node. */
  | {
      readonly kind: 'sample';
      readonly node: string;
      readonly topic: string;
      readonly value: number;
      readonly count: number;
    }
  | { readonly kind: 'start'; readonly node: string }
  | { readonly kind: 'stop'; readonly node: string; readonly kill: boolean }
  | { readonly kind: 'restart'; readonly node: string; readonly kill: boolean }
  /** Brings the files of a node where they can be read. */
  | { readonly kind: 'collect'; readonly node: string }
  /** Answered once everything has stopped but the lab process itself. */
  | { readonly kind: 'down' };

export interface LabSummary {
  readonly plan: LabPlan;
  readonly fabricUrl: string | null;
  readonly controlUrl: string;
  /** Of the page and its API; null where there is none. Where changes need a token, it is not part of it. */
  readonly dashboardUrl: string | null;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** True when at least one node found wallets of an earlier start. */
  readonly continued: boolean;
  /** Seats for nodes that are started elsewhere, and how; none in an attached lab. */
  readonly external: readonly ExternalSeat[];
}

export interface LabStatus extends Omit<LabSummary, 'external'> {
  readonly running: true;
  /** How they are started is told at the start alone: it has passwords in it. */
  readonly external: readonly Omit<ExternalSeat, 'command'>[];
  readonly nodes: readonly SeatView[];
  /** Wallets on which the nodes that answered differ. */
  readonly differences: readonly WalletDifference[];
  readonly fabric: BrokerStats | null;
  readonly fabricFailure: string | null;
  readonly control: BrokerStats;
}

export interface DownResult {
  /** Messages that were waiting for nodes which were down already, by node: they are lost. */
  readonly missed: Readonly<Record<string, number>>;
}

export type BuyEvent =
  | { readonly kind: 'queued'; readonly reason: string }
  /** While an order waits: what the node holds, and what the purchase takes. */
  | { readonly kind: 'funds'; readonly units: number; readonly neededUnits: number }
  | { readonly kind: 'requested'; readonly requestId: string };

/** A node after a command. */
export interface SeatChange {
  readonly seat: string;
  readonly node: string;
  readonly state: SeatState;
  readonly detail: string | null;
}

export interface SamplesTaken {
  readonly seat: string;
  readonly node: string;
  readonly topic: string;
  readonly value: number;
  readonly count: number;
}

export interface BuyResult {
  /** `undecided`: a command has waited for the decision in vain. */
  readonly outcome: 'ordered' | 'queued' | 'requested' | 'decided' | 'undecided' | 'refused' | 'lost';
  /** Why it waits, was refused or lost. */
  readonly detail: string | null;
  readonly orderId: string;
  /** Unix milliseconds. */
  readonly orderedAt: number;
  readonly node: string;
  readonly seat: string;
  readonly service: string;
  readonly priceDcoins: number;
  readonly mode: OrderMode;
  readonly requestId: string | null;
  /** Counted at the requester. */
  readonly votes: number;
  readonly quorum: number;
  readonly remainingUnits: number | null;
  /** From the request to the decision at the requester; null where it is not known. */
  readonly requesterMs: number | null;
  /** To the last node's decision, where all have decided. */
  readonly allMs: number | null;
  readonly decidedBy: number;
  readonly members: number;
  /** Times of nodes on other machines are off by this at most; 0: all clocks are the same one, null: not known. */
  readonly clockErrorMs: number | null;
  readonly served: Purchase['served'];
}

/** `operations` resolves when the lab is ready and rejects when it could not start. */
export function labCommands(operations: Promise<LabOperations>, down: () => Promise<DownResult>): CommandHandler {
  const perform = async (
    request: LabRequest,
    emit: (event: unknown) => void,
    signal: AbortSignal,
  ): Promise<unknown> => {
    // Also a lab that is only just starting can be stopped.
    if (request.kind === 'down') return down();
    const lab = await operations;
    switch (request.kind) {
      case 'hello':
        return lab.summary;
      case 'status':
        return lab.status();
      case 'buy':
        return lab.buy(request, emit as (event: BuyEvent) => void, signal);
      case 'sample': {
        const { topic, value, count } = request;
        return lab.sample(request.node, { topic, value, count });
      }
      case 'start':
        return lab.change(request.node, 'start');
      case 'stop':
        return lab.change(request.node, request.kill ? 'kill' : 'stop');
      case 'restart':
        return lab.change(request.node, 'restart', request.kill);
      case 'collect':
        return lab.collect(request.node);
    }
  };
  return async (request, emit, signal) => {
    const { kind } = request as { readonly kind?: unknown };
    const known = ['hello', 'status', 'buy', 'sample', 'start', 'stop', 'restart', 'collect', 'down'];
    if (!known.includes(kind as string))
      throw new Failure('usage', `request: expected one of ${known.join(', ')}, got ${String(kind)}`);
    return (await perform(request as LabRequest, emit, signal)) ?? null;
  };
}
