import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseArguments } from '../../orchestrator/cli/arguments.ts';
import { COMMANDS } from '../../orchestrator/cli/command-list.ts';
import { shippedScenarios } from '../../orchestrator/scenario/scenario-files.ts';

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

const text = readFileSync(join(import.meta.dirname, '../../docs/github-workflow.yml'), 'utf8');
const workflow = parse(text) as { readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>> };
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

/** Problems of a line that begins with `npx wallance`; the shell's redirection is not part of it. */
function problemsOf(line: string): string[] {
  const words = line.replace(/\$\{\{[^}]*\}\}/g, 'x').split(/\s+/);
  const redirected = words.findIndex((word) => /^[<>|&]/.test(word));
  const [, , name, ...args] = words.slice(0, redirected < 0 ? undefined : redirected);
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) return [`no command ${name}`];
  const flags = args.filter((word) => word.startsWith('--')).map((word) => word.slice(2).replace(/=.*/, ''));
  const unknown = flags.filter((flag) => !Object.hasOwn(command.flags, flag)).map((flag) => `no flag --${flag}`);
  const parsed = parseArguments(args, command.flags, [{ name: 'any', help: '', required: false }]);
  return parsed.ok ? unknown : [...unknown, ...parsed.problems.map(({ path, expected }) => `${path}: ${expected}`)];
}

test('the example workflow names commands and flags that exist', () => {
  const lines = steps.flatMap(({ run = '' }) =>
    run.split('\n').filter((line) => line.trim().startsWith('npx wallance')),
  );
  assert.ok(lines.length > 0);
  assert.deepEqual(
    lines.flatMap((line) => problemsOf(line.trim())),
    [],
  );
  assert.deepEqual(problemsOf('npx wallance runn x'), ['no command runn']);
  assert.ok(problemsOf('npx wallance run x --jsonn > file').includes('no flag --jsonn'));
});

test('it runs scenarios that are shipped', () => {
  const named = [...text.matchAll(/^ +scenario: \[(.*)\]$/gm)].flatMap((match) => match[1]!.split(', '));
  assert.ok(named.length >= 2);
  assert.deepEqual(
    named.filter((name) => !shippedScenarios().includes(name)),
    [],
  );
});

test('it keeps the run also when it failed, and asks for no rights', () => {
  const upload = steps.find(({ uses = '' }) => uses.startsWith('actions/upload-artifact@'))!;
  assert.equal(upload.if, 'always()');
  assert.match(String(upload.with?.path), /^runs\/$/m);
  assert.deepEqual((parse(text) as { permissions: unknown }).permissions, { contents: 'read' });
  assert.equal(steps.find(({ uses = '' }) => uses.startsWith('actions/setup-node@'))!.with?.['node-version'], 24);
});
