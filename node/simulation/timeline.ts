/**
 * Virtual time: things to do at moments, done in order of those moments, and of being planned where two are equal.
 * Nothing waits in reality, so an hour without events costs nothing.
 *
 * `run` is bounded by a number of events as well as by a time: a simulation that never comes to rest fails and does
 * not hang, and so does one in which time stands still.
 */
import { invariant } from '../protocol/invariant.ts';
import { EventQueue } from './event-queue.ts';

/** Things done at one moment: more are taken for something that plans itself again and again. */
const AT_ONE_MOMENT_MAX = 10_000_000;

/** One thing that is planned. */
export interface Appointment {
  /** Null once it was done or cancelled. */
  run: (() => void) | null;
}

export class Timeline {
  readonly #queue = new EventQueue();
  /** By slot of the queue. */
  readonly #plans: ((() => void) | Appointment)[] = [];
  #nowMs = 0;
  #done = 0;
  /** Things done before this moment. */
  #doneBefore = 0;

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Things done so far. */
  get done(): number {
    return this.#done;
  }

  /** Things that are planned, cancelled ones included. */
  get planned(): number {
    return this.#queue.size;
  }

  /** Plans `run`; a moment that has passed is now. It cannot be cancelled. */
  at(timeMs: number, run: () => void): void {
    this.#plans[this.#queue.push(timeMs > this.#nowMs ? timeMs : this.#nowMs)] = run;
  }

  /** Plans `run`, which {@link cancel} can take back. */
  appoint(timeMs: number, run: () => void): Appointment {
    const appointment: Appointment = { run };
    this.#plans[this.#queue.push(timeMs > this.#nowMs ? timeMs : this.#nowMs)] = appointment;
    return appointment;
  }

  /** No effect on one that was done. */
  cancel(appointment: Appointment | null): void {
    if (appointment !== null) appointment.run = null;
  }

  /**
   * Does what is planned until `over` says so, nothing is left, or the next thing is later than `untilMs` (then it is
   * `untilMs`). Throws when that takes more than `eventsMax` things.
   */
  run(over: () => boolean, untilMs: number, eventsMax: number): void {
    const queue = this.#queue;
    const plans = this.#plans;
    const doneMax = this.#done + eventsMax;
    while (!over()) {
      if (queue.peekMs() > untilMs) {
        if (this.#nowMs < untilMs && Number.isFinite(untilMs)) this.#nowMs = untilMs;
        return;
      }
      const slot = queue.pop();
      if (slot < 0) return;
      if (queue.timeMs > this.#nowMs) {
        this.#nowMs = queue.timeMs;
        this.#doneBefore = this.#done;
      }
      const plan = plans[slot]!;
      if (typeof plan === 'function') {
        plan();
      } else {
        const { run } = plan;
        plan.run = null;
        run?.();
      }
      this.#done++;
      invariant(this.#done - this.#doneBefore <= AT_ONE_MOMENT_MAX, () => `time stands still at ${this.#nowMs} ms`);
      invariant(this.#done <= doneMax, () => `more than ${eventsMax} events until ${this.#nowMs} ms of virtual time`);
    }
  }
}
