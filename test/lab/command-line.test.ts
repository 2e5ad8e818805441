/** A lab as a person meets it: through the command, with real processes. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BuyResult, LabStatus } from '../../orchestrator/lab/lab-commands.ts';
import type { RunningRecord } from '../../orchestrator/lab/lab-directory.ts';
import { isAlive } from '../../orchestrator/lab/process-identity.ts';
import type { RunSummary } from '../../orchestrator/report/run-summary.ts';
import { CommandLine } from '../support/command-line.ts';
import { eventually } from '../support/waiting.ts';

/** Sensors that give every node 30 units within a moment, and nothing after. */
const QUICK_SENSORS = [{ topic: 'x', kind: 'counter', periodMs: 5, samplesMax: 30 }];

function sensorFile(cli: CommandLine): string {
  mkdirSync(cli.home, { recursive: true });
  const file = join(cli.home, 'sensors.json');
  writeFileSync(file, JSON.stringify(QUICK_SENSORS));
  return file;
}

function unitsOf(status: LabStatus): Record<string, number[]> {
  return Object.fromEntries(status.nodes.map(({ node, report }) => [node, report!.wallets.map(({ units }) => units)]));
}

/** Waits until all sensors are silent and every node has heard them all. */
function funded(cli: CommandLine, lab: string, nodes: number): Promise<LabStatus> {
  return eventually(async () => {
    const status = await cli.json<LabStatus>('status', '--lab', lab);
    const done = status.nodes.every(({ report }) => report?.sensorTransactions === 30 * nodes);
    return done ? status : null;
  }, `${nodes} wallets with 30 units everywhere in lab ${lab}`);
}

test('a waiting purchase says what is missing, and goes through when it has been shared', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  await cli.ok('up', '--nodes', '3', '--no-sensors');
  await cli.ok('sample', '3', '--count', '7');
  const waiting = cli.run('buy', '3', 'espresso', '--wait');
  await eventually(async () => {
    const status = await cli.json<LabStatus>('status');
    const third = status.nodes.find(({ node }) => node === '3')?.report;
    return third?.pendingOrders.length === 1 && third.sensorTransactions === 7;
  }, 'node 3 keeps the order, with 7 units');
  await cli.ok('sample', '3', '--count', '4', '--topic', 'temperature', '--value', '21.5');
  const { code, stdout, stderr } = await waiting;
  assert.equal(code, 0);
  assert.match(stderr, /node 3 keeps the order: insufficient funds/);
  assert.match(stdout, /Node 3 has bought espresso.*1 units remain/);
});

test('up, status, buy, down, up again: the wallets go on', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  const sensors = sensorFile(cli);

  const first = await cli.ok('up', '--nodes', '4', '--sensors', sensors);
  assert.match(first, /4 nodes, profile paper\n/);
  assert.doesNotMatch(first, /going on/);
  await funded(cli, 'lab', 4);

  const again = await cli.ok('up');
  assert.match(again, /already running/);
  const other = await cli.run('up', '--nodes', '5');
  assert.equal(other.code, 64);
  assert.match(other.stderr, /nodes: 4, asked for 5/);

  const bought = await cli.json<BuyResult>('buy', '2', 'espresso');
  assert.equal(bought.outcome, 'decided');
  assert.equal(bought.decidedBy, 4);
  assert.equal(bought.remainingUnits, 20);
  assert.equal(bought.served?.phase, 'ended');
  assert.ok(bought.requesterMs! > 0 && bought.allMs! >= bought.requesterMs!);
  assert.match(await cli.ok('logs', '2'), /one espresso for node 2/);

  const tooDear = await cli.run('buy', '2', 'espresso', '--no-follow');
  assert.equal(tooDear.code, 0);
  const status = await cli.json<LabStatus>('status');
  assert.deepEqual(status.differences, []);
  assert.match(await cli.ok('status'), /all 4 alike/);

  const record = JSON.parse(readFileSync(join(cli.home, 'labs/lab/running.json'), 'utf8')) as RunningRecord;
  assert.match(await cli.ok('down'), /its wallets are kept/);
  assert.equal(isAlive(record.process), false);
  for (const node of Object.values(record.nodes)) assert.equal(isAlive(node!), false);
  const down = await cli.run('status');
  assert.equal(down.code, 4);
  assert.match(down.stdout, /is not running; its wallets are kept/);

  const changed = await cli.run('up', '--nodes', '8', '--set', 'difficulty=2');
  assert.equal(changed.code, 64);
  assert.match(changed.stderr, /nodes: 4, asked for 8\n {2}difficulty: 1, asked for 2\n/);
  assert.match(changed.stderr, /down --volumes/);

  assert.match(await cli.ok('up', '--no-sensors'), /4 nodes, profile paper, going on with the wallets it had/);
  const kept = await cli.json<LabStatus>('status');
  assert.deepEqual(kept.differences, []);
  const states = kept.nodes[0]!.report!.wallets.map(({ stateHash }) => stateHash);
  assert.equal(states.filter((state) => !/^0+$/.test(state)).length, 1);

  assert.match(await cli.ok('down', '--volumes'), /is removed/);
  assert.deepEqual(readdirSync(join(cli.home, 'labs')), []);
});

