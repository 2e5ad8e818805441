/** Plans for simulated runs, written out: honest nodes of equal kind that buy in turn, and whatever a test changes. */
import assert from 'node:assert/strict';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { planLab, REFERENCE_SENSORS } from '../../orchestrator/lab/lab-plan.ts';
import type { PlannedPurchase, PlannedSeat, ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';

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
