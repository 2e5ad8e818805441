/**
 * Turns orders to buy into requests of this node: refuses, queues or issues them, and knows which one is undecided.
 * Every order it takes is a durable row first; its request is stored before it is published, and published again after
 * a restart unless the fabric has acknowledged it. Source, D-15.
 */
import type { RequestHead, VoteHead } from './message.ts';
import { type OrderRow, OwnOrders } from './own-orders.ts';
import type { Profile } from './profile.ts';
import type { Order, OrderOutcome, OrderRefusal } from './step.ts';
import type { StepOutput } from './step-output.ts';
import type { WalletTable } from './wallet-table.ts';

export interface OrderDeskParts<W, R extends RequestHead, V extends VoteHead> {
  readonly self: string;
  readonly profile: Profile<W, R, V>;
  readonly wallets: WalletTable<W>;
  readonly output: StepOutput;
  readonly nextKey: () => number;
  /** Asks for the nonce of an order's request; answered by `sealed`. */
  readonly seek: (prefix: string, key: number) => void;
  /** Names a publication whose acknowledgement is wanted; answered by `acknowledged`. */
  readonly receipt: (key: number) => string;
}

type Obstacle = Extract<OrderOutcome, { outcome: 'queued' }>['reason'];

export class OrderDesk<W, R extends RequestHead, V extends VoteHead> {
  readonly rows = new OwnOrders<R>();
  readonly #parts: OrderDeskParts<W, R, V>;

  constructor(parts: OrderDeskParts<W, R, V>) {
    this.#parts = parts;
  }

  take(order: Order, nowMs: number): void {
    const known = this.rows.byOrderId(order.orderId);
    if (known !== undefined) {
      this.#repeatOutcome(known);
      return;
    }
    const refusal = this.#refusal(order);
    if (refusal !== null) {
      this.#outcome(order.orderId, { outcome: 'refused', ...refusal });
      return;
    }
    const row: OrderRow<R> = {
      ...order,
      key: this.#parts.nextKey(),
      phase: 'queued',
      request: null,
      acknowledged: false,
    };
    const obstacle = order.mode === 'force' ? null : this.#obstacle(order);
    if (obstacle === null) {
      this.#issue(row, Math.floor(nowMs / 1000));
    } else {
      this.#put(row);
      this.#outcome(order.orderId, { outcome: 'queued', reason: obstacle });
    }
  }

  /** Issues the oldest queued order if nothing stands against it any more. */
  issueQueued(nowMs: number): void {
    const row = this.rows.firstQueued();
    if (row !== undefined && this.#obstacle(row) === null) this.#issue(row, Math.floor(nowMs / 1000));
  }

  /** After a restart: takes up what was sealing, publishes again what was not acknowledged. */
  resume(): void {
    const slot = this.#parts.wallets.slotOf(this.#parts.self);
    for (const row of this.rows.rows()) {
      if (row.request === null || row.acknowledged || row.request.slot !== slot) continue;
      if (row.phase === 'sent') this.#publish(row);
      else if (row.phase === 'sealing') this.#seek(row);
    }
  }

  /** Null: no nonce in the whole int32 range; a request of a later second has another preimage. */
  sealed(key: number, nonce: number | null, nowMs: number): void {
    const row = this.rows.get(key);
    if (row === undefined || row.phase !== 'sealing' || row.request === null) return;
    if (nonce === null) {
      this.#issue(row, Math.floor(nowMs / 1000) + 1);
      return;
    }
    const sent: OrderRow<R> = {
      ...row,
      phase: 'sent',
      request: this.#parts.profile.requests.solved(row.request, nonce),
    };
    this.#put(sent);
    this.#publish(sent);
  }

  acknowledged(key: number): void {
    const row = this.rows.get(key);
    if (row?.phase === 'sent') this.#put({ ...row, acknowledged: true });
  }

  /** The slot is decided: orders made for it are done, and the oldest done ones are forgotten. */
  finish(slot: string): void {
    for (const row of this.rows.openFor(slot)) this.#put({ ...row, phase: 'done' });
    for (const row of this.rows.dropOldDone()) this.#parts.output.persist('orders', row.key, null);
  }

  #refusal(order: Order): { reason: OrderRefusal; detail: string } | null {
    const { self, profile, wallets } = this.#parts;
    const { catalogue, parameters } = profile;
    const wallet = wallets.get(self);
    if (wallet === undefined) return { reason: 'unknown-requester', detail: `node ${self} has no wallet yet` };
    if (!profile.requests.expressible(order.service, order.priceDcoins)) {
      const detail = 'no request can carry this service and price';
      return { reason: 'unknown-service', detail };
    }
    const listed = catalogue?.get(order.service);
    if (catalogue !== null && listed === undefined) {
      return { reason: 'unknown-service', detail: `the services are ${[...catalogue.keys()].join(', ')}` };
    }
    if (listed !== undefined && listed !== order.priceDcoins) {
      return { reason: 'wrong-price', detail: `${order.service} costs ${listed} DCoins, not ${order.priceDcoins}` };
    }
    const obstacle = order.mode === 'strict' ? this.#obstacle(order) : null;
    if (obstacle === null) return null;
    const detail =
      obstacle === 'request-pending'
        ? 'a request on the current State is not decided yet'
        : `${order.service} costs ${order.priceDcoins * parameters.dcoinRate} units, the wallet holds ${profile.wallets.units(wallet)}`;
    return { reason: obstacle, detail };
  }

  /** Why an order cannot become a request now; null when it can. */
  #obstacle(order: Order): Obstacle | null {
    const { self, profile, wallets } = this.#parts;
    const wallet = wallets.get(self);
    if (wallet === undefined) return 'insufficient-funds';
    if (this.rows.openFor(profile.wallets.slot(wallet)).length > 0) return 'request-pending';
    const draft = profile.requests.draft(self, wallet, order.service, order.priceDcoins, 0);
    return profile.requests.acceptability(draft, wallet) === 'wait' ? 'insufficient-funds' : null;
  }

  #issue(row: OrderRow<R>, time: number): void {
    const { self, profile, wallets } = this.#parts;
    const request = profile.requests.draft(self, wallets.get(self)!, row.service, row.priceDcoins, time);
    const issued: OrderRow<R> = { ...row, phase: 'sealing', request };
    this.#put(issued);
    this.#seek(issued);
  }

  #seek(row: OrderRow<R>): void {
    this.#parts.seek(this.#parts.profile.requests.workPrefix(row.request!), row.key);
  }

  #publish(row: OrderRow<R>): void {
    const receipt = this.#parts.receipt(row.key);
    this.#parts.output.emit({ kind: 'publish', channel: 'consensus', message: row.request!, receipt });
    this.#repeatOutcome(row);
  }

  #put(row: OrderRow<R>): void {
    this.rows.put(row);
    this.#parts.output.persist('orders', row.key, row);
  }

  /** What became of an order so far; nothing while its nonce is sought, since the answer follows. */
  #repeatOutcome(row: OrderRow<R>): void {
    if (row.phase === 'queued') {
      this.#outcome(row.orderId, { outcome: 'queued', reason: this.#obstacle(row) ?? 'request-pending' });
    } else if (row.phase !== 'sealing' && row.request !== null) {
      this.#outcome(row.orderId, { outcome: 'requested', requestId: row.request.id, slot: row.request.slot });
    }
  }

  #outcome(orderId: string, outcome: OrderOutcome): void {
    this.#parts.output.emit({ kind: 'order', orderId, ...outcome });
  }
}
