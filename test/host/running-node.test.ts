/** A whole node in this process: what it says of its own health, and how it stops. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readConfig } from '../../node/host/config.ts';
import { RunningNode } from '../../node/host/running-node.ts';
import { BrokerProcess } from '../../orchestrator/fabric/broker-process.ts';
import { LAB, nodeAccounts } from '../support/fabric-worlds.ts';
import { eventually, within } from '../support/waiting.ts';

const OPTIONS = { kind: 'fabric', lab: LAB, accounts: nodeAccounts(2) } as const;

/** A node n1 without sensors, and its heartbeat: the text without its time, null without a file. */
function newNode(t: TestContext, fabricUrl: string) {
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
  return { node, heartbeat, fatal };
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
