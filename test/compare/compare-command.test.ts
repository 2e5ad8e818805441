/** `wallance compare` over results as the other commands leave them: simulated runs, and files of a benchmark. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Comparison } from '../../orchestrator/compare/compare.ts';
import { CommandLine } from '../support/command-line.ts';

const wallance = new CommandLine();
const run = { a: '', b: '', refC: '' };

/** Simulates, and returns the directory as one types it. */
async function simulated(...args: readonly string[]): Promise<string> {
  const known = new Set(directories());
  await wallance.ok('run', 'double-request', '--runtime', 'simulated', ...args);
  const made = directories().find((name) => !known.has(name))!;
  return join('runs', 'double-request', made);
}

function directories(): string[] {
  try {
    return readdirSync(join(wallance.home, 'runs', 'double-request')).filter((name) => name !== 'latest');
  } catch {
    return [];
  }
}

function benchFile(name: string, values: readonly number[], change: object = {}): string {
  const figures = [{ module: 'lab', name: 'latency', value: values[values.length >> 1]!, unit: 'ms', values }];
  const machine = { wallance: '1', revision: null, arch: 'x64', cpu: 'a processor', cores: 2 };
  const file = { at: '2026-11-22T00:00:00Z', quick: false, machine, hashesPerSecond: 1e6, figures, ...change };
  writeFileSync(join(wallance.home, name), JSON.stringify(file));
  return name;
}

before(async () => {
  run.a = await simulated('--seed', '1');
  run.b = await simulated('--seed', '2');
  run.refC = await simulated('--seed', '1', '--profile', 'ref-c');
});
after(() => rmSync(wallance.home, { recursive: true, force: true }));

describe('two runs of a scenario', () => {
  it('are compared figure by figure, with intervals of the latencies', async () => {
    const comparison = await wallance.json<Comparison>('compare', run.a, run.b);
    const latency = comparison.figures.find(({ id }) => id === 'requester-p50')!;
    assert.ok(latency.a.low! <= latency.a.value && latency.a.value <= latency.a.high!);
    assert.ok(comparison.figures.length > 10);
    assert.deepEqual(comparison.differences, []);
    const { metrics } = JSON.parse(readFileSync(join(wallance.home, run.a, 'result.json'), 'utf8')).judgement;
    // Made of the history anew, and the same as what the run itself says.
    assert.equal(latency.a.value, metrics['latency-requester-p50']);
  });

  it('that are one and the same show no change', async () => {
    const { figures, failed } = await wallance.json<Comparison>('compare', run.a, run.a);
    assert.equal(failed, false);
    assert.deepEqual(
      figures.filter(({ outcome }) => outcome !== 'same'),
      [],
    );
  });

  it('of which several are given together are pooled', async () => {
    const { figures } = await wallance.json<Comparison>('compare', `${run.a},${run.b}`, run.b);
    const votes = figures.find(({ id }) => id === 'votes')!;
    assert.deepEqual([votes.a.coverage, votes.b.coverage], [0.5, null], 'two values on one side, one on the other');
  });

  it('are refused where the profile differs, unless that is forced and then said', async () => {
    const refused = await wallance.run('compare', run.a, run.refC);
    assert.equal(refused.code, 64);
    assert.match(refused.stderr, /profile: paper against ref-c/);
    const forced = await wallance.run('compare', run.a, run.refC, '--force');
    assert.match(forced.stdout, /FORCED, although profile differs: paper against ref-c/);
  });

  it('can be named by their age', async () => {
    const { a, b } = await wallance.json<Comparison>(
      'compare',
      'runs/double-request/latest~2',
      'runs/double-request/latest',
      '--force',
    );
    assert.deepEqual([a.path, b.path], ['runs/double-request/latest~2', 'runs/double-request/latest']);
    const none = await wallance.run('compare', 'runs/double-request/latest~3', run.a);
    assert.equal(none.code, 64);
    assert.match(none.stderr, /expected more than 3 results in .*, got 3/);
  });

  it('become a Markdown table', async () => {
    const { stdout } = await wallance.run('compare', run.a, run.b, '--markdown');
    assert.match(stdout, /^\| figure \| unit \| A \| B \| change \|/m);
    assert.match(stdout, /\| request to decision at the requester, median \| ms \|/);
  });
});

describe('two benchmarks', () => {
  const steady = [10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6];
  const slower = steady.map((value) => value * 1.3);

  it('end with 1 when a figure is worse beyond gate and spread, and with 0 within the gate', async () => {
    const [a, b] = [benchFile('a.json', steady), benchFile('b.json', slower)];
    const worse = await wallance.run('compare', a, b);
    assert.equal(worse.code, 1);
    assert.match(worse.stdout, /1 of 1 figures are worse/);
    assert.equal((await wallance.run('compare', a, b, '--gate', '40')).code, 0);
    assert.equal((await wallance.run('compare', b, a)).code, 0);
  });

  it('are refused where the machine is another, with all that differs', async () => {
    const machine = { wallance: '1', revision: null, arch: 'arm64', cpu: 'a processor', cores: 4 };
    const [a, b] = [benchFile('a.json', steady), benchFile('c.json', steady, { machine, hashesPerSecond: 20_000 })];
    const { code, stderr } = await wallance.run('compare', a, b);
    assert.equal(code, 64);
    assert.match(stderr, /architecture: x64 against arm64/);
    assert.match(stderr, /processor: 2 x a processor against 4 x a processor/);
    assert.match(stderr, /calibration: 1000000 hashes\/s against 20000 hashes\/s/);
  });
});

describe('what is no result', () => {
  it('is refused by name', async () => {
    writeFileSync(join(wallance.home, 'torn.json'), '{"at": ');
    writeFileSync(join(wallance.home, 'other.json'), '{"at": 1}');
    for (const [path, expected] of [
      ['nowhere', /expected results, got nowhere, which does not exist/],
      ['torn.json', /expected JSON, got torn\.json/],
      ['other.json', /got other\.json, which is none of them/],
      ['runs', /expected the directory of a run, got .*runs/],
    ] as const) {
      const { code, stderr } = await wallance.run('compare', path, run.a);
      assert.equal(code, 64);
      assert.match(stderr, expected);
    }
  });

  it('cannot be compared with a result of another kind, not even by force', async () => {
    const file = benchFile('a.json', [1, 2, 3]);
    const { code, stderr } = await wallance.run('compare', run.a, file, '--force');
    assert.equal(code, 64);
    assert.match(stderr, /kind: run against bench/);
  });
});
