import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeProblem } from '../../node/protocol/parameters.ts';
import { parseArguments } from '../../orchestrator/cli/arguments.ts';

const FLAGS = {
  nodes: { type: 'integer', min: 2, max: 512, default: 8, value: 'N', help: '' },
  seconds: { type: 'number', min: 1, max: 60, default: null, value: 'S', help: '' },
  lab: { type: 'text', pattern: /^[a-z]+$/, expected: 'letters', default: 'lab', value: 'NAME', help: '' },
  profile: { type: 'choice', choices: ['paper', 'ref-c'], default: 'paper', help: '' },
  set: { type: 'settings', value: 'NAME=VALUE', help: '' },
  json: { type: 'switch', help: '' },
} as const;
const POSITIONALS = [
  { name: 'node', help: '', required: true },
  { name: 'service', help: '', required: false },
] as const;

function problemsOf(...args: string[]): string[] {
  const result = parseArguments(args, FLAGS, POSITIONALS);
  return result.ok ? [] : result.problems.map(describeProblem);
}

test('values have the types of their flags, absent ones their defaults', () => {
  const result = parseArguments(
    ['3', '--nodes', '12', '--seconds=2.5', '--set', 'difficulty=2', '--set', 'x=a=b', '--json'],
    FLAGS,
    POSITIONALS,
  );
  assert.ok(result.ok);
  const { flags, positionals, given } = result.parsed;
  assert.equal(flags.nodes, 12);
  assert.equal(flags.seconds, 2.5);
  assert.equal(flags.lab, 'lab');
  assert.equal(flags.profile, 'paper');
  assert.equal(flags.json, true);
  assert.deepEqual(flags.set, [
    { name: 'difficulty', value: '2' },
    { name: 'x', value: 'a=b' },
  ]);
  assert.deepEqual(positionals, ['3', null]);
  assert.deepEqual([...given].sort(), ['json', 'nodes', 'seconds', 'set']);
});

test('all problems are reported at once, an unknown option with the nearest name', () => {
  const problems = problemsOf(
    '--nodes',
    '1',
    '--lab',
    'No!',
    '--profile',
    'paper2',
    '--sconds',
    '3',
    '--json=yes',
    'a',
    'b',
    'c',
  );
  assert.deepEqual(problems, [
    '--sconds: expected one of --nodes, --seconds, --lab, --profile, --set, --json (nearest: --seconds), got an unknown option',
    '--json: expected no value, got "yes"',
    '--nodes: expected integer 2..512, got "1"',
    '--lab: expected letters, got "No!"',
    '--profile: expected one of paper, ref-c, got "paper2"',
    'arguments: expected only NODE SERVICE, got "c"',
  ]);
});

test('an option that swallowed the next one has no value', () => {
  assert.deepEqual(problemsOf('1', '--lab', '--json'), ['--lab: expected letters, got no value']);
  assert.deepEqual(problemsOf('1', '--nodes'), ['--nodes: expected integer 2..512, got no value']);
});

test('numbers are decimal, finite and within bounds', () => {
  for (const text of ['1e3', '0x10', '', ' 8', '8.5', '-2', '999999999999999999999']) {
    assert.deepEqual(problemsOf('1', `--nodes=${text}`), [
      `--nodes: expected integer 2..512, got ${JSON.stringify(text)}`,
    ]);
  }
  assert.deepEqual(problemsOf('1', '--seconds=NaN'), ['--seconds: expected number 1..60, got "NaN"']);
});

test('an option that is given twice and a missing argument are problems', () => {
  assert.deepEqual(problemsOf('--nodes', '3', '--nodes', '4'), [
    '--nodes: expected to be given once, got "3" and "4"',
    'NODE: expected to be given, got nothing',
  ]);
});

test('names of objects own nothing here', () => {
  assert.match(problemsOf('1', '--constructor', 'x').join(), /--constructor: .*unknown option/);
});

test('a last argument that takes many gets them all, and none is one that is absent', () => {
  const many = [{ name: 'file', help: '', required: false, many: true }] as const;
  const positionals = (...args: string[]) => {
    const result = parseArguments(args, FLAGS, many);
    return result.ok ? result.parsed.positionals : [];
  };
  assert.deepEqual(positionals('a', 'b', '--json', 'c'), ['a', 'b', 'c']);
  assert.deepEqual(positionals(), [null]);
});
