/** What a broker of the lab promises beyond the transport's contract: rights, bounds, order, independence of clients. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import { controlTopic } from '../../node/host/control-protocol.ts';
import { channelTopic, nodeFilters, peerTopic } from '../../node/host/fabric-topics.ts';
import type { Account } from '../../orchestrator/fabric/access.ts';
import { type BrokerOptions, EmbeddedBroker } from '../../orchestrator/fabric/embedded-broker.ts';
import { LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { publishPacket, RawClient } from '../support/raw-mqtt.ts';
import { eventually, within } from '../support/waiting.ts';

const NODES = nodeAccounts(8);
const LAB_ACCOUNT: Account = { seat: 'lab', identity: 'lab', password: 'password of the lab', role: 'lab' };
const OBSERVER: Account = {
  seat: 'watcher',
  identity: 'watcher',
  password: 'password of the watcher',
  role: 'observer',
};
const ACCOUNTS = [...NODES, LAB_ACCOUNT, OBSERVER];
const TO_ALL = (node: string): string => channelTopic(LAB, node, 'consensus');
const EVERYTHING = `wallance/v1/${LAB}/#`;

async function start(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<EmbeddedBroker> {
  const broker = new EmbeddedBroker({ kind: 'fabric', lab: LAB, accounts: ACCOUNTS, ...options });
  await broker.start();
  t.after(() => broker.stop());
  return broker;
}

async function login(
  t: TestContext,
  broker: EmbeddedBroker,
  account: Account,
  options: mqtt.IClientOptions = {},
): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
    clientId: account.seat,
    username: account.seat,
    password: account.password,
    clean: false,
    reconnectPeriod: 0,
    ...options,
  });
  t.after(() => client.endAsync(true));
  return client;
}

/** Logs in, subscribes, and keeps what arrives. */
async function listen(
  t: TestContext,
  broker: EmbeddedBroker,
  account: Account,
  filters: readonly string[],
  qos: 0 | 1 = 1,
) {
  const texts: string[] = [];
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
    clientId: account.seat,
    username: account.seat,
    password: account.password,
    clean: false,
    reconnectPeriod: 0,
    manualConnect: false,
  });
  client.on('message', (_topic, payload) => texts.push(payload.toString()));
  t.after(() => client.endAsync(true));
  await client.subscribeAsync([...filters], { qos });
  const heard = (count: number): Promise<unknown> =>
    eventually(() => texts.length >= count, `${count} messages at ${account.seat}; there are ${texts.length}`);
  return { client, texts, heard };
}

function expectRefused(broker: EmbeddedBroker, expected: Record<string, number>): void {
  const refused = Object.fromEntries(Object.entries(broker.stats().refused).filter(([, count]) => count > 0));
  assert.deepEqual(refused, expected);
}

