/**
 * Virtual time and real processes are two worlds round one core. Where time decides nothing they must agree on everything
 * else: what was bought, voted, settled and stored, by whom, and what the judges say of it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTRACT_SCENARIOS, comparable, performed } from '../support/contract-scenarios.ts';
import { outcomeOf } from '../support/run-outcome.ts';

describe('a simulated run comes to what real processes come to', { concurrency: 2 }, () => {
  for (const scenario of CONTRACT_SCENARIOS) {
    it(scenario.name, async () => {
      const simulated = await performed(scenario, 'simulated');
      const real = await performed(scenario, 'processes');
      const [expected, found] = [outcomeOf(simulated), outcomeOf(real)].map((outcome) => comparable(scenario, outcome));
      assert.deepEqual(expected, found, `${simulated.explanation}\n${real.explanation}`);
      assert.ok(real.observed('vote.cast').length > 3, 'something was voted for');
    });
  }
});
