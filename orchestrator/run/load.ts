/**
 * The load of a run: orders purchases at their planned times, whatever became of the earlier ones (open loop). Every
 * order waits at its node until that can pay, so what is late is late at the node and not here.
 */
import { messageOf } from '../failure.ts';
import type { Lab } from '../lab/lab.ts';
import type { PlannedPurchase, RunPlan } from './run-plan.ts';

export interface PlacedOrder extends PlannedPurchase {
  readonly orderId: string;
  /** What the node answered first; `lost` when it did not. */
  outcome: 'queued' | 'requested' | 'refused' | 'lost';
  /** Null until it is requested. */
  requestId: string | null;
  detail: string;
}

export interface Load {
  readonly orders: readonly PlacedOrder[];
  /** Resolves when the time of the load is over or `signal` is aborted, with every order answered. */
  readonly done: Promise<void>;
}

export function startLoad(lab: Lab, plan: RunPlan, signal: AbortSignal, onChange: () => void): Load {
  const orders: PlacedOrder[] = [];
  const answers: Promise<void>[] = [];
  const timers: NodeJS.Timeout[] = [];
  const stopWatching = lab.watchOrders((result) => {
    const order = orders.find(({ orderId }) => orderId === result.orderId);
    if (order === undefined || result.outcome !== 'requested') return;
    order.outcome = 'requested';
    order.requestId = result.requestId;
    onChange();
  });
  const seatOf = new Map(plan.lab.seats.map(({ seat, node }) => [node, seat]));
  const place = async (purchase: PlannedPurchase, orderId: string): Promise<void> => {
    const order: PlacedOrder = { ...purchase, orderId, outcome: 'lost', requestId: null, detail: '' };
    orders.push(order);
    try {
      const result = await lab.order(seatOf.get(purchase.node)!, purchase.service, 'wait', orderId);
      if (result.outcome === 'refused' || result.outcome === 'invalid') {
        order.outcome = 'refused';
        order.detail = result.detail;
      } else if (order.requestId === null) {
        order.outcome = result.outcome;
        if (result.outcome === 'requested') order.requestId = result.requestId;
      }
    } catch (error) {
      order.detail = messageOf(error);
    }
    onChange();
  };
  plan.purchases.forEach((purchase, index) => {
    timers.push(setTimeout(() => answers.push(place(purchase, `run-${index + 1}`)), purchase.atMs));
  });
  const over = new Promise<void>((done) => {
    timers.push(setTimeout(done, plan.loadMs));
    signal.addEventListener('abort', () => {
      for (const timer of timers) clearTimeout(timer);
      done();
    });
  });
  return {
    orders,
    done: over.then(async () => {
      await Promise.all(answers);
      // What is queued may still be requested while the lab settles: watched until the end of the process.
      if (signal.aborted) stopWatching();
    }),
  };
}
