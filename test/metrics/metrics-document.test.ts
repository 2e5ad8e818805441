/** docs/metrics.md is what the definitions say, and the definitions keep the rules of names. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MetricTable } from '../../node/host/metrics-text.ts';
import { NODE_METRICS } from '../../node/host/node-metrics.ts';
import { LAB_METRICS } from '../../orchestrator/metrics/lab-metric-table.ts';
import { metricsDocument } from '../../orchestrator/metrics/metrics-document.ts';
import { PROJECT_ROOT } from '../../orchestrator/project.ts';

const ALL: MetricTable = { ...NODE_METRICS, ...LAB_METRICS };

test('docs/metrics.md is what npm run metrics:generate writes', () => {
  const committed = readFileSync(join(PROJECT_ROOT, 'docs', 'metrics.md'), 'utf8');
  assert.equal(committed, metricsDocument(), 'stale: run npm run metrics:generate');
});

test('names have the prefix, base units, and _total where they count', () => {
  assert.equal(Object.keys(ALL).length, Object.keys(NODE_METRICS).length + Object.keys(LAB_METRICS).length);
  for (const [name, { type, help, labels }] of Object.entries(ALL)) {
    assert.match(name, /^wallance_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(name, /_(ms|milliseconds|kib|kb|mb|minutes|count|sum|bucket)(_|$)/, name);
    assert.match(help, /^[A-Z0-9].*\.$/, name);
    for (const label of labels) assert.doesNotMatch(label, /state|request|id$|hash|topic/, `${name}: ${label}`);
  }
});
