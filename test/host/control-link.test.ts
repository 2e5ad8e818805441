/** The control channel, both ends of it, over a real broker: status, orders, samples, reports, observations. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import mqtt from 'mqtt';
import { ControlLink, type ControlLinkOptions } from '../../node/host/control-link.ts';
import {
  controlTopic,
  type NodeStatus,
  type OrderCommand,
  type SampleCommand,
} from '../../node/host/control-protocol.ts';
import {
  ControlClient,
  type ControlClientOptions,
  type ControlError,
} from '../../orchestrator/control/control-client.ts';
import type { Account } from '../../orchestrator/fabric/access.ts';
import { type BrokerOptions, EmbeddedBroker } from '../../orchestrator/fabric/embedded-broker.ts';
import { reportOf, statusOf } from '../support/control-status.ts';
import { nodeAccounts } from '../support/fabric-worlds.ts';
import { eventually, within } from '../support/waiting.ts';

const LAB = 'controlled';
const LAB_ACCOUNT: Account = { seat: 'lab', identity: 'lab', password: 'password of the lab', role: 'lab' };
const ACCOUNTS = [...nodeAccounts(3), LAB_ACCOUNT];
const BUY: OrderCommand = { orderId: 'order-1', service: 'espresso', priceDcoins: null, mode: 'strict' };
const WAIT_MS = 10_000;

async function startBroker(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<EmbeddedBroker> {
  const broker = new EmbeddedBroker({ kind: 'control', lab: LAB, accounts: ACCOUNTS, ...options });
  await broker.start();
  t.after(() => broker.stop());
  return broker;
}

const urlOf = (broker: EmbeddedBroker): string => `mqtt://127.0.0.1:${broker.port}`;

function openLink(t: TestContext, url: string, seat: string, options: Partial<ControlLinkOptions> = {}): ControlLink {
  const link = new ControlLink({
    url,
    lab: LAB,
    seat,
    password: ACCOUNTS.find((account) => account.seat === seat)!.password,
    status: statusOf(seat, 'starting'),
    onOrder: () => {},
    onSample: () => {},
    onReportRequest: () => {},
    reconnectMsMin: 20,
    reconnectMsMax: 100,
    ...options,
  });
  link.open();
  t.after(() => link.close(statusOf(seat, 'offline')));
  return link;
}

async function openClient(
  t: TestContext,
  url: string,
  options: Partial<ControlClientOptions> = {},
): Promise<ControlClient> {
  const client = new ControlClient({ url, lab: LAB, username: 'lab', password: LAB_ACCOUNT.password, ...options });
  t.after(() => client.close());
  await within(client.open(), 'the lab connecting to its broker');
  return client;
}

const inState =
  (state: NodeStatus['state']) =>
  (status: NodeStatus): boolean =>
    status.state === state;

describe('status', () => {
  it('is there for whoever comes later, follows changes, and ends as the node said', async (t) => {
    const broker = await startBroker(t);
    const link = openLink(t, urlOf(broker), 'n1');
    link.setStatus(statusOf('n1', 'ready'));
    const early = await openClient(t, urlOf(broker));
    assert.deepEqual(await early.whenStatus('n1', inState('ready'), WAIT_MS), statusOf('n1', 'ready'));
    await link.close({ ...statusOf('n1', 'offline'), detail: 'stopped' });
    const late = await openClient(t, urlOf(broker));
    for (const client of [early, late]) {
      assert.equal((await client.whenStatus('n1', inState('offline'), WAIT_MS)).detail, 'stopped');
    }
  });

  it('is offline by last will after kill -9, with the boot that was killed', async (t) => {
    const broker = await startBroker(t);
    const client = await openClient(t, urlOf(broker));
    const program = join(import.meta.dirname, '../support/control-node.ts');
    const child = spawn(process.execPath, [program, urlOf(broker), LAB, 'n1', ACCOUNTS[0]!.password], {
      env: {},
      stdio: 'inherit',
    });
    t.after(() => child.kill('SIGKILL'));
    const ready = await client.whenStatus('n1', inState('ready'), WAIT_MS);
    assert.equal(ready.pid, child.pid);
    child.kill('SIGKILL');
    const gone = await client.whenStatus('n1', inState('offline'), WAIT_MS);
    assert.deepEqual([gone.pid, gone.boot, gone.node], [child.pid, ready.boot, 'n1']);
    assert.match(gone.detail!, /lost/);
  });

  it('comes back by itself after a restart of the broker', async (t) => {
    const first = await startBroker(t);
    const { port } = first;
    const link = openLink(t, urlOf(first), 'n1', { status: statusOf('n1', 'ready') });
    await eventually(() => link.connected, 'the first connect');
    await first.stop();
    await eventually(() => !link.connected, 'the node noticing');
    const second = await startBroker(t, { port });
    const client = await openClient(t, urlOf(second));
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
  });

  it('says what it last heard when the expected state does not come', async (t) => {
    const broker = await startBroker(t);
    openLink(t, urlOf(broker), 'n1');
    const client = await openClient(t, urlOf(broker));
    await client.whenStatus('n1', inState('starting'), WAIT_MS);
    await assert.rejects(client.whenStatus('n1', inState('ready'), 20), (error: ControlError) => {
      assert.equal(error.code, 'timeout');
      assert.match(error.message, /n1.*last heard: starting/);
      return true;
    });
    await assert.rejects(client.whenStatus('n2', inState('ready'), 20), /nothing heard of it/);
  });
});

describe('orders', () => {
  it('reach the node and bring its answer back to whoever asked', async (t) => {
    const broker = await startBroker(t);
    const ordered: OrderCommand[] = [];
    const link: ControlLink = openLink(t, urlOf(broker), 'n1', {
      status: statusOf('n1', 'ready'),
      onOrder: (command) => {
        ordered.push(command);
        link.sendOrderResult({
          orderId: command.orderId,
          node: 'n1',
          outcome: 'requested',
          requestId: 'r'.repeat(64),
          slot: '0'.repeat(64),
        });
      },
    });
    const heard: string[] = [];
    const [client, other] = [
      await openClient(t, urlOf(broker)),
      await openClient(t, urlOf(broker), { onOrderResult: (seat, result) => heard.push(`${seat} ${result.outcome}`) }),
    ];
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    const result = await client.order('n1', BUY);
    assert.deepEqual(result, {
      orderId: 'order-1',
      node: 'n1',
      outcome: 'requested',
      requestId: 'r'.repeat(64),
      slot: '0'.repeat(64),
    });
    assert.deepEqual(ordered, [BUY]);
    await eventually(() => heard.length === 1, 'another client of the lab hearing of it');
    assert.deepEqual(heard, ['n1 requested']);
    assert.equal(other.invalid, 0);
  });

  it('keep two that are under way apart', async (t) => {
    const broker = await startBroker(t);
    const waiting: string[] = [];
    const link: ControlLink = openLink(t, urlOf(broker), 'n1', {
      status: statusOf('n1', 'ready'),
      onOrder: ({ orderId }) => {
        waiting.push(orderId);
        if (waiting.length < 2) return;
        for (const id of waiting.reverse())
          link.sendOrderResult({ orderId: id, node: 'n1', outcome: 'refused', reason: 'request-pending', detail: id });
      },
    });
    const client = await openClient(t, urlOf(broker));
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    const answers = await Promise.all(['a', 'b'].map((orderId) => client.order('n1', { ...BUY, orderId })));
    assert.deepEqual(
      answers.map((answer) => answer.outcome === 'refused' && answer.detail),
      ['a', 'b'],
    );
  });

  it('fail with a reason: away for certain, unanswered, gone meanwhile, closed', async (t) => {
    const broker = await startBroker(t);
    const link = openLink(t, urlOf(broker), 'n1', { status: statusOf('n1', 'ready') });
    const client = await openClient(t, urlOf(broker));
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    await assert.rejects(client.order('n1', BUY, 20), { code: 'timeout', effect: 'indefinite' });
    const meanwhile = client.order('n1', { ...BUY, orderId: 'order-2' });
    const lost = assert.rejects(meanwhile, { code: 'lost', effect: 'indefinite' });
    await link.close(statusOf('n1', 'offline'));
    await lost;
    await assert.rejects(client.order('n1', BUY), { code: 'offline', effect: 'definite' });
    await assert.rejects(client.sample('n1', { topic: 'counter', value: 1, count: 1 }), { code: 'offline' });
    const asked = client.report('n2');
    const closed = assert.rejects(asked, { code: 'closed' });
    await client.close();
    await closed;
    await assert.rejects(client.order('n2', BUY), { code: 'closed' });
  });
});

describe('hostile commands', () => {
  const hostile: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('buy me a coffee')],
    ['half a document', Buffer.from('{"orderId":"x"')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['an array', Buffer.from('[1,2,3]')],
    ['null', Buffer.from('null')],
    ['deep nesting', Buffer.from('['.repeat(60_000))],
    ['too long', Buffer.from(JSON.stringify({ orderId: 'x'.repeat(70_000) }))],
    ['an id that is no text', Buffer.from('{"orderId":{"toString":1},"reportId":7}')],
    ['an id that is too long', Buffer.from(JSON.stringify({ orderId: 'x'.repeat(65), reportId: 'x'.repeat(65) }))],
    ['an id with NUL', Buffer.from('{"orderId":"a\\u0000b","reportId":"a\\u0000b"}')],
    ['a prototype', Buffer.from('{"__proto__":{"orderId":"polluted"},"constructor":{"prototype":{"x":1}}}')],
  ];

  it('are counted and change nothing', async (t) => {
    const broker = await startBroker(t);
    const acted: unknown[] = [];
    const act = (command: unknown) => acted.push(command);
    const link = openLink(t, urlOf(broker), 'n1', {
      status: statusOf('n1', 'ready'),
      onOrder: act,
      onSample: act,
      onReportRequest: act,
    });
    const client = await openClient(t, urlOf(broker));
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    const lab = await mqtt.connectAsync(urlOf(broker), {
      clientId: 'lab/hostile',
      username: 'lab',
      password: LAB_ACCOUNT.password,
    });
    t.after(() => lab.endAsync());
    for (const subject of [
      'orders',
      'samples',
      'report-requests',
      'refusals',
      'pings',
      'conditions',
      'canaries',
    ] as const) {
      for (const [, payload] of hostile) await lab.publishAsync(controlTopic(LAB, 'n1', subject), payload, { qos: 1 });
    }
    const count = hostile.length;
    await eventually(
      () => Object.values(link.counters.invalid).every((seen) => seen === count),
      `all being counted: ${JSON.stringify(link.counters)}`,
    );
    assert.deepEqual(acted, []);
    assert.equal(({} as { orderId?: string }).orderId, undefined);
    await client.sample('n1', { topic: 'counter', value: 1, count: 1 });
    await eventually(() => acted.length === 1, 'the link still working');
  });

  it('get every problem at once as an answer, where an order says its id', async (t) => {
    const broker = await startBroker(t);
    openLink(t, urlOf(broker), 'n1', { status: statusOf('n1', 'ready') });
    const client = await openClient(t, urlOf(broker));
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    const bad = { orderId: 'bad', service: '', priceDcoins: 1.5, mode: 'steal', tip: 3 } as unknown as OrderCommand;
    const answer = await client.order('n1', bad);
    assert.equal(answer.outcome, 'invalid');
    for (const part of ['command.service', 'command.priceDcoins', 'command.mode', 'command.tip']) {
      assert.ok(answer.outcome === 'invalid' && answer.detail.includes(part), part);
    }
  });

  it('of a node do not disturb the lab', async (t) => {
    const broker = await startBroker(t);
    const client = await openClient(t, urlOf(broker));
    const node = await mqtt.connectAsync(urlOf(broker), {
      clientId: 'n2',
      username: 'n2',
      password: ACCOUNTS[1]!.password,
    });
    t.after(() => node.endAsync());
    for (const subject of ['status', 'order-results', 'reports', 'conditions-answers'] as const) {
      for (const [, payload] of hostile.slice(1))
        await node.publishAsync(controlTopic(LAB, 'n2', subject), payload, { qos: 1 });
    }
    await eventually(() => client.invalid === 4 * (hostile.length - 1), `everything being counted: ${client.invalid}`);
    assert.equal(client.status.size, 0);
  });
});

describe('samples and reports', () => {
  it('carry samples to the node', async (t) => {
    const broker = await startBroker(t);
    const samples: SampleCommand[] = [];
    openLink(t, urlOf(broker), 'n1', { status: statusOf('n1', 'ready'), onSample: (command) => samples.push(command) });
    const client = await openClient(t, urlOf(broker));
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    await client.sample('n1', { topic: 'counter', value: -0.5, count: 100_000 });
    await eventually(() => samples.length === 1, 'the sample');
    assert.deepEqual(samples, [{ topic: 'counter', value: -0.5, count: 100_000 }]);
  });

  it('bring a report of 512 wallets, beyond 64 kB', async (t) => {
    const broker = await startBroker(t);
    const link: ControlLink = openLink(t, urlOf(broker), 'n1', {
      status: statusOf('n1', 'ready'),
      onReportRequest: ({ reportId }) => link.sendReport(reportOf('n1', reportId, 512)),
    });
    const client = await openClient(t, urlOf(broker));
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    const report = await client.report('n1');
    assert.ok(JSON.stringify(report).length > 65_536);
    assert.deepEqual(report, reportOf('n1', report.reportId, 512));
  });
});

describe('observations', () => {
  const lines = (from: number, count: number): string =>
    Array.from(
      { length: count },
      (_, i) => `${JSON.stringify({ seq: from + i, event: 'vote.rx', more: 'ä'.repeat(40) })}\n`,
    ).join('');

  it('arrive whole and in order, long batches in parts of whole lines', async (t) => {
    const broker = await startBroker(t);
    const parts: string[] = [];
    const client = await openClient(t, urlOf(broker), {
      onObservations: (seat, text) => parts.push(seat === 'n1' ? text : ''),
    });
    const link = openLink(t, urlOf(broker), 'n1', { status: statusOf('n1', 'ready') });
    await client.whenStatus('n1', inState('ready'), WAIT_MS);
    link.sendObservations(lines(0, 10));
    link.sendObservations(lines(10, 3000));
    const expected = lines(0, 3010);
    await eventually(() => parts.join('').length === expected.length, 'all observations');
    assert.equal(parts.join(''), expected);
    assert.ok(parts.length > 3);
    for (const part of parts) assert.ok(part.endsWith('\n') && Buffer.byteLength(part) <= 65_536);
  });

  it('wait while the broker is away, up to a bound, and are then counted as dropped', async (t) => {
    const first = await startBroker(t);
    const { port } = first;
    const line = lines(0, 1);
    const link = openLink(t, urlOf(first), 'n1', {
      status: statusOf('n1', 'ready'),
      observationBytesMax: 3 * Buffer.byteLength(line),
    });
    await eventually(() => link.connected, 'the first connect');
    await first.stop();
    await eventually(() => !link.connected, 'the node noticing');
    for (let i = 0; i < 5; i++) link.sendObservations(lines(i, 1));
    assert.equal(link.counters.observationsDropped, 2);
    const second = await startBroker(t, { port });
    let heard = '';
    await openClient(t, urlOf(second), { onObservations: (_seat, text) => (heard += text) });
    await eventually(() => {
      // Refused until the broker has acknowledged what waited for it.
      const dropped = link.counters.observationsDropped;
      link.sendObservations(lines(5, 1));
      return link.counters.observationsDropped === dropped;
    }, 'room for an observation');
    await eventually(() => heard.includes('"seq":5'), 'the latest observation');
  });
});

describe('a control broker that is not there', () => {
  it('neither stops the node from starting nor from ending', async (t) => {
    const broker = await startBroker(t);
    const url = urlOf(broker);
    await broker.stop();
    const link = openLink(t, url, 'n1');
    link.sendOrderResult({ orderId: 'x', node: 'n1', outcome: 'queued', reason: 'insufficient-funds' });
    await eventually(() => link.lastProblem !== null, 'a failed attempt');
    assert.equal(link.connected, false);
    await within(link.close(statusOf('n1', 'offline')), 'the end of a link that was never connected');
  });

  it('with another password is tried again and again, and says why', async (t) => {
    const broker = await startBroker(t);
    const link = openLink(t, urlOf(broker), 'n1', { password: 'guessed' });
    await eventually(() => broker.stats().refused['wrong-password'] >= 3, 'three attempts');
    assert.match(link.lastProblem!, /refused/i);
    await assert.rejects(
      within(
        new ControlClient({ url: urlOf(broker), lab: LAB, username: 'lab', password: 'guessed' }).open(),
        'a refusal',
      ),
      { code: 'refused' },
    );
  });
});
