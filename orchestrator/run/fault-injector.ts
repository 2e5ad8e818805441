/**
 * The timeline of a run: waits for each fault's time or condition, applies it, sees whether it works, heals it, and
 * writes down each step. Faults run beside each other; operations on one node follow one another (the lab's doing).
 */

import type { MetricName } from '../checks/metric.ts';
import { messageOf } from '../failure.ts';
import type { PlannedFault } from '../scenario/scenario-plan.ts';
import { brokerPause, brokerRestart, cutClient, queueLimit } from './broker-faults.ts';
import { type FaultHandlers, handlerOf } from './fault-handlers.ts';
import type { FaultHandler, FaultWorld } from './fault-world.ts';
import { linkFault } from './link-fault.ts';
import { behave, clock, crash, join, leave, pause, restart, slowDisk } from './node-faults.ts';
import type { RunLog } from './run-log.ts';
import type { FaultState } from './run-record.ts';

export interface InjectorOptions {
  readonly world: FaultWorld;
  readonly log: Pick<RunLog, 'write'>;
  /** A metric as it stands now. */
  readonly value: (metric: MetricName) => number;
  /** How long `heal` waits, milliseconds, default 60,000: a broken handler must not keep the run from its end. */
  readonly healMsMax?: number;
}

const LOOK_EVERY_MS = 20;
const HEAL_MS_MAX = 60_000;

const HANDLERS: FaultHandlers<FaultWorld, FaultHandler> = {
  behave,
  'broker-pause': brokerPause,
  'broker-restart': brokerRestart,
  clock,
  crash,
  'cut-client': cutClient,
  join,
  leave,
  link: linkFault,
  pause,
  'queue-limit': queueLimit,
  restart,
  'slow-disk': slowDisk,
};

/** What performs `planned` among real nodes. */
export function liveHandler(world: FaultWorld, planned: PlannedFault): FaultHandler {
  return handlerOf(HANDLERS, world, planned);
}

export class FaultInjector {
  readonly #options: InjectorOptions;
  readonly #healing = new AbortController();
  #tasks: Promise<void>[] = [];
  /** Begun and not over. */
  readonly #underWay = new Set<PlannedFault>();
  /** Resolve with the tasks, or where a fault has no end when it is in force. */
  #ends: Promise<void>[] = [];

  constructor(options: InjectorOptions) {
    this.#options = options;
  }

  /** Begins; times count from now. */
  start(timeline: readonly PlannedFault[]): void {
    const begunMs = performance.now();
    for (const fault of timeline) this.#run(fault, begunMs);
  }

  /** Whatever is active is in force until `heal`, beside the timeline. Resolves when it is applied. */
  async hold(fault: PlannedFault, handler: FaultHandler): Promise<void> {
    const { told, done } = this.#perform(fault, handler);
    this.#tasks.push(done);
    await told;
  }

  /** Resolves when nothing is left to begin or to heal; faults that last until the end of the load count as over. */
  over(): Promise<void> {
    return Promise.all(this.#ends).then(() => {});
  }

  /**
   * Heals everything that is active; what has not begun does not begin any more. What is not over in time has failed, and
   * the run goes on without it.
   */
  async heal(): Promise<void> {
    const { healMsMax = HEAL_MS_MAX } = this.#options;
    this.#healing.abort();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      timer = setTimeout(done, healMsMax);
    });
    await Promise.race([Promise.all(this.#tasks), late]);
    clearTimeout(timer);
    for (const fault of this.#underWay)
      this.#log(fault, 'failed', `it could not be healed: still under way after ${healMsMax / 1000} s`);
  }

  #run(fault: PlannedFault, begunMs: number): void {
    const begun = this.#due(fault, begunMs).then((due) => {
      if (due === null) return this.#perform(fault, liveHandler(this.#options.world, fault));
      this.#log(fault, 'skipped', due);
      return null;
    });
    const task = begun.then((performed) => performed?.done);
    this.#tasks.push(task);
    this.#ends.push(fault.durationMs === null ? begun.then((performed) => performed?.told) : task);
  }

  /** `told`: it is in force, or never will be. */
  #perform(fault: PlannedFault, handler: FaultHandler): { readonly told: Promise<void>; readonly done: Promise<void> } {
    let onForce: () => void = () => {};
    const inForce = new Promise<void>((done) => {
      onForce = done;
    });
    const run = async (): Promise<void> => {
      this.#log(fault, 'asked', '');
      this.#underWay.add(fault);
      try {
        await handler.apply();
        this.#log(fault, 'applied', '');
      } catch (error) {
        this.#log(fault, 'failed', messageOf(error));
        onForce();
        await this.#undo(fault, handler, false);
        return;
      }
      onForce();
      const ending = new AbortController();
      const verified = handler.verify(ending.signal).catch((error: unknown) => messageOf(error));
      let told = false;
      const tell = verified.then((problem) => {
        told = true;
        this.#log(fault, problem === null ? 'verified' : 'unverified', problem ?? '');
      });
      if (handler.heal !== null || fault.durationMs !== null) await this.#elapsed(fault.durationMs);
      else await tell;
      if (!told) ending.abort();
      await tell;
      await this.#undo(fault, handler, true);
    };
    const done = run().finally(() => {
      this.#underWay.delete(fault);
      onForce();
    });
    return { told: inForce, done };
  }

  async #undo(fault: PlannedFault, handler: FaultHandler, wasApplied: boolean): Promise<void> {
    if (handler.heal === null) return;
    try {
      await handler.heal();
      if (wasApplied) this.#log(fault, 'healed', '');
    } catch (error) {
      this.#log(fault, 'failed', `it could not be healed: ${messageOf(error)}`);
    }
  }

  /** Null when it is due, or why it never will be. */
  async #due({ trigger }: PlannedFault, begunMs: number): Promise<string | null> {
    if ('atMs' in trigger) {
      await this.#elapsed(begunMs + trigger.atMs - performance.now());
      return this.#healing.signal.aborted ? 'the load was over before its time' : null;
    }
    const { when, afterMs, notLaterMs } = trigger;
    for (;;) {
      const reached = this.#options.value(when.metric);
      if (reached >= when.atLeast) break;
      const condition = `${when.metric} >= ${when.atLeast}`;
      if (this.#healing.signal.aborted) return `${condition} was not reached: ${reached} at the end of the load`;
      if (performance.now() - begunMs > notLaterMs)
        return `${condition} was not reached within ${notLaterMs} ms: ${reached}`;
      await this.#elapsed(LOOK_EVERY_MS);
    }
    await this.#elapsed(afterMs);
    return this.#healing.signal.aborted ? 'the load was over before its time' : null;
  }

  /** Resolves after `ms`, null: never, or when everything is to be healed. */
  #elapsed(ms: number | null): Promise<void> {
    const { signal } = this.#healing;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = ms === null ? undefined : setTimeout(end, Math.max(0, ms));
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
  }

  #log({ id, title, fault }: PlannedFault, state: FaultState, detail: string): void {
    const seats = 'seats' in fault ? fault.seats : [];
    this.#options.log.write({ event: 'fault', id, kind: fault.kind, title, state, seats, detail });
  }
}
