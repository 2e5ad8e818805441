/**
 * When requests were sent and decided, by the rule that the metrics of a run follow: those of correct seats, from the
 * time at which they were meant to be ordered (or were sent, where nobody ordered them), until the decision at the seat
 * that sent them, and on the last correct seat that must decide them. Seats that leave for good need not, late ones only
 * what was sent after their first start.
 */
import { type Observation, textOf } from '../history/observation.ts';
import type { RunRecord } from '../run/run-record.ts';

export interface RequestTime {
  /** When its latency begins, on the clock `t`. */
  readonly fromT: number;
  /** Null: not decided there. */
  readonly requesterMs: number | null;
  /** Null: not decided on every seat that must. */
  readonly allMs: number | null;
}

interface Noted {
  sentT: number;
  sentBy: string | null;
  readonly decided: Map<string, number>;
}

export class RequestTimes {
  readonly #correct: ReadonlySet<string>;
  readonly #obliged: readonly string[];
  readonly #late: ReadonlySet<string>;
  readonly #plannedT = new Map<string, number>();
  readonly #firstBootT = new Map<string, number>();
  readonly #noted = new Map<string, Noted>();

  constructor({ plan, events }: Pick<RunRecord, 'plan' | 'events'>, correct: ReadonlySet<string>) {
    this.#correct = correct;
    const gone = new Set(
      plan.timeline.flatMap(({ fault, durationMs }) =>
        fault.kind === 'leave' && durationMs === null ? fault.seats : [],
      ),
    );
    this.#obliged = [...correct].filter((seat) => !gone.has(seat));
    this.#late = new Set(plan.seats.filter(({ startsAtMs }) => startsAtMs !== null).map(({ seat }) => seat));
    for (const event of events)
      if (event.event === 'order' && event.requestId !== null) this.#plannedT.set(event.requestId, event.plannedT);
  }

  take(seat: string, observation: Observation): void {
    const { event, t } = observation;
    if (!this.#correct.has(seat)) return;
    if (event === 'boot') {
      if (!this.#firstBootT.has(seat)) this.#firstBootT.set(seat, t);
    } else if (event === 'req.tx') {
      const noted = this.#of(observation);
      // Sent again after a restart, it keeps the time of its first sending.
      if (t >= noted.sentT) return;
      noted.sentT = t;
      noted.sentBy = seat;
    } else if (event === 'decide') {
      const { decided } = this.#of(observation);
      if (!decided.has(seat)) decided.set(seat, t);
    }
  }

  /** In order of their beginning. */
  times(): readonly RequestTime[] {
    return [...this.#noted]
      .flatMap(([id, { sentT, sentBy, decided }]): RequestTime[] => {
        if (sentBy === null) return [];
        const fromT = Math.min(sentT, this.#plannedT.get(id) ?? sentT);
        const ownT = decided.get(sentBy);
        const must = this.#obliged.filter(
          (seat) => !this.#late.has(seat) || (this.#firstBootT.get(seat) ?? Infinity) <= sentT,
        );
        const complete = must.length > 0 && must.every((seat) => decided.has(seat));
        const lastT = must.reduce((last, seat) => Math.max(last, decided.get(seat) ?? 0), 0);
        return [
          { fromT, requesterMs: ownT === undefined ? null : ownT - fromT, allMs: complete ? lastT - fromT : null },
        ];
      })
      .sort((a, b) => a.fromT - b.fromT);
  }

  #of(observation: Observation): Noted {
    const id = textOf(observation, 'reqId');
    let noted = this.#noted.get(id);
    if (noted === undefined) {
      noted = { sentT: Infinity, sentBy: null, decided: new Map() };
      this.#noted.set(id, noted);
    }
    return noted;
  }
}
