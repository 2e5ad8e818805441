/** Scenarios written by tests: text in, a plan or its problems out. */
import assert from 'node:assert/strict';
import { resolveScenario, type ScenarioOverrides } from '../../orchestrator/scenario/resolve-scenario.ts';
import type { ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';

export function planOf(text: string, overrides: ScenarioOverrides = {}): ScenarioPlan {
  const result = resolveScenario({ text, directory: '/nowhere' }, overrides);
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.problems, null, 1));
  return result.plan;
}

/** `line: path: expected X, got Y`, without the line where there is none. */
export function problemsOf(text: string, overrides: ScenarioOverrides = {}): readonly string[] {
  const result = resolveScenario({ text, directory: '/nowhere' }, overrides);
  assert.ok(!result.ok, 'the scenario has no problem');
  return result.problems.map(
    ({ line, path, expected, found }) =>
      `${line === null ? '' : `${line}: `}${path}: expected ${expected}, got ${found}`,
  );
}

/** Eight honest nodes, and these parts, the first of them on line 3. */
export function scenario(...parts: readonly string[]): string {
  return ['name: test', 'nodes: 8', ...parts, ''].join('\n');
}
