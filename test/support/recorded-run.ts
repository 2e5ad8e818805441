/**
 * Runs of real cores in one process and virtual time as the judges get them: a plan, lines, events, final reads. And small,
 * explicit falsifications of their lines, for what no core would do.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import type { MessageHead, Vote } from '../../node/protocol/message.ts';
import { makeVote } from '../../node/protocol/paper-messages.ts';
import { RecordedCores, type RecordedCoresOptions } from '../../orchestrator/bench/recorded-cores.ts';
import { INVARIANTS, type InvariantId } from '../../orchestrator/checks/invariant-id.ts';
import { judge } from '../../orchestrator/checks/judge.ts';
import type { JudgedCheck } from '../../orchestrator/checks/verdict.ts';
import type { Observation } from '../../orchestrator/history/observation.ts';
import { newPlan, type RequestedLab } from '../../orchestrator/lab/kept-lab.ts';
import type { Phase, RunEvent, RunRecord } from '../../orchestrator/run/run-record.ts';
import type {
  PlannedCheck,
  PlannedFault,
  PlannedSeat,
  ScenarioPlan,
} from '../../orchestrator/scenario/scenario-plan.ts';

export interface PlanOptions {
  readonly lab?: RequestedLab;
  readonly checks?: readonly PlannedCheck[];
  readonly timeline?: readonly PlannedFault[];
  /** Seats that are not honest and plain, by name. */
  readonly seats?: Readonly<Record<string, Partial<PlannedSeat>>>;
}

export function scenarioOf({ lab = {}, checks = [], timeline = [], seats = {} }: PlanOptions = {}): ScenarioPlan {
  const plan = newPlan('checked', { sensors: [], ...lab });
  return {
    schema: 1,
    name: 'checked',
    description: '',
    seed: '1',
    timeoutMs: 60_000,
    requires: [],
    lab: plan,
    seats: plan.seats.map(({ seat, node }) => ({
      seat,
      node,
      group: 'all',
      role: 'honest',
      board: null,
      architecture: null,
      startsAtMs: null,
      sensors: [],
      conditions: NORMAL_CONDITIONS,
      ...seats[seat],
    })),
    links: [],
    workload: { fundUnits: {}, purchases: [], closed: [] },
    timeline,
    loadMs: 60_000,
    endsEarly: true,
    settleMsMax: 10_000,
    checks,
  };
}

export function invariantCheck(invariant: InvariantId, more: Partial<PlannedCheck> = {}): PlannedCheck {
  return {
    id: invariant,
    title: `${invariant} ${INVARIANTS[invariant]}`,
    expect: 'hold',
    evidenceMin: 1,
    kind: 'invariant',
    invariant,
    ...more,
  } as PlannedCheck;
}

export type Line = { readonly seat: string; readonly observation: Observation };

/** What becomes of a line: itself, another one, several, or none. */
export type Falsification = (line: Line) => Observation | readonly Observation[] | null;

const TRUE: Falsification = ({ observation }) => observation;

export interface RunOptions
  extends PlanOptions,
    Partial<Pick<RecordedCoresOptions, 'delayMs' | 'onCopy' | 'serviceMs'>> {
  /** Units of every seat, shared before the load begins; default 30. */
  readonly units?: number;
}

export class RecordedRun {
  readonly plan: ScenarioPlan;
  readonly cores: RecordedCores;
  readonly lines: Line[] = [];
  readonly events: RunEvent[] = [];

  /** Everybody is up and has its units. */
  constructor(options: RunOptions = {}) {
    this.plan = scenarioOf(options);
    this.cores = new RecordedCores({
      lab: this.plan.lab,
      onLine: (seat, line) => this.lines.push({ seat, observation: JSON.parse(line) as Observation }),
      ...(options.delayMs === undefined ? {} : { delayMs: options.delayMs }),
      ...(options.onCopy === undefined ? {} : { onCopy: options.onCopy }),
      ...(options.serviceMs === undefined ? {} : { serviceMs: options.serviceMs }),
    });
    this.phase('start');
    for (const { seat, startsAtMs } of this.plan.seats) if (startsAtMs === null) this.cores.boot(seat);
    this.phase('fund');
    for (const { seat, startsAtMs } of this.plan.seats) {
      if (startsAtMs === null) this.cores.sample(seat, options.units ?? 30);
    }
    this.cores.runUntil(100);
    this.phase('load');
  }

  phase(phase: Phase): void {
    this.events.push({ t: this.cores.t, at: 0, event: 'phase', phase });
  }

