/** The images as an engine runs them: what is in them, as whom, and that nodes of both architectures form a ledger. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe } from 'node:test';
import { ControlClient } from '../../orchestrator/control/control-client.ts';
import { docker, dockerOutcome, EngineWorld, engineTest, eventuallyInside } from '../support/engine.ts';
import { HARDENED, HandMadeLab } from '../support/hand-made-lab.ts';
import { within } from '../support/waiting.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};
const OWN_NODE = 'wallance-node:local';
const OWN_LAB = 'wallance-lab:local';
const NODES = ['wallance-node:amd64', 'wallance-node:arm64'] as const;
const LABS = ['wallance-lab:amd64', 'wallance-lab:arm64'] as const;
const IMAGES = [...NODES, ...LABS];
const MB = 1_000_000;
/** For what an emulated node does. */
const EMULATED_MS_MAX = 60_000;

const test = engineTest([...IMAGES, OWN_NODE, OWN_LAB]);

const shell = (image: string, script: string, ...args: readonly string[]): Promise<string> =>
  docker('run', '--rm', '--network', 'none', ...args, '--entrypoint', 'sh', image, '-c', script);

async function inspect<T>(thing: string, what: string): Promise<T> {
  return JSON.parse(await docker('inspect', '--format', `{{json ${what}}}`, thing)) as T;
}

interface ImageConfig {
  readonly User: string;
  readonly StopSignal: string;
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Entrypoint: readonly string[];
  readonly Healthcheck?: { readonly Test: readonly string[] };
}

