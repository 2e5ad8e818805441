/** What a lab can ask of a broker while clients use it: link rules, cuts, limits of queues, its journal, its sessions. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import mqtt, { type MqttClient } from 'mqtt';
import { channelTopic, nodeFilters } from '../../node/host/fabric-topics.ts';
import { type BrokerHooks, type BrokerOptions, EmbeddedBroker } from '../../orchestrator/fabric/embedded-broker.ts';
import { JOURNAL_BOUNDS } from '../../orchestrator/fabric/fabric-journal.ts';
import { ParcelList, readParcels } from '../../orchestrator/fabric/fabric-snapshot.ts';
import { FanOut } from '../../orchestrator/fabric/fan-out.ts';
import { IDLE_RULE, type LinkRule } from '../../orchestrator/fabric/link-rule.ts';
import { OUTBOX_LIMITS } from '../../orchestrator/fabric/outbox.ts';
import { newTrafficCounters } from '../../orchestrator/fabric/traffic.ts';
import { LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { publishPacket, RawClient } from '../support/raw-mqtt.ts';
import { eventually, within } from '../support/waiting.ts';

const NODES = nodeAccounts(8);
const TO_ALL = (node: string): string => channelTopic(LAB, node, 'consensus');
const VOTE_BYTES = 3 * 32 + 48;

const rule = (id: string, parts: Partial<LinkRule>): LinkRule => ({ ...IDLE_RULE, id, ...parts });

async function start(
  t: TestContext,
  options: Partial<BrokerOptions> = {},
  hooks: BrokerHooks = {},
): Promise<EmbeddedBroker> {
  const broker = new EmbeddedBroker({ kind: 'fabric', lab: LAB, accounts: NODES, ...options }, hooks);
  await broker.start();
  t.after(() => broker.stop());
  return broker;
}

async function node(t: TestContext, broker: EmbeddedBroker, seat: string, options: mqtt.IClientOptions = {}) {
  const texts: string[] = [];
  const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, {
    clientId: seat,
    username: seat,
    password: `password of ${seat}`,
    clean: false,
    reconnectPeriod: 0,
    resubscribe: false,
    ...options,
  });
  client.on('message', (_topic, payload) => texts.push(payload.toString()));
  client.on('error', () => {});
  t.after(() => client.endAsync(true));
  await within(new Promise<void>((resolve) => client.once('connect', () => resolve())), `${seat} to be connected`);
  await client.subscribeAsync([...nodeFilters(LAB, seat)], { qos: 1 });
  const heard = (count: number): Promise<unknown> =>
    eventually(() => texts.length >= count, `${count} messages at ${seat}; there are ${texts.length}`);
  return { client, texts, heard };
}

const say = (client: MqttClient, seat: string, text: string) => client.publishAsync(TO_ALL(seat), text, { qos: 1 });

describe('link rules in a broker', () => {
  it("drop and change one recipient's copy of one sender, and acknowledge all the same", async (t) => {
    const broker = await start(t);
    const nodes = await Promise.all(['n1', 'n2', 'n3'].map((seat) => node(t, broker, seat)));
    await broker.setLinks([
      rule('cut', { from: ['n1'], to: ['n2'], drop: 1 }),
      rule('bad', { from: ['n1'], to: ['n3'], corrupt: 1 }),
    ]);
    await within(say(nodes[0]!.client, 'n1', 'from one'), 'the acknowledgement');
    await say(nodes[1]!.client, 'n2', 'from two');
    await Promise.all([nodes[0]!.heard(2), nodes[1]!.heard(1), nodes[2]!.heard(2)]);
    assert.deepEqual(nodes[0]!.texts, ['from one', 'from two']);
    assert.deepEqual(nodes[1]!.texts, ['from two']);
    assert.notEqual(nodes[2]!.texts[0], 'from one');
    assert.equal(nodes[2]!.texts[1], 'from two');
    assert.equal(broker.stats().dropped['link-rule'], 1);
    const zero = { matched: 1, dropped: 0, delayed: 0, duplicated: 0, reordered: 0, corrupted: 0 };
    assert.deepEqual(await broker.linkCounts(), [
      { rule: 'cut', from: 'n1', to: 'n2', ...zero, dropped: 1 },
      { rule: 'bad', from: 'n1', to: 'n3', ...zero, corrupted: 1 },
    ]);
  });

  it('lose none of a burst of delayed copies', { timeout: 120_000 }, async (t) => {
    const broker = await start(t);
    await broker.setLinks([rule('slow', { self: true, delay: { ms: 40, jitter: { kind: 'exponential', ms: 20 } } })]);
    const count = 4000;
    const clients = await Promise.all(
      NODES.map(async ({ seat, password }) => {
        const client = new RawClient(broker.port);
        await client.login(seat, seat, password);
        await client.subscribe(TO_ALL('+'), 0);
        return client;
      }),
    );
    const before = clients.map(({ received }) => received.length);
    for (const [index, client] of clients.entries()) {
      const topic = TO_ALL(NODES[index]!.seat);
      const packets = Array.from({ length: count }, (_, i) =>
        publishPacket(topic, Buffer.from(String(i).padStart(8)), i + 1),
      );
      client.send(Buffer.concat(packets));
    }
    const all = count * NODES.length;
    await eventually(() => broker.stats().received.consensus.messages === all, 'all publishes', 60_000, 50);
    await eventually(() => broker.stats().delayed === 0, 'the end of all delays', 60_000, 50);
    const counts = await broker.linkCounts();
    assert.equal(
      counts.reduce((sum, { delayed }) => sum + delayed, 0),
      all * NODES.length,
    );
    const { delivered, dropped } = broker.stats();
    assert.equal(delivered.consensus.messages, all * NODES.length);
    assert.deepEqual(dropped, { 'queue-full': 0, unsent: 0, 'link-rule': 0 });
    // Each client gets an acknowledgement (4 bytes) for each of its own, and a packet for each of all.
    const packetBytes = 2 + 2 + TO_ALL('n1').length + 8;
    for (const [index, client] of clients.entries()) {
      const bytes = before[index]! + 4 * count + packetBytes * all;
      await within(client.whenReceived(bytes), `${bytes} bytes at ${NODES[index]!.seat}`, 60_000);
      assert.equal(client.received.length, bytes);
      client.socket.destroy();
    }
  });

  it('keep the quality of service of the subscription for a copy that comes later', async (t) => {
    const broker = await start(t);
    const reader = await node(t, broker, 'n2');
    const qos: number[] = [];
    reader.client.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish') qos.push(packet.qos);
    });
    await reader.client.subscribeAsync([...nodeFilters(LAB, 'n2')], { qos: 0 });
    const writer = await node(t, broker, 'n1');
    await broker.setLinks([rule('slow', { delay: { ms: 2, jitter: null } })]);
    await say(writer.client, 'n1', 'later');
    await reader.heard(1);
    assert.deepEqual(qos, [0]);
  });

  it('refuse what makes no sense, and stay as they were', async (t) => {
    const broker = await start(t);
    await broker.setLinks([rule('fine', { drop: 1 })]);
    await assert.rejects(broker.setLinks([rule('fine', { drop: 0 }), rule('bad', { drop: 7, from: ['nobody'] })]), {
      code: 'refused',
      message: 'links[1].from: expected null or seats, got "nobody"\nlinks[1].drop: expected number 0..1, got 7',
    });
    for (const messages of [0, 1.5, -1, Number.NaN])
      await assert.rejects(broker.setQueueLimit(messages), { code: 'refused' });
    const [writer, reader] = [await node(t, broker, 'n1'), await node(t, broker, 'n2')];
    await say(writer.client, 'n1', 'x');
    assert.equal(broker.stats().dropped['link-rule'], 1);
    assert.deepEqual(reader.texts, []);
  });
});

describe('connections and queues', () => {
  it('ends the connections of a seat, which comes back to its session', async (t) => {
    const broker = await start(t);
    const writer = await node(t, broker, 'n1');
    const cut = await node(t, broker, 'n2', { reconnectPeriod: 5 });
    const other = await node(t, broker, 'n3');
    let ended = 0;
    cut.client.on('close', () => ended++);
    assert.deepEqual(await broker.cut(['n2', 'n4']), ['n2']);
    await eventually(() => ended === 1, 'the end of the connection');
    await say(writer.client, 'n1', 'after');
    await Promise.all([cut.heard(1), other.heard(1)]);
    assert.equal(other.client.connected, true);
  });

  it('keeps so many messages for a session as the lab says', async (t) => {
    const broker = await start(t);
    const away = await node(t, broker, 'n2');
    await away.client.endAsync();
    const writer = await node(t, broker, 'n1');
    await broker.setQueueLimit(3);
    for (let i = 0; i < 5; i++) await say(writer.client, 'n1', `m${i}`);
    await eventually(() => broker.stats().dropped['queue-full'] === 2, 'two that are dropped');
    await broker.setQueueLimit(null);
    for (let i = 5; i < 8; i++) await say(writer.client, 'n1', `m${i}`);
    const back = await node(t, broker, 'n2');
    await back.heard(6);
    assert.deepEqual(back.texts, ['m0', 'm1', 'm2', 'm5', 'm6', 'm7']);
  });
});

describe('the journal', () => {
  it('has a line for each message, and one for each copy that a rule touched', async (t) => {
    let text = '';
    const broker = await start(t, { journal: JOURNAL_BOUNDS }, { onJournal: (lines) => (text += lines) });
    const writer = await node(t, broker, 'n1');
    const reader = await node(t, broker, 'n2');
    await broker.setLinks([
      rule('half "deaf"', { to: ['n1'], self: true, drop: 1 }),
      rule('slow', { to: ['n2'], delay: { ms: 3, jitter: null } }),
    ]);
    const beforeMs = Number(process.hrtime.bigint()) / 1e6;
    await writer.client.publishAsync(TO_ALL('n1'), Buffer.alloc(VOTE_BYTES), { qos: 1 });
    await writer.client.publishAsync(channelTopic(LAB, 'n1', 'sensor'), 'abc', { qos: 1 });
    await reader.heard(2);
    await eventually(() => text.split('\n').length === 7, `six lines: ${text}`);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { t: atMs } of lines)
      assert.ok((atMs as number) >= beforeMs - 0.001 && (atMs as number) < beforeMs + 10_000);
    const deaf = { rule: 'half "deaf"', from: 'n1', to: 'n1', did: ['drop'] };
    const slow = { rule: 'slow', from: 'n1', to: 'n2', did: ['delay'], delayMs: 3 };
    assert.deepEqual(
      lines.map(({ t: _, ...line }) => line),
      [
        { from: 'n1', topic: 'consensus', class: 'vote', bytes: VOTE_BYTES, recipients: 2 },
        { ...deaf, class: 'vote' },
        { ...slow, class: 'vote' },
        { from: 'n1', topic: 'sensor', class: 'sensor', bytes: 3, recipients: 2 },
        { ...deaf, class: 'sensor' },
        { ...slow, class: 'sensor', delayMs: lines[5]!.delayMs },
      ].map((line) => line),
    );
  });

  it('says so when it is full, and writes nothing more', async (t) => {
    let text = '';
    const bounds = { linesMax: 3, bytesMax: 10_000 };
    const broker = await start(t, { journal: bounds }, { onJournal: (lines) => (text += lines) });
    const writer = await node(t, broker, 'n1');
    for (let i = 0; i < 10; i++) await say(writer.client, 'n1', `m${i}`);
    await writer.heard(10);
    await broker.stop();
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(lines.length, 4);
    const { t: _, ...last } = lines[3]!;
    assert.deepEqual(last, { full: true, lines: 3, bytes: text.split('\n').slice(0, 3).join('\n').length + 1 });
  });
});

describe('sessions handed over', () => {
  it('hold everything that was acknowledged: queues, what is in flight, what is under way', async (t) => {
    const first = await start(t);
    const reader = new RawClient(first.port);
    await reader.login('n2', 'n2', NODES[1]!.password);
    await reader.subscribe(TO_ALL('+'), 1);
    const away = await node(t, first, 'n3');
    await away.client.endAsync();
    const writer = await node(t, first, 'n1');
    await say(writer.client, 'n1', 'in flight');
    const bytes = 2 + 2 + TO_ALL('n1').length + 2 + 'in flight'.length;
    const before = await reader.whenReceived(4 + 5 + bytes);
    const packetId = before.subarray(4 + 5 + 4 + TO_ALL('n1').length).readUInt16BE();
    await first.setLinks([rule('slow', { to: ['n4'], delay: { ms: 300, jitter: null } })]);
    const slow = await node(t, first, 'n4');
    // Acknowledged one by one, the last of them at the moment when the broker ends.
    const acknowledged: string[] = [];
    for (let i = 0; i < 50; i++)
      void say(writer.client, 'n1', `m${i}`)
        .then(() => acknowledged.push(`m${i}`))
        .catch(() => {});
    await eventually(() => acknowledged.length > 5, 'some acknowledgements');
    const handOver = await within(first.handOver(), 'the hand-over');
    await within(reader.closed, 'the end of a client');
    const written = JSON.parse(JSON.stringify(handOver)) as typeof handOver;
    assert.ok(written.snapshot.delayed.length >= acknowledged.length, 'copies under way');

    const links = [rule('slow', { to: ['n4'], delay: { ms: 300, jitter: null } })];
    const second = await start(t, { links }, { beginning: written });
    assert.deepEqual(
      await second.linkCounts(),
      written.links.links.map(({ count }) => count),
    );
    const again = new RawClient(second.port);
    await again.login('n2', 'n2', NODES[1]!.password);
    const back = await again.whenReceived(4 + bytes);
    assert.equal(back[2], 1, 'session present');
    assert.equal(back[4]! & 0x08, 0x08, 'sent again as a duplicate');
    assert.equal(back.subarray(4 + 4 + TO_ALL('n1').length).readUInt16BE(), packetId);
    again.socket.destroy();

    const expected = ['in flight', ...acknowledged];
    const texts: string[] = [];
    const late = mqtt.connect(`mqtt://127.0.0.1:${second.port}`, {
      clientId: 'n3',
      username: 'n3',
      password: NODES[2]!.password,
      clean: false,
      reconnectPeriod: 0,
    });
    late.on('message', (_topic, payload) => texts.push(payload.toString()));
    t.after(() => late.endAsync(true));
    await eventually(
      () => texts.length >= expected.length,
      `${expected.length} messages kept; there are ${texts.length}`,
    );
    assert.deepEqual(texts.slice(0, expected.length), expected);
    await slow.client.endAsync(true);
    const views = await eventually(() => {
      const view = second.stats().sessions.find(({ seat }) => seat === 'n4')!;
      return second.stats().delayed === 0 ? view : null;
    }, 'the end of all delays');
    assert.ok(
      views.waiting >= acknowledged.length,
      `${views.waiting} wait for n4, ${acknowledged.length} acknowledged`,
    );
  });

  it('survive the way through JSON, whatever happened to them', () => {
    const operations = fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant('publish' as const),
          payload: fc.uint8Array({ maxLength: 20 }),
          qos: fc.constantFrom(0 as const, 1 as const),
        }),
        fc.record({
          kind: fc.constantFrom('attach' as const, 'detach' as const),
          session: fc.integer({ min: 0, max: 2 }),
        }),
        fc.record({
          kind: fc.constant('acknowledge' as const),
          session: fc.integer({ min: 0, max: 2 }),
          id: fc.integer({ min: 1, max: 12 }),
        }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(operations, (list) => {
        const world = fanOutWith(3);
        for (const operation of list) {
          if (operation.kind === 'publish') world.publish(operation.payload, operation.qos);
          else if (operation.kind === 'attach') world.attach(operation.session);
          else if (operation.kind === 'detach') world.detach(operation.session);
          else if ('id' in operation) world.fanOut.acknowledge(`s${operation.session}`, operation.id);
        }
        for (const session of [0, 1, 2]) world.detach(session);
        const list2 = new ParcelList();
        const kept = world.fanOut.keep(list2.place);
        const written = JSON.parse(JSON.stringify({ kept, parcels: list2.written() })) as {
          kept: typeof kept;
          parcels: ReturnType<ParcelList['written']>;
        };
        const copy = fanOutWith(0);
        copy.fanOut.restore(written.kept, readParcels(written.parcels, 'wallance/v1/x/'));
        assert.deepEqual(
          copy.fanOut.views().map(({ waitingBytes: _, ...view }) => view),
          world.fanOut.views().map(({ waitingBytes: _, ...view }) => view),
        );
        // What both send from now on is the same, bytes and packet ids.
        for (const session of [0, 1, 2]) {
          assert.deepEqual(copy.attach(session), world.attach(session));
          for (let id = 1; id <= 12; id++) {
            copy.fanOut.acknowledge(`s${session}`, id);
            world.fanOut.acknowledge(`s${session}`, id);
          }
        }
        for (const one of [copy, world]) one.publish(Buffer.from('next'), 1);
        for (const session of [0, 1, 2]) assert.deepEqual(copy.sent[session], world.sent[session]);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});

/** Sessions `s0`.. that hear everything, in flight at most four, with sockets that keep what is written to them. */
function fanOutWith(sessions: number) {
  const fanOut = new FanOut('wallance/v1/x/', { ...OUTBOX_LIMITS, inFlightMax: 4 }, newTrafficCounters());
  const owner = {};
  const sent: Record<number, string[]> = { 0: [], 1: [], 2: [] };
  for (let session = 0; session < sessions; session++) fanOut.subscribe(`s${session}`, false, owner, '#', 1);
  return {
    fanOut,
    sent,
    publish(payload: Uint8Array, qos: 0 | 1) {
      fanOut.emit({ topic: 'wallance/v1/x/a/consensus', payload, qos, clientId: 'a' }, () => {});
    },
    attach(session: number) {
      sent[session] = [];
      const socket = {
        destroyed: false,
        writableLength: 0,
        on() {},
        off() {},
        cork() {},
        write: (bytes: Buffer) => sent[session]!.push(bytes.toString('hex')),
      };
      fanOut.attach(`s${session}`, false, owner, socket as never);
      return sent[session];
    },
    detach(session: number) {
      fanOut.detach(`s${session}`, owner);
    },
  };
}
