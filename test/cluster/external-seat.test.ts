/**
 * A seat for a node that is started elsewhere: the command that `wallance up` prints, typed by hand into a shell, brings
 * up an emulated arm64 container outside the lab, over TLS. It is then a node like any other.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { describe, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { ExternalSeat } from '../../orchestrator/lab/boards.ts';
import type { BuyResult, LabStatus } from '../../orchestrator/lab/lab-commands.ts';
import { CommandLine } from '../support/command-line.ts';
import { docker, dockerOutcome, engineTest, eventuallyInside } from '../support/engine.ts';

const run = promisify(execFile);
const IMAGE = 'wallance-node:arm64';
const test = engineTest([IMAGE]);
const NODES = 4;
const OWN = NODES - 1;

async function labWithSeat(t: TestContext, ...args: readonly string[]) {
  const cli = new CommandLine();
  const lab = `test-${randomBytes(4).toString('hex')}`;
  const container = `wallance-${lab}-${NODES}`;
  t.after(async () => {
    await cli.run('down', '--volumes', '--lab', lab);
    await dockerOutcome('container', 'rm', '--force', '--volumes', container);
    await dockerOutcome('volume', 'rm', container);
  });
  const up = async () => {
    const { external } = await cli.json<{ external: readonly ExternalSeat[] }>(
      ...['up', '--lab', lab, '--runtime', 'processes', '--nodes', String(NODES), '--external', '1', '--no-sensors'],
      ...['--external-image', IMAGE, ...args],
    );
    return external[0]!.command;
  };
  const ask = <T>(...command: string[]) => cli.json<T>(...command, '--lab', lab);
  const board = async () => (await ask<LabStatus>('status')).nodes.find(({ node }) => node === String(NODES))!;
  const credited = (count: number) =>
    eventuallyInside(async () => {
      const { nodes, differences } = await ask<LabStatus>('status');
      const all = nodes.every(({ report }) => report?.wallets.some(({ id, units }) => id === '4' && units >= count));
      return all && differences.length === 0;
    }, `all nodes having credited ${count} units`);
  return { cli, lab, container, up, ask, board, credited };
}

/** Of this machine, beyond loopback: containers of the engine's own network reach it as boards do. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  assert.ok(found !== undefined, 'this machine has an address');
  return found.address;
}

/** As a person types it; the emulated platform is said aloud, where a board has it of its own. */
async function type(command: string): Promise<void> {
  await run('sh', ['-c', command.replace('docker run', 'docker run --platform linux/arm64')]);
}

describe('a seat for a board', () => {
  test('a container started by hand joins over TLS, decides, buys, and comes back by itself', async (t) => {
    const address = ownAddress();
    const { cli, lab, container, up, ask, board, credited } = await labWithSeat(t, '--listen', address);
    const command = await up();
    assert.match(command, new RegExp(`--restart unless-stopped[^]*WALLANCE_DURABILITY=power[^]*=mqtts://${address}:`));
    assert.match(command, /WALLANCE_CA_FINGERPRINT=[0-9a-f]{64}/);
    const before = await board();
    assert.deepEqual([before.state, before.detail, before.pid], ['down', 'it has not joined yet', null]);
    const early = await cli.run('buy', '4', 'Tea', '--lab', lab);
    assert.match(early.stderr, /node 4 is down \(it has not joined yet\).*docker start wallance-test/);

    await type(command);
    await eventuallyInside(async () => (await board()).state === 'ready', 'the board having joined');
    const { Architecture } = JSON.parse(await docker('image', 'inspect', IMAGE, '--format', '{{json .}}'));
    assert.equal(Architecture, 'arm64');
    await cli.ok('sample', '4', '--count', '30', '--lab', lab);
    await credited(30);
    for (const node of ['4', '1']) {
      const bought = await ask<BuyResult>('buy', node, 'Tea');
      assert.deepEqual([bought.outcome, bought.decidedBy, bought.clockErrorMs], ['decided', NODES, 0]);
    }

    for (const verb of ['stop', 'start', 'logs']) {
      const { code, stderr } = await cli.run(verb, '4', '--lab', lab);
      assert.equal(code, 4);
      assert.match(stderr, new RegExp(`node 4 runs on a board of its own; there: docker ${verb} ${container}`));
    }

    // What the engine does after a crash of the node, or of the board's power.
    await docker('exec', container, 'sh', '-c', 'kill -9 -1').catch(() => {});
    await eventuallyInside(async () => (await board()).state !== 'ready', 'the lab seeing it go');
    await eventuallyInside(async () => (await board()).state === 'ready', 'the board being back by itself');
    assert.equal((await ask<BuyResult>('buy', '2', 'Tea')).decidedBy, NODES);

    // The lab goes and comes back at the same place; the board waits for it.
    await cli.ok('down', '--lab', lab);
    assert.equal(await up(), command, 'the same command holds after a restart of the lab');
    await eventuallyInside(async () => (await board()).state === 'ready', 'the board having found the lab again');
    assert.equal((await ask<BuyResult>('buy', '3', 'Tea')).decidedBy, NODES);
    assert.deepEqual((await ask<LabStatus>('status')).differences, []);
  });

  test('without being asked the lab is open to this machine alone; another configuration is refused', async (t) => {
    const { cli, lab, container, up, board } = await labWithSeat(t);
    const command = await up();
    assert.match(command, /--network host/);
    assert.match(command, /WALLANCE_FABRIC_URL=mqtt:\/\/127\.0\.0\.1:/);
    await type(command.replace("WALLANCE_PARAMETERS='{}'", `WALLANCE_PARAMETERS='{"difficulty":2}'`));
    const { detail } = await eventuallyInside(async () => {
      const seen = await board();
      return seen.state === 'refused' ? seen : null;
    }, 'the lab refusing it');
    assert.match(detail ?? '', /it has configuration [0-9a-f]{12}, this lab has [0-9a-f]{12}/);
    const said = await eventuallyInside(async () => {
      const { text } = await dockerOutcome('logs', container);
      return text.includes('refuses this node') ? text : null;
    }, 'the node having been told');
    assert.match(said, /expected that of lab .*members, profile, parameters and prices count/);
    const { stderr } = await cli.run('buy', '4', 'Tea', '--lab', lab);
    assert.match(stderr, /node 4 is refused/);
    const { nodes } = await cli.json<LabStatus>('status', '--lab', lab);
    assert.equal(nodes.filter(({ report }) => report !== null).length, OWN, 'it does not count');

    const open = await cli.run('up', '--lab', `${lab}-x`, '--nodes', '2', '--external', '1', '--listen', '0.0.0.0');
    assert.equal(open.code, 64);
    assert.match(open.stderr, /--listen: expected an address or name of this machine as boards reach it/);
  });
});