describe('what an image holds', () => {
  test('it says what it is, for which architecture, and how it is run', async () => {
    for (const image of IMAGES) {
      const [name, architecture] = image.split(':');
      const config = await inspect<ImageConfig>(image, '.Config');
      assert.equal(await inspect(image, '.Architecture'), architecture);
      assert.deepEqual([config.User, config.StopSignal], ['10001:10001', 'SIGTERM']);
      assert.deepEqual(Object.keys(config.Volumes), ['/data']);
      assert.deepEqual(config.Entrypoint.slice(0, 2), ['tini', '--']);
      const label = (key: string) => config.Labels[`org.opencontainers.image.${key}`];
      assert.deepEqual([label('title'), label('version'), label('licenses')], [name, PACKAGE.version, 'Apache-2.0']);
      assert.match(label('description') ?? '', /Wallance/);
      assert.match(label('revision') ?? '', /^([0-9a-f]{10,40}\+?|unknown)$/);
      // A probe that started Node would cost more than the node does.
      const probe = name === 'wallance-node' ? ['CMD', '/usr/local/bin/node-health'] : undefined;
      assert.deepEqual(config.Healthcheck?.Test, probe);
    }
  });

  test('a node is small: the project adds at most 25 MB to its base, and all is at most 260 MB', async () => {
    for (const image of NODES) {
      const history = await docker(
        'history',
        '--human=false',
        '--no-trunc',
        '--format',
        '{{.Size}} {{.CreatedBy}}',
        image,
      );
      // The newest first.
      const layers = history.split('\n').map((line) => ({ line, bytes: Number(line.split(' ', 1)[0]) }));
      const first = layers.findIndex(({ line }) => line.includes('command -v tini'));
      assert.ok(first > 0, 'the first layer of the project was found');
      const addedBytes = layers.slice(0, first + 1).reduce((sum, { bytes }) => sum + bytes, 0);
      assert.ok(addedBytes > MB && addedBytes <= 25 * MB, `${image} adds ${addedBytes} bytes`);
      const bytes = await inspect<number>(image, '.Size');
      assert.ok(bytes <= 260 * MB, `${image} has ${bytes} bytes`);
    }
  });

  test('it has the packages that run in it, no others, and one binary of its own architecture', async () => {
    for (const image of IMAGES) {
      const own = NODES.some((node) => node === image) ? ['mqtt', 'better-sqlite3', '@noble/hashes'] : null;
      const wanted = namesBelow(own ?? Object.keys(PACKAGE.dependencies));
      const files = await shell(image, 'cd /app && find . -path "*/node_modules/*" -name package.json');
      const found = new Set(
        files
          .split('\n')
          .flatMap((path) => /\/node_modules\/((?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(path)?.[1] ?? []),
      );
      assert.deepEqual([...found].sort(), [...wanted].sort(), image);
      const prebuilds = await shell(image, 'ls /app/node_modules/better-sqlite3/prebuilds');
      assert.equal(prebuilds, image.endsWith('arm64') ? 'linux-arm64.node' : 'linux-x64.node');
    }
  });

  test('it holds what this tree builds, and nothing else', async () => {
    for (const [image, files, folders] of [
      [OWN_NODE, ['dist', 'node_modules', 'package.json'], ['node']],
      [OWN_LAB, ['dist', 'node_modules', 'orchestrator', 'package.json'], ['node', 'orchestrator', 'page']],
    ] as const) {
      assert.deepEqual((await shell(image, 'ls -A /app')).split('\n'), files);
      const sums = await shell(image, 'cd /app/dist && find * -type f -exec sha256sum {} +');
      const found = Object.fromEntries(sums.split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
      const wanted = Object.fromEntries(
        folders.flatMap(builtFiles).map((path) => [path, sha256(join(ROOT, 'dist', path))]),
      );
      assert.deepEqual(found, wanted, `${image} is of another tree; docker/README.md tells how to build it`);
    }
  });
});

describe('how a container runs', () => {
  test('as user 10001, on a root that is read-only, with /data to write to', async () => {
    const script =
      'id -u; id -g; echo "$HOME"; touch /data/x && echo data; touch /app/x /tmp/x /x 2>/dev/null || echo closed';
    for (const image of IMAGES) {
      const said = await shell(image, script, ...HARDENED);
      assert.deepEqual(said.split('\n'), ['10001', '10001', '/data', 'data', 'closed'], image);
    }
  });

  test('the owner of a new volume is the user of the image', async (t) => {
    const volume = await new EngineWorld(t).volume('data');
    const owner = await shell(OWN_NODE, 'stat -c "%u:%g %a" /data', '--mount', `type=volume,src=${volume},dst=/data`);
    assert.equal(owner, '10001:10001 755');
  });

  test('both architectures run Node 24 and open a database', async () => {
    const program =
      "const D=require('/app/node_modules/better-sqlite3');const d=new D('/data/x.db');d.exec('create table t(x)');" +
      "console.log(process.arch,process.version,d.prepare('select count(*) c from t').get().c)";
    for (const image of IMAGES) {
      const said = await docker('run', '--rm', ...HARDENED, '--entrypoint', 'node', image, '--eval', program);
      assert.match(said, image.endsWith('arm64') ? /^arm64 v24\.\d+\.\d+ 0$/ : /^x64 v24\.\d+\.\d+ 0$/);
    }
  });

  test('a node without its configuration says all that is missing, and ends with 64', async () => {
    const { code, text } = await dockerOutcome('run', '--rm', ...HARDENED, OWN_NODE);
    assert.equal(code, 64);
    const named = [...text.matchAll(/^(\w+): expected/gm)].map((match) => match[1]);
    assert.deepEqual(named, ['WALLANCE_NODE', 'WALLANCE_MEMBERS', 'WALLANCE_FABRIC_URL']);
  });

  test("the lab's image is the wallance command", async () => {
    for (const image of LABS) {
      assert.equal(await docker('run', '--rm', ...HARDENED, image, '--version'), PACKAGE.version);
    }
  });
});

describe('a node of the image', () => {
  test('is unhealthy until it takes part, healthy then, and unhealthy again without a fabric', async (t) => {
    const lab = await HandMadeLab.create(t, ['1', '2']);
    const often = ['--health-interval', '1s', '--health-start-period', '1ms', '--health-retries', '1'];
    const node = await lab.startNode('1', OWN_NODE, ...often);
    const becomes = (wanted: string) =>
      eventuallyInside(
        async () => (await inspect(node, '.State.Health.Status')) === wanted,
        `a node that is ${wanted}`,
      );
    await becomes('unhealthy');
    const { code, text } = await dockerOutcome('exec', node, 'node-health');
    assert.equal(code, 1);
    assert.match(text, /^the node is starting; ./);
    const brokers = await lab.startBrokers();
    await becomes('healthy');
    assert.equal(await docker('exec', node, 'node-health'), 'ready');
    await docker('kill', brokers);
    await becomes('unhealthy');
    assert.equal(await inspect(node, '.State.Running'), true);
  });

  test('stops within 2 s of SIGTERM and says 0, before it takes part and after', async (t) => {
    const lab = await HandMadeLab.create(t, ['1', '2']);
    const saysBy = (node: string, wanted: RegExp) =>
      eventuallyInside(async () => wanted.test((await dockerOutcome('exec', node, 'node-health')).text), `${wanted}`);
    const waiting = await lab.startNode('1', OWN_NODE);
    await saysBy(waiting, /^the node is starting/);
    await stopsWithin2s(waiting);
    await lab.startBrokers();
    const ready = await lab.startNode('2', OWN_NODE);
    await saysBy(ready, /^ready$/m);
    assert.equal(await docker('exec', ready, 'cat', '/proc/1/comm'), 'tini');
    await stopsWithin2s(ready);
  });

  test('decides a purchase together with nodes of the other architecture', async (t) => {
    const lab = await HandMadeLab.create(t, ['1', '2', '3', '4']);
    const brokers = await lab.startBrokers();
    const seats = { 1: NODES[0], 2: NODES[0], 3: NODES[1], 4: NODES[1] };
    for (const [seat, image] of Object.entries(seats)) await lab.startNode(seat, image);
    const decided = new Map<string, string>();
    const client = new ControlClient({
      ...{ url: await lab.controlUrl(brokers), lab: lab.lab, ...lab.labAccount },
      onObservations: (seat, lines) => {
        for (const line of lines.split('\n').filter(Boolean)) {
          const { event, reqId } = JSON.parse(line) as { event: string; reqId?: string };
          if (event === 'decide') decided.set(seat, reqId ?? '');
        }
      },
    });
    t.after(() => client.close());
    await within(client.open(), 'the control broker');
    for (const seat of Object.keys(seats)) {
      await client.whenStatus(seat, ({ state }) => state === 'ready', EMULATED_MS_MAX);
    }
    await client.sample('1', { topic: 'virtual', value: 1, count: 10 });
    const reports = () => Promise.all(Object.keys(seats).map((seat) => client.report(seat, EMULATED_MS_MAX)));
    const unitsOf1 = async () => (await reports()).map(({ wallets }) => wallets.find(({ id }) => id === '1')?.units);
    await eventuallyInside(async () => (await unitsOf1()).every((units) => units === 10), 'ten values credited by all');
    const order = await client.order(
      '1',
      { orderId: 'a', service: 'Tea', priceDcoins: null, mode: 'strict' },
      EMULATED_MS_MAX,
    );
    assert.equal(order.outcome, 'requested', JSON.stringify(order));
    await eventuallyInside(async () => decided.size === 4, 'four decisions');
    assert.equal(new Set(decided.values()).size, 1, 'on the same request');
    assert.equal(new Set(await unitsOf1()).size, 1, 'with the same balance');
  });
});

async function stopsWithin2s(container: string): Promise<void> {
  const begun = performance.now();
  await docker('stop', '--time', '10', container);
  const tookMs = performance.now() - begun;
  assert.ok(tookMs < 2000, `it took ${tookMs} ms`);
  assert.equal(await inspect(container, '.State.ExitCode'), 0);
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** What the build has made of a folder, below dist/. */
function builtFiles(folder: string): string[] {
  return readdirSync(join(ROOT, 'dist', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(ROOT, 'dist'), join(entry.parentPath, entry.name)));
}

/** `roots` and everything they depend on, as the lock file resolves it, without what images leave out of those. */
function namesBelow(roots: readonly string[]): ReadonlySet<string> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dependencies?: Record<string, string> }>;
  };
  const seen = new Set<string>();
  const visit = (name: string, from: string): void => {
    if (/^(@types\/.*|undici-types|node-addon-api)$/.test(name)) return;
    const path = `${from}node_modules/${name}`;
    if (packages[path] === undefined) {
      assert.notEqual(from, '', `the lock file has ${name}`);
      visit(name, from.slice(0, from.slice(0, -1).lastIndexOf('node_modules/')));
    } else if (!seen.has(path)) {
      seen.add(path);
      for (const next of Object.keys(packages[path].dependencies ?? {})) visit(next, `${path}/`);
    }
  };
  for (const root of roots) visit(root, '');
  return new Set([...seen].map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)));
}
