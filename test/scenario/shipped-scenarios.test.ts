import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { readConditions } from '../../node/host/read-conditions.ts';
import { resolveScenario } from '../../orchestrator/scenario/resolve-scenario.ts';
import { findScenario, scenarioFile, shippedScenarios } from '../../orchestrator/scenario/scenario-files.ts';
import { scenarioJsonSchema } from '../../orchestrator/scenario/scenario-shape.ts';
import { validateScenario } from '../../orchestrator/scenario/validate-scenario.ts';
import { schemaFaults } from '../support/json-schema.ts';
import { planOf } from '../support/scenario-text.ts';

const NAMES = shippedScenarios();
const textOf = (name: string): string => readFileSync(scenarioFile(name)!, 'utf8');
const schema = scenarioJsonSchema();

test('the scenarios that the project promises are there', () => {
  const promised = [
    ...['baseline-8', 'quorum-rounding-1', 'quorum-rounding-2', 'quorum-rounding-3', 'double-request', 'equivocators'],
    ...['equivocators-above-bound', 'reward-order', 'vote-stuffing', 'denominator-inflation', 'sensor-loss-1'],
    ...['sensor-loss-5', 'sensor-loss-10', 'split-5-3', 'split-6-2', 'one-way-cut', 'broker-restart-kept'],
    ...['broker-restart-lost', 'twins', 'stale-and-replayed', 'late-join', 'churn', 'crash-kept', 'crash-lost', 'spam'],
    ...['hostile-input', 'liveness', 'liveness-total-order', 'liveness-partition', 'liveness-double-request'],
  ];
  assert.deepEqual(
    promised.filter((name) => !NAMES.includes(name)),
    [],
  );
});

for (const name of NAMES) {
  describe(name, () => {
    test('is what its file is called, speaks of paper and ref-c, and checks something under both', () => {
      const { problems, plans } = validateScenario(findScenario(name, '/'));
      assert.deepEqual(problems, []);
      for (const profile of ['paper', 'ref-c'] as const) {
        const plan = plans.get(profile);
        assert.ok(plan, profile);
        assert.equal(plan.name, name);
        assert.ok(plan.description.includes('paper') && plan.description.includes('ref-c'), plan.description);
        assert.ok(plan.checks.length >= 2);
        assert.ok(plan.workload.purchases.length + plan.workload.closed.length > 0);
      }
    });

    test('has conditions that a node takes', () => {
      const { seats, timeline } = planOf(textOf(name));
      for (const { conditions } of seats) assert.ok(readConditions(conditions, 'conditions').ok);
      for (const { fault } of timeline) {
        if (fault.kind !== 'behave') continue;
        assert.ok(readConditions({ behaviours: fault.behaviours }, 'conditions').ok);
      }
    });

    test('fits the JSON Schema', () => {
      assert.deepEqual(schemaFaults(schema, parse(textOf(name))), []);
    });
  });
}

test('shipped files with words swapped give a plan or problems, and never throw', () => {
  const texts = NAMES.map(textOf);
  const words = [
    ...new Set(texts.join(' ').split(/[\s,{}[\]:]+/)),
    '',
    '~',
    '-1',
    '1e9',
    '*a',
    '{}',
    '[]',
    '__proto__',
  ];
  const swap = fc.tuple(fc.nat(), fc.constantFrom(...words));
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(swap, { minLength: 1, maxLength: 4 }), (text, swaps) => {
      const parts = text.split(/(?<=[\s,{}[\]:])|(?=[\s,{}[\]:])/);
      for (const [index, word] of swaps) parts[index % parts.length] = word;
      const result = resolveScenario({ text: parts.join(''), directory: '/' });
      assert.ok(result.ok || result.problems.length > 0);
    }),
    { numRuns: 1000, seed: 6 },
  );
});

describe('the JSON Schema', () => {
  const fits = (text: string): boolean => schemaFaults(schema, parse(text)).length === 0;

  test('takes the short and the long forms', () => {
    for (const line of [
      'nodes: { a: { count: 2, behaviours: [vote-copier, { replayer: }, { withholding: { delay: 1s }, from: 2s }] }, b: 6 }',
      'nodes: 8\ntimeline: [{ at: 500, crash: 3 }, { at: 1s, crash: { nodes: any 2, database: lost }, for: 1s }]',
      'nodes: 8\nfabric: { qos: 0, link: { delay: 1.4ms, drop: 0.05 }, links: [{ between: [1-4, [5, 6]], rate: 3 }] }',
      'nodes: 8\nworkload: { sensors: none, purchases: [{ rates: { 0s: 1, 10s: 5 } }, { loop: each, count: 3 }] }',
      'nodes: 8\nchecks: [{ invariant: default }, { metric: stuck, equals: 0, expect: { ref-c: violate } }]',
      'nodes: 8\nservices: { Tea: 1 }\nparameters: { difficulty: 2 }\nrequires: [twins]',
    ]) {
      assert.deepEqual(schemaFaults(schema, parse(`name: x\n${line}`)), [], line);
      planOf(`name: x\n${line}\n`);
    }
  });

  test('refuses what validation refuses', () => {
    for (const line of [
      'nodes: 8\ncolour: blue',
      'nodes: 0',
      'nodes: 8\ntimeline: [{ at: soon, crash: 3 }]',
      'nodes: 8\ntimeline: [{ at: 1s }]',
      'nodes: 8\ntimeline: [{ at: 1s, crash: { node: 3 } }]',
      'nodes: 8\nchecks: [{ metric: stuk, equals: 0 }]',
      'nodes: 8\nprofile: papre',
      'nodes: 8\nfabric: { link: { drop: 120% } }',
    ]) {
      assert.ok(!fits(`name: x\n${line}`), line);
    }
    assert.ok(!fits('nodes: 8'), 'no name');
  });

  test('describes every part', () => {
    const properties = schema.properties as Record<string, { readonly description?: string; readonly $ref?: string }>;
    for (const [name, { description, $ref }] of Object.entries(properties)) {
      assert.ok(description !== undefined || $ref !== undefined, name);
    }
  });
});
