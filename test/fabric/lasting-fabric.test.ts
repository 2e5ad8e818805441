/** A fabric over the lives of its broker, with brokers in processes: restarts, pauses, and what outlasts them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { MqttTransport } from '../../node/host/mqtt-transport.ts';
import { BrokerProcess } from '../../orchestrator/fabric/broker-process.ts';
import { LastingFabric } from '../../orchestrator/fabric/lasting-fabric.ts';
import { IDLE_RULE, type LinkRule } from '../../orchestrator/fabric/link-rule.ts';
import { Inbox, LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { eventually, within } from '../support/waiting.ts';

const rule = (id: string, parts: Partial<LinkRule>): LinkRule => ({ ...IDLE_RULE, id, ...parts });

interface World {
  readonly fabric: LastingFabric<BrokerProcess>;
  readonly exits: string[];
  /** Brokers that were to be started. */
  readonly starts: () => number;
  readonly journal: () => readonly Record<string, unknown>[];
}

async function open(t: TestContext): Promise<World> {
  const exits: string[] = [];
  let journal = '';
  let starts = 0;
  const fabric = new LastingFabric<BrokerProcess>({
    options: { kind: 'fabric', lab: LAB, accounts: nodeAccounts(4), seed: 'a seed' },
    start: ({ options, ...more }, before) => {
      starts++;
      return BrokerProcess.start({ ...options, port: before?.port ?? 0 }, more);
    },
    onJournal: (lines) => {
      journal += lines;
    },
    onExit: (reason) => exits.push(reason),
  });
  await fabric.start();
  t.after(() => fabric.stop());
  const lines = () =>
    journal
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { fabric, exits, starts: () => starts, journal: lines };
}

const IMPATIENT = { reconnectMsMin: 20, reconnectMsMax: 100 };

async function node(
  t: TestContext,
  { fabric }: World,
  seat: string,
  pauses: { readonly reconnectMsMin?: number; readonly reconnectMsMax?: number } = IMPATIENT,
) {
  const inbox = new Inbox();
  const transport = new MqttTransport({
    url: fabric.broker!.url,
    lab: LAB,
    seat,
    node: seat,
    password: `password of ${seat}`,
    ...pauses,
  });
  await within(transport.attach(inbox.take), `attaching ${seat}`);
  t.after(() => transport.close());
  const say = (text: string) => transport.publish('consensus', Buffer.from(text));
  return { seat, transport, inbox, say };
}

async function drained({ fabric }: World, seat: string): Promise<boolean> {
  const session = (await fabric.stats())?.sessions.find((one) => one.seat === seat);
  return session !== undefined && session.waiting + session.inFlight === 0;
}

