/** Scenarios on disk: those that the project ships, by name, and those that a path names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { nearestName } from '../../node/host/nearest-name.ts';
import { describeProblem, shown } from '../../node/protocol/parameters.ts';
import { Failure, messageOf } from '../failure.ts';
import { PROJECT_ROOT } from '../project.ts';
import type { ScenarioSource } from './resolve-scenario.ts';
import type { ScenarioProblem } from './scenario-file.ts';

const SHIPPED = join(PROJECT_ROOT, 'orchestrator', 'scenarios');
const ENDING = '.yaml';

export interface FoundScenario extends ScenarioSource {
  /** As problems name it: relative to the working directory. */
  readonly file: string;
}

/** Names of the shipped ones, sorted as people count. */
export function shippedScenarios(): readonly string[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Absolute path of a shipped scenario; null for a name that none has. */
export function scenarioFile(name: string): string | null {
  const file = join(SHIPPED, `${name}${ENDING}`);
  return /^[a-z0-9-]{1,64}$/.test(name) && existsSync(file) ? file : null;
}

/** `argument`: a path, or the name of a shipped scenario. Throws a Failure that lists them where it is neither. */
export function findScenario(argument: string, cwd: string): FoundScenario {
  const file = scenarioFile(argument) ?? resolve(cwd, argument);
  if (!existsSync(file)) {
    const names = shippedScenarios();
    const nearest = nearestName(argument, names);
    throw new Failure(
      'usage',
      `SCENARIO: expected a file, or one of ${names.join(', ')}, got ${shown(argument)}` +
        (nearest === null || /[/.]/.test(argument) ? '' : ` (nearest: ${nearest})`),
    );
  }
  try {
    const shownFile = relative(cwd, file);
    return {
      text: readFileSync(file, 'utf8'),
      directory: dirname(file),
      file: shownFile.startsWith('..') ? file : shownFile,
    };
  } catch (error) {
    throw new Failure('usage', `${argument} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** `file:line: path: expected X, got Y`; without file and line where the problem is not in the file. */
export function problemText(file: string, problem: ScenarioProblem): string {
  return problem.line === null ? describeProblem(problem) : `${file}:${problem.line}: ${describeProblem(problem)}`;
}