describe('rights on the fabric', () => {
  it('acknowledges and drops what a node may not publish, and counts why', async (t) => {
    const broker = await start(t);
    const watcher = await listen(t, broker, OBSERVER, [EVERYTHING, '#']);
    const node = await login(t, broker, NODES[0]!);
    const refused: [string, string][] = [
      [TO_ALL('n2'), 'publish-foreign-identity'],
      [peerTopic(LAB, 'n2', 'n3', 'sensor'), 'publish-foreign-identity'],
      [`wallance/v1/${LAB}/n2/device/espresso`, 'publish-foreign-identity'],
      [`wallance/v1/${LAB}/n1/consensus/more`, 'publish-unknown-topic'],
      [`wallance/v1/${LAB}/n1/gossip`, 'publish-unknown-topic'],
      [`wallance/v1/${LAB}/n1/peer/n2/gossip`, 'publish-unknown-topic'],
      [`wallance/v1/${LAB}x/n1/consensus`, 'publish-unknown-topic'],
      [`wallance/v1/${LAB}/control/n1/status`, 'publish-unknown-topic'],
      ['$SYS/broker/uptime', 'publish-unknown-topic'],
    ];
    for (const [topic] of refused)
      await within(node.publishAsync(topic, 'refused', { qos: 1 }), `an acknowledgement of ${topic}`);
    for (const topic of [TO_ALL('n1'), peerTopic(LAB, 'n1', 'n2', 'sensor'), `wallance/v1/${LAB}/n1/device/espresso`]) {
      await node.publishAsync(topic, 'allowed', { qos: 1 });
    }
    await watcher.heard(3);
    assert.deepEqual(watcher.texts, ['allowed', 'allowed', 'allowed']);
    expectRefused(broker, {
      'publish-foreign-identity': 3,
      'publish-unknown-topic': refused.length - 3,
    });
  });

  it('lets an observer hear everything and say nothing, and the lab do both', async (t) => {
    const broker = await start(t);
    const watcher = await listen(t, broker, OBSERVER, [EVERYTHING]);
    await watcher.client.publishAsync(TO_ALL('watcher'), 'from the watcher', { qos: 1 });
    const lab = await login(t, broker, LAB_ACCOUNT, { clientId: 'lab/one' });
    await lab.publishAsync(TO_ALL('n1'), 'from the lab', { qos: 1 });
    await watcher.heard(1);
    assert.deepEqual(watcher.texts, ['from the lab']);
    expectRefused(broker, { 'publish-read-only': 1 });
  });

  it('lets a node subscribe to what is meant for it, and to nothing wider', async (t) => {
    const broker = await start(t);
    const attempt = async (filter: string): Promise<number> => {
      const client = new RawClient(broker.port);
      await client.login('n1', 'n1', NODES[0]!.password);
      const granted = await client.subscribe(filter, 1);
      client.socket.destroy();
      await client.closed;
      return granted;
    };
    for (const filter of [...nodeFilters(LAB, 'n1'), TO_ALL('n5'), peerTopic(LAB, 'n2', 'n1', 'sensor')])
      assert.equal(await attempt(filter), 1, filter);
    const wider = [
      '#',
      EVERYTHING,
      `wallance/v1/+/+/consensus`,
      `wallance/v1/${LAB}/+/+`,
      peerTopic(LAB, '+', 'n2', 'sensor'),
      `wallance/v1/${LAB}/+/peer/+/sensor`,
      `wallance/v1/${LAB}/+/device/+`,
      '$SYS/#',
    ];
    for (const filter of wider) assert.equal(await attempt(filter), 128, filter);
    expectRefused(broker, { 'subscribe-forbidden': wider.length });
  });

  it('refuses unknown seats, wrong passwords and foreign client ids', async (t) => {
    const broker = await start(t);
    const attempt = async (clientId: string, username: string, password: string): Promise<number> => {
      const client = new RawClient(broker.port);
      const code = await client.login(clientId, username, password);
      client.socket.destroy();
      return code;
    };
    const { password } = NODES[0]!;
    assert.equal(await attempt('n1', 'n1', password), 0);
    assert.equal(await attempt('n1', 'n1', 'guessed'), 5);
    assert.equal(await attempt('n1', 'n1', ''), 5);
    assert.equal(await attempt('n9', 'n9', password), 5);
    assert.equal(await attempt('n2', 'n1', password), 5);
    assert.equal(await attempt('n1x', 'n1', password), 5);
    assert.equal(await attempt('n2/beside', 'n1', password), 5);
    assert.equal(await attempt(`n1/${'x'.repeat(126)}`, 'n1', password), 5);
    assert.equal(await attempt('n1/beside', 'n1', password), 0);
    assert.equal(await attempt('lab/second', 'lab', LAB_ACCOUNT.password), 0);
    assert.equal(await attempt('n1', 'lab', LAB_ACCOUNT.password), 5);
    expectRefused(broker, { 'unknown-seat': 1, 'wrong-password': 2, 'client-id-mismatch': 5 });
  });

  it('lets the devices of a node use its account beside it, a bounded number of them', async (t) => {
    const broker = await start(t);
    const node = await listen(t, broker, NODES[0]!, nodeFilters(LAB, 'n1'));
    const { password } = NODES[0]!;
    const device = (node: string): string => `wallance/v1/${LAB}/${node}/device/thermometer`;
    const samples = await login(t, broker, NODES[0]!, { clientId: 'n1/samples' });
    const texts: string[] = [];
    samples.on('message', (_topic, payload) => texts.push(payload.toString()));
    await samples.subscribeAsync(device('n1'), { qos: 0 });
    const thermometer = await login(t, broker, NODES[0]!, { clientId: 'n1/thermometer' });
    await thermometer.publishAsync(device('n2'), 'not its own', { qos: 1 });
    await thermometer.publishAsync(device('n1'), '21.5', { qos: 1 });
    await eventually(() => texts.length === 1, 'the value');
    assert.deepEqual([texts, node.texts], [['21.5'], []]);
    expectRefused(broker, { 'publish-foreign-identity': 1 });
    const raws = Array.from({ length: 20 }, () => new RawClient(broker.port));
    t.after(() => {
      for (const raw of raws) raw.socket.destroy();
    });
    const codes = await Promise.all(raws.map((raw, i) => raw.login(`n1/${i}`, 'n1', password)));
    assert.equal(codes.filter((code) => code === 0).length, 6, 'two of eight are taken');
    expectRefused(broker, { 'publish-foreign-identity': 1, 'too-many-connections': 14 });
    await node.client.publishAsync(TO_ALL('n1'), 'undisturbed', { qos: 1 });
    await node.heard(1);
  });

  it('gives a seat to a second connection only for the right password', async (t) => {
    const broker = await start(t);
    const first = await listen(t, broker, NODES[0]!, nodeFilters(LAB, 'n1'));
    const thief = new RawClient(broker.port);
    assert.equal(await thief.login('n1', 'n1', 'guessed'), 5);
    await within(thief.closed, 'the end of the refused connection');
    await first.client.publishAsync(TO_ALL('n1'), 'still here', { qos: 1 });
    await first.heard(1);
    const ended = new Promise<void>((resolve) => first.client.once('close', () => resolve()));
    const second = await listen(t, broker, NODES[0]!, nodeFilters(LAB, 'n1'));
    await within(ended, 'the end of the first connection');
    await second.client.publishAsync(TO_ALL('n1'), 'taken over', { qos: 1 });
    await second.heard(1);
    assert.deepEqual([first.texts, second.texts], [['still here'], ['taken over']]);
    assert.deepEqual(broker.stats().connected, ['n1']);
  });
});

