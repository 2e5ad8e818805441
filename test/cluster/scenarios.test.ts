/** Scenarios on containers: what they say of themselves holds there as well, and nothing of them is left in the engine. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { EXIT } from '../../orchestrator/cli/exit-code.ts';
import { LABELS } from '../../orchestrator/runtimes/docker/labels.ts';
import { docker, engineTest } from '../support/engine.ts';
import { checkOf, provesFork } from '../support/fork-evidence.ts';
import { PerformedRun } from '../support/performed-run.ts';
import { IMAGES, NATIVE } from '../support/runtime-world.ts';

const OTHER = NATIVE === 'amd64' ? 'arm64' : 'amd64';
const ON_DOCKER = ['--runtime', 'docker', '--images', IMAGES];
const native = engineTest([`${IMAGES}-node:${NATIVE}`, `${IMAGES}-lab:${NATIVE}`]);
const mixed = engineTest([`${IMAGES}-node:${NATIVE}`, `${IMAGES}-node:${OTHER}`, `${IMAGES}-lab:${NATIVE}`]);

async function passed(run: PerformedRun): Promise<void> {
  assert.equal(run.code, EXIT.pass, run.explanation);
  assert.equal(run.summary.runtime, 'docker');
  for (const kind of ['container', 'volume']) {
    const all = kind === 'container' ? ['--all'] : [];
    const format = `{{.Label "${LABELS.root}"}}`;
    const roots = await docker(kind, 'ls', ...all, '--filter', `label=${LABELS.root}`, '--format', format);
    assert.ok(!roots.includes(run.home), `a ${kind} is left of ${run.home}`);
  }
}

const SHIPPED: readonly (readonly [name: string, profile: 'paper' | 'ref-c', seen: (run: PerformedRun) => void])[] = [
  ['baseline-8', 'paper', (run) => assert.equal(run.summary.judgement.metrics['decided-everywhere'], 16)],
  ['equivocators', 'paper', (run) => assert.equal(checkOf(run, 'I1').state, 'hold')],
  ['equivocators-above-bound', 'paper', provesFork],
  ['double-request', 'ref-c', provesFork],
  ['crash-kept', 'paper', (run) => assert.deepEqual(firstStates(run, '7'), [true, false])],
  ['crash-lost', 'paper', (run) => assert.deepEqual(firstStates(run, '8'), [true, true])],
  ['split-5-3', 'paper', (run) => assert.equal(run.summary.judgement.metrics.stuck, 3)],
  ['broker-restart-kept', 'paper', (run) => assert.equal(run.summary.judgement.metrics['decided-everywhere'], 10)],
];

/** Whether the database was empty, of each life of a node. */
function firstStates(run: PerformedRun, seat: string): readonly unknown[] {
  return run.observed('boot', seat).map(({ dbEmpty }) => dbEmpty);
}

describe('scenarios on containers', { concurrency: 3, timeout: 400_000 }, () => {
  for (const [name, profile, seen] of SHIPPED) {
    native(`${name} under ${profile} ends as it says`, async () => {
      const run = await PerformedRun.shipped(name, '--profile', profile, ...ON_DOCKER);
      await passed(run);
      seen(run);
    });
  }

  mixed('boards with their limits, one of them of another architecture, take faults like the others', async () => {
    const run = await PerformedRun.of(
      `
name: boards
nodes:
  gateways: 3
  boards: { count: 1, board: pi3bplus }
  foreign: { count: 1, architecture: ${OTHER} }
workload:
  duration: 8s
  sensors: none
  funds: 60
  purchases: [{ at: [500ms, 1s, 5500ms, 6s], service: espresso }]
timeline:
  - { id: cut, at: 3500ms, partition: { sides: [foreign] }, for: 1s }
  - { id: stall, at: 5s, pause: boards, for: 500ms }
checks:
  - invariant: default
  - { at-end: stuck, equals: 0 }
`,
      ...ON_DOCKER,
    );
    await passed(run);
    assert.deepEqual(
      run.summary.faults.map(({ id, state }) => [id, state]),
      [
        ['cut', 'healed'],
        ['stall', 'healed'],
      ],
    );
  });
});
