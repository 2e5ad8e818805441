/** The end of faults that do not end by themselves. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { judge } from '../../orchestrator/checks/judge.ts';
import { FaultInjector } from '../../orchestrator/run/fault-injector.ts';
import type { FaultHandler } from '../../orchestrator/run/fault-world.ts';
import { RunLog } from '../../orchestrator/run/run-log.ts';
import type { RunEvent } from '../../orchestrator/run/run-record.ts';
import { quietFaultWorld } from '../support/quiet-fault-world.ts';
import { fault, simulatedPlan } from '../support/simulated-plan.ts';

const NEVER = new Promise<never>(() => {});
const PLANNED = fault('stubborn', 0, null, { kind: 'pause', seats: ['1'] });
const QUIET: FaultHandler = { apply: async () => {}, verify: async () => null, heal: async () => {} };

function open(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-faults-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const log = new RunLog(join(directory, 'events.ndjson'));
  const events: RunEvent[] = [];
  log.watch((event) => events.push(event));
  const world = quietFaultWorld(2);
  const injector = new FaultInjector({ world, log, value: () => 0, healMsMax: 30 });
  const states = (id: string): readonly string[] =>
    events.flatMap((event) => (event.event === 'fault' && event.id === id ? [event.state] : []));
  return { injector, events, states };
}

describe('a fault that is not healed in time', () => {
  const parts: readonly (keyof FaultHandler)[] = ['heal', 'verify'];
  for (const part of parts) {
    it(`has failed, where its ${part} hangs, and makes the run inconclusive`, async (t) => {
      const { injector, events, states } = open(t);
      await injector.hold(PLANNED, { ...QUIET, [part]: () => NEVER });
      await injector.hold({ ...PLANNED, id: 'other', title: 'other' }, QUIET);
      await injector.heal();
      assert.equal(states('stubborn').at(-1), 'failed');
      assert.deepEqual(states('other'), ['asked', 'applied', 'verified', 'healed']);
      const { verdict, reasons } = judge({
        plan: { ...simulatedPlan({ nodes: 2 }), checks: [] },
        events,
        history: () => [],
        finals: new Map(),
        fabric: null,
        gaps: [],
      });
      assert.equal(verdict, 'inconclusive');
      assert.ok(
        reasons.includes('fault stubborn: failed: it could not be healed: still under way after 0.03 s'),
        reasons.join('\n'),
      );
    });
  }

  it('keeps no run from its end where it is healed', async (t) => {
    const { injector, states } = open(t);
    await injector.hold(PLANNED, QUIET);
    await injector.heal();
    assert.deepEqual(states('stubborn'), ['asked', 'applied', 'verified', 'healed']);
  });
});