describe('rights on the control broker', () => {
  it('keeps each node to its own seat and its own direction', async (t) => {
    const broker = await start(t, { kind: 'control' });
    const lab = await listen(t, broker, { ...LAB_ACCOUNT, seat: 'lab' }, [EVERYTHING]);
    const node = await login(t, broker, NODES[0]!);
    for (const [seat, subject] of [
      ['n2', 'status'],
      ['n1', 'orders'],
      ['n2', 'orders'],
      ['n1', 'samples'],
    ] as const) {
      await node.publishAsync(controlTopic(LAB, seat, subject), 'refused', { qos: 1 });
    }
    await node.publishAsync(TO_ALL('n1'), 'refused', { qos: 1 });
    for (const subject of ['status', 'order-results', 'reports', 'observations'] as const) {
      await node.publishAsync(controlTopic(LAB, 'n1', subject), subject, { qos: 1 });
    }
    await lab.heard(4);
    assert.deepEqual(lab.texts, ['status', 'order-results', 'reports', 'observations']);
    for (const [filter, granted] of [
      [controlTopic(LAB, 'n1', 'orders'), 1],
      [controlTopic(LAB, 'n2', 'orders'), 128],
      [controlTopic(LAB, '+', 'orders'), 128],
      [controlTopic(LAB, 'n1', 'status'), 128],
    ] as const) {
      const raw = new RawClient(broker.port);
      await raw.login('n3', 'n3', NODES[2]!.password);
      const own = filter.replace('/n1/', '/n3/');
      assert.equal(await raw.subscribe(own, 1), granted, own);
      raw.socket.destroy();
      await raw.closed;
    }
  });

  it('keeps what is retained for whoever comes later, and forgets it on an empty payload', async (t) => {
    const broker = await start(t, { kind: 'control' });
    const node = await login(t, broker, NODES[0]!);
    await node.publishAsync(controlTopic(LAB, 'n1', 'status'), 'one', { qos: 1, retain: true });
    await node.publishAsync(controlTopic(LAB, 'n1', 'status'), 'two', { qos: 1, retain: true });
    const early = await listen(t, broker, { ...LAB_ACCOUNT, seat: 'lab' }, [controlTopic(LAB, '+', 'status')]);
    await early.heard(1);
    assert.deepEqual(early.texts, ['two']);
    await node.publishAsync(controlTopic(LAB, 'n1', 'status'), '', { qos: 1, retain: true });
    await early.heard(2);
    const late = await listen(t, broker, OBSERVER, [controlTopic(LAB, '+', 'status')]);
    await node.publishAsync(controlTopic(LAB, 'n1', 'status'), 'three', { qos: 1 });
    await late.heard(1);
    assert.deepEqual(late.texts, ['three']);
  });

  it('publishes a last will when a connection is lost, not when it is left in good order', async (t) => {
    const broker = await start(t, { kind: 'control' });
    const lab = await listen(t, broker, { ...LAB_ACCOUNT, seat: 'lab' }, [EVERYTHING]);
    const will = (node: string) => ({
      will: {
        topic: controlTopic(LAB, node, 'status'),
        payload: Buffer.from(`${node} lost`),
        qos: 1 as const,
        retain: true,
      },
    });
    const polite = await login(t, broker, NODES[0]!, will('n1'));
    const killed = await login(t, broker, NODES[1]!, will('n2'));
    const forger = await login(t, broker, NODES[2]!, will('n4'));
    await polite.endAsync();
    forger.stream.destroy();
    killed.stream.destroy();
    await lab.heard(1);
    assert.deepEqual(lab.texts, ['n2 lost']);
    await eventually(() => broker.stats().refused['publish-foreign-identity'] === 1, 'the forged will being refused');
  });
});

