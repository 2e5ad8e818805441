/**
 * The purchases of a run. Open loop: ordered at their planned times, whatever became of the earlier ones. Closed loop:
 * a stream orders its next purchase when the one before was decided at its buyer or given up. Every change of an order
 * is an event of the run.
 */

import { monotonicMs } from '../../node/host/observations.ts';
import type { OrderMode } from '../../node/protocol/step.ts';
import { messageOf } from '../failure.ts';
import type { Lab } from '../lab/lab.ts';
import type { ClosedStream, Workload } from '../scenario/scenario-plan.ts';
import type { RunLog } from './run-log.ts';
import type { OrderState } from './run-record.ts';

export interface WorkloadOptions {
  readonly lab: Lab;
  readonly workload: Workload;
  readonly log: RunLog;
  /** Ends the load: what is not ordered yet is not ordered any more. */
  readonly signal: AbortSignal;
}

interface Order {
  readonly orderId: string;
  readonly seat: string;
  readonly service: string;
  readonly mode: OrderMode;
  readonly plannedT: number;
  requestId: string | null;
  /** Called when it is decided at its buyer, or will never be. */
  onEnd: (() => void) | null;
}

export class WorkloadDriver {
  readonly #options: WorkloadOptions;
  readonly #orders = new Map<string, Order>();
  readonly #byRequest = new Map<string, Order>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #open = new Set<Order>();
  #ordered = 0;
  #streams = 0;
  #stopWatching: (() => void)[] = [];
  #onIdle: (() => void)[] = [];
  #toPlace = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** Begins; returns at once. */
  start(): void {
    const { lab, workload, signal } = this.#options;
    const begunT = monotonicMs();
    this.#stopWatching = [
      lab.watchOrders((result) => {
        const order = this.#orders.get(result.orderId);
        if (order !== undefined && result.outcome === 'requested') this.#requested(order, result.requestId);
      }),
      lab.purchases.watch(({ requestId, requester, decidedAtMs }) => {
        if (!decidedAtMs.has(requester)) return;
        const order = this.#byRequest.get(requestId);
        if (order !== undefined) this.#end(order);
      }),
    ];
    this.#toPlace = workload.purchases.length;
    for (const { atMs, seat, service, mode } of workload.purchases) {
      this.#after(atMs, () => {
        this.#toPlace--;
        void this.#place(seat, service, mode, begunT + atMs);
      });
    }
    for (const stream of workload.closed) {
      this.#streams++;
      this.#after(stream.startMs, () => void this.#run(stream));
    }
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.#look();
  }

  /** Resolves when all is ordered and decided, refused or given up. Never where an order waits for ever. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#look();
    });
  }

  /** What is queued may still be requested while the lab settles: heard of until here. */
  close(): void {
    this.#stop();
    for (const stop of this.#stopWatching) stop();
  }

  #stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const order of [...this.#open]) order.onEnd?.();
  }

  #after(ms: number, perform: () => void): void {
    if (this.#options.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      perform();
    }, ms);
    this.#timers.add(timer);
  }

  async #run({ purchases, giveUpMs }: ClosedStream): Promise<void> {
    const { signal } = this.#options;
    for (const { seat, service, mode, thinkMs } of purchases) {
      if (thinkMs > 0) await new Promise<void>((done) => this.#afterOrEnd(thinkMs, done));
      if (signal.aborted) break;
      await new Promise<void>((done) => {
        const order = this.#take(seat, service, mode, monotonicMs());
        const timer = setTimeout(() => {
          this.#log(order, 'given-up', `not decided within ${giveUpMs} ms`);
          this.#end(order);
        }, giveUpMs);
        order.onEnd = () => {
          clearTimeout(timer);
          done();
        };
        void this.#send(order);
      });
    }
    this.#streams--;
    this.#look();
  }

  #afterOrEnd(ms: number, perform: () => void): void {
    const { signal } = this.#options;
    const end = (): void => {
      signal.removeEventListener('abort', end);
      clearTimeout(timer);
      perform();
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  }

  #place(seat: string, service: string, mode: OrderMode, plannedT: number): Promise<void> {
    return this.#send(this.#take(seat, service, mode, plannedT));
  }

  #take(seat: string, service: string, mode: OrderMode, plannedT: number): Order {
    const orderId = `run-${++this.#ordered}`;
    const order: Order = { orderId, seat, service, mode, plannedT, requestId: null, onEnd: null };
    this.#orders.set(orderId, order);
    this.#open.add(order);
    this.#log(order, 'placed', '');
    return order;
  }

  async #send(order: Order): Promise<void> {
    const { lab } = this.#options;
    try {
      const result = await lab.order(order.seat, order.service, order.mode, order.orderId);
      if (result.outcome === 'requested') this.#requested(order, result.requestId);
      else if (result.outcome === 'queued') {
        if (order.requestId === null) this.#log(order, 'queued', result.reason);
      } else {
        this.#log(order, 'refused', result.detail);
        this.#end(order);
      }
    } catch (error) {
      // It may have been taken all the same: then its request is in the history.
      if (order.requestId === null) this.#log(order, 'lost', messageOf(error));
      this.#end(order);
    }
  }

  #requested(order: Order, requestId: string): void {
    if (order.requestId !== null) return;
    order.requestId = requestId;
    this.#byRequest.set(requestId, order);
    this.#log(order, 'requested', '');
    const { lab } = this.#options;
    const purchase = lab.purchases.find(requestId);
    if (purchase?.decidedAtMs.has(purchase.requester) === true) this.#end(order);
  }

  #end(order: Order): void {
    this.#open.delete(order);
    const { onEnd } = order;
    order.onEnd = null;
    onEnd?.();
    this.#look();
  }

  #look(): void {
    if (this.#toPlace > 0 || this.#streams > 0 || this.#open.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #log(order: Order, state: OrderState, detail: string): void {
    const { orderId, seat, service, plannedT, requestId } = order;
    this.#options.log.write({
      event: 'order',
      orderId,
      seat,
      service,
      plannedT: Math.round(plannedT * 1000) / 1000,
      state,
      requestId,
      detail,
    });
  }
}
