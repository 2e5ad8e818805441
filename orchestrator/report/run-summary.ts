/**
 * result.json of a run: what people, CI and later comparisons read, made of the run's record and of what its judges
 * said. Pure. It holds figures, not series: what happened over time is drawn from the history (run-series.ts).
 *
 * Times of faults and phases are milliseconds from the beginning of the load; before it they are negative.
 */
import type { Judgement } from '../checks/verdict.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { FaultState, OrderState, Phase, RunEvent, RunRecord } from '../run/run-record.ts';
import type { FaultKind, PlannedSeat, Role } from '../scenario/scenario-plan.ts';

export interface FaultSummary {
  readonly id: string;
  readonly kind: FaultKind;
  readonly title: string;
  readonly seats: readonly string[];
  /** Null: it never came so far. */
  readonly askedMs: number | null;
  readonly appliedMs: number | null;
  readonly verifiedMs: number | null;
  readonly healedMs: number | null;
  /** The last one; `failed`, `skipped` and `unverified` stay, also when it was healed afterwards. */
  readonly state: FaultState;
  /** Everything that was said of it. */
  readonly detail: string;
}

export interface PhaseSummary {
  readonly phase: Phase;
  readonly fromMs: number;
  readonly tookMs: number;
}

export type SeatState = 'ready' | 'down' | 'crashed' | 'not-started';

/** Figures are null where the seat gave no final report; counts are of its last life. */
export interface SeatSummary {
  readonly seat: string;
  readonly node: string;
  readonly group: string;
  readonly role: Role;
  /** Just before the lab was stopped. */
  readonly finalState: SeatState;
  readonly cpuMs: number | null;
  readonly rssBytes: number | null;
  readonly databaseBytes: number | null;
  readonly decisions: number | null;
  readonly rejections: Readonly<Record<string, number>>;
}

interface Counted {
  readonly messages: number;
  readonly payloadBytes: number;
}

/** As the fabric's broker counted; classes without a message are left out. */
export interface TrafficSummary {
  readonly received: Readonly<Record<string, Counted>>;
  readonly delivered: Readonly<Record<string, Counted>>;
  readonly redelivered: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
}

export interface OrderSummary {
  readonly placed: number;
  readonly requested: number;
  /** Still waiting for funds or an earlier request at the end. */
  readonly queued: number;
  readonly refused: number;
  /** Not answered by the node. */
  readonly lost: number;
  readonly givenUp: number;
}

export interface RunSummary {
  readonly schema: 1;
  readonly scenario: string;
  readonly description: string;
  readonly profile: string;
  readonly seed: string;
  readonly runtime: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly tookMs: number;
  /** When the load began, on the clock `t` of observations and events. */
  readonly loadT: number;
  readonly verdict: Judgement['verdict'];
  readonly exitCode: ExitCode;
  readonly reasons: readonly string[];
  readonly judgement: Pick<Judgement, 'checks' | 'metrics' | 'stuck' | 'correct'>;
  readonly faults: readonly FaultSummary[];
  readonly phases: readonly PhaseSummary[];
  readonly orders: OrderSummary;
  /** In the order of the plan. */
  readonly seats: readonly SeatSummary[];
  /** Null where no broker counted. */
  readonly traffic: TrafficSummary | null;
  /** What may be missing in the history, a line each. */
  readonly gaps: readonly string[];
  /** The command that runs it again, word by word. */
  readonly replay: readonly string[];
  /** Of the run directory. */
  readonly path: string;
}

/** What only the program that ran it knows. */
export interface RunFacts {
  readonly runtime: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly tookMs: number;
  /** Null: as the verdict says. Otherwise the run ended for another reason, which `reasons` states. */
  readonly exitCode: ExitCode | null;
  /** Why the run did not go as planned, beside those of the judgement: it does not pass then. */
  readonly reasons: readonly string[];
  readonly replay: readonly string[];
  readonly path: string;
}