  fault(id: string, state: Extract<RunEvent, { event: 'fault' }>['state'], detail = ''): void {
    const { t } = this.cores;
    this.events.push({ t, at: 0, event: 'fault', id, kind: 'link', title: id, state, seats: [], detail });
  }

  /** Orders, and goes on until all is quiet. */
  buy(seat: string, orderId: string, service = 'Nespresso'): void {
    this.cores.order(seat, orderId, service);
    this.cores.settle();
  }

  /** A vote of `voter` for the request that `request` is a line of. */
  vote(voter: string, request: Observation, remainingUnits: number): Vote {
    const body = {
      requester: String(request.R),
      service: String(request.service),
      priceDcoins: Number(request.price),
      time: Number(request.time),
      state: String(request.prevState),
    };
    return this.cores.solvedVote(makeVote(voter, body, remainingUnits, 0, nativeSha256Hex));
  }

  /** Lines of an event, of one seat where one is named. */
  of(event: string, seat?: string): Line[] {
    return this.lines.filter((line) => line.observation.event === event && (seat === undefined || line.seat === seat));
  }

  /** Lets `ms` go by, so that what should have happened by then had its time. */
  wait(ms: number): void {
    this.cores.runUntil(this.cores.t + ms);
  }

  /** The run as it is now, with final reads of all that are up. `falsify` makes other lines of these. */
  record(falsify: Falsification = TRUE, change: Partial<RunRecord> = {}): RunRecord {
    const finals = new Map<string, NodeReport>();
    for (const { seat } of this.plan.lab.seats) {
      const report = this.cores.report(seat);
      if (report !== null) finals.set(seat, report);
    }
    const lines = this.lines.flatMap((line): Line[] => {
      const made = falsify(line);
      const observations = made === null ? [] : Array.isArray(made) ? (made as Observation[]) : [made as Observation];
      return observations.map((observation) => ({ seat: line.seat, observation }));
    });
    const same =
      lines.length === this.lines.length && lines.every((line, i) => line.observation === this.lines[i]!.observation);
    if (same && falsify !== TRUE) throw new Error('the falsification met no line');
    const t = this.cores.t + 1;
    const ends = (['heal', 'settle', 'read', 'stop'] as const).map(
      (phase, index): RunEvent => ({ t: t + index, at: 0, event: 'phase', phase }),
    );
    return {
      plan: this.plan,
      events: [...this.events, ...ends, { t: t + 1, at: 0, event: 'rest', quiet: true, detail: '' }],
      history: () => renumbered(lines),
      finals,
      fabric: null,
      gaps: [],
      ...change,
    };
  }
}

/** A falsifier would not leave a hole in the numbers: they count up as before, but for lines that say otherwise. */
function renumbered(lines: readonly Line[]): Line[] {
  const counts = new Map<string, number>();
  return lines.map(({ seat, observation }) => {
    const seq = observation.event === 'gap' ? Number(observation.to) + 1 : (counts.get(seat) ?? 0) + 1;
    counts.set(seat, seq);
    return { seat, observation: { ...observation, seq } };
  });
}

/** `observation` with other fields. */
export function withFields(observation: Observation, fields: Readonly<Record<string, unknown>>): Observation {
  return { ...observation, ...fields };
}

/** Changes the n-th line (from 0) that fits. */
export function nth(
  n: number,
  fits: (line: Line) => boolean,
  change: (observation: Observation) => Observation | readonly Observation[] | null,
): Falsification {
  let count = 0;
  return (line) => (fits(line) && count++ === n ? change(line.observation) : line.observation);
}

export function judgedInvariant(record: RunRecord, invariant: InvariantId): JudgedCheck {
  const plan = { ...record.plan, checks: [invariantCheck(invariant)] };
  return judge({ ...record, plan }).checks[0]!;
}

/** Whether `message` is a vote of `voter`. */
export function isVoteOf(message: MessageHead, voter: string): message is Vote {
  return message.kind === 'vote' && (message as Vote).voter === voter;
}

/** The record as a run leaves it in its directory. */
export function writeRun(directory: string, record: RunRecord): void {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  write('scenario.resolved.yaml', stringify(record.plan, { aliasDuplicateObjects: false }));
  write('events.ndjson', record.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const lines = [...record.history()].map(({ observation }) => `${JSON.stringify(observation)}\n`);
  write('history.ndjson', lines.join(''));
  if (record.fabric !== null) write('fabric.json', JSON.stringify(record.fabric));
  for (const [seat, report] of record.finals) {
    mkdirSync(join(directory, 'nodes', seat), { recursive: true });
    write(join('nodes', seat, 'ledger.json'), JSON.stringify(report));
  }
}
