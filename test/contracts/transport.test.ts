/** One contract over every implementation of the fabric's port (node/host/transport.ts). */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import mqtt from 'mqtt';
import { channelTopic, peerTopic } from '../../node/host/fabric-topics.ts';
import { MqttTransport } from '../../node/host/mqtt-transport.ts';
import type { Transport } from '../../node/host/transport.ts';
import {
  type BrokerWorld,
  embeddedWorld,
  type FabricWorld,
  Inbox,
  inProcessWorld,
  LAB,
  mosquittoMissing,
  mosquittoWorld,
  nodeAccounts,
  TWIN,
} from '../support/fabric-worlds.ts';
import { eventually, within } from '../support/waiting.ts';

const SEATS = nodeAccounts(8).map((account) => account.seat);

async function open<W extends FabricWorld>(t: TestContext, start: () => Promise<W>): Promise<W> {
  const world = await start();
  t.after(() => world.close());
  return world;
}

async function attached(world: FabricWorld, seat: string): Promise<{ transport: Transport; inbox: Inbox }> {
  const inbox = new Inbox();
  const transport = world.transport(seat);
  await within(transport.attach(inbox.take), `attaching ${seat}`);
  return { transport, inbox };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function contract(name: string, start: () => Promise<FabricWorld>, skip: string | false = false): void {
  describe(`transport contract: ${name}`, { skip }, () => {
    it('brings what one publishes to all, itself included, with its identity as the sender', async (t) => {
      const world = await open(t, start);
      const nodes = await Promise.all(SEATS.slice(0, 3).map((seat) => attached(world, seat)));
      await nodes[0]!.transport.publish('sensor', bytes('a value'));
      await nodes[1]!.transport.publish('consensus', bytes('a vote'));
      for (const { inbox } of nodes) {
        await inbox.whenTexts(2);
        assert.deepEqual(inbox.seen, [
          { sender: 'n1', channel: 'sensor', text: 'a value' },
          { sender: 'n2', channel: 'consensus', text: 'a vote' },
        ]);
      }
    });

    it('brings what is sent to one peer to that peer only', async (t) => {
      const world = await open(t, start);
      const [one, two, three] = await Promise.all(['n1', 'n2', 'n3'].map((seat) => attached(world, seat)));
      await one!.transport.send('n2', 'consensus', bytes('for two'));
      await one!.transport.publish('consensus', bytes('for all'));
      assert.deepEqual(await two!.inbox.whenTexts(2), ['for two', 'for all']);
      assert.deepEqual(await three!.inbox.whenTexts(1), ['for all']);
      assert.deepEqual(await one!.inbox.whenTexts(1), ['for all']);
    });

    it('keeps what two seats with one identity say apart from nobody: the sender is the identity', async (t) => {
      const world = await open(t, start);
      const [one, twin] = await Promise.all(['n1', TWIN.seat].map((seat) => attached(world, seat)));
      await twin!.transport.publish('consensus', bytes('from the twin'));
      await one!.inbox.whenHeard('from the twin');
      assert.deepEqual(one!.inbox.seen, [{ sender: 'n1', channel: 'consensus', text: 'from the twin' }]);
      assert.deepEqual(await twin!.inbox.whenTexts(1), ['from the twin']);
    });

    it('delivers again, first and in order, what a handler detached in the middle of', async (t) => {
      const world = await open(t, start);
      const { transport: publisher } = await attached(world, 'n1');
      const doomed = world.transport('n2');
      const before: string[] = [];
      let closed: Promise<void> | null = null;
      await doomed.attach((delivery) => {
        before.push(Buffer.from(delivery.payload).toString());
        if (before.length === 3) closed = doomed.close();
      });
      for (let i = 0; i < 10; i++) await publisher.publish('consensus', bytes(`m${i}`));
      await eventually(() => closed !== null, 'the handler detaching at its third delivery');
      await closed;
      assert.deepEqual(before, ['m0', 'm1', 'm2'], 'nothing is delivered after the detaching handler');
      assert.equal(doomed.connected, false);
      const { inbox } = await attached(world, 'n2');
      assert.deepEqual(await inbox.whenTexts(8), ['m2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9']);
    });

    it('delivers nothing twice that was acknowledged', async (t) => {
      const world = await open(t, start);
      const { transport: publisher } = await attached(world, 'n1');
      const first = await attached(world, 'n2');
      await publisher.publish('consensus', bytes('before'));
      await first.inbox.whenHeard('before');
      await first.transport.close();
      const second = await attached(world, 'n2');
      await publisher.publish('consensus', bytes('after'));
      assert.deepEqual(await second.inbox.whenTexts(1), ['after']);
    });

    it('keeps what is published while a seat is detached, in order', async (t) => {
      const world = await open(t, start);
      const { transport: publisher } = await attached(world, 'n1');
      const away = await attached(world, 'n2');
      await away.transport.close();
      const expected = Array.from({ length: 500 }, (_, i) => `m${i}`);
      await Promise.all(expected.map((text) => publisher.publish('consensus', bytes(text))));
      const back = await attached(world, 'n2');
      assert.deepEqual(await back.inbox.whenTexts(500), expected);
    });

    it('lets a seat that comes back catch up in order while others go on publishing', async (t) => {
      const world = await open(t, start);
      const { transport: publisher, inbox: all } = await attached(world, 'n1');
      const away = await attached(world, 'n2');
      await away.transport.close();
      let count = 0;
      const publish = (): Promise<void> => publisher.publish('consensus', bytes(`m${count++}`));
      await Promise.all(Array.from({ length: 2000 }, publish));
      let caughtUp = false;
      const lane = async (): Promise<void> => {
        while (!caughtUp) await publish();
      };
      const lanes = Promise.all([lane(), lane(), lane()]);
      const back = await attached(world, 'n2');
      await back.inbox.whenTexts(2200);
      caughtUp = true;
      await lanes;
      assert.deepEqual(await back.inbox.whenTexts(count), await all.whenTexts(count));
    });

    it('shows all receivers the messages of concurrent publishers in one order', async (t) => {
      const world = await open(t, start);
      const nodes = await Promise.all(SEATS.map((seat) => attached(world, seat)));
      const each = 150;
      await Promise.all(
        nodes.map(async ({ transport }, index) => {
          // Four at a time, so that all publishers are under way together.
          const lane = async (first: number): Promise<void> => {
            for (let i = first; i < each; i += 4) {
              await transport.publish(i % 3 === 0 ? 'sensor' : 'consensus', bytes(`${index}:${i}`));
            }
          };
          await Promise.all([0, 1, 2, 3].map(lane));
        }),
      );
      const total = each * nodes.length;
      const sequences = await Promise.all(nodes.map(({ inbox }) => inbox.whenTexts(total)));
      for (const sequence of sequences) assert.deepEqual(sequence, sequences[0]);
      assert.equal(new Set(sequences[0]).size, total);
      const turns = sequences[0]!.filter(
        (text, i) => i > 0 && text.split(':')[0] !== sequences[0]![i - 1]!.split(':')[0],
      );
      assert.ok(turns.length > nodes.length, 'the publishers did overlap');
    });

    it('carries 64 kB, every byte value, unchanged', async (t) => {
      const world = await open(t, start);
      const nodes = await Promise.all(['n1', 'n2'].map((seat) => attached(world, seat)));
      const received: Uint8Array[] = [];
      const third = world.transport('n3');
      await third.attach((delivery) => received.push(delivery.payload));
      const payload = Uint8Array.from({ length: 65_536 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
      await nodes[0]!.transport.publish('consensus', payload);
      await eventually(() => received.length === 1, 'the delivery of 64 kB');
      assert.deepEqual(Buffer.from(received[0]!), Buffer.from(payload));
    });

    it('takes a copy: the publisher may use its bytes again at once', async (t) => {
      const world = await open(t, start);
      const { transport, inbox } = await attached(world, 'n1');
      const payload = bytes('original');
      const taken = transport.publish('consensus', payload);
      payload.fill(0);
      await taken;
      assert.deepEqual(await inbox.whenTexts(1), ['original']);
    });

    it('publishes after attaching what was given to it before', async (t) => {
      const world = await open(t, start);
      const inbox = new Inbox();
      const transport = world.transport('n1');
      const early = transport.publish('consensus', bytes('early'));
      await transport.attach(inbox.take);
      await within(early, 'the early publish');
      assert.deepEqual(await inbox.whenTexts(1), ['early']);
    });

    it('says whether it is connected, and rejects what is published after closing', async (t) => {
      const world = await open(t, start);
      const transport = world.transport('n1');
      assert.equal(transport.connected, false);
      await transport.attach(() => {});
      assert.equal(transport.connected, true);
      await transport.close();
      assert.equal(transport.connected, false);
      await assert.rejects(transport.publish('consensus', bytes('too late')));
    });
  });
}

function brokerContract(name: string, start: () => Promise<BrokerWorld>, skip: string | false = false): void {
  describe(`transport contract, with a broker in between: ${name}`, { skip }, () => {
    it('lets nobody publish as another node', async (t) => {
      const world = await open(t, start);
      const [one, two, three] = await Promise.all(['n1', 'n2', 'n3'].map((seat) => attached(world, seat)));
      await three!.transport.close();
      const { password } = nodeAccounts(8)[2]!;
      const forger = await mqtt.connectAsync(world.url, { clientId: 'n3', username: 'n3', password });
      t.after(() => forger.endAsync());
      for (const topic of [
        channelTopic(LAB, 'n1', 'consensus'),
        channelTopic(LAB, 'n2', 'sensor'),
        peerTopic(LAB, 'n1', 'n2', 'consensus'),
      ]) {
        await forger.publishAsync(topic, 'forged', { qos: 1 });
        await forger.publishAsync(topic, 'forged', { qos: 0 });
      }
      await forger.publishAsync(channelTopic(LAB, 'n3', 'consensus'), 'its own', { qos: 1 });
      for (const { inbox } of [one!, two!]) {
        await inbox.whenHeard('its own');
        assert.deepEqual(inbox.seen, [{ sender: 'n3', channel: 'consensus', text: 'its own' }]);
      }
    });

    it('refuses a wrong password', async (t) => {
      const world = await open(t, start);
      const stranger = new MqttTransport({ url: world.url, lab: LAB, seat: 'n1', node: 'n1', password: 'guessed' });
      await assert.rejects(
        within(
          stranger.attach(() => {}),
          'an answer',
        ),
        { code: 'refused' },
      );
    });

    it('waits for a broker that is not there yet', async (t) => {
      const world = await open(t, start);
      await world.crash();
      const inbox = new Inbox();
      const transport = world.transport('n1');
      const attaching = transport.attach(inbox.take);
      await eventually(() => transport.lastProblem !== null, 'a failed attempt');
      await world.up();
      await within(attaching, 'attaching once the broker is there');
      await transport.publish('consensus', bytes('hello'));
      assert.deepEqual(await inbox.whenTexts(1), ['hello']);
    });

    it('goes on after a restart of the broker that has forgotten all sessions', async (t) => {
      const world = await open(t, start);
      const nodes = await Promise.all(SEATS.slice(0, 4).map((seat) => attached(world, seat)));
      await nodes[0]!.transport.publish('consensus', bytes('before'));
      await Promise.all(nodes.map(({ inbox }) => inbox.whenHeard('before')));
      await world.crash();
      await eventually(() => nodes.every(({ transport }) => !transport.connected), 'everybody noticing the crash');
      const pending = ['first', 'second', 'third'].map((text) => nodes[1]!.transport.publish('consensus', bytes(text)));
      await world.up();
      await within(Promise.all(pending), 'what was published meanwhile being taken');
      await eventually(() => nodes.every(({ transport }) => transport.connected), 'everybody being back');
      await nodes[2]!.transport.publish('consensus', bytes('after'));
      for (const { inbox } of nodes) await inbox.whenHeard('after');
      // Whoever was back first said it to those who were: the publisher itself is always among them.
      assert.deepEqual(nodes[1]!.inbox.texts, ['before', 'first', 'second', 'third', 'after']);
    });
  });
}

contract('in process', inProcessWorld);
contract('MQTT, embedded broker', embeddedWorld);
contract('MQTT, mosquitto', mosquittoWorld, mosquittoMissing);
brokerContract('embedded broker', embeddedWorld);
brokerContract('mosquitto', mosquittoWorld, mosquittoMissing);
