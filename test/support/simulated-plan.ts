/** Plans for simulated runs, written out: honest nodes of equal kind that buy in turn, and whatever a test changes. */
import assert from 'node:assert/strict';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { IDLE_RULE } from '../../orchestrator/fabric/link-rule.ts';
import { planLab, REFERENCE_SENSORS } from '../../orchestrator/lab/lab-plan.ts';
import type {
  PlannedFault,
  PlannedPurchase,
  PlannedSeat,
  ScenarioPlan,
} from '../../orchestrator/scenario/scenario-plan.ts';

export interface PlanSettings {
  readonly nodes?: number;
  readonly profile?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly seed?: string;
  /** Of every node. */
  readonly fundUnits?: number;
  readonly sensors?: boolean;
  readonly purchases?: number;
  readonly everyMs?: number;
  readonly qos?: 0 | 1;
  readonly change?: (plan: ScenarioPlan) => ScenarioPlan;
}

/** Purchases of `Nespresso`, round robin over the seats. */
export function roundRobin(nodes: number, count: number, everyMs: number): readonly PlannedPurchase[] {
  return Array.from({ length: count }, (_, i) => ({
    atMs: 100 + i * everyMs,
    seat: String(1 + (i % nodes)),
    service: 'Nespresso',
    mode: 'strict',
  }));
}

export function simulatedPlan(settings: PlanSettings = {}): ScenarioPlan {
  const { nodes = 8, profile = 'paper', seed = 'test', fundUnits = 40, purchases = 10, everyMs = 100 } = settings;
  const planned = planLab({
    lab: 'simulated',
    nodes,
    profile,
    parameters: settings.parameters ?? {},
    services: null,
    sensors: null,
    durability: 'process',
    qos: settings.qos ?? 1,
    seed,
  });
  assert.ok(planned.ok, JSON.stringify(planned));
  const seats = planned.plan.seats.map(
    ({ seat, node }): PlannedSeat => ({
      seat,
      node,
      group: 'nodes',
      role: 'honest',
      board: null,
      architecture: null,
      startsAtMs: null,
      sensors: settings.sensors === true ? REFERENCE_SENSORS : [],
      conditions: NORMAL_CONDITIONS,
    }),
  );
  const plan: ScenarioPlan = {
    schema: 1,
    name: 'simulated',
    description: '',
    seed,
    timeoutMs: 600_000,
    requires: [],
    lab: planned.plan,
    seats,
    links: [],
    workload: {
      fundUnits: Object.fromEntries(seats.map(({ seat }) => [seat, fundUnits])),
      purchases: roundRobin(nodes, purchases, everyMs),
      closed: [],
    },
    timeline: [],
    loadMs: 60_000,
    endsEarly: true,
    settleMsMax: 60_000,
    checks: [],
  };
  return settings.change?.(plan) ?? plan;
}

export function fault(id: string, atMs: number, durationMs: number | null, what: PlannedFault['fault']): PlannedFault {
  return { id, title: id, trigger: { atMs }, durationMs, fault: what };
}

/** Faults of nodes, links and the broker, Byzantine voters, lossy and delayed links, sensors: something of everything. */
export function eventfulPlan(seed: string): ScenarioPlan {
  return simulatedPlan({
    seed,
    sensors: true,
    purchases: 24,
    everyMs: 150,
    fundUnits: 60,
    change: (plan) => ({
      ...plan,
      simulation: { network: 'wifi-144', broker: 'total-order', pace: 'pi3bplus' },
      endsEarly: false,
      loadMs: 6000,
      settleMsMax: 5000,
      links: [
        {
          ...IDLE_RULE,
          id: 'jitter',
          drop: 0.02,
          delay: { ms: 1, jitter: { kind: 'exponential', ms: 2 } },
          duplicate: { probability: 0.05, copies: 1 },
          reorder: { probability: 0.02, holdMs: 5 },
          corrupt: 0.01,
        },
      ],
      timeline: [
        fault('crash', 500, 800, { kind: 'crash', seats: ['7'], database: 'kept' }),
        fault('lost', 1000, 700, { kind: 'crash', seats: ['6'], database: 'lost' }),
        fault('slow', 300, 2000, { kind: 'slow-disk', seats: ['3', '4'], commitMs: 7 }),
        fault('pause', 2000, 600, { kind: 'pause', seats: ['2'] }),
        fault('clock', 100, 3000, { kind: 'clock', seats: ['5'], offsetMs: 3_600_000 }),
        fault('liar', 200, 3000, {
          kind: 'behave',
          seats: ['8'],
          behaviours: [
            { kind: 'wrong-remaining', byUnits: 3 },
            { kind: 'hostile-payloads', perSecond: 5 },
          ],
        }),
        fault('split', 1500, 700, {
          kind: 'link',
          seats: ['1', '2'],
          rules: [{ ...IDLE_RULE, id: 'split', from: ['1'], to: ['2'], drop: 1 }],
        }),
        fault('broker', 3200, null, { kind: 'broker-restart', sessions: 'lost', downMs: 150 }),
        {
          id: 'later',
          title: 'later',
          trigger: { when: { metric: 'decisions', atLeast: 3 }, afterMs: 10, notLaterMs: 6000 },
          durationMs: null,
          fault: { kind: 'cut-client', seats: ['1'] },
        },
      ],
    }),
  });
}
