/** The live block of a scenario's run as lines of text. Pure: state and time in, lines out. */
import { INVARIANTS, type InvariantId } from '../checks/invariant-id.ts';
import type { MetricName } from '../checks/metric.ts';
import { blockTable } from '../cli/block-table.ts';
import type { Style } from '../cli/terminal.ts';
import { distributionOf } from '../history/distribution.ts';
import { onOneLine, shortened } from '../report/markup.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import type { FaultProgress, ProgressState, SeatProgress } from './progress-state.ts';
import type { Phase } from './run-record.ts';

export interface LiveFigures {
  /** Null: not known (yet). */
  value(metric: MetricName): number | null;
  /** The worst so far; null: nothing is violated. */
  worst(): { readonly invariant: InvariantId; readonly text: string } | null;
}

export interface ProgressView {
  readonly plan: ScenarioPlan;
  readonly state: ProgressState;
  readonly figures: LiveFigures;
  /** On the clock `t`. */
  readonly nowT: number;
  /** Characters of a line. */
  readonly columns: number;
  /** The block is not taller: what has left the screen cannot be drawn again. */
  readonly rows: number;
  readonly style: (style: Style, text: string) => string;
}

const FAULTS_SHOWN = 4;
const FIXED_LINES = 4;
const STATES: { readonly [S in SeatProgress['state']]: string } = {
  awaited: '..',
  up: 'up',
  down: 'down',
  crashed: 'dead',
  paused: 'hold',
};
const ROLES = { honest: '', byzantine: 'byz', twin: 'twin', silent: 'mute' } as const;

export function progressLines(view: ProgressView): string[] {
  const { style, figures, state } = view;
  const faults = faultLines(view);
  const worst = figures.worst();
  return [
    headline(view),
    ...faults,
    countsLine(view),
    latencyLine(state),
    worst === null
      ? `invariants  ${style('green', 'no violation so far')}`
      : `invariants  ${style('red', `${worst.invariant} VIOLATED`)}  ${worst.text === '' ? INVARIANTS[worst.invariant] : onOneLine(worst.text)}`,
    ...seatTable(view, view.rows - FIXED_LINES - faults.length),
  ];
}

/** Milliseconds that a phase may take by the plan; null where the plan does not say. */
export function plannedMs(plan: ScenarioPlan, phase: Phase): number | null {
  return phase === 'load' ? plan.loadMs : phase === 'settle' ? plan.settleMsMax : null;
}

function headline({ plan, state, nowT, style }: ProgressView): string {
  const { phase } = state;
  const name = `${plan.name}, seed ${plan.seed}`;
  if (phase === null) return `${style('bold', 'begin')}  ${name}`;
  const planned = plannedMs(plan, phase.phase);
  const most = phase.phase === 'settle' || (phase.phase === 'load' && plan.endsEarly) ? 'at most ' : '';
  const of = planned === null ? '' : ` of ${most}${seconds(planned)}`;
  return `${style('bold', phase.phase.padEnd(8))}${seconds(nowT - phase.t)}${of}   ${name}`;
}

function faultLines({ plan, state, nowT, style }: ProgressView): string[] {
  const active = state.activeFaults();
  if (active.length === 0) return plan.timeline.length === 0 ? [] : ['faults      none active'];
  const left = ({ endsT }: FaultProgress): string =>
    endsT === null ? 'until the load ends' : `${seconds(Math.max(0, endsT - nowT))} left`;
  const lines = active
    .slice(0, FAULTS_SHOWN)
    .map(
      (fault, index) =>
        `${index === 0 ? 'faults' : ''}`.padEnd(12) +
        `${style('yellow', shortState(fault))}  ${shortened(onOneLine(fault.title), 56)}  ${left(fault)}`,
    );
  if (active.length > FAULTS_SHOWN) lines.push(`${' '.repeat(12)}and ${active.length - FAULTS_SHOWN} more`);
  return lines;
}

function shortState({ state }: FaultProgress): string {
  return state === 'verified' ? 'seen to work' : state === 'unverified' ? 'NOT SEEN    ' : 'applied     ';
}

function countsLine({ plan, state, figures, nowT, style }: ProgressView): string {
  const stuck = state.stuck(nowT);
  const { purchases, closed } = plan.workload;
  const planned = purchases.length + closed.reduce((sum, stream) => sum + stream.purchases.length, 0);
  const everywhere = figures.value('decided-everywhere');
  const of = planned === 0 ? '' : ` of ${planned}`;
  return (
    `requests    ${state.requested}${of} sent, ${state.decided} decided` +
    (everywhere === null ? '' : `, ${everywhere} everywhere`) +
    `, ${stuck === 0 ? '0' : style('yellow', String(stuck))} stuck   ${state.decisionsPerSecond(nowT).toFixed(1)} decisions/s   ${state.votes} votes`
  );
}

function latencyLine({ latencies }: ProgressState): string {
  const figures = distributionOf(latencies);
  if (figures === null) return 'latency     no decision yet';
  return `latency     p50 ${figures.p50.toFixed(1)} ms  p95 ${figures.p95.toFixed(1)} ms  max ${figures.max.toFixed(1)} ms  at the requester, last ${figures.count}`;
}

const SEAT_COLUMNS = [
  { title: 'seat' },
  { title: '' },
  { title: '' },
  { title: 'DCoin', align: 'right' },
  { title: 'buys', align: 'right' },
  { title: 'votes', align: 'right' },
] as const;

/** One row a seat; at most `linesMax` lines. */
function seatTable({ plan, state, columns, style }: ProgressView, linesMax: number): string[] {
  const rate = plan.lab.parameters.dcoinRate;
  const cells = (seat: SeatProgress): readonly string[] => [
    shortened(seat.seat, 8),
    seat.state === 'up' || seat.state === 'awaited' ? STATES[seat.state] : style('red', STATES[seat.state]),
    ROLES[seat.role],
    (seat.units / rate).toFixed(1),
    String(seat.bought),
    String(seat.votes),
  ];
  return blockTable(SEAT_COLUMNS, [...state.seats.values()], cells, { columnsMax: columns, linesMax }, (rest) => {
    const up = rest.filter((seat) => seat.state === 'up').length;
    return `and ${rest.length} more seats, ${up} of them up`;
  });
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
