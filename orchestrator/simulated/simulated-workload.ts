/**
 * The purchases of a run in virtual time, as run/workload.ts orders them in a live one: open loop at their planned
 * times, closed loop one after another. Every change of an order is an event of the run.
 */
import type { OrderMode, OrderOutcome } from '../../node/protocol/step.ts';
import { perform, type Script, Signal } from '../../node/simulation/script.ts';
import type { NewRunEvent } from '../run/run-log.ts';
import type { ClosedStream, Workload } from '../scenario/scenario-plan.ts';
import type { SimulatedLab } from './simulated-lab.ts';

export interface WorkloadOptions {
  readonly lab: SimulatedLab;
  readonly workload: Workload;
  readonly log: (event: NewRunEvent) => void;
  /** Ends the load: what is not ordered yet is not ordered any more. */
  readonly ending: Signal;
}

interface Order {
  readonly orderId: string;
  readonly seat: string;
  readonly service: string;
  readonly mode: OrderMode;
  readonly plannedMs: number;
  requestId: string | null;
  /** The node has said something. */
  answered: boolean;
  /** It is decided at its buyer, or never will be. */
  readonly ended: Signal;
}

/** A node that says nothing for so long has not answered. */
const ORDER_MS_MAX = 10_000;

export class SimulatedWorkload {
  /** Raised when all is ordered and decided, refused or given up. */
  readonly idle = new Signal();
  readonly #options: WorkloadOptions;
  readonly #orders = new Map<string, Order>();
  readonly #byRequest = new Map<string, Order>();
  /** Requests that were decided at their buyer before the order was heard to have become one. */
  readonly #decided = new Set<string>();
  #toPlace = 0;
  #streams = 0;
  #open = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  start(): void {
    const { lab, workload, ending } = this.#options;
    const { timeline } = lab;
    const begunMs = timeline.nowMs;
    this.#toPlace = workload.purchases.length;
    for (const { atMs, seat, service, mode } of workload.purchases) {
      timeline.at(begunMs + atMs, () => {
        if (ending.raised) return;
        this.#toPlace--;
        this.#send(this.#take(seat, service, mode, begunMs + atMs));
      });
    }
    this.#streams = workload.closed.length;
    for (const stream of workload.closed) perform(timeline, this.#run(stream));
    this.#look();
  }

  /** What a node says about an order. */
  answered(orderId: string, outcome: OrderOutcome): void {
    const order = this.#orders.get(orderId);
    if (order === undefined) return;
    const first = !order.answered;
    order.answered = true;
    if (outcome.outcome === 'requested') {
      this.#requested(order, outcome.requestId);
    } else if (outcome.outcome === 'queued') {
      if (first) this.#log(order, 'queued', outcome.reason);
    } else if (first) {
      this.#log(order, 'refused', outcome.detail);
      this.#end(order);
    }
  }

  /** A node of `seat` has decided a request. */
  decided(seat: string, requestId: string): void {
    const { lab } = this.#options;
    const order = this.#byRequest.get(requestId);
    if (order === undefined) this.#decided.add(`${lab.nodeIdOf(seat)}/${requestId}`);
    else if (lab.nodeIdOf(order.seat) === lab.nodeIdOf(seat)) this.#end(order);
  }

  *#run({ startMs, purchases, giveUpMs }: ClosedStream): Script {
    const { lab, ending } = this.#options;
    yield { ms: startMs, signals: [ending] };
    for (const { seat, service, mode, thinkMs } of purchases) {
      if (thinkMs > 0 && !ending.raised) yield { ms: thinkMs, signals: [ending] };
      if (ending.raised) break;
      const order = this.#take(seat, service, mode, lab.timeline.nowMs);
      this.#send(order);
      if (order.ended.raised) continue;
      const inTime = yield { ms: giveUpMs, signals: [order.ended, ending] };
      if (inTime) continue;
      this.#log(order, 'given-up', `not decided within ${giveUpMs} ms`);
      this.#end(order);
    }
    this.#streams--;
    this.#look();
  }

  #take(seat: string, service: string, mode: OrderMode, plannedMs: number): Order {
    const orderId = `run-${this.#orders.size + 1}`;
    const order: Order = {
      orderId,
      seat,
      service,
      mode,
      plannedMs,
      requestId: null,
      answered: false,
      ended: new Signal(),
    };
    this.#orders.set(orderId, order);
    this.#open++;
    this.#log(order, 'placed', '');
    return order;
  }

  #send(order: Order): void {
    const { lab } = this.#options;
    const { seat, orderId, service, mode } = order;
    if (!lab.node(seat).up) {
      this.#log(order, 'lost', `node ${seat} is down`);
      this.#end(order);
      return;
    }
    lab.order(seat, orderId, service, mode);
    if (order.answered) return;
    lab.timeline.at(lab.timeline.nowMs + ORDER_MS_MAX, () => {
      if (order.answered) return;
      // It may be taken all the same: then its request is in the history.
      this.#log(
        order,
        'lost',
        `seat ${seat} has not answered within ${ORDER_MS_MAX} ms; the order may have been taken`,
      );
      this.#end(order);
    });
  }

  #requested(order: Order, requestId: string): void {
    if (order.requestId !== null) return;
    order.requestId = requestId;
    this.#byRequest.set(requestId, order);
    this.#log(order, 'requested', '');
    if (this.#decided.has(`${this.#options.lab.nodeIdOf(order.seat)}/${requestId}`)) this.#end(order);
  }

  #end(order: Order): void {
    if (order.ended.raised) return;
    this.#open--;
    order.ended.raise();
    this.#look();
  }

  #look(): void {
    if (this.#toPlace === 0 && this.#streams === 0 && this.#open === 0) this.idle.raise();
  }

  #log({ orderId, seat, service, plannedMs, requestId }: Order, state: OrderLine['state'], detail: string): void {
    const plannedT = Math.round(plannedMs * 1000) / 1000;
    this.#options.log({ event: 'order', orderId, seat, service, plannedT, state, requestId, detail });
  }
}

type OrderLine = Extract<NewRunEvent, { readonly event: 'order' }>;
