/**
 * What a running lab does when it is asked to, over its command socket: the requests, their answers, and the handler.
 */
import { randomUUID } from 'node:crypto';
import type { OrderMode } from '../../node/protocol/step.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import { Failure } from '../failure.ts';
import { type WalletDifference, walletDifferences } from '../history/wallet-agreement.ts';
import type { ExternalSeat } from './boards.ts';
import type { CommandHandler } from './command-socket.ts';
import type { Lab } from './lab.ts';
import type { LabPlan } from './lab-plan.ts';
import type { SeatView } from './lab-view.ts';
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
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** True when at least one node found wallets of an earlier start. */
  readonly continued: boolean;
  /** Seats for nodes that are started elsewhere, and how; none in an attached lab. */
  readonly external: readonly ExternalSeat[];
}

export interface LabStatus extends LabSummary {
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

export interface BuyResult {
  readonly outcome: 'queued' | 'requested' | 'decided' | 'undecided';
  readonly orderId: string;
  readonly node: string;
  readonly service: string;
  readonly requestId: string | null;
  readonly votes: number;
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

/** How often a waiting purchase says what the node holds. */
const FUNDS_MS = 2000;
/** After the requester's decision: the other nodes' and the end of the service. */
const REST_MS_MAX = 3000;

/** `summary` resolves when the lab is ready and rejects when it could not start; `shutDown` stops the lab. */
export function labCommands(lab: Lab, summary: Promise<LabSummary>, shutDown: () => Promise<void>): CommandHandler {
  const perform = async (
    request: LabRequest,
    emit: (event: unknown) => void,
    signal: AbortSignal,
  ): Promise<unknown> => {
    // Also a lab that is only just starting can be stopped.
    if (request.kind === 'down') {
      const missed = Object.fromEntries(await lab.missedByStopped());
      await shutDown();
      return { missed } satisfies DownResult;
    }
    const ready = await summary;
    switch (request.kind) {
      case 'hello':
        return ready;
      case 'status':
        return status(lab, ready);
      case 'buy':
        return buy(lab, request, emit as (event: BuyEvent) => void, signal);
      case 'sample': {
        const { topic, value, count } = request;
        return lab.sample(seatOf(lab, request.node), { topic, value, count });
      }
      case 'start':
        return lab.startNode(request.node);
      case 'stop':
        return lab.stopNode(request.node, request.kill);
      case 'restart':
        return lab.restartNode(request.node, request.kill);
      case 'collect':
        return lab.collectNode(request.node);
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

async function status(lab: Lab, summary: LabSummary): Promise<LabStatus> {
  const [nodes, fabric] = await Promise.all([lab.view(), lab.fabric.stats()]);
  const views = new Map(
    nodes.flatMap(({ node, report }) => (report === null ? [] : [[node, report.wallets] as const])),
  );
  return {
    ...summary,
    nodes,
    differences: walletDifferences(views),
    fabric,
    fabricFailure: lab.fabric.failure,
    control: lab.controlStats(),
  };
}

async function buy(
  lab: Lab,
  { node, service, mode, follow, timeoutMs }: Extract<LabRequest, { kind: 'buy' }>,
  emit: (event: BuyEvent) => void,
  signal: AbortSignal,
): Promise<BuyResult> {
  const seat = seatOf(lab, node);
  const orderId = randomUUID();
  const changes = new Changes();
  let requestId: string | null = null;
  const priceDcoins = lab.plan.services.find(({ name }) => name === service)?.priceDcoins ?? 0;
  const neededUnits = priceDcoins * lab.plan.parameters.dcoinRate;
  const tellFunds = async (): Promise<void> => {
    const own = (await lab.report(seat, FUNDS_MS))?.wallets.find(({ id }) => id === node);
    if (own !== undefined && requestId === null) emit({ kind: 'funds', units: own.units, neededUnits });
  };
  const stopOrders = lab.watchOrders((result) => {
    if (result.orderId !== orderId || result.outcome !== 'requested' || requestId !== null) return;
    requestId = result.requestId;
    emit({ kind: 'requested', requestId });
    changes.notify();
  });
  const stopPurchases = lab.purchases.watch((purchase) => {
    if (purchase.requestId === requestId) changes.notify();
  });
  const onAbort = (): void => changes.notify();
  signal.addEventListener('abort', onAbort);
  let funds: NodeJS.Timeout | undefined;
  try {
    const clockErrorMs = await lab.measureClocks();
    const first = await lab.order(seat, service, mode, orderId);
    if (first.outcome === 'refused') {
      const hint = first.reason === 'insufficient-funds' || first.reason === 'request-pending' ? HINT : '';
      throw new Failure('refused', `node ${node} refuses: ${first.detail}${hint}`);
    }
    if (first.outcome === 'invalid') throw new Failure('usage', `node ${node} refuses the order: ${first.detail}`);
    if (first.outcome === 'queued') {
      emit({ kind: 'queued', reason: first.reason });
      if (follow) funds = setInterval(() => void tellFunds(), FUNDS_MS);
    }
    const current = (): Purchase | undefined => (requestId === null ? undefined : lab.purchases.find(requestId));
    if (follow) {
      const decided = await changes.until(() => signal.aborted || current()?.decidedAtMs.has(node) === true, timeoutMs);
      // Who is down decides when it is back: not waited for.
      const running = lab.plan.seats.filter((place) => lab.isUp(place.seat)).length;
      if (decided) {
        await changes.until(
          () => signal.aborted || ((current()?.decidedAtMs.size ?? 0) >= running && current()?.served !== null),
          REST_MS_MAX,
        );
      }
    }
    return { ...buyResult(lab, orderId, node, service, requestId, current(), follow), clockErrorMs };
  } finally {
    clearInterval(funds);
    stopOrders();
    stopPurchases();
    signal.removeEventListener('abort', onAbort);
  }
}

function seatOf(lab: Lab, node: string): string {
  return lab.plan.seats.find((candidate) => candidate.node === node)?.seat ?? node;
}

const HINT = '\n  --wait keeps the order until it can be requested, --force requests it all the same';

function buyResult(
  lab: Lab,
  orderId: string,
  node: string,
  service: string,
  requestId: string | null,
  purchase: Purchase | undefined,
  follow: boolean,
): Omit<BuyResult, 'clockErrorMs'> {
  const members = lab.plan.seats.length;
  const sentAtMs = purchase?.sentAtMs ?? null;
  const decided = [...(purchase?.decidedAtMs.values() ?? [])];
  const atRequester = purchase?.decidedAtMs.get(node);
  const undecided = requestId === null ? 'queued' : follow ? 'undecided' : 'requested';
  return {
    outcome: atRequester !== undefined ? 'decided' : follow ? 'undecided' : undecided,
    orderId,
    node,
    service,
    requestId,
    votes: purchase?.votes ?? 0,
    remainingUnits: purchase?.remainingUnits ?? null,
    requesterMs: sentAtMs === null || atRequester === undefined ? null : atRequester - sentAtMs,
    allMs: sentAtMs === null || decided.length < members ? null : Math.max(...decided) - sentAtMs,
    decidedBy: decided.length,
    members,
    served: purchase?.served ?? null,
  };
}

/** Lets one waiter look again whenever something changed. */
class Changes {
  #look: (() => void) | null = null;

  notify(): void {
    this.#look?.();
  }

  /** True once `holds`; false when `timeoutMs` passed first. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((done) => {
      const finish = (result: boolean): void => {
        clearTimeout(timer);
        this.#look = null;
        done(result);
      };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.#look = () => {
        if (holds()) finish(true);
      };
    });
  }
}
