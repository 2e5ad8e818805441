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
import { LabDirectory } from '../../orchestrator/lab/lab-directory.ts';
import { CommandLine } from '../support/command-line.ts';

const QUIET = 'workload: {sensors: none, duration: 60s, settle: 5s}';

function commandLine(scenario: string): CommandLine {
  const cli = new CommandLine();
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

async function interruptedAt(
  phase: string,
  scenario: string,
): Promise<{ code: number | null; text: string; cli: CommandLine }> {
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
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  assert.ok(told, `phase ${phase} never came:\n${text}`);
  return { code, text, cli };
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
      const { code, text, cli } = await interruptedAt(phase, scenario);
      assert.equal(code, 130, text);
      assert.deepEqual(left(cli), []);
      const run = runOf(cli, 'ended');
      assert.ok(existsSync(join(run, 'scenario.resolved.yaml')));
      if (phase !== 'start') assert.ok(existsSync(join(run, 'nodes/1/stdout.log')), 'what the nodes printed');
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
  const cli = commandLine(`name: ended\nnodes: {pi: {count: 3, board: pi3bplus}}\n${QUIET}\n`);
  const { code, stderr } = await cli.run('run', 'scenario.yaml');
  assert.equal(code, 4);
  assert.match(stderr, /needs board-limits, which runtime processes does not have/);
  assert.ok(!existsSync(join(cli.home, 'runs')));
});

test('a full disk for artefacts ends the run with 3; what could not be copied is kept', async () => {
  const cli = commandLine(
    'name: ended\nnodes: 6\nworkload: {sensors: none, funds: 100, duration: 2s, settle: 5s}\nchecks:\n  - {invariant: I9}\n',
  );
  const child = cli.start('run', 'scenario.yaml');
  const text = { stdout: '', stderr: '' };
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text.stderr += part;
  });
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    // The lab process alone, once its nodes run: from now on it can write no file beyond 50 kB.
    if (!text.stdout.includes('phase load') && `${text.stdout}${part}`.includes('phase load'))
      execFileSync('prlimit', [`--pid=${child.pid}`, '--fsize=50000']);
    text.stdout += part;
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  assert.equal(code, 3, `${text.stdout}${text.stderr}`);
  assert.match(text.stderr, /could not be collected: EFBIG/);
  assert.match(text.stderr, /what was recorded is in .*runs\/ended/);
  const lab = left(cli);
  assert.equal(lab.length, 1, 'no process, and the lab with what could not be copied');
  assert.match(text.stderr, new RegExp(`wallance down --volumes --lab ${lab[0]}`));
});

test('a node that dies of its own accord fails the run, whatever the checks find', async () => {
  const cli = commandLine(
    'name: ended\nnodes: 4\nworkload: {sensors: none, funds: 20, duration: 1500ms, settle: 5s, purchases: [{count: 2}]}\n' +
      'checks:\n  - {invariant: I1}\n',
  );
  const child = cli.start('run', 'scenario.yaml', '--lab', 'mortal');
  let stdout = '';
  let killed = false;
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    stdout += part;
    if (killed || !stdout.includes('phase load')) return;
    killed = true;
    process.kill(new LabDirectory(cli.home, 'mortal').readRunning()!.nodes['4']!.pid, 'SIGKILL');
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  assert.equal(code, 1, stdout);
  assert.match(stdout, /seat 4 ended and was not told to: it was ended by SIGKILL/);
});
