/**
 * Starts what a majority has agreed on, at the buyer's node. At most once per purchase: the host has journalled the
 * start, in the transaction of the decision, before it calls `run`; a crash in between means that the program never
 * runs, and the next start of the node reports it. This file runs it and says how it ended.
 *
 * Bounded: so many programs at a time, so many waiting. One that finds no place has failed, and that is reported like
 * any other failure. It keeps no journal and knows no ledger.
 */
import type { ServiceDefinition } from './service-definitions.ts';
import { type ProgramSurroundings, runProgram } from './service-programs.ts';

/** One purchase whose start is journalled. */
export interface PurchasedService {
  readonly key: string;
  readonly service: string;
  /** Requester_State_Time, as in the reference. */
  readonly argument: string;
  readonly requester: string;
  /** State that the purchase was made on. */
  readonly state: string;
  /** Unix seconds of the request. */
  readonly time: number;
}

export interface ServiceEnd {
  readonly key: string;
  readonly service: string;
  readonly argument: string;
  /** `interrupted`: the node stopped before the program was done. */
  readonly phase: 'ended' | 'failed' | 'interrupted';
  readonly detail: string;
}

export interface ServiceRunnerOptions extends ProgramSurroundings {
  readonly services: readonly ServiceDefinition[];
  /** Called exactly once for each `run`, never during it. */
  readonly onEnd: (end: ServiceEnd) => void;
  /** Programs at a time, at least 1. Default 4. */
  readonly runningMax?: number;
  /** Purchases that wait for a place. Default 64. */
  readonly waitingMax?: number;
}

const RUNNING_MAX = 4;
const WAITING_MAX = 64;

export class ServiceRunner {
  readonly #options: ServiceRunnerOptions;
  readonly #services: ReadonlyMap<string, ServiceDefinition>;
  readonly #waiting: PurchasedService[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: ServiceRunnerOptions) {
    this.#options = options;
    this.#services = new Map(options.services.map((service) => [service.name, service]));
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs the service of `purchase`, at once or when there is a place. Returns immediately. */
  run(purchase: PurchasedService): void {
    const { runningMax = RUNNING_MAX, waitingMax = WAITING_MAX } = this.#options;
    if (this.#stop.signal.aborted) this.#endSoon(purchase, 'interrupted', 'not begun: the node is stopping');
    else if (this.#running.size < runningMax) this.#begin(purchase);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(purchase);
    else this.#endSoon(purchase, 'failed', `not begun: ${runningMax} services are running and ${waitingMax} waiting`);
  }

  /** Stops what runs and gives up what waits; resolves when every end is reported. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const purchase of this.#waiting.splice(0))
      this.#end(purchase, 'interrupted', 'not begun: the node is stopping');
    await Promise.all(this.#running);
  }

  #begin(purchase: PurchasedService): void {
    const done = this.#perform(purchase).then(() => {
      this.#running.delete(done);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#begin(next);
    });
    this.#running.add(done);
  }

  async #perform(purchase: PurchasedService): Promise<void> {
    const service = this.#services.get(purchase.service);
    // A decision may name what this node's own list lacks: the others decided by theirs.
    await null;
    if (service === undefined) {
      this.#end(purchase, 'failed', 'no such service is defined at this node');
      return;
    }
    const { requester, state, time, argument } = purchase;
    const texts = { requester, state, time: String(time), argument };
    const outcome = await runProgram(service, texts, this.#options, this.#stop.signal);
    const phase = outcome.ok ? 'ended' : this.#stop.signal.aborted ? 'interrupted' : 'failed';
    this.#end(purchase, phase, outcome.detail);
  }

  #endSoon(purchase: PurchasedService, phase: ServiceEnd['phase'], detail: string): void {
    queueMicrotask(() => this.#end(purchase, phase, detail));
  }

  #end(purchase: PurchasedService, phase: ServiceEnd['phase'], detail: string): void {
    const { key, service, argument } = purchase;
    this.#options.onEnd({ key, service, argument, phase, detail });
  }
}
