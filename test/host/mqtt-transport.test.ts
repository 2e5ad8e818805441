/** What MQTT adds to the transport's contract: connections that break, sessions that stay, topics from elsewhere. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import mqtt from 'mqtt';
import {
  canaryTopic,
  channelTopic,
  type FabricTopic,
  parseFabricTopic,
  peerTopic,
} from '../../node/host/fabric-topics.ts';
import { gatherWrites } from '../../node/host/gathered-writes.ts';
import { MqttTransport, type MqttTransportOptions } from '../../node/host/mqtt-transport.ts';
import type { Account } from '../../orchestrator/fabric/access.ts';
import { EmbeddedBroker } from '../../orchestrator/fabric/embedded-broker.ts';
import { Inbox, LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { type FaultyWire, faultyWire } from '../support/faulty-wire.ts';
import { eventually, within } from '../support/waiting.ts';

const LAB_ACCOUNT: Account = { seat: 'lab', identity: 'lab', password: 'password of the lab', role: 'lab' };
const ACCOUNTS = [...nodeAccounts(3), LAB_ACCOUNT];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function startBroker(t: TestContext): Promise<EmbeddedBroker> {
  const broker = new EmbeddedBroker({ kind: 'fabric', lab: LAB, accounts: ACCOUNTS });
  await broker.start();
  t.after(() => broker.stop());
  return broker;
}

async function attach(t: TestContext, url: string, seat: string, options: Partial<MqttTransportOptions> = {}) {
  const inbox = new Inbox();
  const password = ACCOUNTS.find((account) => account.seat === seat)!.password;
  const transport = new MqttTransport({
    url,
    lab: LAB,
    seat,
    node: seat,
    password,
    reconnectMsMin: 10,
    reconnectMsMax: 50,
    ...options,
  });
  t.after(() => transport.close());
  await within(transport.attach(inbox.take), `attaching ${seat}`);
  return { transport, inbox };
}

async function wireTo(t: TestContext, broker: EmbeddedBroker): Promise<FaultyWire> {
  const wire = await faultyWire(broker.port);
  t.after(() => wire.close());
  return wire;
}

describe('a broken connection', () => {
  it('loses nothing in either direction, and what was handled does not come again', async (t) => {
    const broker = await startBroker(t);
    const wire = await wireTo(t, broker);
    const sessions: boolean[] = [];
    const one = await attach(t, wire.url, 'n1', { onSession: (connected) => sessions.push(connected) });
    const two = await attach(t, `mqtt://127.0.0.1:${broker.port}`, 'n2');
    await two.transport.publish('consensus', bytes('before'));
    await one.inbox.whenHeard('before');
    const inFlight = () => broker.stats().sessions.find(({ seat }) => seat === 'n1')!.inFlight;
    await eventually(() => inFlight() === 0, 'the acknowledgement');
    wire.cut();
    await eventually(() => !one.transport.connected, 'the node noticing');
    await eventually(() => !broker.stats().connected.includes('n1'), 'the broker noticing');
    await two.transport.publish('consensus', bytes('meanwhile'));
    const mine = ['a', 'b', 'c'].map((text) => one.transport.publish('consensus', bytes(text)));
    assert.equal(one.transport.connected, false);
    wire.mend();
    await within(Promise.all(mine), 'what was published while disconnected');
    assert.deepEqual(await one.inbox.whenTexts(5), ['before', 'meanwhile', 'a', 'b', 'c']);
    assert.deepEqual(await two.inbox.whenTexts(5), ['before', 'meanwhile', 'a', 'b', 'c']);
    assert.deepEqual(sessions, [true, false, true]);
    assert.equal(one.transport.reconnects, 1);
  });

  it('that says nothing is noticed by its pings, and what it swallowed is sent again', async (t) => {
    const broker = await startBroker(t);
    const wire = await wireTo(t, broker);
    const one = await attach(t, wire.url, 'n1', { keepaliveSeconds: 1 });
    wire.silence();
    const swallowed = one.transport.publish('consensus', bytes('once more'));
    await eventually(() => !one.transport.connected, 'the missing answer to a ping');
    wire.mend();
    await within(swallowed, 'the acknowledgement after all');
    const texts = await one.inbox.whenTexts(2);
    assert.deepEqual(new Set(texts), new Set(['once more']), 'a redelivery, and nothing else');
  });

  it('is tried again at growing intervals, not at once and for ever', async (t) => {
    const broker = await startBroker(t);
    const wire = await wireTo(t, broker);
    const { transport } = await attach(t, wire.url, 'n1', { reconnectMsMin: 10, reconnectMsMax: 5000 });
    wire.cut();
    const began = performance.now();
    const before = wire.accepted;
    await eventually(() => wire.accepted - before >= 5, 'five attempts');
    // Pauses of at least 3/4 of 10, 20, 40, 80 ms lie between five attempts and what came before them.
    assert.ok(performance.now() - began > 0.75 * (20 + 40 + 80), `five attempts in ${performance.now() - began} ms`);
    wire.mend();
    await eventually(() => transport.connected, 'the connection coming back');
  });

  it('that was never there ends at once when closed', async (t) => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const transport = new MqttTransport({
      url: `mqtt://127.0.0.1:${port}`,
      lab: LAB,
      seat: 'n1',
      node: 'n1',
      password: 'x',
    });
    const attaching = transport.attach(() => {});
    const refused = assert.rejects(attaching, { code: 'closed' });
    await eventually(() => transport.lastProblem !== null, 'a failed attempt');
    const pending = assert.rejects(transport.publish('consensus', bytes('x')), { code: 'closed' });
    await within(transport.close(), 'the end');
    await refused;
    await pending;
    t.assert.equal(transport.connected, false);
  });
});

describe('options', () => {
  it('QoS 0 delivers without acknowledgements, and keeps nothing for a seat that is away', async (t) => {
    const broker = await startBroker(t);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const one = await attach(t, url, 'n1', { qos: 0 });
    const two = await attach(t, url, 'n2', { qos: 0 });
    await one.transport.publish('consensus', bytes('heard'));
    await two.inbox.whenHeard('heard');
    await two.transport.close();
    await eventually(() => !broker.stats().connected.includes('n2'), 'the broker noticing');
    await one.transport.publish('consensus', bytes('not kept'));
    await one.inbox.whenHeard('not kept');
    const back = await attach(t, url, 'n2', { qos: 0 });
    await one.transport.publish('consensus', bytes('heard again'));
    assert.deepEqual(await back.inbox.whenTexts(1), ['heard again']);
    assert.equal(broker.stats().dropped.unsent, 1);
  });

  it('a clean session keeps nothing either', async (t) => {
    const broker = await startBroker(t);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const one = await attach(t, url, 'n1');
    const two = await attach(t, url, 'n2', { clean: true });
    await two.transport.close();
    await eventually(() => broker.stats().sessions.every(({ seat }) => seat !== 'n2'), 'the session being forgotten');
    await one.transport.publish('consensus', bytes('not kept'));
    const back = await attach(t, url, 'n2', { clean: true });
    await one.transport.publish('consensus', bytes('heard'));
    assert.deepEqual(await back.inbox.whenTexts(1), ['heard']);
  });
});

describe('topics', () => {
  it('that are none of the fabric, or for another node, are counted and dropped', async (t) => {
    const broker = await startBroker(t);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const { transport, inbox } = await attach(t, url, 'n1');
    const lab = await mqtt.connectAsync(url, { clientId: 'lab', username: 'lab', password: LAB_ACCOUNT.password });
    t.after(() => lab.endAsync());
    await lab.publishAsync(`wallance/v1/${LAB}/n2/peer/n1/gossip`, 'x', { qos: 1 });
    await lab.publishAsync(channelTopic(LAB, '$n2', 'sensor'), 'x', { qos: 1 });
    await lab.publishAsync(peerTopic(LAB, 'n2', 'n1', 'sensor'), 'fine', { qos: 1 });
    await inbox.whenHeard('fine');
    assert.deepEqual(inbox.seen, [{ sender: 'n2', channel: 'sensor', text: 'fine' }]);
    assert.equal(transport.malformedTopics, 2);
  });

  it('are read as they were built, and nothing else is', () => {
    const level = fc.stringMatching(/^[A-Za-z0-9-]{1,32}$/);
    const prefix = `wallance/v1/${LAB}/`;
    fc.assert(
      fc.property(level, level, fc.constantFrom('sensor' as const, 'consensus' as const), (node, to, channel) => {
        assert.deepEqual(parseFabricTopic(prefix, channelTopic(LAB, node, channel)), {
          kind: 'channel',
          node,
          channel,
        });
        assert.deepEqual(parseFabricTopic(prefix, peerTopic(LAB, node, to, channel)), {
          kind: 'peer',
          node,
          to,
          channel,
        });
      }),
    );
    const part = fc.oneof(
      level,
      fc.constantFrom('', '+', '#', '$SYS', 'peer', 'sensor', 'consensus', 'canary', 'device', 'a\u0000b'),
    );
    const rebuilt = (parsed: FabricTopic): string => {
      switch (parsed.kind) {
        case 'device':
          return `${prefix}${parsed.node}/device/${parsed.name}`;
        case 'peer':
          return peerTopic(LAB, parsed.node, parsed.to, parsed.channel);
        case 'channel':
          return channelTopic(LAB, parsed.node, parsed.channel);
        case 'canary':
          return canaryTopic(LAB, parsed.node);
      }
    };
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (levels) => {
        const parsed = parseFabricTopic(prefix, prefix + levels.join('/'));
        if (parsed === null) return;
        assert.equal(rebuilt(parsed), prefix + levels.join('/'));
        assert.match(parsed.node, /^[^$/+#\u0000]/);
      }),
    );
  });
});

describe('gathered writes', () => {
  it('leave together at the end of the turn, or when released', async (t) => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const arrived: string[] = [];
    server.on('connection', (socket) => socket.on('data', (chunk) => arrived.push(chunk.toString())));
    const socket = connect({ port: (server.address() as AddressInfo).port, noDelay: true });
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    const release = gatherWrites(socket);
    const write = (text: string): void => {
      socket.cork();
      socket.write(text);
      process.nextTick(() => socket.uncork());
    };
    write('a');
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    write('b');
    assert.equal(socket.writableLength, 2, 'held back although the writer has uncorked');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(socket.writableLength, 0, 'handed over at the end of the turn');
    await eventually(() => arrived.join('') === 'ab', 'the first bytes');
    write('d');
    release();
    assert.equal(socket.writableLength, 0, 'handed over at once');
    write('e');
    await eventually(() => arrived.join('') === 'abde', 'the rest');
  });
});
