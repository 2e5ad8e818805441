/** Options that several commands share: which lab, and what a lab is to be. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { nearestName } from '../../node/host/nearest-name.ts';
import { describeProblem, type Problem, shown } from '../../node/protocol/parameters.ts';
import { PROFILE_NAMES } from '../../node/protocol/profiles.ts';
import type { FlagTable, ParsedArguments, Setting } from '../cli/arguments.ts';
import { Failure, messageOf } from '../failure.ts';
import type { RequestedLab } from '../lab/kept-lab.ts';
import { LabDirectory, labNames } from '../lab/lab-directory.ts';
import { LAB_NAME_PATTERN, type LabPlan, NODES_MAX, NODES_MIN, parameterValue } from '../lab/lab-plan.ts';

export const LAB_FLAG = {
  type: 'text',
  pattern: LAB_NAME_PATTERN,
  expected: '1..32 of a-z, 0-9 and -',
  default: 'lab',
  value: 'NAME',
  help: 'which lab',
} as const;

/** Where what a command makes is written. */
export const OUT_FLAG = {
  type: 'text',
  pattern: /^[^\0]+$/,
  expected: 'a directory',
  default: 'runs',
  value: 'DIR',
  help: 'where runs are written',
} as const;

export const JSON_FLAG = { type: 'switch', help: 'print the result as JSON' } as const;

/** What a lab is to be. */
export const PLAN_FLAGS = {
  nodes: { type: 'integer', min: NODES_MIN, max: NODES_MAX, default: 8, value: 'N', help: 'how many nodes' },
  profile: { type: 'choice', choices: PROFILE_NAMES, default: 'paper', help: 'the rules of the ledger' },
  set: { type: 'settings', value: 'NAME=VALUE', help: 'one parameter in place of the profile’s, e.g. difficulty=2' },
  services: {
    type: 'text',
    pattern: /^[^\0]+$/,
    expected: 'a file',
    default: null,
    value: 'FILE',
    help: 'what can be bought, YAML or JSON',
  },
  durability: {
    type: 'choice',
    choices: ['process', 'power'],
    default: 'process',
    help: 'what a commit survives: kill -9, or power loss',
  },
  qos: { type: 'choice', choices: ['0', '1'], default: '1', help: 'MQTT quality of service on the fabric' },
} as const satisfies FlagTable;

export const SENSOR_FLAGS = {
  sensors: {
    type: 'text',
    pattern: /^[^\0]+$/,
    expected: 'a file, or none',
    default: null,
    value: 'FILE|none',
    help: 'virtual sensors of every node, YAML or JSON; a counter each 1..10 s when absent',
  },
  'no-sensors': { type: 'switch', help: 'the same as --sensors none' },
} as const satisfies FlagTable;

type PlanArguments = ParsedArguments<typeof PLAN_FLAGS & typeof SENSOR_FLAGS>;

/** By name; what is wrong with the settings is added to `problems`. */
export function parametersOf(settings: readonly Setting[], problems: Problem[]): Readonly<Record<string, unknown>> {
  const parameters: Record<string, unknown> = {};
  for (const { name, value } of settings) {
    if (Object.hasOwn(parameters, name))
      problems.push({ path: `--set ${name}`, expected: 'to be given once', found: 'several' });
    parameters[name] = parameterValue(value);
  }
  return parameters;
}

/** What was asked for, files read. Throws a Failure with every problem. */
export function requestedLab(parsed: PlanArguments, cwd: string): RequestedLab {
  const { flags, given } = parsed;
  const problems: Problem[] = [];
  const parameters = parametersOf(flags.set, problems);
  const services =
    flags.services === null ? undefined : readDefinitions(resolve(cwd, flags.services), '--services', problems);
  let sensors: unknown;
  if (flags['no-sensors'] || flags.sensors === 'none') sensors = [];
  else if (flags.sensors !== null) {
    const file = resolve(cwd, flags.sensors);
    sensors = withAbsoluteFiles(readDefinitions(file, '--sensors', problems), dirname(file));
  }
  if (flags['no-sensors'] && flags.sensors !== null && flags.sensors !== 'none') {
    problems.push({ path: '--no-sensors', expected: 'nothing beside --sensors', found: 'both' });
  }
  if (problems.length > 0) throw new Failure('usage', problems.map(describeProblem).join('\n'));
  return {
    ...(given.has('nodes') ? { nodes: flags.nodes } : {}),
    ...(given.has('profile') ? { profile: flags.profile } : {}),
    ...(given.has('set') ? { parameters } : {}),
    ...(services === undefined ? {} : { services }),
    ...(sensors === undefined ? {} : { sensors }),
    ...(given.has('durability') ? { durability: flags.durability } : {}),
    ...(given.has('qos') ? { qos: flags.qos === '0' ? 0 : 1 } : {}),
  };
}

function readDefinitions(file: string, path: string, problems: Problem[]): unknown {
  try {
    return parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    problems.push({ path, expected: 'a readable file in YAML or JSON', found: messageOf(error).split('\n')[0]! });
    return undefined;
  }
}

/** Recorded data is named relative to the file that names it. */
function withAbsoluteFiles(sensors: unknown, directory: string): unknown {
  if (!Array.isArray(sensors)) return sensors;
  return sensors.map((sensor: unknown) => {
    const file = (sensor as { readonly file?: unknown } | null)?.file;
    return typeof file === 'string' ? { ...(sensor as object), file: resolve(directory, file) } : sensor;
  });
}

/** The directory and plan of a lab that exists. Throws a Failure otherwise, naming those that do. */
export function existingLab(home: string, name: string): { readonly directory: LabDirectory; readonly plan: LabPlan } {
  const directory = new LabDirectory(home, name);
  const plan = directory.readPlan();
  if (plan !== null) return { directory, plan };
  const labs = labNames(home);
  const others = labs.length === 0 ? 'there is none yet (npx wallance up)' : `there are: ${labs.join(', ')}`;
  throw new Failure('environment', `no lab ${name} in ${home}; ${others}`);
}

/** `--lab NAME` where it is not the usual one, for commands that are suggested. */
export function labOption(name: string): string {
  return name === LAB_FLAG.default ? '' : ` --lab ${name}`;
}

/** Throws a Failure with every argument that the lab's plan does not know. */
export function requireKnown(plan: LabPlan, named: { readonly node?: string; readonly service?: string }): void {
  const problems: Problem[] = [];
  const check = (path: string, name: string | undefined, known: readonly string[]): void => {
    if (name === undefined || known.includes(name)) return;
    const list = known.length > 16 ? `${known.slice(0, 16).join(', ')}, ...` : known.join(', ');
    const nearest = nearestName(name, known);
    problems.push({
      path,
      expected: `one of ${list}${nearest === null ? '' : ` (nearest: ${nearest})`}`,
      found: shown(name),
    });
  };
  check(
    'NODE',
    named.node,
    plan.seats.map(({ node }) => node),
  );
  check(
    'SERVICE',
    named.service,
    plan.services.map(({ name }) => name),
  );
  if (problems.length > 0) throw new Failure('usage', problems.map(describeProblem).join('\n'));
}
