/** A whole node in this process: what it says of its own health, what it records, and how it stops. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readConfig } from '../../node/host/config.ts';
import { RunningNode } from '../../node/host/running-node.ts';
import { ControlClient } from '../../orchestrator/control/control-client.ts';
import type { Account } from '../../orchestrator/fabric/access.ts';
import { BrokerProcess } from '../../orchestrator/fabric/broker-process.ts';
import { EmbeddedBroker } from '../../orchestrator/fabric/embedded-broker.ts';
import { LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { eventually, within } from '../support/waiting.ts';

const LAB_ACCOUNT: Account = { seat: 'lab', identity: 'lab', password: 'password of the lab', role: 'lab' };
const OPTIONS = { kind: 'fabric', lab: LAB, accounts: nodeAccounts(2) } as const;

/**
 * A node n1 without sensors, the file of its observations, and its heartbeat: the text without its time, null without a
 * file.
 */
function newNode(t: TestContext, fabricUrl: string, more: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-node-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'heartbeat');
  const result = readConfig({
    WALLANCE_NODE: 'n1',
    WALLANCE_LAB: LAB,
    WALLANCE_MEMBERS: 'n1,n2',
    WALLANCE_FABRIC_URL: fabricUrl,
    WALLANCE_FABRIC_PASSWORD: OPTIONS.accounts[0]!.password,
    WALLANCE_DATA_DIR: join(directory, 'data'),
    WALLANCE_SENSORS: 'none',
    WALLANCE_HEARTBEAT_FILE: file,
    ...more,
  });
  assert.ok(result.ok);
  const fatal: unknown[] = [];
  const node = new RunningNode({
    config: result.config,
    print: () => {},
    warn: () => {},
    onFatal: (error) => fatal.push(error),
  });
  t.after(() => node.stop());
  const heartbeat = () => (existsSync(file) ? /^\d+ (.*)\n$/.exec(readFileSync(file, 'utf8'))?.[1] : null);
  return { node, heartbeat, fatal, record: join(directory, 'data', 'observations.ndjson') };
}

test('its heartbeat says ready while it takes part, and otherwise why it does not', async (t) => {
  const broker = await BrokerProcess.start(OPTIONS);
  t.after(() => broker.stop());
  const { node, heartbeat, fatal } = newNode(t, broker.url);
  assert.equal(heartbeat(), null);
  const started = node.start();
  assert.match(heartbeat() ?? '', /^the node is starting; /);
  await started;
  assert.equal(heartbeat(), 'ready');
  await broker.kill();
  await eventually(() => heartbeat() !== 'ready', 'a heartbeat that says that the fabric is gone');
  await node.stop();
  assert.equal(heartbeat(), null);
  assert.deepEqual(fatal, []);
});

test('stopped while it waits for its fabric, it has simply stopped', async (t) => {
  const { node, heartbeat, fatal } = newNode(t, 'mqtt://127.0.0.1:1');
  const started = node.start();
  await eventually(() => heartbeat()?.includes('ECONNREFUSED'), 'a node that finds no fabric');
  await within(node.stop(), 'the end of the node');
  await started;
  assert.equal(heartbeat(), null);
  assert.deepEqual(fatal, []);
});

for (const kept of [true, false]) {
  const title = kept
    ? 'what it sees goes to its file and to the lab'
    : 'told to keep no record, it writes and sends none, and still answers reports and orders';
  test(title, async (t) => {
    const fabric = await BrokerProcess.start(OPTIONS);
    t.after(() => fabric.stop());
    const control = new EmbeddedBroker({ kind: 'control', lab: LAB, accounts: [...OPTIONS.accounts, LAB_ACCOUNT] });
    const url = `mqtt://127.0.0.1:${await control.start()}`;
    t.after(() => control.stop());
    let sent = '';
    const client = new ControlClient({
      url,
      lab: LAB,
      username: LAB_ACCOUNT.seat,
      password: LAB_ACCOUNT.password,
      onObservations: (_seat, lines) => {
        sent += lines;
      },
    });
    t.after(() => client.close());
    await client.open();
    const { node, record, fatal } = newNode(t, fabric.url, {
      WALLANCE_CONTROL_URL: url,
      WALLANCE_CONTROL_PASSWORD: OPTIONS.accounts[0]!.password,
      WALLANCE_OBSERVATIONS: kept ? 'file' : 'none',
    });
    await node.start();
    await client.whenStatus('n1', ({ state }) => state === 'ready', 10_000);
    await client.sample('n1', { topic: 'x', value: 1, count: 10 });
    await eventually(async () => (await client.report('n1')).sensorTransactions === 10, 'ten sensor transactions');
    const order = { orderId: 'order-1', service: 'espresso', priceDcoins: null, mode: 'strict' } as const;
    assert.equal((await client.order('n1', order)).outcome, 'requested');
    // Its last words come after all else that it had to send.
    await node.stop();
    await client.whenStatus('n1', ({ state }) => state === 'offline', 10_000);
    const written = existsSync(record) ? readFileSync(record, 'utf8') : null;
    if (kept) assert.match(written ?? '', /"event":"req.tx"/);
    else assert.equal(written, null);
    assert.equal(sent.includes('"event":"req.tx"'), kept);
    if (!kept) assert.equal(sent, '');
    assert.deepEqual(fatal, []);
  });
}