test('two labs side by side know nothing of each other', async (t) => {
  const cli = new CommandLine();
  t.after(() => Promise.all(['a', 'b'].map((lab) => cli.run('down', '--volumes', '--lab', lab))));
  const sensors = sensorFile(cli);
  await Promise.all([
    cli.ok('up', '--lab', 'a', '--nodes', '2', '--sensors', sensors),
    cli.ok('up', '--lab', 'b', '--nodes', '3', '--no-sensors'),
  ]);
  const a = await funded(cli, 'a', 2);
  const b = await cli.json<LabStatus>('status', '--lab', 'b');
  assert.deepEqual(unitsOf(a), { '1': [30, 30], '2': [30, 30] });
  assert.deepEqual(unitsOf(b), { '1': [0, 0, 0], '2': [0, 0, 0], '3': [0, 0, 0] });
  await cli.ok('down', '--lab', 'a');
  assert.equal(
    (await cli.json<LabStatus>('status', '--lab', 'b')).nodes.filter(({ state }) => state === 'ready').length,
    3,
  );
});

test('two commands that start the same lab start it once', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  const both = await Promise.all([
    cli.ok('up', '--nodes', '2', '--no-sensors'),
    cli.ok('up', '--nodes', '2', '--no-sensors'),
  ]);
  assert.equal(both.filter((text) => text.includes('already running')).length, 1, both.join('\n---\n'));
  const boots = readFileSync(join(cli.home, 'labs/lab/nodes/1/observations.ndjson'), 'utf8').match(/"event":"boot"/g);
  assert.equal(boots?.length, 1);
});

test('a stopped node misses nothing, a killed one neither', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  await cli.ok('up', '--nodes', '5', '--sensors', sensorFile(cli));
  await funded(cli, 'lab', 5);

  await cli.ok('stop', '3');
  const status = await cli.json<LabStatus>('status');
  assert.equal(status.nodes[2]!.state, 'down');
  const refused = await cli.run('buy', '3', 'Tea');
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /node 3 is down/);
  // Four of five are enough; the one that is away hears of it when it is back.
  assert.equal((await cli.json<BuyResult>('buy', '1', 'espresso')).decidedBy, 4);
  await cli.ok('start', '3');
  await eventually(async () => {
    const { differences, nodes } = await cli.json<LabStatus>('status');
    return differences.length === 0 && nodes[2]!.report?.decisions === 1;
  }, 'node 3 holds what the others hold');

  await cli.ok('stop', '4', '--kill');
  assert.equal((await cli.json<BuyResult>('buy', '2', 'espresso')).decidedBy, 4);
  await cli.ok('restart', '4');
  await eventually(async () => {
    const { differences, nodes } = await cli.json<LabStatus>('status');
    return differences.length === 0 && nodes[3]!.report?.decisions === 1;
  }, 'node 4 holds what the others hold');
});

test('a purchase that cannot be paid is refused, kept, or sent all the same', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  await cli.ok('up', '--nodes', '3', '--no-sensors');
  const refused = await cli.run('buy', '1', 'Tea');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /node 1 refuses: Tea costs 5 units, the wallet holds 0/);
  const kept = await cli.json<BuyResult>('buy', '1', 'Tea', '--wait', '--no-follow');
  assert.equal(kept.outcome, 'queued');
  const late = await cli.run('buy', '2', 'Tea', '--force', '--timeout', '0.3', '--json');
  assert.equal(late.code, 2);
  const undecided = JSON.parse(late.stdout) as BuyResult;
  assert.equal(undecided.outcome, 'undecided');
  assert.notEqual(undecided.requestId, null);
  const second = await cli.run('buy', '2', 'Tea');
  assert.equal(second.code, 1);
  assert.match(second.stderr, /refuses: a request on .*State is not decided yet/);
});

test('arguments: every problem at once, by name, with code 64', async () => {
  const cli = new CommandLine();
  const up = await cli.run('up', '--nodes', '1', '--profle', 'paper', '--durability', 'disk', '--set', 'x', 'extra');
  assert.equal(up.code, 64);
  for (const start of [
    '--profle: ',
    '--nodes: expected integer 2..512',
    '--durability: ',
    '--set: expected NAME=VALUE',
    'arguments: ',
  ]) {
    assert.ok(up.stderr.includes(start), `${start} in\n${up.stderr}`);
  }
  assert.match(up.stderr, /nearest: --profile/);

  const plan = await cli.run('up', '--set', 'dificulty=1', '--set', 'dcoinRate=0', '--set', 'majorityThreshold=1/2');
  assert.equal(plan.code, 64);
  for (const name of ['dificulty', 'dcoinRate', 'majorityThreshold'])
    assert.match(plan.stderr, new RegExp(`parameters\\.${name}: expected `));

  const files = await cli.run('run', '--services', 'none.yaml', '--sensors', 'nowhere.json');
  assert.equal(files.code, 64);
  assert.match(files.stderr, /--services: expected a readable file/);
  assert.match(files.stderr, /--sensors: expected a readable file/);

  const command = await cli.run('statsu');
  assert.equal(command.code, 64);
  assert.match(command.stderr, /nearest: status/);
  assert.deepEqual(readdirSync(cli.home), []);
});