export function summarise(record: RunRecord, judgement: Judgement, facts: RunFacts): RunSummary {
  const { plan, events } = record;
  const { checks, metrics, stuck, correct } = judgement;
  // A check that failed stays the finding; otherwise a run that went another way than planned says nothing.
  const verdict = facts.reasons.length > 0 && judgement.verdict === 'pass' ? 'inconclusive' : judgement.verdict;
  const loadT = loadBegan(events);
  return {
    schema: 1,
    scenario: plan.name,
    description: plan.description,
    profile: plan.lab.profile,
    seed: plan.seed,
    runtime: facts.runtime,
    startedAt: facts.startedAt,
    tookMs: facts.tookMs,
    loadT,
    verdict,
    exitCode: facts.exitCode ?? exitCodeOf(verdict),
    reasons: [...facts.reasons, ...judgement.reasons],
    judgement: { checks, metrics, stuck, correct },
    faults: faultsOf(events, loadT),
    phases: phasesOf(events, loadT, Date.parse(facts.startedAt) + facts.tookMs),
    orders: ordersOf(events),
    seats: plan.seats.map((seat) => seatOf(seat, record)),
    traffic: record.fabric === null ? null : trafficOf(record.fabric),
    gaps: record.gaps,
    replay: facts.replay,
    path: facts.path,
  };
}

export function exitCodeOf(verdict: Judgement['verdict']): ExitCode {
  return verdict === 'pass' ? EXIT.pass : verdict === 'failed' ? EXIT.failed : EXIT.inconclusive;
}

/** On the clock `t`; the first event where no load began, 0 where there is no event at all. */
export function loadBegan(events: readonly RunEvent[]): number {
  const load = events.find((event) => event.event === 'phase' && event.phase === 'load');
  return (load ?? events[0])?.t ?? 0;
}

const LASTING: readonly FaultState[] = ['failed', 'skipped', 'unverified'];

function faultsOf(events: readonly RunEvent[], loadT: number): FaultSummary[] {
  const faults = new Map<string, FaultSummary>();
  for (const event of events) {
    if (event.event !== 'fault') continue;
    const { id, kind, title, seats, state, detail } = event;
    const known = faults.get(id);
    const at = rounded(event.t - loadT);
    faults.set(id, {
      id,
      kind,
      title,
      seats: [...new Set([...(known?.seats ?? []), ...seats])],
      askedMs: known?.askedMs ?? (state === 'asked' ? at : null),
      appliedMs: known?.appliedMs ?? (state === 'applied' ? at : null),
      verifiedMs: known?.verifiedMs ?? (state === 'verified' ? at : null),
      healedMs: state === 'healed' ? at : (known?.healedMs ?? null),
      state: known !== undefined && LASTING.includes(known.state) ? known.state : state,
      detail: [...new Set([...(known?.detail.split('; ') ?? []), detail])].filter((text) => text !== '').join('; '),
    });
  }
  return [...faults.values()];
}

function phasesOf(events: readonly RunEvent[], loadT: number, endedAt: number): PhaseSummary[] {
  const phases = events.filter((event) => event.event === 'phase');
  return phases.map((event, index) => {
    const next = phases[index + 1];
    const tookMs = next === undefined ? endedAt - event.at : next.t - event.t;
    return { phase: event.phase, fromMs: rounded(event.t - loadT), tookMs: Math.max(0, rounded(tookMs)) };
  });
}

function ordersOf(events: readonly RunEvent[]): OrderSummary {
  const states = new Map<string, OrderState>();
  for (const event of events) if (event.event === 'order') states.set(event.orderId, event.state);
  const count = (state: OrderState): number => [...states.values()].filter((other) => other === state).length;
  return {
    placed: states.size,
    requested: count('requested'),
    queued: count('queued'),
    refused: count('refused'),
    lost: count('lost'),
    givenUp: count('given-up'),
  };
}

function seatOf({ seat, node, group, role }: PlannedSeat, { events, finals }: RunRecord): SeatSummary {
  const report = finals.get(seat);
  const stopped = events.find((event) => event.event === 'phase' && event.phase === 'stop')?.t ?? Infinity;
  const last = events.findLast((event) => event.event === 'seat' && event.seat === seat && event.t <= stopped);
  const state = last?.event === 'seat' ? last.state : null;
  return {
    seat,
    node,
    group,
    role,
    finalState: state ?? (report === undefined ? 'not-started' : 'ready'),
    cpuMs: report?.cpuMs ?? null,
    rssBytes: report?.rssBytes ?? null,
    databaseBytes: report?.databaseBytes ?? null,
    decisions: report?.decisions ?? null,
    rejections: report?.rejections ?? {},
  };
}

function trafficOf(fabric: NonNullable<RunRecord['fabric']>): TrafficSummary {
  const moved = (counts: Readonly<Record<string, Counted>>): Record<string, Counted> =>
    Object.fromEntries(Object.entries(counts).filter(([, { messages }]) => messages > 0));
  const some = (counts: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  return {
    received: moved(fabric.received),
    delivered: moved(fabric.delivered),
    redelivered: fabric.redelivered,
    dropped: some(fabric.dropped),
    refused: some(fabric.refused),
  };
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
