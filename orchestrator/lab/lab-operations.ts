/** What a running lab does when it is asked to, whoever asks: the command socket and the HTTP interface call these. */
import type { SampleCommand } from '../../node/host/control-protocol.ts';
import type { OrderMode } from '../../node/protocol/step.ts';
import { Failure } from '../failure.ts';
import { walletDifferences } from '../history/wallet-agreement.ts';
import type { CollectedFiles } from '../runtimes/runtime.ts';
import type { Lab } from './lab.ts';
import type {
  BuyEvent,
  BuyResult,
  DownResult,
  LabStatus,
  LabSummary,
  SamplesTaken,
  SeatChange,
} from './lab-commands.ts';
import type { SeatPlan } from './lab-plan.ts';
import type { SeatView } from './lab-view.ts';
import { type OrderBook, type PlacedOrder, requireTaken } from './order-book.ts';
import type { Purchase } from './purchase-watch.ts';

export interface FollowedOrder {
  readonly node: string;
  readonly service: string;
  readonly mode: OrderMode;
  /** Wait for the decision. */
  readonly follow: boolean;
  /** For the decision at the requester. */
  readonly timeoutMs: number;
}

/** How often a waiting purchase says what the node holds. */
const FUNDS_MS = 2000;
/** After the requester's decision: the other nodes' and the end of the service. */
const REST_MS_MAX = 3000;
const HINT = '\n  --wait keeps the order until it can be requested, --force requests it all the same';

export class LabOperations {
  readonly lab: Lab;
  readonly summary: LabSummary;
  readonly orders: OrderBook;
  /** Stops the lab; answered before its process ends. */
  readonly down: () => Promise<DownResult>;

  constructor(lab: Lab, summary: LabSummary, orders: OrderBook, down: () => Promise<DownResult>) {
    this.lab = lab;
    this.summary = summary;
    this.orders = orders;
    this.down = down;
  }

  async status(): Promise<LabStatus> {
    const { lab } = this;
    const [nodes, fabric] = await Promise.all([lab.view(), lab.fabric.stats()]);
    const views = new Map(
      nodes.flatMap(({ node, report }) => (report === null ? [] : [[node, report.wallets] as const])),
    );
    return {
      running: true,
      ...this.summary,
      external: this.summary.external.map(({ seat, node }) => ({ seat, node })),
      nodes,
      differences: walletDifferences(views),
      fabric,
      fabricFailure: lab.fabric.failure,
      control: lab.controlStats(),
    };
  }

  /** The place that `name`, a node or a seat, means; null where it means none. */
  placeOf(name: string): SeatPlan | null {
    const { seats } = this.lab.plan;
    return seats.find(({ node }) => node === name) ?? seats.find(({ seat }) => seat === name) ?? null;
  }

  view(seat: string): Promise<SeatView> {
    return this.lab.viewOf(seat);
  }

  /** Resolves when it is done. `kill`: of a restart, without notice. */
  async change(name: string, command: 'start' | 'stop' | 'kill' | 'restart', kill = false): Promise<SeatChange> {
    const place = this.#requirePlace(name);
    const { seat, node } = place;
    if (command === 'start') await this.lab.startNode(seat);
    else if (command === 'restart') await this.lab.restartNode(seat, kill);
    else await this.lab.stopNode(seat, command === 'kill');
    return { seat, node, ...this.lab.seatState(seat) };
  }

  /** Resolves when the values are on their way to the node. */
  async sample(name: string, command: SampleCommand): Promise<SamplesTaken> {
    const { seat, node } = this.#requirePlace(name);
    await this.lab.sample(seat, command);
    return { seat, node, ...command };
  }

  collect(name: string): Promise<CollectedFiles> {
    return this.lab.collectNode(this.#requirePlace(name).seat);
  }

  /** Resolves when the node has taken the order. Throws a Failure where it has not. */
  async order(node: string, service: string, mode: OrderMode): Promise<BuyResult> {
    const order = await this.orders.place(node, service, mode);
    requireTaken(order);
    return this.orders.result(order);
  }

  /** Orders, and with `follow` waits for what becomes of it. */
  async buy(
    { node, service, mode, follow, timeoutMs }: FollowedOrder,
    emit: (event: BuyEvent) => void,
    signal: AbortSignal,
  ): Promise<BuyResult> {
    const { lab, orders } = this;
    const changes = new Changes();
    const onAbort = (): void => changes.notify();
    signal.addEventListener('abort', onAbort);
    let stop: () => void = () => {};
    let funds: NodeJS.Timeout | undefined;
    try {
      const order = await orders.place(node, service, mode);
      if (order.refusal === 'insufficient-funds' || order.refusal === 'request-pending')
        throw new Failure('refused', `node ${node} refuses: ${order.detail}${HINT}`);
      requireTaken(order);
      let told = false;
      const tellRequest = (): void => {
        if (told || order.requestId === null) return;
        told = true;
        emit({ kind: 'requested', requestId: order.requestId });
      };
      stop = orders.watch((changed) => {
        if (changed !== order) return;
        tellRequest();
        changes.notify();
      });
      if (order.state === 'queued') {
        emit({ kind: 'queued', reason: order.detail ?? '' });
        if (follow) funds = setInterval(() => void this.#tellFunds(order, emit), FUNDS_MS);
      }
      tellRequest();
      const current = (): Purchase | undefined =>
        order.requestId === null ? undefined : lab.purchases.find(order.requestId);
      if (follow) {
        const decided = await changes.until(
          () => signal.aborted || current()?.decidedAtMs.has(node) === true,
          timeoutMs,
        );
        // Who is down decides when it is back: not waited for.
        const running = lab.plan.seats.filter((place) => lab.isUp(place.seat)).length;
        if (decided) {
          await changes.until(
            () => signal.aborted || ((current()?.decidedAtMs.size ?? 0) >= running && current()?.served !== null),
            REST_MS_MAX,
          );
        }
      }
      const result = orders.result(order);
      return result.outcome === 'decided' || !follow ? result : { ...result, outcome: 'undecided' };
    } finally {
      clearInterval(funds);
      stop();
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #tellFunds(order: PlacedOrder, emit: (event: BuyEvent) => void): Promise<void> {
    const own = (await this.lab.report(order.seat, FUNDS_MS))?.wallets.find(({ id }) => id === order.node);
    if (own === undefined || order.requestId !== null) return;
    emit({ kind: 'funds', units: own.units, neededUnits: order.priceDcoins * this.lab.plan.parameters.dcoinRate });
  }

  #requirePlace(name: string): SeatPlan {
    const place = this.placeOf(name);
    if (place !== null) return place;
    const known = this.lab.plan.seats.map(({ seat }) => seat).join(', ');
    throw new Failure('usage', `node: expected one of ${known}, got ${JSON.stringify(name)}`);
  }
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
