/** The node's heartbeat, and the probe of the image that reads it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Heartbeat } from '../../node/host/heartbeat.ts';

const PROBE = join(import.meta.dirname, '../../docker/node-health');

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-heartbeat-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A heartbeat whose clock and health the test moves by hand. */
class World {
  readonly file: string;
  readonly heartbeat: Heartbeat;
  readonly troubles: string[] = [];
  reasons: readonly string[] = [];
  uptimeSeconds = 100.9;
  waiting: { readonly delayMs: number; readonly run: () => void } | null = null;

  constructor(directory: string) {
    this.file = join(directory, 'heartbeat');
    this.heartbeat = new Heartbeat({
      file: this.file,
      unfit: () => this.reasons,
      schedule: (delayMs, run) => {
        this.waiting = { delayMs, run };
        return () => {
          this.waiting = null;
        };
      },
      uptimeSeconds: () => this.uptimeSeconds,
      onTrouble: (line) => this.troubles.push(line),
    });
  }

  get text(): string {
    return readFileSync(this.file, 'utf8');
  }
}

/** Runs the probe as a container's engine does. */
function probe(file: string): { code: number | null; says: string } {
  const { status, stdout, stderr } = spawnSync(PROBE, { env: { WALLANCE_HEARTBEAT_FILE: file }, encoding: 'utf8' });
  assert.equal(stderr, '');
  return { code: status, says: stdout.trim() };
}

test('it says at once and every 2 seconds whether the node can take part, and why not', (t) => {
  const world = new World(newDirectory(t));
  world.reasons = ['the node is starting', 'connection refused:\nnot authorized'];
  world.heartbeat.start();
  assert.equal(world.text, '100 the node is starting; connection refused: not authorized\n');
  assert.equal(world.waiting?.delayMs, 2000);
  world.uptimeSeconds = 102.1;
  world.waiting?.run();
  assert.match(world.text, /^102 the node is starting/);
  assert.equal(world.waiting?.delayMs, 2000);
  world.reasons = [];
  world.heartbeat.beat();
  assert.equal(world.text, '102 ready\n');
});

test('a stopped one leaves nothing behind and does not come back', (t) => {
  const directory = newDirectory(t);
  const world = new World(directory);
  world.heartbeat.beat();
  assert.equal(existsSync(world.file), false, 'nothing before the start');
  world.heartbeat.start();
  world.heartbeat.close();
  world.heartbeat.close();
  world.heartbeat.beat();
  assert.equal(world.waiting, null);
  assert.deepEqual(readdirSync(directory), []);
});

test('a file that cannot be written is told once, and does not stop the node', (t) => {
  const directory = newDirectory(t);
  const world = new World(join(directory, 'later'));
  world.heartbeat.start();
  world.heartbeat.beat();
  assert.equal(world.troubles.length, 1);
  assert.match(world.troubles[0]!, /^no heartbeat: ENOENT/);
  world.heartbeat.close();
});

test('the probe takes what is ready and young, and says what is wrong with anything else', (t) => {
  const world = new World(newDirectory(t));
  world.uptimeSeconds = uptime();
  assert.deepEqual(probe(world.file), { code: 1, says: 'no heartbeat' });
  world.reasons = ['the fabric is away'];
  world.heartbeat.start();
  assert.deepEqual(probe(world.file), { code: 1, says: 'the fabric is away' });
  world.reasons = [];
  world.heartbeat.beat();
  assert.deepEqual(probe(world.file), { code: 0, says: 'ready' });
  world.uptimeSeconds = uptime() - 60;
  world.heartbeat.beat();
  const late = probe(world.file);
  assert.equal(late.code, 1);
  assert.match(late.says, /^last heartbeat 6\d s ago: ready$/);
  world.heartbeat.close();
  assert.deepEqual(probe(world.file), { code: 1, says: 'no heartbeat' });
});

test('the probe takes no other text for health', (t) => {
  const file = join(newDirectory(t), 'heartbeat');
  for (const text of ['', '\n', 'ready\n', `${Math.floor(uptime())} ready to fail\n`, `${Math.floor(uptime())}\n`]) {
    writeFileSync(file, text);
    const { status } = spawnSync(PROBE, { env: { WALLANCE_HEARTBEAT_FILE: file } });
    assert.notEqual(status, 0, JSON.stringify(text));
  }
});
