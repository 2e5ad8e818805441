/**
 * Where a scenario's run stands, put together from what nodes and the run driver tell while it goes on. Only counts and
 * recent values are kept, so a run of any length costs the same. It judges nothing: that is done afterwards, from the
 * nodes' own records.
 *
 * All times are on the clock `t` of events and observations, milliseconds.
 */
import { numberOf, type Observation, textOf } from '../history/observation.ts';
import type { FaultKind, Role, ScenarioPlan } from '../scenario/scenario-plan.ts';
import type { FaultState, Phase, RunEvent } from './run-record.ts';

/** A request that is not decided at its requester after so long is shown as stuck. */
export const STUCK_AFTER_MS = 5000;
const LATENCIES_KEPT = 2048;
/** Decisions a second are those of the last so many milliseconds. */
const RATE_MS = 2000;
const RATE_DECISIONS_KEPT = 4096;

export interface SeatProgress {
  readonly seat: string;
  readonly node: string;
  readonly role: Role;
  state: 'awaited' | 'up' | 'down' | 'crashed' | 'paused';
  units: number;
  bought: number;
  votes: number;
}

export interface FaultProgress {
  readonly id: string;
  readonly kind: FaultKind;
  readonly title: string;
  readonly state: FaultState;
  readonly detail: string;
  readonly appliedT: number;
  /** When it is to be healed; null: with the end of the load. */
  readonly endsT: number | null;
}

export interface DecidedPurchase {
  readonly t: number;
  readonly node: string;
  readonly service: string;
  readonly latencyMs: number;
}

export class ProgressState {
  readonly seats: ReadonlyMap<string, SeatProgress>;
  readonly #plan: ScenarioPlan;
  readonly #faults = new Map<string, FaultProgress>();
  readonly #open = new Map<string, number>();
  readonly #latencies: number[] = [];
  readonly #decisionTs: number[] = [];
  #phase: { readonly phase: Phase; readonly t: number } | null = null;
  #loadT: number | null = null;
  #ordered = 0;
  #requested = 0;
  #decided = 0;
  #votes = 0;

  constructor(plan: ScenarioPlan) {
    this.#plan = plan;
    this.seats = new Map(
      plan.seats.map(({ seat, node, role }) => [
        seat,
        { seat, node, role, state: 'awaited', units: 0, bought: 0, votes: 0 },
      ]),
    );
  }

  get phase(): { readonly phase: Phase; readonly t: number } | null {
    return this.#phase;
  }

  /** Null before the load. */
  get loadT(): number | null {
    return this.#loadT;
  }

  get ordered(): number {
    return this.#ordered;
  }

  get requested(): number {
    return this.#requested;
  }

  /** At their requesters. */
  get decided(): number {
    return this.#decided;
  }

  get votes(): number {
    return this.#votes;
  }

  /** At the requester, ms; of the last requests that were decided. */
  get latencies(): readonly number[] {
    return this.#latencies;
  }

  stuck(nowT: number): number {
    let count = 0;
    for (const sentT of this.#open.values()) {
      // In order of sending.
      if (nowT - sentT < STUCK_AFTER_MS) break;
      count++;
    }
    return count;
  }

  decisionsPerSecond(nowT: number): number {
    const recent = this.#decisionTs.filter((t) => nowT - t <= RATE_MS).length;
    return recent / (RATE_MS / 1000);
  }

  /** Applied and not healed, in order of their beginning. */
  activeFaults(): readonly FaultProgress[] {
    return [...this.#faults.values()].filter(({ state }) => ['applied', 'verified', 'unverified'].includes(state));
  }

  /** The purchase that this line decides at its buyer, if it does. */
  take(seat: string, observation: Observation): DecidedPurchase | null {
    const progress = this.seats.get(seat);
    if (progress === undefined) return null;
    const { event, t } = observation;
    switch (event) {
      case 'wallet':
        if (textOf(observation, 'id') === progress.node) progress.units = numberOf(observation, 'cU');
        return null;
      case 'vote.tx':
        progress.votes++;
        this.#votes++;
        return null;
      case 'req.tx': {
        const requestId = textOf(observation, 'reqId');
        if (this.#open.has(requestId)) return null;
        this.#open.set(requestId, t);
        this.#requested++;
        return null;
      }
      case 'decide':
        return textOf(observation, 'R') === progress.node ? this.#decide(progress, observation) : null;
      default:
        return null;
    }
  }

  event(event: RunEvent): void {
    switch (event.event) {
      case 'phase':
        this.#phase = { phase: event.phase, t: event.t };
        if (event.phase === 'load') this.#loadT = event.t;
        break;
      case 'seat': {
        const seat = this.seats.get(event.seat);
        if (seat !== undefined) seat.state = event.state === 'ready' ? 'up' : event.state;
        break;
      }
      case 'order':
        if (event.state === 'placed') this.#ordered++;
        break;
      case 'fault':
        this.#fault(event);
        break;
    }
  }

  #decide(progress: SeatProgress, observation: Observation): DecidedPurchase | null {
    const requestId = textOf(observation, 'reqId');
    const sentT = this.#open.get(requestId);
    if (sentT === undefined) return null;
    this.#open.delete(requestId);
    this.#decided++;
    progress.bought++;
    const { t } = observation;
    const latencyMs = t - sentT;
    kept(this.#latencies, latencyMs, LATENCIES_KEPT);
    kept(this.#decisionTs, t, RATE_DECISIONS_KEPT);
    return { t, node: progress.node, service: textOf(observation, 'service'), latencyMs };
  }

  #fault(event: Extract<RunEvent, { event: 'fault' }>): void {
    const { id, kind, title, state, detail, t, seats } = event;
    const known = this.#faults.get(id);
    const durationMs = this.#plan.timeline.find((planned) => planned.id === id)?.durationMs ?? null;
    const appliedT = state === 'applied' ? t : (known?.appliedT ?? t);
    const endsT = durationMs === null ? null : appliedT + durationMs;
    this.#faults.set(id, { id, kind, title, state, detail, appliedT, endsT });
    if (kind !== 'pause') return;
    for (const seat of seats.map((name) => this.seats.get(name))) {
      if (seat === undefined) continue;
      if (state === 'applied' && seat.state === 'up') seat.state = 'paused';
      else if (state === 'healed' && seat.state === 'paused') seat.state = 'up';
    }
  }
}

/** Appends; forgets the older half where there are too many, so that keeping a list short costs nothing each time. */
function kept(values: number[], value: number, most: number): void {
  values.push(value);
  if (values.length > most) values.splice(0, values.length - most / 2);
}
