/** What real processes recorded, driven through a core by the command: the same, and not the same once it was changed. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LiveReplay } from '../../orchestrator/replay/replay-live-run.ts';
import { PerformedRun } from '../support/performed-run.ts';

const SCENARIO = `
name: replayed
nodes:
  gateways: 7
  liar: { count: 1, behaviours: [wrong-remaining: { byUnits: 3 }] }
workload:
  duration: 7s
  endsEarly: false
  funds: 60
  sensors: [{topic: x, kind: counter, periodMs: 20}]
  purchases: [{ rate: 4, until: 6s, buyers: 1-6, service: espresso }]
timeline:
  - { id: killed, at: 1s, crash: { nodes: [3, 4], database: kept }, for: 500ms }
  - { id: killed-again, at: 3s, crash: { nodes: [3, 5], database: kept }, for: 500ms }
  - { id: emptied, at: 2s, crash: { nodes: 6, database: lost }, for: 500ms }
  - { id: clock, at: 1500ms, clock: { nodes: 2, offset: 1h }, for: 2s }
checks: [{metric: decisions, atLeast: 1}]
`;

test('wallance replay finds that real nodes did what the core does, and a line that they did not write', async () => {
  const run = await PerformedRun.of(SCENARIO, '--runtime', 'processes');
  assert.equal(run.code, 0, run.explanation);
  const replay = async (): Promise<{ readonly code: number | null; readonly stdout: string }> =>
    run.cli.run('replay', run.path);
  const same = await replay();
  assert.equal(same.code, 0, `${same.stdout}\n${run.explanation}`);
  assert.match(same.stdout, /^SAME .* inputs of 8 nodes in 13 lives/);
  assert.match(same.stdout, /seat 6, line \d+: the database was lost/);
  assert.match(same.stdout, /seat 8, line \d+: not compared from here on: it is Byzantine \(wrong-remaining\)/);
  const { seats } = await run.cli.json<LiveReplay>('replay', run.path);
  for (const { seat, inputs, compared, lines, final } of seats) {
    if (seat === '8') continue;
    assert.ok(inputs > 300 && compared > 0.95 * lines, `seat ${seat}: ${inputs} inputs, ${compared} of ${lines} lines`);
    assert.equal(final, true, `seat ${seat}: its final report`);
  }

  const file = join(run.path, 'nodes/2/observations.ndjson');
  const recorded = readFileSync(file, 'utf8').split('\n');
  const at = recorded.findLastIndex((line) => line.includes('"event":"wallet"'));
  writeFileSync(file, recorded.map((line, i) => (i === at ? line.replace('"cU":', '"cU":1') : line)).join('\n'));
  const different = await replay();
  assert.equal(different.code, 1);
  assert.match(different.stdout, /^DIFFERENT /);
  assert.match(different.stdout, new RegExp(`seat 2, line ${at + 1}: the core does something else here`));
  assert.match(different.stdout, / {4}before .*\n {4}recorded .*"cU":1.*\n {4}core .*"cU":/);
});
