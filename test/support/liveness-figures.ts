/** Locked wallets of simulated runs, counted over several seeds. */
import { readFileSync } from 'node:fs';
import { scenarioFile } from '../../orchestrator/scenario/scenario-files.ts';
import type { PlannedFault, ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';
import { simulateRun } from '../../orchestrator/simulated/simulation.ts';
import { planOf } from './scenario-text.ts';

export interface LivenessSettings {
  readonly scenario: string;
  readonly nodes?: number;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly seeds: number;
  /** In place of the scenario's. */
  readonly loadMs?: number;
  readonly change?: (plan: ScenarioPlan) => ScenarioPlan;
}

interface Asked {
  readonly requester: string;
  readonly tMs: number;
  decided: boolean;
}

export interface LivenessFigures {
  readonly wallets: number;
  readonly requests: number;
  readonly locked: number;
  /** Share of wallets that are locked at the end. */
  readonly lockedShare: number;
  /** Locks per request, of the first request of each wallet. */
  readonly perFirstRequest: number;
  /** Of the requests that were made while at least half of the wallets were not locked. */
  readonly perEarlyRequest: number;
  /** Of all. */
  readonly perRequest: number;
}

export function livenessFigures({ scenario, seeds, change, ...settings }: LivenessSettings): LivenessFigures {
  const text = readFileSync(scenarioFile(scenario)!, 'utf8');
  const { nodes, parameters = {} } = settings;
  const [first, early, all] = [new Share(), new Share(), new Share()];
  let wallets = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const read = planOf(text, { seed: `liveness-${seed}`, parameters, ...(nodes === undefined ? {} : { nodes }) });
    const plan = { ...read, loadMs: settings.loadMs ?? read.loadMs };
    const asked = requestsOf(change?.(plan) ?? plan);
    const size = new Set(plan.seats.map(({ node }) => node)).size;
    const seen = new Set<string>();
    let locked = 0;
    for (const { requester, decided } of asked) {
      all.take(!decided);
      if (!seen.has(requester)) first.take(!decided);
      if (2 * (size - locked) >= size) early.take(!decided);
      seen.add(requester);
      if (!decided) locked++;
    }
    wallets += size;
  }
  return {
    wallets,
    requests: all.total,
    locked: all.count,
    lockedShare: all.count / wallets,
    perFirstRequest: first.value,
    perEarlyRequest: early.value,
    perRequest: all.value,
  };
}

/** In the order in which they were made. A request counts as decided where anybody has decided it. */
function requestsOf(plan: ScenarioPlan): readonly Asked[] {
  const asked = new Map<string, Asked>();
  simulateRun(plan, {
    onObservation: (_seat, line) => {
      const id = String(line.reqId);
      if (line.event === 'req.tx' && !asked.has(id))
        asked.set(id, { requester: line.node, tMs: line.t, decided: false });
      const request = line.event === 'decide' ? asked.get(id) : undefined;
      if (request !== undefined) request.decided = true;
    },
  });
  return [...asked.values()].sort((a, b) => a.tMs - b.tMs);
}

class Share {
  count = 0;
  total = 0;

  take(counts: boolean): void {
    this.total++;
    if (counts) this.count++;
  }

  get value(): number {
    return this.total === 0 ? 0 : this.count / this.total;
  }
}

/**
 * Nodes that poll do so each at a moment of its own. Simulated nodes start together, so each is started once more
 * before anything happens, spread over the period in an order that has nothing to do with their numbers.
 */
export function outOfPhase(plan: ScenarioPlan): ScenarioPlan {
  const periodMs = plan.lab.parameters.consensusPeriodMs;
  const count = plan.seats.length;
  const timeline = plan.seats.map(
    ({ seat }, i): PlannedFault => ({
      id: `phase-${seat}`,
      title: `seat ${seat} out of phase`,
      trigger: { atMs: 1000 + Math.round(((i * 7) % count) * (periodMs / count)) },
      durationMs: null,
      fault: { kind: 'restart', seats: [seat], database: 'kept' },
    }),
  );
  return { ...plan, timeline };
}