describe('bounds', () => {
  it('is not delayed by a client that does not read', async (t) => {
    const broker = await start(t);
    const deaf = new RawClient(broker.port);
    await deaf.login('n8', 'n8', NODES[7]!.password);
    await deaf.subscribe(TO_ALL('+'), 1);
    deaf.socket.pause();
    const payload = Buffer.alloc(8192, 'x');
    const count = 2000;
    const reader = await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    const writer = await login(t, broker, NODES[0]!);
    const began = performance.now();
    let slowestMs = 0;
    for (let sent = 0; sent < count; sent += 50) {
      const round = performance.now();
      await Promise.all(Array.from({ length: 50 }, () => writer.publishAsync(TO_ALL('n1'), payload, { qos: 1 })));
      slowestMs = Math.max(slowestMs, performance.now() - round);
    }
    await reader.heard(count);
    const stats = broker.stats();
    const kept = stats.sessions.find((session) => session.seat === 'n8')!;
    assert.ok(kept.waiting > 0, `16 MB should not fit into the buffers of a socket: ${JSON.stringify(kept)}`);
    assert.equal(kept.waiting + kept.inFlight, count);
    assert.ok(slowestMs < 1000, `50 publishes took ${slowestMs} ms while a client did not read`);
    assert.ok(performance.now() - began < 10_000);
    // It has lost nothing: when it reads again it gets everything.
    deaf.socket.resume();
    await eventually(() => deaf.received.length > 0.2 * count * payload.length, 'the deaf client catching up');
    deaf.socket.destroy();
  });

  it('keeps a bounded number of messages for a seat that is away, the oldest, and counts the rest', async (t) => {
    const broker = await start(t, { limits: { queueMessagesMax: 100 } });
    const away = await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    await away.client.endAsync();
    const writer = await login(t, broker, NODES[0]!);
    const texts = Array.from({ length: 250 }, (_, i) => `m${i}`);
    await Promise.all(texts.map((text) => writer.publishAsync(TO_ALL('n1'), text, { qos: 1 })));
    await eventually(() => broker.stats().dropped['queue-full'] === 150, '150 of 250 being dropped');
    const back = await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    await writer.publishAsync(TO_ALL('n1'), 'new', { qos: 1 });
    await eventually(
      () => broker.stats().sessions.every((session) => session.waiting === 0 && session.inFlight === 0),
      'the queue draining',
    );
    assert.equal(broker.stats().dropped['queue-full'], 150);
    assert.equal(broker.stats().delivered.consensus.messages, 101);
    await back.client.endAsync();
  });

  it('keeps a bounded number of bytes for a seat that is away', async (t) => {
    const broker = await start(t, { limits: { queueBytesMax: 100_000 } });
    const away = await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    await away.client.endAsync();
    const writer = await login(t, broker, NODES[0]!);
    for (let i = 0; i < 20; i++) await writer.publishAsync(TO_ALL('n1'), Buffer.alloc(9000), { qos: 1 });
    await eventually(() => broker.stats().dropped['queue-full'] === 9, 'what exceeds 100 kB being dropped');
    assert.ok(broker.stats().sessions.every((session) => session.waitingBytes <= 100_000));
  });

  it('holds back when a client does not acknowledge, and goes on when it does', async (t) => {
    const broker = await start(t, { limits: { inFlightMax: 10 } });
    const mute = new RawClient(broker.port);
    await mute.login('n2', 'n2', NODES[1]!.password);
    await mute.subscribe(TO_ALL('+'), 1);
    const head = mute.received.length;
    const writer = await login(t, broker, NODES[0]!);
    for (let i = 0; i < 25; i++) await writer.publishAsync(TO_ALL('n1'), 'x', { qos: 1 });
    const size = publishPacket(TO_ALL('n1'), Buffer.from('x'), 1).length;
    await mute.whenReceived(head + 10 * size);
    const view = () => broker.stats().sessions.find((session) => session.seat === 'n2')!;
    assert.deepEqual([view().inFlight, view().waiting], [10, 15]);
    const idAt = head + 2 + 2 + TO_ALL('n1').length;
    for (let i = 0; i < 3; i++) {
      const at = idAt + i * size;
      mute.send(Buffer.from([0x40, 2, mute.received[at]!, mute.received[at + 1]!]));
    }
    await mute.whenReceived(head + 13 * size);
    assert.deepEqual([view().inFlight, view().waiting], [10, 12]);
    mute.socket.destroy();
  });

  it('ends a connection that announces a giant packet, before it has come, and nobody else', async (t) => {
    const broker = await start(t);
    const reader = await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    const giant = new RawClient(broker.port);
    await giant.login('n1', 'n1', NODES[0]!.password);
    giant.send(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]));
    await within(giant.closed, 'the end of the connection');
    const early = new RawClient(broker.port);
    early.send(Buffer.from([0x10, 0xff, 0xff, 0x7f]));
    await within(early.closed, 'the end of the connection that had not even logged in');
    const writer = await login(t, broker, NODES[0]!);
    await writer.publishAsync(TO_ALL('n1'), 'fine', { qos: 1 });
    await reader.heard(1);
    expectRefused(broker, { 'packet-too-large': 2 });
  });

  it('drops a payload beyond the bound and takes one at the bound', async (t) => {
    const broker = await start(t);
    const reader = await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    const writer = await login(t, broker, NODES[0]!);
    await writer.publishAsync(TO_ALL('n1'), Buffer.alloc(65_537), { qos: 1 });
    await writer.publishAsync(TO_ALL('n1'), Buffer.alloc(65_536), { qos: 1 });
    await reader.heard(1);
    assert.equal(reader.texts[0]!.length, 65_536);
    expectRefused(broker, { 'payload-too-large': 1 });
  });

  it('survives bytes that are no MQTT, in single bytes or at once', async (t) => {
    const broker = await start(t);
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      '\x10\x02\x00\x00',
      '\x32\x05\x00\x20ab',
      '\x82\x02\x00\x01',
      '\xff\xff\xff\xff\xff\xff',
    ]) {
      for (const step of [1, bytes.length]) {
        const client = new RawClient(broker.port);
        for (let at = 0; at < bytes.length; at += step) client.send(Buffer.from(bytes.slice(at, at + step), 'latin1'));
        client.socket.end();
        await within(client.closed, `the end of a connection that sent ${JSON.stringify(bytes)}`);
      }
    }
    const node = new RawClient(broker.port);
    await node.login('n1', 'n1', NODES[0]!.password);
    node.send(publishPacket(`wallance/v1/${LAB}/+/consensus`, Buffer.from('x'), 1));
    await within(node.closed, 'the end of a connection that publishes to a wildcard');
    await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    assert.ok(broker.stats().refused['protocol-violation'] > 0);
  });
});

