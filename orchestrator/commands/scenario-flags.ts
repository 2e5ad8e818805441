/** What commands about scenarios take beside the file: single values in place of those in it. */
import { describeProblem, type Problem } from '../../node/protocol/parameters.ts';
import { PROFILE_NAMES } from '../../node/protocol/profiles.ts';
import type { FlagTable, ParsedArguments, Positional } from '../cli/arguments.ts';
import { Failure } from '../failure.ts';
import { LAB_NAME_PATTERN, NODES_MAX, NODES_MIN } from '../lab/lab-plan.ts';
import type { ScenarioOverrides } from '../scenario/resolve-scenario.ts';
import { parametersOf } from './lab-flags.ts';

export const SCENARIO_ARGUMENT = {
  name: 'scenario',
  help: 'a file, or the name of a shipped scenario (wallance plan --list)',
} as const satisfies Omit<Positional, 'required'>;

export const SCENARIO_FLAGS = {
  seed: {
    type: 'text',
    pattern: /^[^\0]{1,64}$/,
    expected: 'text of 1..64 characters',
    default: null,
    value: 'SEED',
    help: 'in place of the seed of the file',
  },
  profile: { type: 'choice', choices: PROFILE_NAMES, default: null, help: 'in place of the profile of the file' },
  set: { type: 'settings', value: 'NAME=VALUE', help: 'one parameter in place of that of the file or the profile' },
  nodes: {
    type: 'integer',
    min: NODES_MIN,
    max: NODES_MAX,
    default: null,
    value: 'N',
    help: 'nodes in all: the first group of honest ones grows or shrinks',
  },
  lab: {
    type: 'text',
    pattern: LAB_NAME_PATTERN,
    expected: '1..32 of a-z, 0-9 and -',
    default: null,
    value: 'NAME',
    help: 'name of the lab',
  },
} as const satisfies FlagTable;

/** What was asked for; defaults are not, where a command has some. Throws a Failure where a parameter is set twice. */
export function scenarioOverrides({
  flags,
  given,
}: Pick<ParsedArguments<typeof SCENARIO_FLAGS>, 'flags' | 'given'>): ScenarioOverrides {
  const problems: Problem[] = [];
  const parameters = parametersOf(flags.set, problems);
  if (problems.length > 0) throw new Failure('usage', problems.map(describeProblem).join('\n'));
  const { seed, profile, nodes, lab } = flags;
  return {
    parameters,
    ...(seed === null || !given.has('seed') ? {} : { seed }),
    ...(profile === null || !given.has('profile') ? {} : { profile }),
    ...(nodes === null || !given.has('nodes') ? {} : { nodes }),
    ...(lab === null || !given.has('lab') ? {} : { lab }),
  };
}
