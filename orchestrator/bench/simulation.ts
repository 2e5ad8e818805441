/**
 * How fast virtual time passes: moments a second of the event queue in the hold model (one out, one in) with so many
 * pending, and whole small runs a second, with their history as values and all invariants judged.
 */
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { EventQueue } from '../../node/simulation/event-queue.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { INVARIANTS, type InvariantId } from '../checks/invariant-id.ts';
import { judge } from '../checks/judge.ts';
import { IDLE_RULE } from '../fabric/link-rule.ts';
import { Failure } from '../failure.ts';
import type { Observation } from '../history/observation.ts';
import { planLab } from '../lab/lab-plan.ts';
import type { PlannedFault, ScenarioPlan } from '../scenario/scenario-plan.ts';
import { simulateRun } from '../simulated/simulation.ts';
import type { Figure } from './codec.ts';

const MOMENTS = 4_000_000;
const TURNS = 5;
const WAITS = 1 << 16;
const NODES = 8;
const REQUESTS = 10;
const RUNS = 300;
const RUNS_QUICK = 60;
const WARM_UP_RUNS = 40;

/** About ten seconds. */
export async function benchSimulation(quick: boolean): Promise<Figure[]> {
  const runs = quick ? RUNS_QUICK : RUNS;
  return [
    queueFigure(1000),
    queueFigure(100_000, '>= 10'),
    runFigure('runs of 8 nodes and 10 requests, history as values', runs, () => [], false),
    runFigure('the same, and every invariant judged', runs, () => [], true),
    runFigure('the same with a crash and a lossy fabric', runs, faults, true, '>= 150'),
  ];
}

function queueFigure(pending: number, target?: string): Figure {
  const draws = Prng.seeded('bench');
  const waits = new Float64Array(WAITS).map(() => -Math.log(1 - draws.float()));
  const queue = new EventQueue();
  for (let i = 0; i < pending; i++) queue.push(waits[i % WAITS]!);
  const rates: number[] = [];
  for (let turn = 0; turn <= TURNS; turn++) {
    const begunAtMs = performance.now();
    for (let i = 0; i < MOMENTS; i++) {
      queue.pop();
      queue.push(queue.timeMs + waits[i % WAITS]!);
    }
    // The first turn warms up.
    if (turn > 0) rates.push(MOMENTS / (performance.now() - begunAtMs) / 1000);
  }
  const value = Math.round(rates.sort((a, b) => a - b)[TURNS >> 1]! * 10) / 10;
  const name = `event queue, ${pending} pending`;
  return { name, value, unit: 'M events/s', ...(target === undefined ? {} : { target }) };
}

/** On one core. */
function runFigure(
  name: string,
  runs: number,
  timeline: () => readonly PlannedFault[],
  judged: boolean,
  target?: string,
): Figure {
  const run = (index: number): void => {
    const plan = smallPlan(`bench-${index}`, timeline());
    const lines: { readonly seat: string; readonly observation: Observation }[] = [];
    const { events, finals, fabric } = simulateRun(plan, {
      onObservation: (seat, observation) => lines.push({ seat, observation }),
    });
    if (judged) judge({ plan, events, history: () => lines, finals, fabric, gaps: [] });
  };
  for (let i = 0; i < WARM_UP_RUNS; i++) run(i);
  const begunAtMs = performance.now();
  for (let i = 0; i < runs; i++) run(i);
  const value = Math.round((1000 * runs) / (performance.now() - begunAtMs));
  return { name, value, unit: 'runs/s', ...(target === undefined ? {} : { target }) };
}

function faults(): readonly PlannedFault[] {
  return [
    {
      id: 'crash',
      title: 'crash 8',
      trigger: { atMs: 200 },
      durationMs: 500,
      fault: { kind: 'crash', seats: ['8'], database: 'kept' },
    },
    {
      id: 'loss',
      title: 'loss 5 %',
      trigger: { atMs: 100 },
      durationMs: 800,
      fault: { kind: 'link', seats: [], rules: [{ ...IDLE_RULE, id: 'loss', drop: 0.05 }] },
    },
  ];
}

function smallPlan(seed: string, timeline: readonly PlannedFault[]): ScenarioPlan {
  const planned = planLab({
    lab: 'bench',
    nodes: NODES,
    profile: 'paper',
    parameters: {},
    services: null,
    sensors: [],
    durability: 'process',
    qos: 1,
    seed,
  });
  if (!planned.ok) throw Failure.ofProblems('the benchmark has no plan', planned.problems);
  const seats = planned.plan.seats.map(({ seat, node }) => ({ seat, node }));
  return {
    schema: 1,
    name: 'bench',
    description: '',
    seed,
    timeoutMs: 60_000,
    requires: [],
    lab: planned.plan,
    simulation: { network: 'wifi-144', broker: 'independent', pace: 'hashing' },
    seats: seats.map((place) => ({
      ...place,
      group: 'nodes',
      role: 'honest',
      board: null,
      architecture: null,
      startsAtMs: null,
      sensors: [],
      conditions: NORMAL_CONDITIONS,
    })),
    links: [],
    workload: {
      fundUnits: Object.fromEntries(seats.map(({ seat }) => [seat, 10])),
      purchases: Array.from({ length: REQUESTS }, (_, i) => ({
        atMs: 100 + 100 * i,
        seat: String(1 + (i % NODES)),
        service: 'Nespresso',
        mode: 'strict',
      })),
      closed: [],
    },
    timeline,
    loadMs: 5000,
    endsEarly: true,
    settleMsMax: 5000,
    checks: (Object.keys(INVARIANTS) as InvariantId[]).map((invariant) => ({
      id: invariant,
      title: invariant,
      expect: 'hold',
      evidenceMin: 1,
      kind: 'invariant',
      invariant,
    })),
  };
}
