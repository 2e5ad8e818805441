/**
 * From the record of a run to a verdict: one pass over the history feeds every check that the plan asks for, the figures
 * and the tracks of requests. Pure: the same record gives the same judgement, today or in a year.
 *
 * `failed`: a check is not as expected (an attack that should have succeeded and did not is such a one). `inconclusive`: a
 * check is unknown, nothing was checked, or a fault was not seen to work. Otherwise `pass`.
 */
import { invariant } from '../../node/protocol/invariant.ts';
import type { Observation } from '../history/observation.ts';
import { type RequestTrack, RequestTracker } from '../history/request-track.ts';
import { type StuckRequest, stuckRequests } from '../history/stuck-request.ts';
import type { FaultState, RunRecord } from '../run/run-record.ts';
import type { PlannedCheck } from '../scenario/scenario-plan.ts';
import { boundText, within } from './bound.ts';
import { type CheckFacts, checkFacts } from './check-facts.ts';
import type { Fold } from './fold.ts';
import { INVARIANT_FOLDS, inapplicable } from './invariants.ts';
import { LiveMetrics } from './live-metrics.ts';
import { type Measured, measure } from './measure.ts';
import { METRICS } from './metric.ts';
import { MetricWatch } from './metric-watch.ts';
import { RequestBook } from './request-book.ts';
import { SeatRecord } from './seat-record.ts';
import type { CheckOutcome, JudgedCheck, Judgement } from './verdict.ts';

/** Work that is being found, messages that are delivered: no node is silent for longer about what is under way. */
const EVENT_SILENT_MS = 1000;
const NO_FOLDS: readonly Fold[] = [];

/** Throws a Failure (`usage`) where the plan is one that this version cannot judge. */
export function judge(record: RunRecord): Judgement {
  const facts = checkFacts(record.plan);
  const live = new LiveMetrics(facts);
  const pass = new Pass(facts, record, live);
  pass.read();
  return pass.judgement(live);
}

/** What became of a run, without its figures. */
export interface InvariantsJudged {
  readonly checks: readonly JudgedCheck[];
  /** Of correct requesters. */
  readonly requests: number;
  readonly stuck: readonly StuckRequest[];
}

/**
 * What `judge` says of invariants and stuck requests, where nobody asks for figures: for plans whose checks are
 * invariants and no others. Throws as `judge` does.
 */
export function judgeInvariants(record: RunRecord): InvariantsJudged {
  const pass = new Pass(checkFacts(record.plan), record, null);
  pass.read();
  return pass.invariants();
}

/** What all of the history comes to. */
interface Ends {
  readonly outcomes: ReadonlyMap<string, CheckOutcome>;
  /** Of correct requesters. */
  readonly tracks: readonly RequestTrack[];
  readonly obliged: (track: RequestTrack) => readonly string[];
  readonly stuck: readonly StuckRequest[];
}

class Pass {
  readonly #facts: CheckFacts;
  readonly #record: RunRecord;
  readonly #requests = new RequestBook();
  readonly #tracker = new RequestTracker();
  /** Null: nobody asks for figures. */
  readonly #live: LiveMetrics | null;
  readonly #seats = new Map<string, SeatRecord>();
  /** By invariant, so that two checks of one cost one fold. */
  readonly #folds = new Map<string, Fold>();
  readonly #byEvent = new Map<string, Fold[]>();
  readonly #watches = new Map<PlannedCheck, MetricWatch>();
  #lines = 0;
  #lastT = Number.NEGATIVE_INFINITY;

