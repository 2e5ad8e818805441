/** A scenario under every profile that it speaks of: its own, and those that its checks name. Pure. */
import type { ProfileName } from '../../node/protocol/profiles.ts';
import { namedProfiles } from './resolve-checks.ts';
import { resolveScenario, type ScenarioSource } from './resolve-scenario.ts';
import { readScenarioFile, type ScenarioProblem } from './scenario-file.ts';
import type { ScenarioPlan } from './scenario-plan.ts';

export interface ValidatedScenario {
  /** Each once, whatever profile it came up under. */
  readonly problems: readonly ScenarioProblem[];
  /** By profile, the file's own first; of those without problems. */
  readonly plans: ReadonlyMap<ProfileName, ScenarioPlan>;
}

export function validateScenario(source: ScenarioSource): ValidatedScenario {
  const read = readScenarioFile(source.text);
  if (!read.ok) return { problems: read.problems, plans: new Map() };
  const { profile = 'paper', checks } = read.file.written;
  const problems = new Map<string, ScenarioProblem>();
  const plans = new Map<ProfileName, ScenarioPlan>();
  for (const name of new Set([profile, ...namedProfiles(checks)])) {
    const result = resolveScenario(source, { profile: name });
    if (result.ok) plans.set(name, result.plan);
    else for (const problem of result.problems) problems.set(JSON.stringify(problem), problem);
  }
  return { problems: [...problems.values()], plans };
}
