/**
 * A scenario with everything written out: every default, every selector as seats, every random choice as its outcome.
 * What is run, checked and kept (scenario.resolved.yaml) is this; the file that people write is scenario-file.ts.
 * Plain data, the same for every runtime.
 *
 * Times are milliseconds from the beginning of the load unless said. Seats are places of the plan, nodes are member ids;
 * only twins differ (two seats, one node).
 */
import type { Behaviour } from '../../node/behaviours/behaviour.ts';
import type { NodeConditions } from '../../node/host/conditions.ts';
import type { OrderMode } from '../../node/protocol/step.ts';
import type { NetworkName } from '../../node/simulation/network.ts';
import type { PaceName } from '../../node/simulation/pace.ts';
import type { InvariantId } from '../checks/invariant-id.ts';
import type { MetricName } from '../checks/metric.ts';
import type { LinkRule } from '../fabric/link-rule.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import type { BoardName } from '../runtimes/board-profiles.ts';
import type { Architecture } from '../runtimes/placement.ts';

/** What a runtime must be able to do. */
export const CAPABILITIES = [
  /** Link rules: a fabric whose broker is the lab's own. */
  'link-rules',
  /** Start, end, kill single nodes. */
  'node-control',
  'node-pause',
  'broker-restart',
  'broker-pause',
  /** Sessions that survive the broker's restart. */
  'broker-sessions',
  /** Limits of memory and processors. */
  'board-limits',
  /** Nodes of another architecture than the machine's. */
  'architectures',
  /** Two seats with one identity. */
  'twins',
  /** Hours within seconds, and a network that is what its model says. */
  'virtual-time',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

export type Role = 'honest' | 'byzantine' | 'twin' | 'silent';

export interface PlannedSeat {
  readonly seat: string;
  readonly node: string;
  readonly group: string;
  readonly role: Role;
  readonly board: BoardName | null;
  readonly architecture: Architecture | null;
  /** Null: it is there from the beginning; otherwise a `join` of the timeline starts it. */
  readonly startsAtMs: number | null;
  /** As readSensors takes it. */
  readonly sensors: readonly unknown[];
  /** From its start on; the timeline may change them. */
  readonly conditions: NodeConditions;
}

export interface PlannedPurchase {
  readonly atMs: number;
  readonly seat: string;
  readonly service: string;
  readonly mode: OrderMode;
}

/** Purchases of one after another: the next is ordered `thinkMs` after the one before was decided or given up. */
export interface ClosedStream {
  readonly id: string;
  readonly startMs: number;
  readonly purchases: readonly {
    readonly seat: string;
    readonly service: string;
    readonly mode: OrderMode;
    readonly thinkMs: number;
  }[];
  /** A purchase that is not decided at its buyer after so long is given up. */
  readonly giveUpMs: number;
}

export interface Workload {
  /** Units that every honest seat is given before the load begins, as that many sensor transactions of its own. */
  readonly fundUnits: Readonly<Record<string, number>>;
  /** Open loop, in order of time: ordered then, whatever became of the others. */
  readonly purchases: readonly PlannedPurchase[];
  readonly closed: readonly ClosedStream[];
}

export type Fault =
  /** SIGKILL. Healed by a start. */
  | { readonly kind: 'crash'; readonly seats: readonly string[]; readonly database: 'kept' | 'lost' }
  | { readonly kind: 'pause'; readonly seats: readonly string[] }
  /** Ended in good order and started again at once; nothing to heal. */
  | { readonly kind: 'restart'; readonly seats: readonly string[]; readonly database: 'kept' | 'lost' }
  /** Ended in good order; healed by a start where it has a duration, otherwise for good. */
  | { readonly kind: 'leave'; readonly seats: readonly string[] }
  /** The first start of late seats; nothing to heal. */
  | { readonly kind: 'join'; readonly seats: readonly string[] }
  | { readonly kind: 'slow-disk'; readonly seats: readonly string[]; readonly commitMs: number }
  | { readonly kind: 'clock'; readonly seats: readonly string[]; readonly offsetMs: number }
  /** In addition to what the seats do anyway. */
  | { readonly kind: 'behave'; readonly seats: readonly string[]; readonly behaviours: readonly Behaviour[] }
  /** Any rule; partitions and flapping links are written out as rules too. `seats`: all that are touched. */
  | { readonly kind: 'link'; readonly seats: readonly string[]; readonly rules: readonly LinkRule[] }
  | { readonly kind: 'broker-restart'; readonly sessions: 'kept' | 'lost'; readonly downMs: number }
  | { readonly kind: 'broker-pause' }
  /** The broker ends these clients' connections once; they come back by themselves. */
  | { readonly kind: 'cut-client'; readonly seats: readonly string[] }
  /** Messages that the broker keeps for one session. */
  | { readonly kind: 'queue-limit'; readonly messages: number };

export type FaultKind = Fault['kind'];

/** All that are given must hold. */
export type Trigger =
  | { readonly atMs: number }
  | {
      /** Reached by a metric, looked at live. */
      readonly when: { readonly metric: MetricName; readonly atLeast: number };
      /** So long after that. */
      readonly afterMs: number;
      /** Not reached until then: the fault is inconclusive. */
      readonly notLaterMs: number;
    };

export interface PlannedFault {
  /** Unique. */
  readonly id: string;
  /** As it is shown: `partition 1,2,3,4,5 | 6,7,8`. */
  readonly title: string;
  readonly trigger: Trigger;
  /** Null: until the load is over. */
  readonly durationMs: number | null;
  readonly fault: Fault;
}

export type Bound =
  | { readonly atLeast: number; readonly atMost: number | null }
  | { readonly atLeast: null; readonly atMost: number };

export type PlannedCheck = {
  /** Unique. */
  readonly id: string;
  readonly title: string;
  readonly expect: 'hold' | 'violate';
  /** Fewer events than this that the check could look at: unknown. */
  readonly evidenceMin: number;
} & (
  | { readonly kind: 'invariant'; readonly invariant: InvariantId }
  /** Within `withinMs` after the fault `after` was healed, or after the load began (null). */
  | {
      readonly kind: 'eventually';
      readonly metric: MetricName;
      readonly bound: Bound;
      readonly after: string | null;
      readonly withinMs: number;
    }
  /** Of the final reads. */
  | { readonly kind: 'at-end'; readonly metric: MetricName; readonly bound: Bound }
  /** Of the whole run. */
  | { readonly kind: 'metric'; readonly metric: MetricName; readonly bound: Bound }
);

/** What the simulated runtime takes in place of a real network and machine. */
export interface SimulationPlan {
  readonly network: NetworkName;
  /** One total order, as a broker gives, or a path of its own for each pair. */
  readonly broker: 'total-order' | 'independent';
  /** Of seats without a board. */
  readonly pace: PaceName;
}

export const DEFAULT_SIMULATION: SimulationPlan = { network: 'loopback', broker: 'total-order', pace: 'desktop' };

export interface ScenarioPlan {
  readonly schema: 1;
  /** 1..64 of [a-z0-9-]. */
  readonly name: string;
  readonly description: string;
  readonly seed: string;
  /** From when every node was started to the final reads. The load ends when it is over; what follows takes its time. */
  readonly timeoutMs: number;
  readonly requires: readonly Capability[];
  readonly lab: LabPlan;
  /** Absent: {@link DEFAULT_SIMULATION}. Other runtimes leave it alone. */
  readonly simulation?: SimulationPlan;
  /** In the order of the lab's seats. */
  readonly seats: readonly PlannedSeat[];
  /** In force from the start of the load to its end. */
  readonly links: readonly LinkRule[];
  readonly workload: Workload;
  /** Faults and their order in the file; also joins of late seats. */
  readonly timeline: readonly PlannedFault[];
  readonly loadMs: number;
  /** The load ends before `loadMs` when every purchase is decided or given up and the timeline is over. */
  readonly endsEarly: boolean;
  readonly settleMsMax: number;
  readonly checks: readonly PlannedCheck[];
}
