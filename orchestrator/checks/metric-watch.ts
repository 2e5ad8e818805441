/**
 * An `eventually` check: a figure of the run so far must come within its bound at some moment of a window. The window
 * opens when the fault that it names was healed, or when the load began; it is read off the clock of the lines, so it is
 * as exact as the clocks of the machines agree.
 */
import type { RunEvent } from '../run/run-record.ts';
import type { PlannedCheck } from '../scenario/scenario-plan.ts';
import { boundText, within } from './bound.ts';
import type { LiveMetrics } from './live-metrics.ts';
import type { CheckOutcome } from './verdict.ts';

type EventuallyCheck = Extract<PlannedCheck, { kind: 'eventually' }>;

export class MetricWatch {
  readonly #check: EventuallyCheck;
  /** Null: it never opened. */
  readonly #fromT: number | null;
  #looked = 0;
  #last: number | null = null;
  #metT: number | null = null;
  #over = false;
  /** The record goes on after the window, or to its end. */
  #seenWhole = false;

  constructor(check: EventuallyCheck, events: readonly RunEvent[]) {
    this.#check = check;
    this.#fromT = openedAt(check, events);
  }

  /** To be called before the line of time `t` is counted. */
  before(t: number, live: LiveMetrics): void {
    const from = this.#fromT;
    if (from === null || this.#over || t < from) return;
    const until = from + this.#check.withinMs;
    this.#look(Math.min(t, until), live);
    if (t > until) {
      this.#over = true;
      this.#seenWhole = true;
    }
  }

  /** `lastT`: of the last line. */
  end(lastT: number, live: LiveMetrics): void {
    const from = this.#fromT;
    if (from === null || this.#over) return;
    if (lastT >= from) this.#look(lastT, live);
    this.#seenWhole = lastT >= from + this.#check.withinMs;
  }

  outcome(): CheckOutcome {
    const { metric, bound, withinMs, after } = this.#check;
    const window = `within ${withinMs} ms after ${after === null ? 'the load began' : `${after} was healed`}`;
    const examined = this.#looked;
    const says = (state: CheckOutcome['state'], detail: string): CheckOutcome => ({
      state,
      examined,
      detail,
      evidence: [],
    });
    if (this.#fromT === null) {
      return says('unknown', after === null ? 'the load never began' : `fault ${after} was never healed`);
    }
    if (this.#metT !== null) {
      const ms = Math.round(this.#metT - this.#fromT);
      return says('hold', `${metric} was ${this.#last} after ${ms} ms; wanted: ${boundText(bound)} ${window}`);
    }
    const reached = `${metric} was ${this.#last === null ? 'not known' : this.#last}; wanted: ${boundText(bound)} ${window}`;
    if (this.#looked === 0 || this.#last === null) return says('unknown', reached);
    return this.#seenWhole ? says('violated', reached) : says('unknown', `${reached}, but the record ends before`);
  }

  #look(t: number, live: LiveMetrics): void {
    const value = live.value(this.#check.metric);
    this.#looked++;
    if (value === null) return;
    this.#last = value;
    if (!within(value, this.#check.bound)) return;
    this.#metT = t;
    this.#over = true;
    this.#seenWhole = true;
  }
}

function openedAt({ after }: EventuallyCheck, events: readonly RunEvent[]): number | null {
  const opening = events.find((event) =>
    after === null
      ? event.event === 'phase' && event.phase === 'load'
      : event.event === 'fault' && event.id === after && event.state === 'healed',
  );
  return opening?.t ?? null;
}
