import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';
import { CommandLine } from '../support/command-line.ts';

function withFile(name: string, text: string): CommandLine {
  const line = new CommandLine();
  mkdirSync(line.home, { recursive: true });
  writeFileSync(join(line.home, name), text);
  return line;
}

test('validate says what a scenario is when it is fine, and every problem with its file and line when not', async () => {
  const line = withFile('good.yaml', 'name: good\nnodes: 3\nchecks: [{ invariant: I1, expect: { ref-c: violate } }]\n');
  writeFileSync(join(line.home, 'bad.yaml'), 'name: bad\nnodes: 1\ntimelines: []\n');
  const { code, stdout, stderr } = await line.run('validate', 'good.yaml', 'bad.yaml');
  assert.equal(code, 64);
  assert.equal(stdout, 'good.yaml: good: 3 nodes, 10 s of load, 0 purchases, 0 faults; checks: paper 0, ref-c 1\n');
  assert.match(
    stderr,
    /^bad\.yaml:2: nodes: expected 2\.\.512 nodes .*\nbad\.yaml:3: timelines: expected one of name, .*\(nearest: timeline\)\n$/,
  );
  const fine = await line.json<{ ok: boolean; name: string }[]>('validate', 'good.yaml');
  assert.deepEqual(
    fine.map(({ ok, name }) => [ok, name]),
    [[true, 'good']],
  );
});

test('validate without arguments looks at every shipped scenario', async () => {
  const found = await new CommandLine().json<{ ok: boolean; profiles: { profile: string }[] }[]>('validate');
  assert.ok(found.length >= 26);
  assert.ok(found.every(({ ok, profiles }) => ok && profiles.some(({ profile }) => profile === 'ref-c')));
});

test('plan prints the same plan as YAML and as JSON, with what was asked for in place of the file', async () => {
  const line = new CommandLine();
  const overrides = ['split-5-3', '--seed', '7', '--profile', 'ref-c', '--set', 'difficulty=2', '--nodes', '9'];
  const plan = await line.json<ScenarioPlan>('plan', ...overrides);
  assert.deepEqual(parse(await line.ok('plan', ...overrides)), plan);
  assert.deepEqual(
    [plan.name, plan.seed, plan.lab.profile, plan.lab.parameters.difficulty, plan.seats.length],
    ['split-5-3', '7', 'ref-c', 2, 9],
  );
});

test('plan lists the shipped scenarios, and names the nearest of them for one that is not there', async () => {
  const line = new CommandLine();
  assert.match(await line.ok('plan', '--list'), /^scenario +shows\nbaseline-8 +Eight honest nodes/);
  const { code, stderr } = await line.run('plan', 'spilt-5-3');
  assert.equal(code, 64);
  assert.match(stderr, /SCENARIO: expected a file, or one of baseline-8, .*, got "spilt-5-3" \(nearest: split-5-3\)/);
  assert.equal((await line.run('plan')).code, 64);
});

test('schema prints a JSON Schema', async () => {
  const schema = JSON.parse(await new CommandLine().ok('schema')) as Record<string, unknown>;
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.deepEqual(schema.required, ['name', 'nodes']);
});
