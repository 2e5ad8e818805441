/**
 * The shape of a check: a fold over the lines of correct seats, each seat's in its own order. Between seats nothing may
 * be made of the order, since their clocks may differ; what needs lines of several seats is compared at the end.
 */
import type { Observation } from '../history/observation.ts';
import type { RequestTrack } from '../history/request-track.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { CheckFacts } from './check-facts.ts';
import type { RequestBook } from './request-book.ts';
import type { Hole, SeatRecord } from './seat-record.ts';
import type { CheckOutcome, EvidenceLine } from './verdict.ts';

/** What is known when the whole history was seen. */
export interface SeenRun {
  readonly record: RunRecord;
  /** By seat, of those that wrote anything. */
  readonly seats: ReadonlyMap<string, SeatRecord>;
  /** Requests of correct requesters. */
  readonly tracks: readonly RequestTrack[];
  readonly requests: RequestBook;
}

export interface Fold {
  /** Events that it wants to see. */
  readonly events: readonly string[];
  /** `record`: the seat's as it stood before this line. */
  take(seat: string, observation: Observation, record: SeatRecord): void;
  /** Lines of `seat` may be missing before the one that comes next. */
  hole?(seat: string, hole: Hole): void;
  end(seen: SeenRun): CheckOutcome;
}

export type BeginFold = (facts: CheckFacts, requests: RequestBook) => Fold;

/** Counts what a check finds and keeps the shortest proof. */
export class Findings {
  readonly #what: string;
  #examined = 0;
  #violations = 0;
  #unresolved = 0;
  #doubt = '';
  #found: { readonly detail: string; readonly evidence: readonly EvidenceLine[] } | null = null;

  /** `what`: the things examined, in the plural. */
  constructor(what: string) {
    this.#what = what;
  }

  get violations(): number {
    return this.#violations;
  }

  examine(count = 1): void {
    this.#examined += count;
  }

  violate(detail: string, evidence: readonly EvidenceLine[]): void {
    this.#violations++;
    if (this.#found === null || evidence.length < this.#found.evidence.length) this.#found = { detail, evidence };
  }

  /** Something could not be looked at, and it matters. */
  doubt(reason: string): void {
    if (this.#unresolved++ === 0) this.#doubt = reason;
  }

  outcome(): CheckOutcome {
    const examined = this.#examined;
    if (this.#found !== null) {
      const { detail, evidence } = this.#found;
      const more = this.#violations === 1 ? '' : ` (and ${this.#violations - 1} more)`;
      const inOrder = [...evidence].sort((a, b) => a.observation.t - b.observation.t);
      return { state: 'violated', examined, detail: `${detail}${more}`, evidence: inOrder };
    }
    if (this.#unresolved > 0) {
      const more = this.#unresolved === 1 ? '' : ` (and ${this.#unresolved - 1} more)`;
      return { state: 'unknown', examined, detail: `${this.#doubt}${more}`, evidence: [] };
    }
    // Whether nothing is enough is for the check to say.
    const detail = examined === 0 ? `there were no ${this.#what}` : `all of ${examined} ${this.#what}`;
    return { state: 'hold', examined, detail, evidence: [] };
  }
}

/**
 * For checks that compare lines with each other: a record with missing lines, or a correct seat without any, means that
 * what was not seen to be violated is not known to hold.
 */
export function doubtMissingLines(findings: Findings, facts: CheckFacts, seen: SeenRun): void {
  for (const seat of facts.correct) {
    const record = seen.seats.get(seat);
    if (record === undefined) {
      if (!facts.late.has(seat)) findings.doubt(`there are no lines of seat ${seat}`);
    } else if (record.worstHole === 'lines') findings.doubt(`lines are missing in the record of seat ${seat}`);
  }
}

/** Until when `seat` was seen to be up in its present life: its last line, or the final read that it answered. */
export function upUntil({ record, seats }: SeenRun, seat: string): number {
  const lastT = seats.get(seat)?.lastT ?? Number.NaN;
  const read = record.events.find((event) => event.event === 'phase' && event.phase === 'read');
  return record.finals.has(seat) && read !== undefined ? Math.max(lastT, read.t) : lastT;
}

export function evidence(seat: string, observation: Observation, why: string): EvidenceLine {
  return { seat, observation, why };
}

/** Request ids and States as people tell them apart. */
export function short(hash: unknown): string {
  return String(hash).slice(0, 8);
}
