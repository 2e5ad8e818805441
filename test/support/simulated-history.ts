/** A simulated run of a plan with everything that it wrote, for tests to look into. */
import type { Observation } from '../../orchestrator/history/observation.ts';
import type { RunRecord } from '../../orchestrator/run/run-record.ts';
import type { ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';
import { type SimulationEnd, simulateRun } from '../../orchestrator/simulated/simulation.ts';

export interface SeatLine {
  readonly seat: string;
  readonly observation: Observation;
}

export interface SimulatedHistory {
  readonly end: SimulationEnd;
  readonly lines: readonly SeatLine[];
  readonly record: RunRecord;
  /** Lines of one seat with this event; without a seat, of all. */
  of(event: string, seat?: string): readonly Observation[];
}

export function simulatedHistory(plan: ScenarioPlan): SimulatedHistory {
  const lines: SeatLine[] = [];
  const end = simulateRun(plan, { onObservation: (seat, observation) => lines.push({ seat, observation }) });
  const { events, finals, fabric } = end;
  return {
    end,
    lines,
    record: { plan, events, history: () => lines, finals, fabric, gaps: [] },
    of: (event, seat) =>
      lines
        .filter((line) => line.observation.event === event && (seat === undefined || line.seat === seat))
        .map(({ observation }) => observation),
  };
}

/** What happened to a fault, in order. */
export function statesOf({ events }: SimulationEnd, id: string): readonly string[] {
  return events.flatMap((event) => (event.event === 'fault' && event.id === id ? [event.state] : []));
}

/** Distinct sets of wallets that seats reported. */
export function distinctWallets({ finals }: SimulationEnd): number {
  return new Set([...finals.values()].map(({ wallets }) => JSON.stringify(wallets))).size;
}
