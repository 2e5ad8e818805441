/**
 * A lab to be measured: no sensors, wallets funded by injected sensor data, purchases one after another or chained, and
 * what the nodes recorded of them. A decision's time is that of its durable commit, by the nodes' own records.
 *
 * Chained: the orders wait in a queue at their node, which sends the next request in the very step of its decision on
 * the one before, so nobody's driver is in the way. Live observations are not listened to: they are for people, and
 * reading them takes processor time from the nodes.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { monotonicMs } from '../../node/host/observations.ts';
import { type History, parseObservations } from '../history/observation.ts';
import { type RequestTrack, trackRequests } from '../history/request-track.ts';
import type { Runtime, RuntimeOptions } from '../runtimes/runtime.ts';
import { Lab } from './lab.ts';
import type { LabDirectory } from './lab-directory.ts';
import type { LabPlan } from './lab-plan.ts';

export interface MeasuredLabOptions {
  readonly plan: LabPlan;
  /** Must not be there yet; it is removed in the end. */
  readonly directory: LabDirectory;
  readonly runtime: (options: RuntimeOptions) => Runtime;
  /** Default: nobody interrupts. */
  readonly signal?: AbortSignal;
  /** Between two looks at whether everything is decided, milliseconds; default 25. A look costs a node as much as several messages. */
  readonly lookMs?: number;
}

const SERVICE = 'Nespresso';
export const PRICE_UNITS = 10;
const LOOK_MS = 25;
const WAIT_MS_MAX = 300_000;

/** Starts a lab for `measure` and stops it afterwards, whatever came of that. */
export async function withMeasuredLab<T>(
  options: MeasuredLabOptions,
  measure: (lab: MeasuredLab) => Promise<T>,
): Promise<T> {
  const { plan, directory, runtime, signal = new AbortController().signal } = options;
  directory.create();
  const lab = new Lab({
    plan,
    directory,
    runtime,
    inherited: {},
    onEvent: (event) => {
      if (event.kind === 'died') throw new Error(`node ${event.node} died while it was measured: ${event.reason}`);
    },
    observe: false,
  });
  const begunMs = performance.now();
  try {
    await lab.start(signal);
    return await measure(new MeasuredLab(lab, performance.now() - begunMs, options));
  } finally {
    await lab.stop();
    rmSync(directory.root, { recursive: true, force: true });
  }
}

export class MeasuredLab {
  readonly lab: Lab;
  readonly members: readonly string[];
  /** From nothing to all nodes ready. */
  readonly startedMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #lookMs: number;
  #ordered = 0;
  #funded = 0;

  constructor(lab: Lab, startedMs: number, { signal, lookMs = LOOK_MS }: MeasuredLabOptions) {
    this.lab = lab;
    this.startedMs = startedMs;
    this.#signal = signal;
    this.#lookMs = lookMs;
    this.members = lab.plan.seats.map(({ node }) => node);
  }

  /** Orders so far. */
  get ordered(): number {
    return this.#ordered;
  }

  async reports(): Promise<readonly NodeReport[]> {
    return [...(await this.lab.reports(WAIT_MS_MAX)).values()];
  }

  /** Nodes were started again: they count from nothing. */
  startedAgain(): void {
    this.#funded = 0;
    this.#ordered = 0;
  }

  /** So many units more in every wallet, or in one, known to every node. */
  async fund(units: number, seats: readonly string[] = this.members): Promise<void> {
    await Promise.all(seats.map((seat) => this.lab.sample(seat, { topic: 'x', value: 1, count: units })));
    this.#funded += units * seats.length;
    await this.#until('sensor data everywhere', ({ sensorTransactions }) => sensorTransactions >= this.#funded);
  }

  /** Requesters in turn, each once all nodes have decided the one before. Returns what the nodes recorded of them. */
  async inTurn(count: number): Promise<readonly RequestTrack[]> {
    const ids = new Set<string>();
    for (let index = 0; index < count; index++) {
      const result = await this.lab.order(this.members[index % this.members.length]!, SERVICE, 'strict');
      if (result.outcome !== 'requested') throw new Error(`an order was not taken: ${JSON.stringify(result)}`);
      ids.add(result.requestId);
      this.#ordered++;
      await this.decided();
    }
    return (await this.tracks()).filter(({ requestId }) => ids.has(requestId));
  }

  /** Orders at each of `seats`, taken in turn; returns when the last one was taken, on the clock of the nodes' records. */
  async place(seats: readonly string[], countEach: number): Promise<number> {
    this.#ordered += countEach * seats.length;
    const orders = Array.from({ length: countEach }, () => seats.map((seat) => this.lab.order(seat, SERVICE, 'wait')));
    await Promise.all(orders.flat());
    return monotonicMs();
  }

  /** Rejects where some node has not decided everything that was ordered after five minutes. */
  decided(): Promise<void> {
    return this.#until('decisions everywhere', ({ decisions }) => decisions >= this.#ordered);
  }

  /**
   * The same for requests that may get stuck: resolves also when no node has decided anything for `stillMs`, with the
   * number of orders that some node has not decided.
   */
  async decidedOrStill(stillMs: number): Promise<number> {
    let before = -1;
    let sinceMs = performance.now();
    for (;;) {
      const reports = await this.#look();
      const missing = this.#ordered - Math.min(...reports.map(({ decisions }) => decisions));
      const sum = reports.reduce((total, { decisions }) => total + decisions, 0);
      const nowMs = performance.now();
      if (sum !== before) sinceMs = nowMs;
      before = sum;
      if (reports.length === this.members.length && (missing <= 0 || nowMs - sinceMs > stillMs)) return missing;
    }
  }

  async tracks(): Promise<readonly RequestTrack[]> {
    return trackRequests(await this.history());
  }

  /** What every node wrote down until now. */
  async history(): Promise<History> {
    return new Map(
      await Promise.all(
        this.lab.plan.seats.map(async ({ seat, node }) => {
          const { directory } = await this.lab.collectNode(seat);
          const text = readFileSync(join(directory, 'observations.ndjson'), 'utf8');
          return [node, parseObservations(text.split('\n')).observations] as const;
        }),
      ),
    );
  }

  async #until(what: string, holds: (report: NodeReport) => boolean): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const reports = await this.#look();
      if (reports.length === this.members.length && reports.every(holds)) return;
      if (performance.now() > deadlineMs) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
    }
  }

  /** Not at once: a report costs a node as much as several messages, and would fall into what is measured. */
  async #look(): Promise<readonly NodeReport[]> {
    await new Promise((done) => setTimeout(done, this.#lookMs));
    this.#signal?.throwIfAborted();
    return this.reports();
  }
}
