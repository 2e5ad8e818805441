/**
 * How a run ends when it does not go as planned: the exit code says which kind of trouble it was, what was recorded is
 * kept, and nothing is left running.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadRun } from '../../orchestrator/checks/load-run.ts';
import { CommandLine, type CommandLineSettings } from '../support/command-line.ts';

const QUIET = 'workload: {sensors: none, duration: 60s, settle: 5s}';

function commandLine(scenario: string, settings: CommandLineSettings = {}): CommandLine {
  const cli = new CommandLine(undefined, settings);
  mkdirSync(cli.home, { recursive: true });
  writeFileSync(join(cli.home, 'scenario.yaml'), scenario);
  return cli;
}

/** The only run below the command's directory. */
function runOf(cli: CommandLine, name: string): string {
  const runs = join(cli.home, 'runs', name);
  return join(runs, readdirSync(runs).find((entry) => entry !== 'latest')!);
}

/** Processes of labs in this home, and what is left of the labs. */
function left(cli: CommandLine): string[] {
  const processes = execFileSync('ps', ['-eo', 'pid=,args=e'], { encoding: 'utf8', maxBuffer: 1 << 26 })
    .split('\n')
    .filter((line) => line.includes(`WALLANCE_DATA_DIR=${cli.home}`));
  const labs = join(cli.home, 'labs');
  return [...processes, ...(existsSync(labs) ? readdirSync(labs) : [])];
}

async function interruptedAt(phase: string, scenario: string): Promise<{ code: number | null; cli: CommandLine }> {
  const cli = commandLine(scenario);
  const child = cli.start('run', 'scenario.yaml');
  let text = '';
  let told = false;
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (told || !text.includes(`phase ${phase}`)) return;
    told = true;
    child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  assert.ok(told, `phase ${phase} never came:\n${text}`);
  return { code, cli };
}

describe('Ctrl-C', { concurrency: 2 }, () => {
  const scenarios = {
    start: `name: ended\nnodes: 4\n${QUIET}\n`,
    fund: 'name: ended\nnodes: 4\nworkload: {sensors: none, funds: 20000, duration: 60s}\n',
    load: `name: ended\nnodes: 4\n${QUIET}\ntimeline:\n  - {at: 0s, crash: {nodes: 2}}\n`,
    settle: 'name: ended\nnodes: 4\nworkload: {sensors: none, duration: 200ms, settle: 5s}\n',
  };
  for (const [phase, scenario] of Object.entries(scenarios)) {
    test(`in the phase ${phase} ends the run with 130, its record kept and nothing left`, async () => {
      const { code, cli } = await interruptedAt(phase, scenario);
      assert.equal(code, 130);
      assert.deepEqual(left(cli), []);
      const run = runOf(cli, 'ended');
      assert.ok(existsSync(join(run, 'scenario.resolved.yaml')));
      assert.ok(existsSync(join(run, 'nodes/1/stdout.log')), 'what the nodes printed');
      if (phase === 'load' || phase === 'settle') {
        const { record } = loadRun(run);
        const phases = record.events.flatMap((event) => (event.event === 'phase' ? [event.phase] : []));
        for (const after of ['heal', 'settle', 'read', 'stop', 'collect'] as const) assert.ok(phases.includes(after));
        assert.equal(record.finals.size, 4, 'final reads of all nodes, the crashed one included');
      }
    });
  }
});

test('a node that never starts ends the run with 4 and its last words', async () => {
  const cli = commandLine(`name: ended\nnodes: 3\n${QUIET}\n`);
  mkdirSync(join(cli.home, 'labs/broken/nodes/3'), { recursive: true });
  writeFileSync(join(cli.home, 'labs/broken/nodes/3/wallet.db'), 'this is no database '.repeat(500));
  const { code, stderr } = await cli.run('run', 'scenario.yaml', '--lab', 'broken');
  assert.equal(code, 4);
  assert.match(stderr, /node 3 did not become ready/);
  assert.match(stderr, /what the nodes printed is in .*runs\/ended/);
  assert.match(readFileSync(join(runOf(cli, 'ended'), 'nodes/3/stderr.log'), 'utf8'), /not a database|corrupt/);
  assert.deepEqual(left(cli), []);
});

test('a fault that cannot be applied makes the run inconclusive, and the reason says which and why', async () => {
  const cli = commandLine(
    'name: ended\nnodes: 4\nworkload: {sensors: none, funds: 20, duration: 2s, settle: 5s, purchases: [{count: 2}]}\n' +
      'timeline:\n  - {at: 0s, crash: {nodes: 4}}\n  - {at: 1s, id: late, pause: {nodes: 4}, for: 300ms}\n' +
      'checks:\n  - {invariant: I1}\n',
  );
  const { code, stdout } = await cli.run('run', 'scenario.yaml', '--json');
  assert.equal(code, 2);
  const { verdict, reasons } = JSON.parse(stdout) as { verdict: string; reasons: string[] };
  assert.equal(verdict, 'inconclusive');
  assert.match(reasons.join('\n'), /fault pause 4: failed: seats 4: expected to run, found down/);
  assert.deepEqual(left(cli), []);
});

test('a runtime that lacks a capability is refused before anything starts', async () => {
  const cli = commandLine(`name: ended\nnodes: {all: {count: 3, board: pi3bplus}}\n${QUIET}\n`);
  const { code, stderr } = await cli.run('run', 'scenario.yaml');
  assert.equal(code, 4);
  assert.match(stderr, /needs board-limits, which runtime processes does not have/);
  assert.ok(!existsSync(join(cli.home, 'runs')));
});

test('a full disk for artefacts ends the run with 3, nothing left behind', async () => {
  // No file may grow beyond 128 kB: the nodes' own stay below, the history of all of them does not.
  const cli = commandLine(
    'name: ended\nnodes: 6\nworkload: {sensors: none, funds: 40, duration: 2s, settle: 5s}\nchecks:\n  - {invariant: I9}\n',
    { through: ['/bin/sh', '-c', 'ulimit -f 256; exec "$0" "$@"'] },
  );
  const { code, stderr } = await cli.run('run', 'scenario.yaml');
  assert.equal(code, 3, stderr);
  assert.match(stderr, /could not be collected|cannot write/);
  assert.deepEqual(left(cli), []);
});
