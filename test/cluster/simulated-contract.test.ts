/** The contract of simulated and real runs (test/contracts/simulated.test.ts), with containers in place of processes. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { CONTRACT_SCENARIOS, comparable, performed } from '../support/contract-scenarios.ts';
import { engineTest } from '../support/engine.ts';
import { outcomeOf } from '../support/run-outcome.ts';
import { IMAGES, NATIVE } from '../support/runtime-world.ts';

const it = engineTest([`${IMAGES}-node:${NATIVE}`, `${IMAGES}-lab:${NATIVE}`]);
const CHOSEN = /^(purchases in turn|two nodes that crash|split-5-3|equivocators$|broker-restart-kept)/;

describe('a simulated run comes to what containers come to', () => {
  for (const scenario of CONTRACT_SCENARIOS) {
    if (!CHOSEN.test(scenario.name)) continue;
    it(scenario.name, async () => {
      const simulated = await performed(scenario, 'simulated');
      const real = await performed(scenario, 'docker', '--images', IMAGES);
      const [expected, found] = [outcomeOf(simulated), outcomeOf(real)].map((outcome) => comparable(scenario, outcome));
      assert.deepEqual(expected, found, `${simulated.explanation}\n${real.explanation}`);
      // What the nodes in containers did is also what the core does.
      const { code, stdout } = await real.cli.run('replay', real.path);
      assert.equal(code, 0, stdout);
    });
  }
});
