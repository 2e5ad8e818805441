/** The node as a process: exit codes, signals, and what it says about a configuration it cannot run. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const PROGRAM = join(import.meta.dirname, '../../node/host/main.ts');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a node until it ends; `onStderr` sees what it has said so far. */
function runNode(
  environment: Readonly<Record<string, string>>,
  onStderr: (text: string, signal: (name: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr(stderr, (name) => child.kill(name));
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function configuration(t: TestContext): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-node-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return {
    WALLANCE_NODE: '1',
    WALLANCE_MEMBERS: '1,2,3',
    WALLANCE_FABRIC_URL: 'mqtt://127.0.0.1:1',
    WALLANCE_FABRIC_PASSWORD: 'secret-of-node-1',
    WALLANCE_DATA_DIR: directory,
    WALLANCE_SENSORS: 'none',
  };
}

test('a configuration that cannot be read ends it with 64, all problems named at once, no secret among them', async (t) => {
  const { code, stderr } = await runNode({
    ...configuration(t),
    WALLANCE_NODE: "1'; DROP TABLE wallets",
    WALLANCE_QOS: '7',
    WALLANCE_DURABILTY: 'power',
  });
  assert.equal(code, 64);
  assert.match(stderr, /WALLANCE_NODE: expected/);
  assert.match(stderr, /WALLANCE_QOS: expected 0 or 1/);
  assert.match(stderr, /WALLANCE_DURABILTY.*WALLANCE_DURABILITY/);
  assert.doesNotMatch(stderr, /secret-of-node-1/);
});

test('parameters that the profile refuses end it with 64, all named at once (R-04)', async (t) => {
  const { code, stderr } = await runNode({
    ...configuration(t),
    WALLANCE_PARAMETERS: '{"difficulty":99,"majorityThreshold":{"numerator":1,"denominator":3},"colour":1}',
  });
  assert.equal(code, 64);
  assert.match(stderr, /parameters\.difficulty: expected integer 0\.\.7, got 99/);
  assert.match(stderr, /parameters\.majorityThreshold: expected a ratio above 1\/2/);
  assert.match(stderr, /parameters\.colour: expected one of/);
});

test('names that the wire cannot carry end it with 64 (R-14)', async (t) => {
  const { code, stderr } = await runNode({ ...configuration(t), WALLANCE_PARAMETERS: '{"idBytes":8}' });
  assert.equal(code, 64);
  assert.match(stderr, /services\.Nespresso: expected a name that fits the wire/);
});

test('behaviours that name what the lab has not end it with 64', async (t) => {
  const behaviours = [
    { kind: 'selective-sender', messages: 'votes', to: ['9'] },
    { kind: 'overspender', service: 'whisky', everyMs: 1000 },
  ];
  const { code, stderr } = await runNode({ ...configuration(t), WALLANCE_CONDITIONS: JSON.stringify({ behaviours }) });
  assert.equal(code, 64);
  assert.match(stderr, /WALLANCE_CONDITIONS\.behaviours\[0\]\.to: expected members of the lab, got "9"/);
  assert.match(stderr, /WALLANCE_CONDITIONS\.behaviours\[1\]\.service: expected one of .*, got "whisky"/);
});

test('SIGTERM while it waits for a fabric that is not there ends it with 0', async (t) => {
  const { code, stderr } = await runNode(configuration(t), (text, signal) => {
    if (text.includes('waiting for the fabric')) signal('SIGTERM');
  });
  assert.equal(code, 0, stderr);
});

test('a data directory that cannot be one ends it with 4 and says which', async (t) => {
  const environment = configuration(t);
  const taken = join(environment.WALLANCE_DATA_DIR!, 'wallet.db');
  mkdirSync(taken);
  const { code, stderr } = await runNode(environment);
  assert.equal(code, 4);
  assert.match(stderr, /wallet\.db/);
});

test('a database of another configuration is refused with 4, saying what differs', async (t) => {
  const environment = configuration(t);
  const waiting = (text: string, signal: (name: NodeJS.Signals) => void) => {
    if (text.includes('waiting for the fabric')) signal('SIGTERM');
  };
  assert.equal((await runNode(environment, waiting)).code, 0);
  const { code, stderr } = await runNode({ ...environment, WALLANCE_MEMBERS: '1,2,3,4' });
  assert.equal(code, 4);
  assert.match(stderr, /configuration/);
});
