import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { BEHAVIOUR_KINDS } from '../../node/behaviours/behaviour.ts';
import { INVARIANT_IDS } from '../../orchestrator/checks/invariant-id.ts';
import { METRICS } from '../../orchestrator/checks/metric.ts';
import { EXIT } from '../../orchestrator/cli/exit-code.ts';
import { MESSAGE_CLASSES } from '../../orchestrator/fabric/link-rule.ts';
import { STUCK_REASONS } from '../../orchestrator/history/stuck-request.ts';
import { PROJECT_ROOT } from '../../orchestrator/project.ts';
import { PHASES } from '../../orchestrator/run/run-record.ts';
import { CAPABILITIES_OF } from '../../orchestrator/runtimes/runtime.ts';
import { EFFECTS } from '../../orchestrator/scenario/fabric-shape.ts';
import { shippedScenarios } from '../../orchestrator/scenario/scenario-files.ts';
import { CAPABILITIES } from '../../orchestrator/scenario/scenario-plan.ts';
import { ROLES, SECTION_NAMES, scenarioJsonSchema } from '../../orchestrator/scenario/scenario-shape.ts';
import { SIZE_CLASSES } from '../../orchestrator/scenario/seat-selector.ts';
import { FAULT_BODIES } from '../../orchestrator/scenario/timeline-shape.ts';
import { SIMULATED_CAPABILITIES } from '../../orchestrator/simulated/perform-simulated-run.ts';
import { schemaFaults } from '../support/json-schema.ts';
import { planOf } from '../support/scenario-text.ts';

const document = (path: string): string => readFileSync(join(PROJECT_ROOT, path), 'utf8');
const text = document('docs/scenarios.md');
const examples = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** Rows of the table whose first heading is `heading`. */
function table(source: string, heading: string): readonly (readonly string[])[] {
  const lines = source.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  assert.ok(head >= 0, `no table of ${heading}`);
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  return lines.slice(head + 2, end).map(cellsOf);
}

const wordsOf = (heading: string): string[] =>
  table(text, heading).flatMap(([first]) => [...first!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));

test('the examples of the document are scenarios under every profile, and fit the schema', () => {
  assert.ok(examples.length >= 2);
  for (const example of examples) {
    for (const profile of ['paper', 'ref-c', 'ref-dds', 'ref-py'] as const) planOf(example, { profile });
    assert.deepEqual(schemaFaults(scenarioJsonSchema(), parse(example)), []);
  }
});

test('an example has every part of a scenario', () => {
  const parts = new Set(examples.flatMap((example) => Object.keys(parse(example) as object)));
  assert.deepEqual(
    SECTION_NAMES.filter((name) => !parts.has(name)),
    [],
  );
});

test('tables name every fault, behaviour, role, effect and capability, and nothing else', () => {
  assert.deepEqual(wordsOf('fault').sort(), Object.keys(FAULT_BODIES).sort());
  assert.deepEqual(wordsOf('behaviour').sort(), [...BEHAVIOUR_KINDS].sort());
  assert.deepEqual(wordsOf('role').sort(), [...ROLES].sort());
  assert.deepEqual(wordsOf('key').sort(), ['between', 'from', 'to', ...Object.keys(EFFECTS)].sort());
  assert.deepEqual(wordsOf('capability').sort(), [...CAPABILITIES].sort());
  assert.deepEqual(
    table(text, 'class').map(([name]) => name),
    STUCK_REASONS,
  );
});

test('the table of capabilities says what each runtime can do', () => {
  for (const [names, , processes, docker, simulated] of table(text, 'capability')) {
    for (const capability of CAPABILITIES.filter((name) => names!.includes(`\`${name}\``))) {
      assert.equal(processes === 'yes', CAPABILITIES_OF.processes.has(capability), capability);
      assert.equal(docker === 'yes', CAPABILITIES_OF.docker.has(capability), capability);
      assert.equal(simulated === 'yes', SIMULATED_CAPABILITIES.has(capability), capability);
    }
  }
});

test('the table of metrics is that of the code', () => {
  const rows = Object.entries(METRICS).map(([name, { unit, about, live }]) => [
    `\`${name}\``,
    unit,
    live ? 'yes' : '',
    about,
  ]);
  assert.deepEqual(table(text, 'metric'), rows);
});

test('selectors, message classes, phases and exit codes are named', () => {
  const words = [...SIZE_CLASSES, ...MESSAGE_CLASSES, 'all', 'honest', 'byzantine', 'any 2', '25%', 'zone:attic'];
  assert.deepEqual(
    words.filter((word) => !text.includes(`\`${word}\``)),
    [],
  );
  assert.ok(text.replaceAll(/\s+/g, ' ').includes(PHASES.join(', ').replace('load,', 'load (with the timeline),')));
  const codes = new Set(table(text, 'code').map(([code]) => Number(code)));
  assert.deepEqual([...codes].sort(), Object.values(EXIT).sort());
});

test('PROTOCOL.md has every invariant and every behaviour and fault in a table', () => {
  const protocol = document('PROTOCOL.md');
  assert.deepEqual(
    table(protocol, 'id').map(([id]) => id),
    INVARIANT_IDS,
  );
  const rows = [...table(protocol, 'fault'), ...table(protocol, 'behaviour')].map(([name]) => name!);
  // Of `behave` there is a table of its own.
  const faults = Object.keys(FAULT_BODIES).filter((kind) => kind !== 'behave');
  assert.deepEqual(
    [...faults, ...BEHAVIOUR_KINDS].filter((kind) => !rows.some((row) => row.includes(`\`${kind}\``))),
    [],
  );
});

test('PROTOCOL.md names traces and scenarios that are there', () => {
  const shown = [...table(document('PROTOCOL.md'), 'fault'), ...table(document('PROTOCOL.md'), 'behaviour')];
  const names = shown.flatMap((cells) => cells.at(-1)!.match(/(?<![\w/.-])[a-z][a-z0-9]*(?:-[a-z0-9]+)+/g) ?? []);
  const isThere = (name: string): boolean =>
    shippedScenarios().includes(name) || existsSync(join(PROJECT_ROOT, 'test/traces', `${name}.yaml`));
  assert.ok(names.length > 20);
  assert.deepEqual(
    names.filter((name) => !isThere(name)),
    [],
  );
});

test('the README lists the shipped scenarios, each once', () => {
  const listed = table(document('README.md'), 'scenario').map(([name]) => name!.replaceAll('`', ''));
  assert.deepEqual(listed.toSorted(), [...shippedScenarios()].toSorted());
});
