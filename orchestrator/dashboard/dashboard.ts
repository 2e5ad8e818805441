/**
 * The dashboard of a lab, in the lab's process: what is seen goes into the projection, what is asked goes to the lab's
 * operations. It never votes, and while nobody looks it asks no node for anything.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { monotonicMs } from '../../node/host/observations.ts';
import { Failure, messageOf } from '../failure.ts';
import type { LabCompanion } from '../lab/lab-companion.ts';
import type { LabOperations } from '../lab/lab-operations.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import { isLoopback } from '../lab/loopback.ts';
import { writeAtomically } from '../lab/write-atomically.ts';
import { LabMetrics } from '../metrics/lab-metrics.ts';
import { PROJECT_ROOT } from '../project.ts';
import { ApiRefusal } from './api-refusal.ts';
import { DashboardServer } from './dashboard-server.ts';
import { EventHub } from './event-hub.ts';
import { HandFaults } from './hand-faults.ts';
import { KeptRuns } from './kept-runs.ts';
import { labAnswers } from './lab-answers.ts';
import { LIMITS } from './limits.ts';
import { LiveLab } from './live-lab.ts';
import { addMetrics } from './metrics-routes.ts';
import { readPage } from './page-files.ts';

export interface DashboardOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Where the port is not to be had: another one that is free, instead of a failure. */
  readonly anyPort: boolean;
  /** Where runs are kept; need not be there. */
  readonly runs: string;
  /** What is no failure of the lab and should be known. */
  readonly onTrouble: (text: string) => void;
}

/** Of the built page. */
const PAGE = join(PROJECT_ROOT, 'dist', 'page');

export function dashboard(plan: LabPlan, options: DashboardOptions): LabCompanion & { readonly hub: EventHub } {
  const metrics = new LabMetrics(plan.services);
  const live = new LiveLab(plan, randomUUID(), (step) => metrics.step(step));
  const faults = new HandFaults(plan, (fault) => {
    live.fault(fault);
    if (fault.kind === 'pause' && (fault.state === 'applied' || !fault.active))
      for (const seat of fault.seats) live.nodes.paused(seat, fault.active);
  });
  const runs = new KeptRuns(options.runs);
  let operations: LabOperations | null = null;
  let server: DashboardServer | null = null;
  const reports = new ReportRound(live, () => operations);

  const refresh = (): void => {
    if (operations === null) return;
    for (const { seat } of plan.seats) {
      const { state, detail } = operations.lab.seatState(seat);
      live.seat(seat, state, detail);
    }
    reports.ask();
  };
  const look = (): void => {
    refresh();
    live.advance(monotonicMs());
  };
  const hub = new EventHub({ live, nowMs: monotonicMs, refresh });

  return {
    hub,
    onEvent: (event) => {
      live.event(event);
      if (event.kind === 'ready') reports.due();
    },
    onObservation: (seat, observation) => {
      live.observe(seat, observation);
      metrics.observe(observation);
      faults.observe(seat, observation);
    },
    conditionsOf: (seat) => faults.conditionsOf(seat),
    listen: async (directory) => {
      const { host, port, anyPort } = options;
      const token = isLoopback(host) ? noToken(directory.dashboardToken) : openToken(directory.dashboardToken);
      server = DashboardServer.create({
        answers: labAnswers({
          live,
          faults,
          runs,
          operations: () => {
            if (operations === null) throw new ApiRefusal('environment', 'the lab is not ready yet');
            return operations;
          },
          refresh: look,
        }),
        hub,
        runs,
        page: readPage(PAGE),
        guard: { host, token },
        onBug: options.onTrouble,
      });
      addMetrics(server.app, metrics, { live, operations: () => operations, refresh: look });
      const taken = await listening(server, host, anyPort ? [...keptPort(directory.dashboardPort), port, 0] : [port]);
      // Pages that are open find the lab again after it was stopped.
      writeAtomically(directory.dashboardPort, `${taken}\n`);
      return urlOf(host, taken);
    },
    serve: (served) => {
      operations = served;
      faults.serve(served.lab);
      served.orders.watch((order) => live.purchase(order.orderId, () => served.orders.result(order)));
      refresh();
    },
    settle: () => faults.settle(),
    close: async () => {
      await server?.close();
    },
  };
}

/** Asks the nodes for their own views, one round at a time. */
class ReportRound {
  readonly #live: LiveLab;
  readonly #operations: () => LabOperations | null;
  readonly #everyMs: number;
  #nextMs = 0;
  #under = false;

  constructor(live: LiveLab, operations: () => LabOperations | null) {
    this.#live = live;
    this.#operations = operations;
    this.#everyMs = Math.max(LIMITS.reportMs, live.plan.seats.length * LIMITS.reportMsPerNode);
  }

  /** The next call of `ask` does. */
  due(): void {
    this.#nextMs = 0;
  }

  /** Where it is time. */
  ask(): void {
    const operations = this.#operations();
    if (operations === null || this.#under || monotonicMs() < this.#nextMs) return;
    this.#nextMs = monotonicMs() + this.#everyMs;
    this.#under = true;
    operations.lab
      .reports()
      .then((reports) => {
        for (const [seat, report] of reports) this.#live.report(seat, report, Date.now());
      })
      // The lab is being stopped.
      .catch(() => {})
      .finally(() => {
        this.#under = false;
      });
  }
}

/** The first of `ports` that is free. */
async function listening(server: DashboardServer, host: string, ports: readonly number[]): Promise<number> {
  const [port = 0, ...others] = ports;
  try {
    return await server.listen(host, port);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE' && others.length > 0)
      return listening(server, host, others);
    throw new Failure('environment', `the page cannot be opened at ${host}:${port} (--http): ${messageOf(cause)}`, {
      cause,
    });
  }
}

function keptPort(file: string): readonly number[] {
  const port = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  return Number.isInteger(port) && port > 0 && port < 65_536 ? [port] : [];
}

/** One that is left from another start would be shown in vain. */
function noToken(file: string): null {
  rmSync(file, { force: true });
  return null;
}

/** The one that is kept, or a new one; its file is its owner's alone. */
function openToken(file: string): string {
  if (!existsSync(file)) writeAtomically(file, randomBytes(32).toString('base64url'));
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

function urlOf(host: string, port: number): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIP(reached) === 6 ? `[${reached}]` : reached}:${port}/`;
}
