/**
 * A run without a scenario file as the same kind of plan, so that there is one way to perform runs: so many honest
 * nodes, fast sensors, so many purchases within some seconds. The same options give the same plan on every machine.
 */
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import type { ProfileName } from '../../node/protocol/profiles.ts';
import { Prng } from '../../node/simulation/prng.ts';
import type { MetricName } from '../checks/metric.ts';
import { newPlan, type RequestedLab } from '../lab/kept-lab.ts';
import { fastSensors } from './planned-sensors.ts';
import { figureTitle, invariantCheck, promisedInvariants } from './resolve-checks.ts';
import { spreadPurchases } from './resolve-workload.ts';
import type { Bound, PlannedCheck, ScenarioPlan } from './scenario-plan.ts';

export interface RunOptions {
  readonly lab: string;
  readonly requested: RequestedLab;
  /** Time in which sensors share data and purchases are ordered. */
  readonly seconds: number;
  readonly purchases: number;
  readonly seed: string;
}

const SETTLE_MS_MAX = 10_000;
const TIMEOUT_MARGIN_MS = 120_000;

/** Throws a Failure with every problem of the lab that was asked for. */
export function scenarioOfRun({ lab, requested, seconds, purchases: count, seed }: RunOptions): ScenarioPlan {
  const loadMs = Math.round(seconds * 1000);
  const plan = newPlan(lab, { ...requested, sensors: requested.sensors ?? fastSensors(loadMs), seed });
  const seats = plan.seats.map(({ seat }) => seat);
  const services = plan.services.map(({ name }) => name);
  const draws = Prng.seeded(seed).stream('scenario').stream('purchases/purchases-1');
  return {
    schema: 1,
    name: `baseline-${seats.length}`,
    description: 'Honest nodes on a plain fabric share sensor data and buy.',
    seed,
    timeoutMs: loadMs + SETTLE_MS_MAX + TIMEOUT_MARGIN_MS,
    requires: [],
    lab: plan,
    seats: plan.seats.map(({ seat, node, sensors }) => ({
      seat,
      node,
      group: 'nodes',
      role: 'honest',
      board: null,
      architecture: null,
      startsAtMs: null,
      sensors: sensors ?? plan.sensors,
      conditions: NORMAL_CONDITIONS,
    })),
    links: [],
    workload: { fundUnits: {}, purchases: spreadPurchases(count, loadMs, seats, services, draws), closed: [] },
    timeline: [],
    loadMs,
    endsEarly: false,
    settleMsMax: SETTLE_MS_MAX,
    checks: checksOf(plan.profile as ProfileName, seats.length),
  };
}

/** The references promise nothing; what is looked at there is that nodes agree and that nothing is left behind. */
function checksOf(profile: ProfileName, nodes: number): readonly PlannedCheck[] {
  const invariants = profile === 'paper' ? promisedInvariants(profile) : (['I1'] as const);
  const none: Bound = { atLeast: 0, atMost: 0 };
  return [
    ...invariants.map((id) => invariantCheck(id)),
    atEnd('stuck', none),
    atEnd('divergent-wallets', none),
    atEnd('decided-everywhere', { atLeast: 1, atMost: null }),
    atEnd('nodes-up', { atLeast: nodes, atMost: null }),
    { ...atEnd('crashes', none), evidenceMin: 0 },
  ];
}

function atEnd(metric: MetricName, bound: Bound): PlannedCheck {
  const title = `at the end ${figureTitle(metric, bound)}`;
  return { id: `at-end-${metric}`, title, expect: 'hold', evidenceMin: 1, kind: 'at-end', metric, bound };
}
