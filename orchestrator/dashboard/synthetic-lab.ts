/**
 * A lab without nodes: the real server, the real projection and the real page, told whatever one wants to see. For
 * measurements of the page and for tests of what no honest lab would say; nothing can be bought or broken in it.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { monotonicMs } from '../../node/host/observations.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import { PROJECT_ROOT } from '../project.ts';
import { ApiRefusal } from './api-refusal.ts';
import { DashboardServer } from './dashboard-server.ts';
import { EventHub } from './event-hub.ts';
import { HandFaults } from './hand-faults.ts';
import { KeptRuns } from './kept-runs.ts';
import { labAnswers } from './lab-answers.ts';
import { LiveLab } from './live-lab.ts';
import { readPage } from './page-files.ts';

export class SyntheticLab {
  readonly live: LiveLab;
  readonly url: string;
  readonly #server: DashboardServer;
  #seq = 0;

  private constructor(live: LiveLab, server: DashboardServer, url: string) {
    this.live = live;
    this.#server = server;
    this.url = url;
  }

  /** On a free port of loopback. All seats are ready. `token`: what changes need, as if it were bound elsewhere. */
  static async open(plan: LabPlan, token: string | null = null): Promise<SyntheticLab> {
    const live = new LiveLab(plan, randomUUID());
    for (const { seat } of plan.seats) live.seat(seat, 'ready', null);
    const runs = new KeptRuns(join(PROJECT_ROOT, 'there-are-none'));
    const server = DashboardServer.create({
      answers: labAnswers({
        live,
        faults: new HandFaults(plan, () => {}),
        runs,
        operations: () => {
          throw new ApiRefusal('environment', 'this lab has no nodes');
        },
        refresh: () => live.advance(monotonicMs()),
      }),
      hub: new EventHub({ live, nowMs: monotonicMs, refresh: () => {} }),
      runs,
      page: readPage(join(PROJECT_ROOT, 'dist', 'page')),
      guard: { host: '127.0.0.1', token },
      onBug: (text) => {
        throw new Error(text);
      },
    });
    const port = await server.listen('127.0.0.1', 0);
    return new SyntheticLab(live, server, `http://127.0.0.1:${port}/`);
  }

  /** A line of the record of `seat`, as if its node had written it now. */
  tell(seat: string, event: string, fields: Readonly<Record<string, unknown>>, node: string = seat): void {
    this.#seq++;
    this.live.observe(seat, { seq: this.#seq, t: monotonicMs(), at: Date.now(), node, event, ...fields });
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