  constructor(facts: CheckFacts, record: RunRecord, live: LiveMetrics | null) {
    this.#facts = facts;
    this.#record = record;
    this.#live = live;
    for (const check of record.plan.checks) {
      if (check.kind === 'eventually') this.#watches.set(check, new MetricWatch(check, record.events));
      if (check.kind !== 'invariant' || this.#folds.has(check.invariant)) continue;
      const begin = INVARIANT_FOLDS[check.invariant];
      if (begin === null || inapplicable(check.invariant, facts) !== null) continue;
      const fold = begin(facts, this.#requests);
      this.#folds.set(check.invariant, fold);
      for (const event of fold.events) this.#byEvent.set(event, [...(this.#byEvent.get(event) ?? []), fold]);
    }
  }

  /** All of the history. */
  read(): void {
    for (const { seat, observation } of this.#record.history()) this.#take(seat, observation);
  }

  #take(seat: string, observation: Observation): void {
    const live = this.#live;
    this.#lines++;
    this.#lastT = Math.max(this.#lastT, observation.t);
    if (live !== null) for (const watch of this.#watches.values()) watch.before(observation.t, live);
    if (this.#facts.correct.has(seat)) this.#takeCorrect(seat, observation);
    this.#tracker.take(seat, observation);
    live?.take(seat, observation);
  }

  #takeCorrect(seat: string, observation: Observation): void {
    const record = this.#recordOf(seat, observation);
    const hole = record.advance(observation);
    if (hole !== null) for (const fold of this.#folds.values()) fold.hole?.(seat, hole);
    this.#requests.take(observation);
    for (const fold of this.#byEvent.get(observation.event) ?? NO_FOLDS) fold.take(seat, observation, record);
    record.apply(observation);
  }

  #recordOf(seat: string, { node }: Observation): SeatRecord {
    const known = this.#seats.get(seat);
    if (known !== undefined) return known;
    const record = new SeatRecord(seat, this.#facts.nodeOf.get(seat) ?? node);
    this.#seats.set(seat, record);
    return record;
  }

  /** `live`: the figures that the lines were given to. */
  judgement(live: LiveMetrics): Judgement {
    const facts = this.#facts;
    const record = this.#record;
    for (const watch of this.#watches.values()) watch.end(this.#endT(), live);
    const { outcomes, tracks, obliged, stuck } = this.#ends();
    const measured = measure({ facts, record, live, tracks, stuck, obliged, lines: this.#lines });
    const checks = record.plan.checks.map((check) => judged(check, this.#outcome(check, outcomes, measured)));
    const { verdict, reasons } = verdictOf(checks, record);
    return { verdict, reasons, checks, metrics: measured.values, stuck, correct: [...facts.correct] };
  }

  invariants(): InvariantsJudged {
    const { outcomes, tracks, stuck } = this.#ends();
    const checks = this.#record.plan.checks.map((check) => judged(check, this.#outcome(check, outcomes, null)));
    return { checks, requests: tracks.length, stuck };
  }

  #ends(): Ends {
    const { correct } = this.#facts;
    const tracks = this.#tracker.tracks().filter(({ sentBy }) => correct.has(sentBy));
    const obliged = (track: RequestTrack): readonly string[] => this.#obliged(track);
    const stuck = this.#stuck(tracks, obliged);
    const seen = { record: this.#record, seats: this.#seats, tracks, requests: this.#requests };
    const outcomes = new Map([...this.#folds].map(([invariant, fold]) => [invariant, fold.end(seen)]));
    return { outcomes, tracks, obliged, stuck };
  }

  /** The final reads, when no node may have had anything more to say for long. */
  #endT(): number {
    const read = this.#record.events.find((event) => event.event === 'phase' && event.phase === 'read');
    return Math.max(this.#lastT, read?.t ?? Number.NEGATIVE_INFINITY);
  }

  /** Late seats are asked for what was sent after their first start. */
  #obliged({ sentAtMs }: RequestTrack): readonly string[] {
    const { obliged, late } = this.#facts;
    return [...obliged].filter(
      (seat) => !late.has(seat) || (this.#seats.get(seat)?.firstBootT ?? Infinity) <= sentAtMs,
    );
  }

  #stuck(
    tracks: readonly RequestTrack[],
    obliged: (track: RequestTrack) => readonly string[],
  ): readonly StuckRequest[] {
    const facts = this.#facts;
    const { finals } = this.#record;
    return stuckRequests(tracks, {
      members: facts.seats,
      quorum: facts.quorum,
      dcoinRate: facts.parameters.dcoinRate,
      wallets: new Map([...finals].map(([seat, { wallets }]) => [seat, wallets])),
      obliged,
      nodeOf: (seat) => facts.nodeOf.get(seat) ?? seat,
      quorumAt: (seat) => finals.get(seat)?.quorum ?? facts.quorum,
      faulty: new Set(facts.seats.filter((seat) => !facts.correct.has(seat))),
      rivals: (track) => this.#tracker.rivals(track),
      forgetful: facts.parameters.outdate !== null,
      underWay: { endedAtMs: this.#endT(), silentMsMax: silentMsMax(facts) },
    });
  }

  #outcome(check: PlannedCheck, outcomes: Ends['outcomes'], measured: Measured | null): CheckOutcome {
    if (check.kind === 'invariant') {
      const reason = inapplicable(check.invariant, this.#facts);
      return reason === null ? outcomes.get(check.invariant)! : unknown(0, reason);
    }
    invariant(measured !== null, () => `${check.title}: expected a check of an invariant`);
    switch (check.kind) {
      case 'eventually':
        return this.#watches.get(check)!.outcome();
      case 'at-end':
      case 'metric': {
        const value = measured.values[check.metric];
        const examined = measured.examined[check.metric];
        if (value === null) return unknown(examined, `${check.metric} could not be measured`);
        const state = within(value, check.bound) ? 'hold' : 'violated';
        const detail = `${check.metric} is ${shownValue(value)}${unitOf(check.metric)}; wanted: ${boundText(check.bound)}`;
        return { state, examined, detail, evidence: [] };
      }
    }
  }
}

/** Nodes that look at their votes from time to time are silent for a round, or two where one just missed the other. */
function silentMsMax({ parameters }: CheckFacts): number {
  return parameters.schedule === 'event' ? EVENT_SILENT_MS : 2 * parameters.consensusPeriodMs;
}

function judged(check: PlannedCheck, outcome: CheckOutcome): JudgedCheck {
  // A violation of an invariant proves itself; a figure, and that nothing was found, say something only where there was
  // enough to look at.
  const figure = check.kind === 'metric' || check.kind === 'at-end';
  if ((figure || outcome.state === 'hold') && outcome.examined < check.evidenceMin) {
    const detail = `${outcome.detail}; at least ${check.evidenceMin} are needed`;
    return { ...outcome, state: 'unknown', detail, check, asExpected: null };
  }
  const wanted = check.expect === 'hold' ? 'hold' : 'violated';
  return { ...outcome, check, asExpected: outcome.state === 'unknown' ? null : outcome.state === wanted };
}

const NOT_SEEN: readonly FaultState[] = ['unverified', 'failed', 'skipped'];

function verdictOf(
  checks: readonly JudgedCheck[],
  { plan, events }: RunRecord,
): Pick<Judgement, 'verdict' | 'reasons'> {
  const failed = checks.filter(({ asExpected }) => asExpected === false);
  const reasons = failed.map(
    ({ check, state, detail }) =>
      `${check.title}: expected ${check.expect === 'hold' ? 'to hold' : 'a violation'}, ${state === 'hold' ? 'it holds' : 'violated'}: ${detail}`,
  );
  // Where a check counts them, it says how many are right.
  const counted = plan.checks.some((check) => check.kind !== 'invariant' && check.metric === 'crashes');
  const died = counted ? [] : events.filter((event) => event.event === 'seat' && event.state === 'crashed');
  for (const event of died) {
    if (event.event === 'seat') reasons.push(`seat ${event.seat} ended and was not told to: ${event.detail}`);
  }
  for (const { check, asExpected, detail } of checks) {
    if (asExpected === null) reasons.push(`${check.title}: unknown: ${detail}`);
  }
  // Those of the timeline, and what was in force for the whole load.
  const titles = new Map(plan.timeline.map(({ id, title }) => [id, title]));
  for (const event of events) if (event.event === 'fault') titles.set(event.id, event.title);
  for (const [id, title] of titles) {
    const states = events.flatMap((event) => (event.event === 'fault' && event.id === id ? [event] : []));
    const bad = states.findLast(({ state }) => NOT_SEEN.includes(state));
    if (bad !== undefined) reasons.push(`fault ${title}: ${bad.state}: ${bad.detail}`);
    else if (states.length === 0) reasons.push(`fault ${title}: its turn never came`);
  }
  if (checks.length === 0) reasons.push('the plan asks for no check');
  return {
    verdict: failed.length + died.length > 0 ? 'failed' : reasons.length > 0 ? 'inconclusive' : 'pass',
    reasons,
  };
}

function shownValue(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 3 : 1);
}

function unitOf(metric: keyof typeof METRICS): string {
  const { unit } = METRICS[metric];
  return unit === '' ? '' : ` ${unit}`;
}

function unknown(examined: number, detail: string): CheckOutcome {
  return { state: 'unknown', examined, detail, evidence: [] };
}
