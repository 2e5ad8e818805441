/**
 * A bounded run, written out before it begins: the lab, and every purchase with its time, drawn from the seed. Pure;
 * the same options give the same plan on every machine.
 */
import { Prng } from '../../node/simulation/prng.ts';
import type { RequestedLab } from '../lab/kept-lab.ts';
import { newPlan } from '../lab/kept-lab.ts';
import type { LabPlan } from '../lab/lab-plan.ts';

export interface RunOptions {
  readonly lab: string;
  readonly requested: RequestedLab;
  /** Time in which sensors mint and purchases are ordered. */
  readonly seconds: number;
  readonly purchases: number;
  readonly seed: string;
}

export interface PlannedPurchase {
  /** When it is ordered, from the beginning of the load. */
  readonly atMs: number;
  readonly node: string;
  readonly service: string;
}

export interface RunPlan {
  readonly name: string;
  readonly seed: string;
  readonly loadMs: number;
  readonly settleMsMax: number;
  readonly lab: LabPlan;
  /** In order of time. */
  readonly purchases: readonly PlannedPurchase[];
  /** Sensor transactions that every node will have seen once all sensors are silent; null where they never are. */
  readonly sensorTransactions: number | null;
}

/** Sensors of a run: 40 times as fast as the reference's, so that a node can buy within seconds. */
const PERIOD_MS = { min: 50, max: 250 } as const;
/** Sensors are silent before the load ends, so that the lab can settle. */
const SILENT_MS = 500;
const SETTLE_MS_MAX = 10_000;
/** No purchase in the last part of the load: most are decided before it ends. */
const LATEST_SHARE = 0.9;
const EARLIEST_MS = 1000;

export function planRun(options: RunOptions): RunPlan {
  const { lab, requested, seconds, purchases: count, seed } = options;
  const loadMs = Math.round(seconds * 1000);
  const meanMs = (PERIOD_MS.min + PERIOD_MS.max) / 2;
  const samplesMax = Math.max(1, Math.floor((loadMs - SILENT_MS) / meanMs));
  const ownSensors = requested.sensors !== undefined;
  const sensors = ownSensors
    ? requested.sensors
    : [{ topic: 'virtual', kind: 'counter', periodMs: PERIOD_MS, samplesMax }];
  const plan = newPlan(lab, { ...requested, sensors, seed });
  const draws = Prng.seeded(seed).stream('purchases');
  const [first, ...others] = plan.services;
  const buyers: string[] = [];
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    // Everybody buys once before anybody buys twice.
    if (index % plan.seats.length === 0)
      buyers.push(
        ...shuffled(
          plan.seats.map(({ node }) => node),
          draws,
        ),
      );
    times.push(draws.integer(Math.min(EARLIEST_MS, loadMs), Math.max(EARLIEST_MS, Math.floor(loadMs * LATEST_SHARE))));
  }
  times.sort((a, b) => a - b);
  const purchases = times.map((atMs, index): PlannedPurchase => {
    // Half of them the first service, the rest whatever else there is.
    const other =
      others.length > 0 && draws.integer(0, 1) === 1 ? others[draws.integer(0, others.length - 1)]! : first!;
    return { atMs, node: buyers[index]!, service: other.name };
  });
  return {
    name: `baseline-${plan.seats.length}`,
    seed,
    loadMs,
    settleMsMax: SETTLE_MS_MAX,
    lab: plan,
    purchases,
    sensorTransactions: ownSensors ? (plan.sensors.length === 0 ? 0 : null) : samplesMax * plan.seats.length,
  };
}

function shuffled<T>(items: readonly T[], draws: Prng): T[] {
  const left = [...items];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(draws.integer(0, left.length - 1), 1));
  return result;
}