describe('the end', () => {
  it('comes at once, whoever is connected', async (t) => {
    const broker = await start(t);
    await login(t, broker, NODES[0]!);
    const silent = new RawClient(broker.port);
    await eventually(() => broker.connections === 2, 'both connections');
    const began = performance.now();
    await within(broker.stop(), 'the end of the broker');
    assert.ok(performance.now() - began < 1000);
    await within(silent.closed, 'the end of the silent connection');
    await broker.stop();
  });
});

describe('delivery', () => {
  it('brings overlapping filters of one client one copy', async (t) => {
    const broker = await start(t);
    const watcher = await listen(t, broker, OBSERVER, [EVERYTHING, TO_ALL('+'), TO_ALL('n1')]);
    const node = await login(t, broker, NODES[0]!);
    for (const text of ['one', 'two']) await node.publishAsync(TO_ALL('n1'), text, { qos: 1 });
    await watcher.heard(2);
    assert.deepEqual(watcher.texts, ['one', 'two']);
  });

  it('loses nothing when QoS 0 and QoS 1 are mixed, and shows everybody the same order', async (t) => {
    const broker = await start(t);
    const readers = await Promise.all(
      NODES.slice(4).map((account, i) => listen(t, broker, account, [TO_ALL('+')], i % 2 === 0 ? 1 : 0)),
    );
    const writers = await Promise.all(NODES.slice(0, 4).map((account) => login(t, broker, account)));
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let i = 0; i < 200; i++) {
          const sent = writer.publishAsync(TO_ALL(`n${index + 1}`), `${index}:${i}`, {
            qos: (i + index) % 2 === 0 ? 0 : 1,
          });
          if (i % 8 === 0) await sent;
        }
      }),
    );
    for (const reader of readers) await reader.heard(800);
    for (const reader of readers) assert.deepEqual(reader.texts, readers[0]!.texts);
  });

  it('retains nothing on the fabric', async (t) => {
    const broker = await start(t);
    const node = await login(t, broker, NODES[0]!);
    await node.publishAsync(TO_ALL('n1'), 'meant to stay', { qos: 1, retain: true });
    const late = await listen(t, broker, NODES[1]!, [TO_ALL('+')]);
    await node.publishAsync(TO_ALL('n1'), 'later', { qos: 1 });
    await late.heard(1);
    assert.deepEqual(late.texts, ['later']);
  });

  it('forgets a clean session, and does not mistake it for a kept one', async (t) => {
    const broker = await start(t);
    const clean = await login(t, broker, NODES[1]!, { clean: true });
    await clean.subscribeAsync(TO_ALL('+'), { qos: 1 });
    await clean.endAsync();
    assert.deepEqual(broker.stats().sessions, []);
    const kept = new RawClient(broker.port);
    await kept.login('n2', 'n2', NODES[1]!.password);
    assert.equal(kept.received[2], 0, 'session present');
    kept.socket.destroy();
  });

  it('counts messages and bytes by class', async (t) => {
    const broker = await start(t);
    const readers = [
      await listen(t, broker, NODES[0]!, nodeFilters(LAB, 'n1')),
      await listen(t, broker, NODES[1]!, nodeFilters(LAB, 'n2')),
    ];
    const writer = readers[0]!.client;
    await writer.publishAsync(channelTopic(LAB, 'n1', 'sensor'), Buffer.alloc(10), { qos: 1 });
    await writer.publishAsync(TO_ALL('n1'), Buffer.alloc(100), { qos: 1 });
    await writer.publishAsync(TO_ALL('n1'), Buffer.alloc(100), { qos: 0 });
    await writer.publishAsync(peerTopic(LAB, 'n1', 'n2', 'consensus'), Buffer.alloc(1000), { qos: 1 });
    await readers[1]!.heard(4);
    const { received, delivered } = broker.stats();
    const none = { messages: 0, payloadBytes: 0 };
    assert.deepEqual(received, {
      sensor: { messages: 1, payloadBytes: 10 },
      consensus: { messages: 2, payloadBytes: 200 },
      peer: { messages: 1, payloadBytes: 1000 },
      control: none,
      other: none,
    });
    assert.deepEqual(delivered, {
      sensor: { messages: 2, payloadBytes: 20 },
      consensus: { messages: 4, payloadBytes: 400 },
      peer: { messages: 1, payloadBytes: 1000 },
      control: none,
      other: none,
    });
  });
});
