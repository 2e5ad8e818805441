/** An attached lab: broker, lab and nodes started one by one, as containers would be, and only then taken as one. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { describeEvent } from '../../orchestrator/commands/up.ts';
import { newPlan } from '../../orchestrator/lab/kept-lab.ts';
import type { BuyResult, LabStatus } from '../../orchestrator/lab/lab-commands.ts';
import { programFile } from '../../orchestrator/project.ts';
import { nodeEnvironment } from '../../orchestrator/runtimes/node-environment.ts';
import { CommandLine } from '../support/command-line.ts';
import { eventually, within } from '../support/waiting.ts';

const START_MS_MAX = 30_000;

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  said: string;
}

function running(t: TestContext, child: ChildProcess): Running {
  const self: Running = { child, said: '', ended: new Promise((done) => child.once('close', done)) };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      self.said += part;
    });
  }
  t.after(async () => {
    child.kill('SIGKILL');
    await self.ended;
  });
  return self;
}

const saying = async ({ said }: { said: string }, self: Running, pattern: RegExp): Promise<RegExpExecArray> =>
  eventually(() => pattern.exec(self.said), `${pattern} in ${said}`, START_MS_MAX);

/** Broker and attached lab of `nodes`, and how to start one of these. */
async function parts(t: TestContext, nodes: number) {
  const cli = new CommandLine();
  const directory = mkdtempSync(join(tmpdir(), 'wallance-attach-'));
  const credentials = join(directory, 'credentials');
  await cli.ok('credentials', '--nodes', String(nodes), credentials);
  const files = { broker: join(directory, 'broker-beat'), lab: join(directory, 'lab-beat') };
  const start = (...args: string[]) => running(t, cli.start(...args));
  const broker = start(
    ...['broker', '--nodes', String(nodes), '--port', '0', '--stats-port', '0'],
    ...['--credentials', join(credentials, 'broker'), '--heartbeat', files.broker],
  );
  const fabricPort = (await saying(broker, broker, /nodes on 127\.0\.0\.1:(\d+)/))[1]!;
  const statsPort = (await saying(broker, broker, /counters on 127\.0\.0\.1:(\d+)/))[1]!;
  const attach = [
    ...['attach', '--nodes', String(nodes), '--port', '0', '--credentials', join(credentials, 'lab')],
    ...['--fabric', `mqtt://127.0.0.1:${fabricPort}`, '--fabric-stats', `http://127.0.0.1:${statsPort}/`],
    ...['--heartbeat', files.lab],
  ];
  const lab = start(...attach);
  const controlPort = (await saying(lab, lab, /control broker at mqtt:\/\/127\.0\.0\.1:(\d+)/))[1]!;
  const plan = newPlan('lab', { nodes, sensors: [] });
  const node = (id: string, changes: Readonly<Record<string, string>> = {}) => {
    const seat = plan.seats.find((candidate) => candidate.seat === id)!;
    const env = {
      PATH: process.env.PATH ?? '',
      ...nodeEnvironment(plan, seat, {
        fabricUrl: `mqtt://127.0.0.1:${fabricPort}`,
        fabricPasswordFile: join(credentials, `node-${id}`, 'fabric'),
        controlUrl: `mqtt://127.0.0.1:${controlPort}`,
        controlPasswordFile: join(credentials, `node-${id}`, 'control'),
        dataDirectory: join(directory, `data-${id}`),
      }),
      ...changes,
    };
    return running(
      t,
      spawn(process.execPath, [programFile('node/host/main').file], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  };
  const seat = async (id: string) => {
    const { nodes: views } = await cli.json<LabStatus>('status');
    return views.find((view) => view.node === id)!;
  };
  return { cli, credentials, files, broker, lab, node, seat };
}

describe('an attached lab', () => {
  it('observes, commands and buys; what it did not start it neither starts nor stops', async (t) => {
    const { cli, files, broker, lab, node } = await parts(t, 3);
    assert.match(readFileSync(files.broker, 'utf8'), /ready/);
    assert.match(readFileSync(files.lab, 'utf8'), /not ready yet: nodes 1, 2, 3/);
    for (const id of ['1', '2', '3']) node(id);
    await eventually(
      () => /ready/.test(readFileSync(files.lab, 'utf8')) && !/not ready/.test(readFileSync(files.lab, 'utf8')),
      'all nodes having joined',
      START_MS_MAX,
    );

    await cli.ok('sample', '2', '--count', '5');
    const bought = await cli.json<BuyResult>('buy', '2', 'Tea', '--wait');
    assert.deepEqual([bought.outcome, bought.decidedBy, bought.clockErrorMs], ['decided', 3, 0]);
    const status = await cli.json<LabStatus>('status');
    assert.deepEqual(
      status.nodes.map(({ state }) => state),
      ['ready', 'ready', 'ready'],
    );
    assert.ok((status.fabric?.received.consensus.messages ?? 0) >= 3 && status.differences.length === 0);

    for (const command of [
      ['stop', '2'],
      ['start', '2'],
      ['restart', '2'],
      ['logs', '2'],
    ]) {
      const { code, stderr } = await cli.run(...command);
      assert.equal(code, 4, command.join(' '));
      assert.match(stderr, /attached to nodes that it did not start.*docker compose (stop|start|logs) node-2/);
    }
    const taken = await cli.run('up', '--nodes', '3');
    assert.equal(taken.code, 64, 'a lab of its own cannot take the place of an attached one');
    assert.match(taken.stderr, /nodes that were started elsewhere \(wallance attach\)/);

    for (const service of [lab, broker]) {
      service.child.kill('SIGTERM');
      assert.equal(await within(service.ended, 'the end of a service'), 0, service.said);
    }
    assert.deepEqual([existsSync(files.broker), existsSync(files.lab)], [false, false]);
  });

  it('does not take a node of another configuration, and both sides say so', async (t) => {
    const { cli, lab, node, seat } = await parts(t, 2);
    node('1');
    const stranger = node('2', { WALLANCE_PARAMETERS: '{"difficulty":2}' });
    assert.equal(await within(stranger.ended, 'the end of the stranger', START_MS_MAX), 64);
    assert.match(stranger.said, /configuration: expected that of lab lab .*refuses this node, got another one/);
    await saying(lab, lab, /node 2 is refused: it has configuration/);
    const { state, detail, report } = await seat('2');
    assert.deepEqual([state, report], ['refused', null]);
    assert.match(detail ?? '', /it has configuration [0-9a-f]{12}, this lab has [0-9a-f]{12}/);
    const { code, stderr } = await cli.run('buy', '2', 'Tea');
    assert.equal(code, 4);
    assert.match(stderr, /node 2 is refused \(it has configuration/);
    assert.equal(describeEvent({ kind: 'refused', node: '2', reason: 'x' }), 'node 2 is refused: x');
  });

  it('sees a node that is killed go, and come back with its wallets', async (t) => {
    const { cli, node, seat } = await parts(t, 2);
    const first = node('1');
    node('2');
    const ready = async () => {
      const views = await Promise.all([seat('1'), seat('2')]);
      return views.every(({ state }) => state === 'ready');
    };
    await eventually(ready, 'both nodes', START_MS_MAX);
    await cli.ok('sample', '1', '--count', '7');
    await eventually(async () => (await seat('2')).report?.sensorTransactions === 7, 'both having credited that');
    first.child.kill('SIGKILL');
    await eventually(async () => (await seat('1')).state === 'down', 'the lab seeing it');
    node('1');
    await eventually(ready, 'it being back', START_MS_MAX);
    assert.equal((await seat('1')).report?.sensorTransactions, 0, 'counted anew');
    const { differences } = await cli.json<LabStatus>('status');
    assert.deepEqual(differences, []);
  });
});

describe('credentials that are dealt', () => {
  it('can be read by their owner alone, stay the same, and are all missed at once', async () => {
    const cli = new CommandLine();
    const directory = mkdtempSync(join(tmpdir(), 'wallance-deal-'));
    const read = (name: string) => readFileSync(join(directory, name), 'utf8');
    await cli.ok('credentials', '--nodes', '2', directory);
    const before = [read('node-1/fabric'), read('node-2/control')];
    await cli.ok('credentials', '--nodes', '2', directory);
    assert.deepEqual([read('node-1/fabric'), read('node-2/control')], before);
    assert.deepEqual([read('broker/fabric-1'), read('lab/control-2')], before);
    for (const name of ['node-1/fabric', 'broker/fabric-2', 'lab/control-lab']) {
      assert.equal(statSync(join(directory, name)).mode & 0o777, 0o400, name);
    }
    const { code, stderr } = await cli.run(
      'broker',
      '--nodes',
      '4',
      '--port',
      '0',
      '--credentials',
      join(directory, 'broker'),
    );
    assert.equal(code, 4);
    assert.match(stderr, /expected files fabric-3, fabric-4 in/);
  });

  it('do not go over a network in the clear unless that is asked for', async () => {
    const cli = new CommandLine();
    for (const command of ['broker', 'attach']) {
      const { code, stderr } = await cli.run(command, '--listen', '0.0.0.0', '--credentials', 'x');
      assert.equal(code, 64);
      assert.match(stderr, /--listen: expected a loopback address or --unencrypted beside it/);
    }
  });
});