describe('a broker that is restarted with its sessions', () => {
  it('loses nothing, however much is under way', { timeout: 60_000 }, async (t) => {
    const world = await open(t);
    const nodes = await Promise.all(['n1', 'n2', 'n3'].map((seat) => node(t, world, seat)));
    const away = await node(t, world, 'n4');
    await away.transport.close();
    const { port } = world.fabric.broker!;
    let going = true;
    const said = nodes.map(() => 0);
    const flood = nodes.map(async ({ seat, say }, index) => {
      const waiting = new Set<Promise<void>>();
      while (going) {
        const one: Promise<void> = say(`${seat}:${said[index]!++}`).finally(() => waiting.delete(one));
        waiting.add(one);
        if (waiting.size >= 50) await Promise.race(waiting);
      }
      await Promise.all(waiting);
    });
    await world.fabric.setLinks([rule('slow', { from: ['n1'], to: ['n2'], delay: { ms: 20, jitter: null } })]);
    for (let restart = 1; restart <= 3; restart++) {
      const heard = nodes[0]!.inbox.seen.length;
      await eventually(() => nodes[0]!.inbox.seen.length > heard + 300, 'traffic');
      await world.fabric.restart('kept', 20 * restart);
      assert.equal(world.fabric.broker!.port, port);
    }
    going = false;
    await within(Promise.all(flood), 'all acknowledgements', 30_000);
    const back = await node(t, world, 'n4');
    for (const { inbox, seat } of [...nodes, back]) {
      for (const [index, from] of nodes.entries()) {
        // Each at least once, in the order in which it was said.
        const mine = (): string[] => [
          ...new Set(inbox.seen.filter(({ sender }) => sender === from.seat).map(({ text }) => text)),
        ];
        const missing = () => `${said[index]! - mine().length} of ${said[index]} messages of ${from.seat} at ${seat}`;
        await eventually(() => mine().length === said[index], missing(), 20_000, 20).catch(() =>
          assert.fail(missing()),
        );
        assert.deepEqual(
          mine(),
          Array.from({ length: said[index]! }, (_, i) => `${from.seat}:${i}`),
          `order of ${from.seat} at ${seat}`,
        );
      }
    }
    assert.deepEqual(world.exits, []);
    // What was counted, and what is in force, is that of all brokers together.
    const [count] = await world.fabric.linkCounts();
    assert.ok(count!.matched >= said[0]!, `${count!.matched} of at least ${said[0]}`);
    const stats = await world.fabric.stats();
    const total = said.reduce((sum, messages) => sum + messages, 0);
    assert.ok(stats!.received.consensus.messages >= total);
    const recorded = world.journal().filter((line) => 'recipients' in line).length;
    await eventually(
      () => world.journal().filter((line) => 'recipients' in line).length >= total,
      `${recorded} recorded`,
    );
  });

  it('keeps the limit of queues and the draws of link rules', async (t) => {
    const fates = async (restarted: boolean): Promise<readonly unknown[]> => {
      const world = await open(t);
      const [one, two] = [await node(t, world, 'n1'), await node(t, world, 'n2')];
      await world.fabric.setLinks([rule('half', { from: ['n1'], to: ['n2'], drop: 0.5 })]);
      await world.fabric.setQueueLimit(7);
      // Nothing waits for n2 while more is said: a full queue would drop what the rule let through.
      const said = async (from: number, until: number): Promise<void> => {
        for (let i = from; i < until; i++) {
          await one.say(`m${i}`);
          if (i % 5 === 4) await eventually(() => drained(world, 'n2'), 'the deliveries to n2');
        }
      };
      await said(0, 60);
      if (restarted) {
        await world.fabric.restart('kept', 0);
        for (const { seat, transport } of [one, two])
          await eventually(() => transport.connected && transport.reconnects === 1, `${seat} coming back`);
      }
      await said(60, 120);
      await two.transport.close();
      await world.fabric.setLinks([]);
      const before = (await world.fabric.stats())!.dropped['queue-full'];
      for (let i = 0; i < 10; i++) await one.say(`queued ${i}`);
      await eventually(async () => (await world.fabric.stats())!.dropped['queue-full'] - before === 3, 'three dropped');
      return [...new Set(two.inbox.texts)];
    };
    const whole = await fates(false);
    assert.ok(whole.length > 30 && whole.length < 90);
    assert.deepEqual(await fates(true), whole);
  });

  it('waits for a port that somebody else has got meanwhile', async (t) => {
    const world = await open(t);
    const { port } = world.fabric.broker!;
    const restarting = world.fabric.restart('kept', 300);
    const squatter = createServer();
    await within(world.fabric.broker!.exited, 'the end of the first');
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    await eventually(() => world.starts() >= 3, 'a start that failed');
    await new Promise((resolve) => squatter.close(resolve));
    await within(restarting, 'the second');
    assert.equal(world.fabric.broker!.port, port);
    assert.deepEqual(world.exits, []);
  });
});

describe('a broker that is killed', () => {
  it('comes back knowing nobody; clients subscribe again, rules stay', async (t) => {
    const world = await open(t);
    const [one, two] = [await node(t, world, 'n1'), await node(t, world, 'n2')];
    const away = await node(t, world, 'n3');
    await away.transport.close();
    await world.fabric.setLinks([rule('cut', { from: ['n2'], to: ['n1'], drop: 1 })]);
    await one.say('before');
    await two.say('lost on the way');
    await two.inbox.whenHeard('lost on the way');
    await world.fabric.restart('lost', 50);
    await eventually(() => one.transport.connected && two.transport.connected, 'both coming back');
    await one.say('after');
    await two.say('lost again');
    for (const text of ['after', 'lost again']) await two.inbox.whenHeard(text);
    await one.inbox.whenHeard('after');
    assert.deepEqual(one.inbox.texts, ['before', 'after']);
    const [count] = await world.fabric.linkCounts();
    assert.equal(count!.dropped, 2, 'of both brokers');
    const back = await node(t, world, 'n3');
    await one.say('to all');
    await back.inbox.whenHeard('to all');
    assert.deepEqual(back.inbox.texts, ['to all']);
    assert.ok((await world.fabric.stats())!.received.consensus.messages >= 5);
    assert.deepEqual(world.exits, []);
  });

  it('by somebody else is reported, and can be started again', async (t) => {
    const world = await open(t);
    process.kill(world.fabric.broker!.pid, 'SIGKILL');
    await eventually(() => world.exits.length === 1, 'the report');
    assert.match(world.exits[0]!, /SIGKILL/);
    assert.equal(await world.fabric.stats(), null);
    await world.fabric.restart('lost', 0);
    await node(t, world, 'n1');
    assert.equal(world.exits.length, 1);
  });
});

