import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { BEHAVIOUR_KINDS } from '../../node/behaviours/behaviour.ts';
import { PROJECT_ROOT } from '../../orchestrator/project.ts';
import { scenarioJsonSchema } from '../../orchestrator/scenario/scenario-shape.ts';
import { FAULT_BODIES } from '../../orchestrator/scenario/timeline-shape.ts';
import { schemaFaults } from '../support/json-schema.ts';
import { planOf } from '../support/scenario-text.ts';

const text = readFileSync(join(PROJECT_ROOT, 'docs/scenarios.md'), 'utf8');
const examples = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);

test('the examples of the document are scenarios under every profile, and fit the schema', () => {
  assert.equal(examples.length, 2);
  for (const example of examples) {
    for (const profile of ['paper', 'ref-c', 'ref-dds', 'ref-py'] as const) planOf(example, { profile });
    assert.deepEqual(schemaFaults(scenarioJsonSchema(), parse(example)), []);
  }
});

test('the document names every fault and every behaviour', () => {
  const kinds = [...Object.keys(FAULT_BODIES), ...BEHAVIOUR_KINDS];
  assert.deepEqual(
    kinds.filter((kind) => !text.includes(kind)),
    [],
  );
});
