/**
 * Orders that this lab process placed, whoever asked for them, and what became of each: told by the nodes' answers, and
 * by the purchases that are followed live. Keeps the last ones only.
 */
import { randomUUID } from 'node:crypto';
import type { OrderResult } from '../../node/host/control-protocol.ts';
import { quorum } from '../../node/protocol/quorum.ts';
import type { OrderMode } from '../../node/protocol/step.ts';
import { Failure, messageOf } from '../failure.ts';
import type { Lab } from './lab.ts';
import type { BuyResult } from './lab-commands.ts';
import { membersOf } from './lab-plan.ts';

export const ORDERS_KEPT = 500;

export interface PlacedOrder {
  readonly orderId: string;
  /** Unix milliseconds. */
  readonly orderedAt: number;
  readonly node: string;
  readonly seat: string;
  readonly service: string;
  readonly priceDcoins: number;
  readonly mode: OrderMode;
  /** What the node said last; `lost`: it did not answer, and may have taken the order. */
  state: 'ordered' | 'queued' | 'requested' | 'refused' | 'lost';
  detail: string | null;
  /** The node's reason, where it refused an order that is one. */
  refusal: string | null;
  requestId: string | null;
  clockErrorMs: number | null;
}

type OrderLab = Pick<Lab, 'plan' | 'order' | 'watchOrders' | 'purchases' | 'measureClocks'>;

export class OrderBook {
  readonly #lab: OrderLab;
  readonly #quorum: number;
  readonly #members: number;
  readonly #orders = new Map<string, PlacedOrder>();
  readonly #ofRequest = new Map<string, PlacedOrder>();
  readonly #watchers = new Set<(order: PlacedOrder) => void>();

  constructor(lab: OrderLab) {
    this.#lab = lab;
    const { parameters, seats } = lab.plan;
    this.#members = seats.length;
    this.#quorum = quorum(parameters.majorityThreshold, membersOf(seats).length, parameters.quorumRounding);
    lab.watchOrders((result) => this.#answered(result));
    lab.purchases.watch(({ requestId }) => {
      const order = this.#ofRequest.get(requestId);
      if (order !== undefined) this.#tell(order);
    });
  }

  /** In the order in which they were placed. */
  get orders(): Iterable<PlacedOrder> {
    return this.#orders.values();
  }

  find(orderId: string): PlacedOrder | undefined {
    return this.#orders.get(orderId);
  }

  /** Calls `watcher` after each change of any order; returns what ends that. */
  watch(watcher: (order: PlacedOrder) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Resolves with the node's first answer: the order is queued, requested or refused then. Throws a Failure where the
   * node is away or does not answer.
   */
  async place(node: string, service: string, mode: OrderMode): Promise<PlacedOrder> {
    const { plan } = this.#lab;
    const order: PlacedOrder = {
      orderId: randomUUID(),
      orderedAt: Date.now(),
      node,
      seat: plan.seats.find((candidate) => candidate.node === node)?.seat ?? node,
      service,
      priceDcoins: plan.services.find(({ name }) => name === service)?.priceDcoins ?? 0,
      mode,
      state: 'ordered',
      detail: null,
      refusal: null,
      requestId: null,
      clockErrorMs: await this.#lab.measureClocks(),
    };
    this.#keep(order);
    try {
      this.#answered(await this.#lab.order(order.seat, service, mode, order.orderId));
    } catch (error) {
      order.state = 'lost';
      order.detail = messageOf(error);
      this.#tell(order);
      throw error;
    }
    return order;
  }

  /** What is known of it now. */
  result(order: PlacedOrder): BuyResult {
    const { requestId, node } = order;
    const purchase = requestId === null ? undefined : this.#lab.purchases.find(requestId);
    const sentAtMs = purchase?.sentAtMs ?? null;
    const decided = [...(purchase?.decidedAtMs.values() ?? [])];
    const atRequester = purchase?.decidedAtMs.get(node);
    return {
      outcome: atRequester === undefined ? order.state : 'decided',
      detail: order.detail,
      orderId: order.orderId,
      orderedAt: order.orderedAt,
      node,
      seat: order.seat,
      service: order.service,
      priceDcoins: order.priceDcoins,
      mode: order.mode,
      requestId,
      votes: purchase?.votes ?? 0,
      quorum: this.#quorum,
      remainingUnits: purchase?.remainingUnits ?? null,
      requesterMs: sentAtMs === null || atRequester === undefined ? null : atRequester - sentAtMs,
      allMs: sentAtMs === null || decided.length < this.#members ? null : Math.max(...decided) - sentAtMs,
      decidedBy: decided.length,
      members: this.#members,
      clockErrorMs: order.clockErrorMs,
      served: purchase?.served ?? null,
    };
  }

  #answered(result: OrderResult): void {
    const order = this.#orders.get(result.orderId);
    if (order === undefined || order.requestId !== null) return;
    switch (result.outcome) {
      case 'requested':
        order.state = 'requested';
        order.detail = null;
        order.requestId = result.requestId;
        this.#ofRequest.set(result.requestId, order);
        break;
      case 'queued':
        order.state = 'queued';
        order.detail = result.reason;
        break;
      case 'refused':
        order.refusal = result.reason;
        order.state = 'refused';
        order.detail = result.detail;
        break;
      case 'invalid':
        order.state = 'refused';
        order.detail = result.detail;
        break;
    }
    this.#tell(order);
  }

  #keep(order: PlacedOrder): void {
    this.#orders.set(order.orderId, order);
    if (this.#orders.size > ORDERS_KEPT) {
      const [oldest] = this.#orders.values();
      this.#orders.delete(oldest!.orderId);
      if (oldest!.requestId !== null) this.#ofRequest.delete(oldest!.requestId);
    }
    this.#tell(order);
  }

  #tell(order: PlacedOrder): void {
    for (const watcher of this.#watchers) watcher(order);
  }
}

/** Throws a Failure where the node did not take the order. */
export function requireTaken({ node, state, detail, refusal }: PlacedOrder): void {
  if (state !== 'refused') return;
  if (refusal === null) throw new Failure('usage', `node ${node} refuses the order: ${detail}`);
  throw new Failure('refused', `node ${node} refuses: ${detail}`);
}
