/**
 * The middle of a run, between a lab that is ready and the final reads: fund, load with its timeline, heal, settle.
 * The load ends when its time is over, when nothing is left to do (where the plan says so), when somebody interrupts,
 * when the run's time is over or when the fabric is gone; what follows is the same in all cases.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import type { LiveMetrics } from '../checks/live-metrics.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import { messageOf } from '../failure.ts';
import type { Lab } from '../lab/lab.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { ActiveLinks } from './active-links.ts';
import { FaultInjector } from './fault-injector.ts';
import { type FaultWorld, tellConditions } from './fault-world.ts';
import { fund } from './fund.ts';
import { linkFault } from './link-fault.ts';
import { firstAct } from './node-faults.ts';
import type { ObservationWatch } from './observation-watch.ts';
import type { RunLog } from './run-log.ts';
import type { SeatConditions, Stage } from './seat-conditions.ts';
import { quietMsOf, settle } from './settle.ts';
import { standingBehaviours, standingLinks } from './standing-faults.ts';
import { WorkloadDriver } from './workload.ts';

export interface StagesOptions {
  readonly lab: Lab;
  readonly plan: ScenarioPlan;
  readonly log: RunLog;
  readonly watch: ObservationWatch;
  readonly metrics: LiveMetrics;
  /** The lab starts nodes under these. */
  readonly conditions: SeatConditions;
  /** Ends the load, and keeps the order of what follows. */
  readonly signal: AbortSignal;
}

export interface FinalReads {
  /** By seat. */
  readonly finals: ReadonlyMap<string, NodeReport>;
  readonly fabric: BrokerStats | null;
  /** Why the run did not go as planned, a line each. */
  readonly reasons: readonly string[];
}

const FINAL_REPORT_MS_MAX = 10_000;

export class LoadStages {
  readonly #options: StagesOptions;
  readonly #world: FaultWorld;
  readonly #injector: FaultInjector;
  readonly #ending = new AbortController();
  readonly #reasons: string[] = [];

  constructor(options: StagesOptions) {
    this.#options = options;
    const { lab, plan, log, watch, metrics, conditions, signal } = options;
    this.#world = {
      lab,
      plan,
      watch,
      conditions,
      links: new ActiveLinks(() => lab.fabric.control),
    };
    this.#injector = new FaultInjector({ world: this.#world, log, value: (metric) => metrics.value(metric) ?? 0 });
    signal.addEventListener('abort', () => this.#ending.abort(), { once: true });
    if (signal.aborted) this.#ending.abort();
  }

  /** Ends the load before its time. */
  end(reason: string): void {
    if (this.#ending.signal.aborted) return;
    this.#reasons.push(reason);
    this.#ending.abort();
  }

  async perform(): Promise<void> {
    const { lab, plan, log } = this.#options;
    const late = setTimeout(() => {
      // Told also when it comes while the lab settles.
      this.#reasons.push(`timeout: expected the final reads within ${plan.timeoutMs / 1000} s after the start`);
      this.#ending.abort();
    }, plan.timeoutMs);
    const workload = new WorkloadDriver({ lab, workload: plan.workload, log, signal: this.#ending.signal });
    try {
      await log.phase('fund', () => fund(lab, plan, this.#ending.signal));
      await log.phase('load', () => this.#load(workload));
      this.#ending.abort();
      await log.phase('heal', () => this.#heal());
      const { quiet, waitingFor } = await log.phase('settle', () =>
        settle(lab, {
          msMax: plan.settleMsMax,
          quietMs: quietMsOf(plan.lab.parameters),
          seats: () => plan.seats.map(({ seat }) => seat).filter((seat) => lab.isUp(seat)),
          signal: this.#options.signal,
        }),
      );
      log.write({ event: 'rest', quiet, detail: waitingFor.join('; ') });
      if (!quiet && !this.#options.signal.aborted)
        this.#reasons.push(`not at rest after ${plan.settleMsMax / 1000} s: waited for ${waitingFor.join('; ')}`);
    } finally {
      clearTimeout(late);
      this.#ending.abort();
      workload.close();
    }
  }

  async read(): Promise<FinalReads> {
    const { lab, log } = this.#options;
    const read = (): Promise<[ReadonlyMap<string, NodeReport>, BrokerStats | null]> =>
      Promise.all([lab.reports(FINAL_REPORT_MS_MAX), lab.fabric.stats()]);
    const [finals, fabric] = await log.phase('read', read);
    return { finals, fabric, reasons: this.#reasons };
  }

  async #load(workload: WorkloadDriver): Promise<void> {
    const { plan } = this.#options;
    await this.#enter('load');
    await this.#holdStanding();
    this.#injector.start(plan.timeline);
    workload.start();
    await new Promise<void>((done) => {
      const { signal } = this.#ending;
      const timer = setTimeout(done, plan.loadMs);
      const end = (): void => {
        clearTimeout(timer);
        done();
      };
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      if (plan.endsEarly) void Promise.all([workload.idle(), this.#injector.over()]).then(end);
    });
  }

  /** What is in force for the whole load is a fault like any other: asked, applied, seen to work, healed. */
  async #holdStanding(): Promise<void> {
    const { plan } = this.#options;
    const links = standingLinks(plan);
    if (links !== null) await this.#injector.hold(links, linkFault(this.#world, links.id, links.fault));
    for (const planned of standingBehaviours(plan)) {
      await this.#injector.hold(planned, {
        apply: async () => {},
        verify: firstAct(this.#world, planned.fault.seats),
        heal: async () => {},
      });
    }
  }

  async #heal(): Promise<void> {
    // Nodes come back with what holds while the lab settles.
    this.#world.conditions.stage = 'settling';
    await this.#injector.heal();
    await this.#enter('settling');
  }

  async #enter(stage: Stage): Promise<void> {
    const { conditions, plan } = this.#world;
    conditions.stage = stage;
    try {
      await tellConditions(
        this.#world,
        plan.seats.map(({ seat }) => seat),
      );
    } catch (error) {
      this.#reasons.push(`not every node took its conditions for the stage ${stage}: ${messageOf(error)}`);
    }
  }
}