test('an unknown node and an unknown service are named together', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  await cli.ok('up', '--nodes', '2', '--no-sensors');
  const { code, stderr } = await cli.run('buy', '9', 'expresso');
  assert.equal(code, 64);
  assert.match(stderr, /NODE: expected one of 1, 2 /);
  assert.match(stderr, /SERVICE: expected one of espresso, Nespresso, Tea \(nearest: espresso\), got "expresso"/);
});

test('commands on a lab that is not there say which there are', async () => {
  const cli = new CommandLine();
  for (const args of [['status'], ['down'], ['buy', '1', 'Tea'], ['logs', '1'], ['stop', '1']]) {
    const { code, stderr } = await cli.run(...args);
    assert.equal(code, 4, args.join(' '));
    assert.match(stderr, /no lab lab in .*there is none yet/);
  }
});

test('a node that cannot start is explained, and nothing is left running', async (t) => {
  const cli = new CommandLine();
  t.after(() => cli.run('down', '--volumes'));
  const sensors = join(cli.home, 'sensors.json');
  writeFileSync(sensors, JSON.stringify([{ topic: 'x', kind: 'csv', file: 'missing.csv', column: 1, periodMs: 1000 }]));
  const { code, stderr } = await cli.run('up', '--nodes', '2', '--sensors', sensors);
  assert.equal(code, 4);
  assert.match(stderr, /node \d did not become ready/);
  assert.match(stderr, /sensors\[0\]\.file: expected a readable file/);
  assert.equal((await cli.run('status')).code, 4);
});

test('a run ends with equal wallets, a summary and a directory that has it all', async () => {
  const cli = new CommandLine();
  const result = await cli.json<RunSummary>(
    'run',
    '--nodes',
    '4',
    '--seconds',
    '4',
    '--purchases',
    '6',
    '--seed',
    '11',
  );
  assert.equal(result.verdict, 'pass');
  const { metrics } = result.judgement;
  assert.ok(metrics['decided-everywhere']! >= 4, `${metrics['decided-everywhere']} decided`);
  assert.ok(metrics['latency-all-p50']! > 0);
  const path = join(cli.home, 'runs/baseline-4', readlinkSync(join(cli.home, 'runs/baseline-4/latest')));
  assert.equal(path, result.path);
  assert.match(path, /\/\d{8}T\d{6}Z-11-[\w.]+$/);
  const files = ['scenario.resolved.yaml', 'manifest.json', 'result.json', 'junit.xml', 'report.html', 'fabric.json'];
  for (const name of [...files, 'history.ndjson', 'events.ndjson', 'messages.ndjson'])
    assert.ok(statSync(join(path, name)).size > 0, name);
  assert.deepEqual(readdirSync(join(path, 'nodes')), ['1', '2', '3', '4']);
  assert.deepEqual(readdirSync(join(path, 'nodes/3')).sort(), [
    'config.json',
    'ledger.json',
    'observations.ndjson',
    'stderr.log',
    'stdout.log',
  ]);
  const lines = readFileSync(join(path, 'history.ndjson'), 'utf8').trimEnd().split('\n');
  const last = new Map<string, number>();
  for (const line of lines) {
    const { node, seq } = JSON.parse(line) as { node: string; seq: number };
    assert.equal(seq, (last.get(node) ?? 0) + 1, `sequence of node ${node}`);
    last.set(node, seq);
  }
  assert.deepEqual(readdirSync(join(cli.home, 'labs')), [], 'the lab of a run goes with it');
});

test('a run in which nothing could be bought is inconclusive', async () => {
  const cli = new CommandLine();
  const { code, stdout } = await cli.run('run', '--nodes', '2', '--seconds', '2', '--purchases', '2', '--no-sensors');
  assert.equal(code, 2, stdout);
  assert.match(stdout, /INCONCLUSIVE/);
  assert.match(stdout, /2 orders still waited for funds/);
});

test('help of every command names its options', async () => {
  const cli = new CommandLine();
  const overview = await cli.ok('--help');
  for (const name of ['run', 'up', 'status', 'buy', 'stop', 'start', 'restart', 'logs', 'down', 'trace', 'doctor']) {
    assert.match(overview, new RegExp(`^ {2}${name} `, 'm'));
    assert.match(await cli.ok('help', name), new RegExp(`^usage: wallance ${name}`));
  }
  assert.match(await cli.ok('--version'), /^\d+\.\d+\.\d+\n$/);
});

test('doctor says in words what the machine has', async () => {
  const cli = new CommandLine();
  const { fit, findings } = await cli.json<{ fit: boolean; findings: { subject: string; verdict: string }[] }>(
    'doctor',
  );
  assert.equal(fit, true);
  assert.deepEqual(
    findings.map(({ subject }) => subject),
    ['Node', 'SQLite', 'Build', 'Ports', 'Disk', 'Memory', 'Processor', 'Docker', 'mosquitto'],
  );
  assert.match(await cli.ok('doctor'), /Ready: npx wallance run/);
});
