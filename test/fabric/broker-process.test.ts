/** The broker in a process of its own: how it starts, answers and ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import mqtt from 'mqtt';
import { channelTopic } from '../../node/host/fabric-topics.ts';
import { BrokerProcess } from '../../orchestrator/fabric/broker-process.ts';
import { MosquittoBroker } from '../../orchestrator/fabric/mosquitto-broker.ts';
import { LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { eventually, within } from '../support/waiting.ts';

const OPTIONS = { kind: 'fabric', lab: LAB, accounts: nodeAccounts(2) } as const;

/** Whether a process of this id is there and no zombie of this test's own. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a broker in a process of its own', () => {
  it('reports its port, serves its figures, and ends when told', async () => {
    const broker = await BrokerProcess.start(OPTIONS);
    const client = await mqtt.connectAsync(broker.url, {
      clientId: 'n1',
      username: 'n1',
      password: OPTIONS.accounts[0]!.password,
    });
    const stats = await broker.stats();
    assert.deepEqual(stats.connected, ['n1']);
    assert.ok(stats.cpuMs > 0 && stats.rssBytes > 0);
    await client.endAsync();
    await within(broker.stop(), 'the end of the broker');
    assert.equal(await broker.exited, 'exit code 0');
    assert.equal(runs(broker.pid), false);
    await assert.rejects(broker.stats(), { code: 'exited' });
    await broker.stop();
  });

  it('ends on SIGTERM, and leaves an interrupt to its parent', async (t) => {
    const broker = await BrokerProcess.start(OPTIONS);
    t.after(() => broker.kill());
    process.kill(broker.pid, 'SIGINT');
    assert.ok((await broker.stats()).cpuMs > 0, 'still there after SIGINT');
    process.kill(broker.pid, 'SIGTERM');
    assert.equal(await within(broker.exited, 'the end of the broker'), 'exit code 0');
  });

  it('ends when its parent is killed', async (t) => {
    const parent = spawn(process.execPath, [join(import.meta.dirname, '../support/broker-parent.ts')], {
      env: {},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => parent.kill('SIGKILL'));
    const pid = await within(
      new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text)))),
      "the parent's word",
    );
    assert.ok(runs(pid));
    parent.kill('SIGKILL');
    await eventually(() => !runs(pid), 'the broker ending after its parent');
  });

  it('says why it did not start', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    await assert.rejects(BrokerProcess.start({ ...OPTIONS, port }), (error: Error & { code: string }) => {
      assert.equal(error.code, 'start-failed');
      assert.match(error.message, /EADDRINUSE/);
      return true;
    });
  });

  it('reports a crash', async () => {
    const broker = await BrokerProcess.start(OPTIONS);
    const question = broker.stats();
    await broker.kill();
    assert.equal(await broker.exited, 'SIGKILL');
    const answer = await question.catch((error: Error & { code: string }) => error.code);
    assert.ok(answer === 'exited' || typeof answer === 'object', 'a question is answered or fails with the broker');
  });
});

describe('mosquitto', () => {
  it('says why it did not start', async (t) => {
    const first = await MosquittoBroker.start({ lab: LAB, accounts: [] });
    t.after(() => first.stop());
    await assert.rejects(
      MosquittoBroker.start({ lab: LAB, accounts: [], port: first.port }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'start-failed');
        assert.match(error.message, /in use/);
        return true;
      },
    );
    await assert.rejects(MosquittoBroker.start({ lab: LAB, accounts: [], program: '/nonexistent/mosquitto' }), {
      code: 'start-failed',
    });
  });

  it('keeps sessions over a restart where it is given a place for them', async (t) => {
    const sessionsDirectory = await mkdtemp(join(tmpdir(), 'wallance-sessions-'));
    t.after(() => rm(sessionsDirectory, { recursive: true, force: true }));
    const accounts = nodeAccounts(2);
    const login = (url: string, index: number) =>
      mqtt.connectAsync(url, {
        clientId: accounts[index]!.seat,
        username: accounts[index]!.seat,
        password: accounts[index]!.password,
        clean: false,
      });
    const first = await MosquittoBroker.start({ lab: LAB, accounts, sessionsDirectory });
    t.after(() => first.stop());
    const away = await login(first.url, 1);
    await away.subscribeAsync(channelTopic(LAB, '+', 'consensus'), { qos: 1 });
    await away.endAsync();
    const writer = await login(first.url, 0);
    await writer.publishAsync(channelTopic(LAB, 'n1', 'consensus'), 'kept', { qos: 1 });
    await writer.endAsync();
    await first.stop();
    const second = await MosquittoBroker.start({ lab: LAB, accounts, sessionsDirectory, port: first.port });
    t.after(() => second.stop());
    const heard = new Promise<string>((resolve) => {
      const back = mqtt.connect(second.url, {
        clientId: 'n2',
        username: 'n2',
        password: accounts[1]!.password,
        clean: false,
      });
      back.on('message', (_topic, payload) => resolve(payload.toString()));
      t.after(() => back.endAsync(true));
    });
    assert.equal(await within(heard, 'what was queued before the restart'), 'kept');
  });
});
