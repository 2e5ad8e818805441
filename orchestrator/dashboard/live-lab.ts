/**
 * A lab as it is now, for whoever watches: nodes, wallets, requests, messages, faults, purchases, put together from what
 * nodes and the lab tell. It judges nothing and asks nobody; memory is bounded (limits.ts). What it costs while nobody
 * looks is this fold. What has changed since a reader looked last is told by versions.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { quorum } from '../../node/protocol/quorum.ts';
import type { Observation } from '../history/observation.ts';
import { type LabPlan, membersOf } from '../lab/lab-plan.ts';
import type { LabEvent, SeatState } from '../lab/lab-view.ts';
import { ORDERS_KEPT } from '../lab/order-book.ts';
import type { FaultAnswer } from './api/fault-answer-shape.ts';
import type { Frame, Topic } from './api/frame-shape.ts';
import type { PurchaseAnswer } from './api/purchase-shape.ts';
import { KeyedState, VersionCounter } from './keyed-state.ts';
import { LIMITS } from './limits.ts';
import { LiveNodes, sentClass } from './live-nodes.ts';
import { LiveRequests, type RequestStep } from './live-requests.ts';
import { LiveWallets } from './live-wallets.ts';
import { MessageTail } from './message-tail.ts';
import { RateWindow } from './rate-window.ts';

/** How far a reader is. */
export interface Cursor {
  readonly version: number;
  /** Number of the last message it was told. */
  readonly message: number;
}

export const BEGINNING: Cursor = { version: 0, message: 0 };

type Rates = Pick<NonNullable<Frame['lab']>, 'messagesPerSecond' | 'decisionsPerSecond'>;

const NO_RATES: Rates = { messagesPerSecond: { sensor: 0, request: 0, vote: 0 }, decisionsPerSecond: 0 };

export class LiveLab {
  readonly boot: string;
  readonly plan: LabPlan;
  readonly quorum: number;
  readonly nodes: LiveNodes;
  readonly wallets: LiveWallets;
  readonly requests: LiveRequests;
  readonly messages = new MessageTail();
  readonly faults: KeyedState<FaultAnswer>;
  readonly #purchases: KeyedState<() => PurchaseAnswer>;
  readonly #counter = new VersionCounter();
  readonly #sent = { sensor: new RateWindow(), request: new RateWindow(), vote: new RateWindow() };
  readonly #decided = new RateWindow();
  #rates: Rates = NO_RATES;
  #fabricFailure: string | null = null;
  /** Of rates and failure. */
  #labVersion = 0;

