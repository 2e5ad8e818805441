/** A request that is not done, as it is answered: one class, thrown by routes and turned into JSON in one place. */
import type { z } from 'zod';
import { type Problem, shown } from '../../node/protocol/parameters.ts';
import type { Failure, FailureCode } from '../failure.ts';
import { pathText } from '../files/file-shapes.ts';
import type { RefusalAnswer } from './api/refusal-shape.ts';

const STATUS: { readonly [C in RefusalAnswer['code']]: number } = {
  usage: 400,
  token: 401,
  foreign: 403,
  unknown: 404,
  method: 405,
  refused: 409,
  'key-reused': 409,
  'too-long': 413,
  'media-type': 415,
  'too-many': 429,
  failed: 500,
  environment: 503,
};

const OF_FAILURE: { readonly [C in FailureCode]: RefusalAnswer['code'] } = {
  usage: 'usage',
  environment: 'environment',
  refused: 'refused',
  inconclusive: 'environment',
  artefacts: 'environment',
  interrupted: 'environment',
};

export class ApiRefusal extends Error {
  readonly status: number;
  readonly answer: RefusalAnswer;

  constructor(code: RefusalAnswer['code'], message: string, problems: readonly Problem[] = []) {
    super(message);
    this.name = 'ApiRefusal';
    this.status = STATUS[code];
    this.answer = { code, message, problems };
  }

  static ofProblems(problems: readonly Problem[]): ApiRefusal {
    return new ApiRefusal('usage', 'the request is not what was expected', problems);
  }

  static ofFailure(failure: Failure): ApiRefusal {
    return new ApiRefusal(OF_FAILURE[failure.code], failure.message);
  }
}

/** `value` as `shape` reads it; adds every problem to `problems`, with `name` before the path. */
export function read<T extends z.ZodType>(
  shape: T,
  value: unknown,
  name: string,
  problems: Problem[],
): z.output<T> | undefined {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        problems.push({ path: joined(name, [...path, key]), expected: 'nothing', found: 'an unknown key' });
    } else {
      problems.push({ path: joined(name, path), expected: expectedBy(issue), found: shown(at(value, path)) });
    }
  }
  return undefined;
}

function joined(name: string, path: readonly (string | number)[]): string {
  const rest = pathText(path);
  return rest === '' ? name : name === '' ? rest : `${name}.${rest}`;
}

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'an integer' : `a ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_big':
      return `at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'invalid_format':
      return issue.format === 'regex' && issue.pattern !== undefined ? `text like ${issue.pattern}` : issue.format;
    default:
      return issue.message;
  }
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}
