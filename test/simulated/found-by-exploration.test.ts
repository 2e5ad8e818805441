/** Schedules that an exploration found, made small, and what was wrong with them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { resolveScenario } from '../../orchestrator/scenario/resolve-scenario.ts';
import type { ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';
import { type SimulationEnd, simulateRun } from '../../orchestrator/simulated/simulation.ts';
import { statesOf } from '../support/simulated-history.ts';

function planOf(text: string): ScenarioPlan {
  const read = resolveScenario({ text, directory: '/' }, { lab: 'simulated' });
  assert.ok(read.ok, JSON.stringify(read));
  return read.plan;
}

const run = (text: string): SimulationEnd => simulateRun(planOf(text), { eventsMax: 100_000 });

it('comes to rest where the time that is left is less than a moment can tell apart', () => {
  const { reasons } = run(`
name: explored
seed: "4048"
parameters: { dcoinRate: 2, difficulty: 1 }
simulation: { network: ethernet, broker: independent, pace: pi3bplus }
services: { espresso: 2, Tea: 1 }
nodes:
  g1: { count: 2 }
  g2: { count: 1, behaviours: [ weak-work ] }
  g3: { count: 2 }
  g4: { count: 1, funds: 2 }
workload:
  duration: 1121
  settle: 10000
  sensors: none
  purchases:
    - { at: [ 223 ], buyers: 6, service: Tea, mode: strict }
    - { at: [ 278 ], buyers: 5, service: Tea, mode: strict }
    - { at: [ 733 ], buyers: 5, service: Tea, mode: wait }
    - { at: [ 1021 ], buyers: 4, service: espresso, mode: wait }
timeline:
  - { id: f1, at: 732, link: { delay: { fixed: 0, pareto: 30 } }, for: 3 }
  - { id: f2, at: 201, link: { delay: 1 }, for: 1 }
`);
  assert.deepEqual(reasons, []);
});

it('lets a fault fail that would erase the database of a node which another fault has started', () => {
  const end = run(`
name: explored
nodes: 2
workload: { duration: 400, sensors: none }
timeline:
  - { id: f1, at: 10, restart: { nodes: [ 2 ] } }
  - { id: f2, at: 236, restart: { nodes: [ 2 ], database: lost } }
  - { id: f3, at: 74, restart: { nodes: [ 2 ] } }
`);
  assert.deepEqual(statesOf(end, 'f2'), ['asked', 'failed']);
});