  /** `boot`: drawn for this process. `onStep`: told of requests as they go on. */
  constructor(plan: LabPlan, boot: string, onStep: (step: RequestStep) => void = () => {}) {
    this.boot = boot;
    this.plan = plan;
    const { parameters, seats } = plan;
    this.quorum = quorum(parameters.majorityThreshold, membersOf(seats).length, parameters.quorumRounding);
    this.nodes = new LiveNodes(this.#counter, seats);
    this.wallets = new LiveWallets(this.#counter, seats);
    this.requests = new LiveRequests(this.#counter, {
      seats,
      quorum: this.quorum,
      dcoinRate: parameters.dcoinRate,
      onStep,
    });
    this.faults = new KeyedState(this.#counter, LIMITS.faultsKept);
    this.#purchases = new KeyedState(this.#counter, ORDERS_KEPT);
  }

  // --- what is told -------------------------------------------------------------------------------------------------

  observe(seat: string, observation: Observation): void {
    const sent = sentClass(observation.event);
    if (sent !== undefined) this.#sent[sent].add(observation.t);
    this.nodes.take(seat, observation);
    this.wallets.take(seat, observation);
    this.messages.take(seat, observation);
    if (this.requests.take(seat, observation)) this.#decided.add(observation.t);
  }

  event(event: LabEvent): void {
    switch (event.kind) {
      case 'ready':
        this.nodes.state(event.seat, 'ready', null);
        break;
      case 'died':
        this.nodes.state(event.seat, 'crashed', event.reason);
        break;
      case 'stopped':
        this.nodes.state(event.seat, 'down', event.reason);
        break;
      case 'fabric-died':
        this.#fabricFailure = event.reason;
        this.#labVersion = this.#counter.next();
        break;
    }
  }

  seat(seat: string, state: SeatState, detail: string | null): void {
    this.nodes.state(seat, state, detail);
  }

  report(seat: string, report: NodeReport, at: number): void {
    this.nodes.report(seat, report);
    this.wallets.report(seat, report.wallets, at);
  }

  fault(fault: FaultAnswer): void {
    this.faults.set(fault.id, fault);
  }

  /** `read`: as it is when somebody looks. */
  purchase(orderId: string, read: () => PurchaseAnswer): void {
    if (this.#purchases.get(orderId) === undefined) this.#purchases.set(orderId, read);
    else this.#purchases.touch(orderId);
  }

  // --- what is shown ------------------------------------------------------------------------------------------------

  get cursor(): Cursor {
    return { version: this.#counter.current, message: this.messages.last };
  }

  /** What changes with time alone; called before a frame is made. `nowMs`: monotonic milliseconds. */
  advance(nowMs: number): void {
    const next: Rates = {
      messagesPerSecond: {
        sensor: this.#sent.sensor.perSecond(nowMs),
        request: this.#sent.request.perSecond(nowMs),
        vote: this.#sent.vote.perSecond(nowMs),
      },
      decisionsPerSecond: this.#decided.perSecond(nowMs),
    };
    if (JSON.stringify(next) !== JSON.stringify(this.#rates)) {
      this.#rates = next;
      this.#labVersion = this.#counter.next();
    }
    this.requests.lookForStuck({
      nowMs,
      wallets: () =>
        new Map(
          this.plan.seats.flatMap(({ seat }) =>
            this.nodes.isUp(seat) ? [[seat, this.wallets.viewsOf(seat)] as const] : [],
          ),
        ),
      faulty: this.nodes.faulty,
    });
  }

  /**
   * What has changed since `since`, of `topics`; null where nothing has. Since {@link BEGINNING}: everything. `at`: Unix
   * milliseconds.
   */
  frame(topics: readonly Topic[], since: Cursor, at: number): Frame | null {
    const full = since.version === BEGINNING.version;
    const { version } = since;
    const has = (topic: Topic): boolean => topics.includes(topic);
    const parts: Partial<Frame> = {};
    if (has('lab') && (full || this.nodes.version > version || this.#labVersion > version)) {
      const units = (seat: string, node: string): number | null => this.wallets.heldBy(seat, node)?.units ?? null;
      parts.lab = {
        nodes: this.nodes.changedSince(version, units),
        fabricFailure: this.#fabricFailure,
        ...this.#rates,
      };
    }
    if (has('wallets') && (full || this.wallets.version > version)) {
      parts.wallets = { changed: this.wallets.changedSince(version), removed: this.wallets.removedSince(version) };
    }
    if (has('requests') && (full || this.requests.version > version)) {
      parts.requests = {
        changed: this.requests.changedSince(version),
        removed: this.requests.removedSince(version),
        latency: this.requests.latency(),
      };
    }
    if (has('purchases') && (full || this.#purchases.version > version)) {
      parts.purchases = {
        changed: this.#purchases.changedSince(version).map((read) => read()),
        removed: this.#purchases.removedSince(version),
      };
    }
    if (has('faults') && (full || this.faults.version > version)) {
      parts.faults = { changed: this.faults.changedSince(version), removed: this.faults.removedSince(version) };
    }
    if (has('messages') && (full || this.messages.last > since.message)) {
      const { messages, leftOut } = this.messages.since(since.message, LIMITS.messagesPerFrame);
      parts.messages = { tail: messages, leftOut };
    }
    if (!full && Object.keys(parts).length === 0) return null;
    return { boot: this.boot, version: this.#counter.current, at, full, ...parts };
  }
}
