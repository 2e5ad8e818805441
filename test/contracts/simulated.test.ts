/**
 * Virtual time and real processes are two worlds round one core. Where time decides nothing they must agree on everything
 * else: what was bought, voted, settled and stored, by whom, and what the judges say of it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTRACT_SCENARIOS, shippedName } from '../support/contract-scenarios.ts';
import { PerformedRun } from '../support/performed-run.ts';
import { outcomeOf } from '../support/run-outcome.ts';

describe('a simulated run comes to what real processes come to', { concurrency: 2 }, () => {
  for (const scenario of CONTRACT_SCENARIOS) {
    it(scenario.name, async () => {
      const [simulated, real] = await Promise.all(['simulated', 'processes'].map((runtime) => performed(runtime)));
      assert.deepEqual(outcomeOf(simulated!), outcomeOf(real!), `${simulated!.explanation}\n${real!.explanation}`);
      const decided = real!.observed('decide').length;
      assert.ok(decided > 0, 'something was decided');
    });

    const performed = (runtime: string): Promise<PerformedRun> => {
      const args = ['--runtime', runtime, ...scenario.args];
      return scenario.text === null
        ? PerformedRun.shipped(shippedName(scenario), ...args)
        : PerformedRun.of(scenario.text, ...args);
    };
  }
});
