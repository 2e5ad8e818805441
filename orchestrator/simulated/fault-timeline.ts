/**
 * The timeline of a simulated run, as run/fault-injector.ts runs that of a live one: waits for each fault's time or
 * condition, applies it, sees whether it works, heals it, and writes down each step.
 */
import { allOf, perform, type Script, Signal } from '../../node/simulation/script.ts';
import type { MetricName } from '../checks/metric.ts';
import { messageOf } from '../failure.ts';
import type { NewRunEvent } from '../run/run-log.ts';
import type { FaultState } from '../run/run-record.ts';
import type { PlannedFault } from '../scenario/scenario-plan.ts';
import { type FaultHandler, type FaultWorld, handlerOf } from './simulated-faults.ts';

export interface FaultTimelineOptions {
  readonly world: FaultWorld;
  readonly log: (event: NewRunEvent) => void;
  /** A metric as it stands now; null: it has no value yet. */
  readonly value: (metric: MetricName) => number | null;
}

/** As often as in a live run. */
const LOOK_EVERY_MS = 20;
const HEAL_MS_MAX = 60_000;

export class FaultTimeline {
  readonly #options: FaultTimelineOptions;
  readonly #healing = new Signal();
  readonly #tasks: Signal[] = [];
  /** Begun and not over. */
  readonly #underWay = new Set<PlannedFault>();
  /** Raised with the tasks, or where a fault has no end when it is in force. */
  readonly #ends: Signal[] = [];

  constructor(options: FaultTimelineOptions) {
    this.#options = options;
  }

  /** Begins; times count from now. */
  start(timeline: readonly PlannedFault[]): void {
    const time = this.#options.world.lab.timeline;
    const begunMs = time.nowMs;
    for (const fault of timeline) {
      const inForce = new Signal();
      const task = perform(time, this.#whenDue(fault, begunMs, inForce));
      task.on(() => inForce.raise());
      this.#tasks.push(task);
      this.#ends.push(fault.durationMs === null ? inForce : task);
    }
  }

  /** Whatever is active is in force until `heal`, beside the timeline. Ends when it is applied. */
  *hold(fault: PlannedFault, handler: FaultHandler): Script {
    const inForce = new Signal();
    this.#tasks.push(perform(this.#options.world.lab.timeline, this.#perform(fault, handler, inForce)));
    if (!inForce.raised) yield { ms: null, signals: [inForce] };
  }

  /** Ends when nothing is left to begin or to heal; faults that last until the end of the load count as over. */
  over(): Script {
    return allOf(this.#ends);
  }

  /**
   * Heals everything that is active; what has not begun does not begin any more. What is not over in time has failed, and
   * the run goes on without it.
   */
  *heal(): Script {
    this.#healing.raise();
    const { timeline } = this.#options.world.lab;
    yield { ms: HEAL_MS_MAX, signals: [perform(timeline, allOf(this.#tasks))] };
    for (const fault of this.#underWay)
      this.#log(fault, 'failed', `it could not be healed: still under way after ${HEAL_MS_MAX / 1000} s`);
  }

  *#whenDue(fault: PlannedFault, begunMs: number, inForce: Signal): Script {
    const due = yield* this.#due(fault, begunMs);
    if (due === null) yield* this.#perform(fault, handlerOf(this.#options.world, fault), inForce);
    else this.#log(fault, 'skipped', due);
  }

  *#perform(fault: PlannedFault, handler: FaultHandler, inForce: Signal): Script {
    this.#log(fault, 'asked', '');
    this.#underWay.add(fault);
    yield* this.#live(fault, handler, inForce);
    this.#underWay.delete(fault);
  }

  *#live(fault: PlannedFault, handler: FaultHandler, inForce: Signal): Script {
    try {
      yield* handler.apply();
      this.#log(fault, 'applied', '');
    } catch (error) {
      this.#log(fault, 'failed', messageOf(error));
      inForce.raise();
      yield* this.#undo(fault, handler, false);
      return;
    }
    inForce.raise();
    const ending = new Signal();
    const told = perform(this.#options.world.lab.timeline, this.#verify(fault, handler, ending));
    if (handler.heal !== null || fault.durationMs !== null) yield* this.#elapsed(fault.durationMs);
    else if (!told.raised) yield { ms: null, signals: [told] };
    ending.raise();
    if (!told.raised) yield { ms: null, signals: [told] };
    yield* this.#undo(fault, handler, true);
  }

  *#verify(fault: PlannedFault, handler: FaultHandler, ending: Signal): Script {
    const problem = yield* handler.verify(ending);
    this.#log(fault, problem === null ? 'verified' : 'unverified', problem ?? '');
  }

  *#undo(fault: PlannedFault, { heal }: FaultHandler, wasApplied: boolean): Script {
    if (heal === null) return;
    try {
      yield* heal();
      if (wasApplied) this.#log(fault, 'healed', '');
    } catch (error) {
      this.#log(fault, 'failed', `it could not be healed: ${messageOf(error)}`);
    }
  }

  /** Null when it is due, or why it never will be. */
  *#due({ trigger }: PlannedFault, begunMs: number): Script<string | null> {
    const { timeline } = this.#options.world.lab;
    const over = 'the load was over before its time';
    if ('atMs' in trigger) {
      yield* this.#elapsed(begunMs + trigger.atMs - timeline.nowMs);
      return this.#healing.raised ? over : null;
    }
    const { when, afterMs, notLaterMs } = trigger;
    for (;;) {
      const reached = this.#options.value(when.metric) ?? 0;
      if (reached >= when.atLeast) break;
      const condition = `${when.metric} >= ${when.atLeast}`;
      if (this.#healing.raised) return `${condition} was not reached: ${reached} at the end of the load`;
      if (timeline.nowMs - begunMs > notLaterMs)
        return `${condition} was not reached within ${notLaterMs} ms: ${reached}`;
      yield* this.#elapsed(LOOK_EVERY_MS);
    }
    yield* this.#elapsed(afterMs);
    return this.#healing.raised ? over : null;
  }

  /** Ends after `ms`, null: never, or when everything is to be healed. */
  *#elapsed(ms: number | null): Script {
    if (!this.#healing.raised) yield { ms, signals: [this.#healing] };
  }

  #log({ id, title, fault }: PlannedFault, state: FaultState, detail: string): void {
    const seats = 'seats' in fault ? fault.seats : [];
    this.#options.log({ event: 'fault', id, kind: fault.kind, title, state, seats, detail });
  }
}
