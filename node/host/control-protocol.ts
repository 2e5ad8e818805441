/**
 * What goes over the control channel between a node and the lab: topics and JSON payloads. The control broker is not
 * the fabric, has its own credentials, and no fault ever touches it. Used by both sides.
 *
 * Topics are `wallance/v1/<lab>/control/<seat>/<subject>`; a node may publish under its own seat only.
 */
import type { Order, OrderOutcome } from '../protocol/step.ts';
import type { NodeConditions } from './conditions.ts';

export type ControlSubject =
  /** node -> lab, retained: birth, readiness, last will. {@link NodeStatus} */
  | 'status'
  /** lab -> node: {@link OrderCommand} */
  | 'orders'
  /** node -> lab: {@link OrderResult} */
  | 'order-results'
  /** lab -> node: {@link SampleCommand} */
  | 'samples'
  /** lab -> node: {@link ReportRequest} */
  | 'report-requests'
  /** lab -> node: {@link Refusal} */
  | 'refusals'
  /** lab -> node: {@link Ping} */
  | 'pings'
  /** node -> lab: {@link Pong} */
  | 'pongs'
  /** lab -> node: {@link ConditionsCommand} */
  | 'conditions'
  /** node -> lab: {@link ConditionsAnswer} */
  | 'conditions-answers'
  /** lab -> node: {@link CanaryCommand} */
  | 'canaries'
  /** node -> lab: {@link NodeReport} */
  | 'reports'
  /** node -> lab: JSON lines, several observations a message (see observations.ts). */
  | 'observations';

export function controlTopic(lab: string, seat: string, subject: ControlSubject): string {
  return `wallance/v1/${lab}/control/${seat}/${subject}`;
}

export type NodeState = 'starting' | 'ready' | 'stopping' | 'offline' | 'failed';

export interface NodeStatus {
  readonly state: NodeState;
  readonly seat: string;
  readonly node: string;
  readonly pid: number;
  /** Drawn at each start of the process: tells one incarnation from the next. */
  readonly boot: string;
  readonly profile: string;
  readonly configurationHash: string;
  /** Unix milliseconds at the node. */
  readonly at: number;
  /** Milliseconds from process start to ready; null before. */
  readonly readyMs: number | null;
  /** True when the database was empty at this start. */
  readonly databaseEmpty: boolean;
  /** `http://host:port` of health and sample input; null where it has none. */
  readonly http: string | null;
  /** Why, for `failed`. */
  readonly detail: string | null;
}

/** The price is the catalogue's unless it is given; a given one that differs is refused. */
export interface OrderCommand extends Omit<Order, 'priceDcoins'> {
  readonly priceDcoins: number | null;
}

export type OrderResult = { readonly orderId: string; readonly node: string } & (
  | OrderOutcome
  | { readonly outcome: 'invalid'; readonly detail: string }
);

/** `count` sensor values at once, 1..100,000: how wallets are funded for an experiment. */
export interface SampleCommand {
  readonly topic: string;
  readonly value: number;
  readonly count: number;
}

export interface ReportRequest {
  readonly reportId: string;
}

/** The lab does not take the node, which then ends: it runs something else than the others. */
export interface Refusal {
  /** What the lab runs. */
  readonly configurationHash: string;
}

export interface Ping {
  readonly pingId: string;
}

/** Answered at once, so that the lab knows how far the node's clock is from its own. */
export interface Pong {
  readonly pingId: string;
  /** Monotonic milliseconds at the node, the clock of its observations. */
  readonly t: number;
  /** Id of the running kernel; null where it has none. Who shares it shares the clock. */
  readonly kernel: string | null;
}

/** The complete set: what is not in it ends. The node writes a `conditions` line with this id, then answers. */
export interface ConditionsCommand {
  readonly conditionsId: string;
  readonly conditions: NodeConditions;
}

export type ConditionsAnswer = { readonly conditionsId: string; readonly node: string } & (
  | { readonly outcome: 'in-force' }
  /** Nothing has changed. */
  | { readonly outcome: 'invalid'; readonly detail: string }
);

/** Sends a canary (canary.ts) to every node of the fabric. */
export interface CanaryCommand {
  /** 1..64 bytes. */
  readonly canaryId: string;
}

export interface WalletView {
  readonly id: string;
  readonly units: number;
  readonly stateHash: string;
  readonly decidedRequestId: string | null;
}

/** A node's own view, read between two steps. */
export interface NodeReport {
  readonly reportId: string;
  readonly node: string;
  readonly boot: string;
  readonly wallets: readonly WalletView[];
  readonly storedRequests: number;
  readonly storedVotes: number;
  readonly locks: readonly {
    readonly requester: string;
    readonly slot: string;
    readonly requestId: string;
    readonly remainingUnits: number;
  }[];
  readonly pendingOrders: readonly {
    readonly orderId: string;
    readonly phase: string;
    readonly requestId: string | null;
  }[];
  readonly n: number;
  readonly quorum: number;
  readonly dcoinRate: number;
  readonly rejections: Readonly<Record<string, number>>;
  readonly services: readonly {
    readonly key: string;
    readonly service: string;
    readonly argument: string;
    readonly phase: string;
    readonly detail: string;
  }[];
  readonly decisions: number;
  readonly sensorTransactions: number;
  readonly rssBytes: number;
  readonly databaseBytes: number;
  readonly cpuMs: number;
  readonly fabricConnected: boolean;
  readonly conditions: NodeConditions;
}