describe('nodes whose broker was away for four seconds', () => {
  const AWAY_MS = 4000;
  const BACK_MS_MAX = 1000;
  /** For an attempt that is made in time, on a busy machine. */
  const ATTEMPT_MS_MAX = 500;
  const SEATS = ['n1', 'n2', 'n3', 'n4'];

  for (const sessions of ['kept', 'lost'] as const) {
    it(`are back a second after it, its sessions ${sessions}`, async (t) => {
      const world = await open(t);
      const nodes = await Promise.all(SEATS.map((seat) => node(t, world, seat, {})));
      await world.fabric.restart(sessions, AWAY_MS);
      const backAtMs = performance.now();
      const waits = await Promise.all(
        nodes.map(async ({ seat, transport }) => {
          await eventually(() => transport.connected, `${seat} coming back`);
          return performance.now() - backAtMs;
        }),
      );
      t.diagnostic(`back after ${waits.map((ms) => ms.toFixed(0)).join(', ')} ms`);
      assert.ok(Math.max(...waits) < BACK_MS_MAX + ATTEMPT_MS_MAX, `back after ${waits.join(', ')} ms`);
    });
  }

  it('never leave one that was only paused', async (t) => {
    const world = await open(t);
    const nodes = await Promise.all(SEATS.map((seat) => node(t, world, seat, {})));
    await world.fabric.pause();
    const waiting = nodes.map(({ seat, say }) => say(`of ${seat}`));
    await new Promise((done) => setTimeout(done, AWAY_MS));
    await world.fabric.resume();
    const resumedAtMs = performance.now();
    await within(Promise.all(waiting), 'the acknowledgements', BACK_MS_MAX);
    t.diagnostic(`served after ${(performance.now() - resumedAtMs).toFixed(0)} ms`);
    for (const { transport } of nodes) assert.equal(transport.reconnects, 0);
  });
});

describe('a broker that is paused', () => {
  it('says nothing and takes nothing, and goes on where it was', async (t) => {
    const world = await open(t);
    const one = await node(t, world, 'n1');
    await world.fabric.pause();
    let taken = false;
    const saying = one.say('meanwhile').then(() => {
      taken = true;
    });
    await assert.rejects(world.fabric.setLinks([]), { code: 'no-answer' });
    await assert.rejects(world.fabric.broker!.stats(50), { code: 'no-answer' });
    assert.equal(taken, false);
    await world.fabric.pause();
    await world.fabric.resume();
    await within(saying, 'the acknowledgement');
    await one.inbox.whenHeard('meanwhile');
    await world.fabric.resume();
  });

  it('can be restarted either way, and stopped', async (t) => {
    const world = await open(t);
    const one = await node(t, world, 'n1');
    for (const sessions of ['kept', 'lost'] as const) {
      await world.fabric.pause();
      await world.fabric.restart(sessions, 0);
      await eventually(() => one.transport.connected, 'the node coming back');
      await one.say(sessions);
      await one.inbox.whenHeard(sessions);
    }
    await world.fabric.pause();
    await within(world.fabric.stop(), 'the end');
    assert.deepEqual(world.exits, []);
  });
});

describe('the end of a fabric', () => {
  it('cuts a restart short', async (t) => {
    const world = await open(t);
    const first = world.fabric.broker!;
    const restarting = assert.rejects(world.fabric.restart('kept', 3_600_000), { code: 'exited' });
    await within(first.exited, 'the end of the broker');
    await within(world.fabric.stop(), 'the end of the fabric');
    await restarting;
    await assert.rejects(world.fabric.setLinks([]), { code: 'exited' });
  });

  it('refused rules are told with every problem, by a broker that lives on', async (t) => {
    const world = await open(t);
    await assert.rejects(world.fabric.setLinks([rule('x', { drop: -1, to: ['n9'] })]), {
      code: 'refused',
      message: 'links[0].to: expected null or seats, got "n9"\nlinks[0].drop: expected number 0..1, got -1',
    });
    await world.fabric.setLinks([rule('x', { drop: 1 })]);
    assert.deepEqual(await world.fabric.cut(['n1']), []);
  });
});
