/** Labs of containers as a person meets them: through the command, with a real engine, and with what goes wrong there. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { BuyResult, LabStatus } from '../../orchestrator/lab/lab-commands.ts';
import { LabDirectory, type RunningRecord } from '../../orchestrator/lab/lab-directory.ts';
import { isAlive } from '../../orchestrator/lab/process-identity.ts';
import type { RunSummary } from '../../orchestrator/report/run-summary.ts';
import { LABELS, ledgerVolume } from '../../orchestrator/runtimes/docker/labels.ts';
import { CommandLine, type CommandLineSettings } from '../support/command-line.ts';
import { docker, engineTest, isStuckNetwork } from '../support/engine.ts';
import { IMAGES, NATIVE } from '../support/runtime-world.ts';
import { eventually } from '../support/waiting.ts';

const OTHER = NATIVE === 'amd64' ? 'arm64' : 'amd64';
const native = engineTest([`${IMAGES}-node:${NATIVE}`, `${IMAGES}-lab:${NATIVE}`]);
const mixed = engineTest([`${IMAGES}-node:${NATIVE}`, `${IMAGES}-node:${OTHER}`, `${IMAGES}-lab:${NATIVE}`]);

const LOOK_EVERY_MS = 100;
/** Sensors that give every node 30 units within a moment, and nothing after. */
const QUICK_SENSORS = [{ topic: 'x', kind: 'counter', periodMs: 5, samplesMax: 30 }];

class DockerLab {
  readonly cli: CommandLine;
  readonly directory: LabDirectory;

  constructor(t: TestContext, name = 'lab') {
    this.cli = new CommandLine();
    this.directory = new LabDirectory(this.cli.home, name);
    t.after(async () => {
      await this.cli.run('down', '--volumes', '--lab', name);
      const left: string[] = [];
      for (const thing of await this.left()) {
        const [kind, name = ''] = thing.split(' ');
        if (kind === 'network' && (await isStuckNetwork(name))) t.diagnostic(`the engine does not let go of ${name}`);
        else left.push(thing);
      }
      assert.deepEqual(left, [], 'left in the engine');
    });
  }

  up(...args: readonly string[]) {
    return this.cli.run('up', '--runtime', 'docker', '--images', IMAGES, ...args);
  }

  async upOk(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.up(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** Kinds and names of what the engine has of labs in this home. */
  async left(...kinds: readonly string[]): Promise<string[]> {
    const lists = (kinds.length > 0 ? kinds : ['container', 'network', 'volume']).map(async (kind) => {
      const all = kind === 'container' ? ['--all'] : [];
      const format =
        kind === 'container' ? '{{.Names}} {{.Label "wallance.root"}}' : '{{.Name}} {{.Label "wallance.root"}}';
      const text = await docker(kind, 'ls', ...all, '--filter', `label=${LABELS.root}`, '--format', format);
      return text
        .split('\n')
        .flatMap((line) =>
          line.endsWith(` ${this.#root}`) || line.includes(` ${this.cli.home}/`)
            ? [`${kind} ${line.split(' ')[0]}`]
            : [],
        );
    });
    return (await Promise.all(lists)).flat().sort();
  }

  get #root(): string {
    return this.directory.root;
  }

  get record(): RunningRecord {
    return this.directory.readRunning()!;
  }
}

describe('a lab of containers', { timeout: 240_000 }, () => {
  mixed('six of this architecture and two emulated ones decide purchases', async (t) => {
    const lab = new DockerLab(t);
    const sensors = join(lab.cli.home, 'sensors.json');
    writeFileSync(sensors, JSON.stringify(QUICK_SENSORS));
    const emulated = NATIVE === 'amd64' ? ['--arm64', '2'] : ['--arch', 'arm64,arm64,arm64,amd64'];
    await lab.upOk('--nodes', '8', ...emulated, '--board', 'pi3bplus', '--sensors', sensors);
    const containers = await docker(
      'container',
      'ls',
      '--filter',
      `label=${LABELS.root}=${lab.directory.root}`,
      '--format',
      '{{.ID}}',
    );
    const inspected = JSON.parse(await docker('inspect', ...containers.split('\n'))) as {
      readonly Image: string;
      readonly Config: { readonly Labels: Readonly<Record<string, string>>; readonly Env: readonly string[] };
      readonly HostConfig: Readonly<Record<string, unknown>>;
      readonly NetworkSettings: {
        readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string }[] | null>>;
      };
    }[];
    const nodes = inspected.filter(({ Config }) => Config.Labels[LABELS.role] === 'node');
    assert.equal(nodes.length, 8);
    assert.equal(new Set(nodes.map(({ Image }) => Image)).size, 2);
    for (const { HostConfig, Config } of nodes) {
      assert.equal(HostConfig.ReadonlyRootfs, true);
      assert.deepEqual(HostConfig.CapDrop, ['ALL']);
      assert.deepEqual(HostConfig.SecurityOpt, ['no-new-privileges:true']);
      assert.equal(HostConfig.Memory, 948 * 1024 * 1024);
      assert.equal(HostConfig.PidsLimit, 128);
      const password = readFileSync(join(lab.directory.credentials, `fabric-${Config.Labels[LABELS.seat]}`), 'utf8');
      assert.ok(!JSON.stringify(inspected).includes(password), 'a password can be inspected');
    }
    const published = inspected.flatMap(({ NetworkSettings }) =>
      Object.values(NetworkSettings.Ports).flatMap((p) => p ?? []),
    );
    assert.deepEqual(new Set(published.map(({ HostIp }) => HostIp)), new Set(['127.0.0.1']));

    await eventually(
      async () => {
        const { nodes: views } = await lab.cli.json<LabStatus>('status');
        return views.every(({ report }) => report?.sensorTransactions === 30 * 8);
      },
      'thirty units in every wallet on every node',
      60_000,
      LOOK_EVERY_MS,
    );
    // One of each kind buys.
    for (const node of ['2', '8']) {
      const bought = await lab.cli.json<BuyResult>('buy', node, 'espresso', '--timeout', '30');
      assert.equal(bought.outcome, 'decided');
      assert.equal(bought.decidedBy, 8);
    }
    assert.deepEqual((await lab.cli.json<LabStatus>('status')).differences, []);
    assert.match(await lab.cli.ok('logs', '8'), /one espresso for node 8/);
    assert.match(await lab.cli.ok('logs', '8', '--observations'), /"event":"decide"/);
  });

  native('kill -9 of the lab process: its containers end, clean removes them, the wallets go on', async (t) => {
    // Of this test alone: whatever else is left in the engine is somebody else's.
    const name = `kill-${process.pid}`;
    const lab = new DockerLab(t, name);
    await lab.upOk('--nodes', '3', '--no-sensors', '--lab', name);
    const busy = await lab.cli.ok('clean', '--dry-run', '--lab', name);
    assert.match(busy, /is left alone: its lab process runs/);
    process.kill(lab.record.process.pid, 'SIGKILL');
    await eventually(
      async () => (await docker('ps', '--quiet', '--filter', `label=${LABELS.root}=${lab.directory.root}`)) === '',
      'all containers have ended by themselves',
      20_000,
      LOOK_EVERY_MS,
    );
    assert.equal((await lab.left('container')).length, 4);
    const dry = await lab.cli.ok('clean', '--dry-run', '--lab', name);
    assert.match(dry, /would be removed/);
    assert.equal((await lab.left('container')).length, 4);
    assert.match(
      await lab.cli.ok('clean', '--lab', name),
      /removed:\n {2}container [\s\S]*its wallets are kept in 3 volumes/,
    );
    assert.deepEqual(await lab.left('container', 'network'), []);
    assert.deepEqual(
      await lab.left('volume'),
      ['1', '2', '3'].map((seat) => `volume ${ledgerVolume(lab.directory, seat)}`),
    );
    const again = await lab.cli.ok('up', '--lab', name);
    assert.match(again, /going on with the wallets it had/);
    const elsewhere = await lab.cli.run('up', '--runtime', 'processes', '--lab', name);
    assert.equal(elsewhere.code, 64);
    assert.match(elsewhere.stderr, /runtime: "docker", asked for "processes"/);
    await lab.cli.ok('down', '--lab', name);
    const kept = await lab.cli.run('up', '--runtime', 'processes', '--lab', name);
    assert.equal(kept.code, 64);
    assert.match(kept.stderr, /keeps its wallets in volumes of the container engine/);
  });

  native('a run of containers passes, and its manifest says on what', async (t) => {
    const lab = new DockerLab(t);
    const result = await lab.cli.json<RunSummary>(
      'run',
      '--runtime',
      'docker',
      '--images',
      IMAGES,
      '--nodes',
      '3',
      '--seconds',
      '4',
      '--purchases',
      '4',
      '--memory',
      '200',
    );
    assert.equal(result.verdict, 'pass');
    const manifest = JSON.parse(readFileSync(join(result.path, 'manifest.json'), 'utf8')) as {
      readonly runtime: string;
      readonly engine: { readonly version: string };
      readonly images: readonly { readonly reference: string; readonly id: string; readonly architecture: string }[];
      readonly architectures: Readonly<Record<string, string>>;
      readonly memoryLimitEnforced: boolean;
    };
    assert.equal(manifest.runtime, 'docker');
    assert.match(manifest.engine.version, /^\d+\.\d+/);
    assert.deepEqual(
      manifest.images.map(({ reference }) => reference),
      [`${IMAGES}-node:${NATIVE}`, `${IMAGES}-lab:${NATIVE}`],
    );
    for (const { id } of manifest.images) assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(manifest.architectures, { '1': NATIVE, '2': NATIVE, '3': NATIVE });
    assert.equal(typeof manifest.memoryLimitEnforced, 'boolean');
    assert.deepEqual(await lab.left(), [], 'a bounded run takes its volumes along');
  });

  native('Ctrl-C ends a run in order: code 130, records written, nothing left', async (t) => {
    const lab = new DockerLab(t);
    const run = lab.cli.start(
      'run',
      '--runtime',
      'docker',
      '--images',
      IMAGES,
      '--nodes',
      '2',
      '--seconds',
      '60',
      '--purchases',
      '400',
    );
    let printed = '';
    run.stdout!.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const ended = new Promise<number | null>((done) => run.once('close', done));
    await eventually(() => /bought/.test(printed), 'a first purchase', 30_000, LOOK_EVERY_MS);
    run.kill('SIGINT');
    assert.equal(await ended, 130);
    const [name] = readdirSync(join(lab.cli.home, 'runs/baseline-2')).filter((entry) => entry !== 'latest');
    const path = join(lab.cli.home, 'runs/baseline-2', name!);
    assert.equal((JSON.parse(readFileSync(join(path, 'result.json'), 'utf8')) as { exitCode: number }).exitCode, 130);
    assert.match(readFileSync(join(path, 'nodes/2/stdout.log'), 'utf8'), /^node 2 of lab/);
    assert.deepEqual(await lab.left(), []);
  });

  native('Ctrl-C while containers start leaves nothing but the ledgers', async (t) => {
    const lab = new DockerLab(t);
    const up = lab.cli.start('up', '--runtime', 'docker', '--images', IMAGES, '--nodes', '6', '--no-sensors');
    const ended = new Promise<number | null>((done) => up.once('close', done));
    await eventually(async () => (await lab.left('container')).length > 1, 'a first container', 20_000, LOOK_EVERY_MS);
    up.kill('SIGINT');
    assert.equal(await ended, 130);
    await eventually(
      async () => (await lab.left('container', 'network')).length === 0,
      'all are gone',
      20_000,
      LOOK_EVERY_MS,
    );
    assert.equal((await lab.left('volume')).filter((volume) => volume.includes('credentials')).length, 0);
  });
});

describe('what goes wrong with containers', { timeout: 240_000 }, () => {
  native('a node that the kernel kills for memory: said so, output saved, nothing left', async (t) => {
    const lab = new DockerLab(t);
    const ended = await lab.cli.run('run', '--runtime', 'docker', '--images', IMAGES, '--nodes', '2', '--memory', '16');
    assert.equal(ended.code, 4, ended.stdout + ended.stderr);
    assert.match(ended.stderr, /node \d did not become ready: the kernel killed it for memory \(limit 16 MB\)/);
    const [, path] = /what the nodes printed is in (\S+)/.exec(ended.stderr)!;
    assert.ok(readdirSync(join(path!, 'nodes')).length > 0);
    assert.deepEqual(await lab.left(), []);
  });

  native('a disk that is full under a ledger: the node says so, the others go on', async (t) => {
    const lab = new DockerLab(t);
    const volume = ledgerVolume(lab.directory, '2');
    await docker(
      'volume',
      'create',
      '--label',
      `${LABELS.root}=${lab.directory.root}`,
      '--opt',
      'type=tmpfs',
      '--opt',
      'device=tmpfs',
      '--opt',
      'o=size=1500k,uid=10001',
      volume,
    );
    const sensors = join(lab.cli.home, 'sensors.json');
    writeFileSync(sensors, JSON.stringify([{ topic: 'x', kind: 'counter', periodMs: 60 }]));
    await lab.upOk('--nodes', '3', '--sensors', sensors);
    const status = await eventually(
      async () => {
        const answer = await lab.cli.json<LabStatus>('status');
        return answer.nodes[1]!.state === 'crashed' ? answer : null;
      },
      'node 2 has filled its disk',
      30_000,
      LOOK_EVERY_MS,
    );
    assert.equal(status.nodes[1]!.detail, 'it ended with exit code 4');
    assert.match(await lab.cli.ok('logs', '2'), /! .*(full|no space)/i);
    assert.deepEqual(
      status.nodes.map(({ state }) => state),
      ['ready', 'crashed', 'ready'],
    );
  });

  native('a node that never becomes ready: its last words, and nothing left', async (t) => {
    const lab = new DockerLab(t);
    const directory = mkdtempSync(join(tmpdir(), 'wallance-idle-'));
    writeFileSync(
      join(directory, 'Dockerfile'),
      `FROM ${IMAGES}-node:${NATIVE}\nENTRYPOINT ["tini", "--", "sh", "-c", "echo I only wait >&2; exec sleep 1000"]\n`,
    );
    const name = `wallance-test-${process.pid}`;
    const tags = [`${name}-node:${NATIVE}`, `${name}-lab:${NATIVE}`];
    t.after(() => docker('image', 'rm', ...tags));
    await docker('build', '--quiet', '--tag', tags[0]!, directory);
    await docker('tag', `${IMAGES}-lab:${NATIVE}`, tags[1]!);
    const ended = await lab.cli.run('up', '--runtime', 'docker', '--images', name, '--nodes', '2', '--no-sensors');
    assert.equal(ended.code, 4);
    assert.match(
      ended.stderr,
      /did not come to the expected state within \d+ ms; nothing heard of it\n {4}I only wait/,
    );
    assert.deepEqual(await lab.left('container', 'network'), []);
  });

  native('an image that is missing, one for another architecture: the command that builds it', async (t) => {
    const lab = new DockerLab(t);
    const missing = await lab.cli.run('up', '--runtime', 'docker', '--images', 'wallance-nowhere');
    assert.equal(missing.code, 4);
    assert.match(
      missing.stderr,
      new RegExp(`no image wallance-nowhere-node:${NATIVE}, wallance-nowhere-lab:${NATIVE}; build`),
    );
    assert.match(
      missing.stderr,
      new RegExp(`docker buildx bake -f docker/docker-bake.hcl node-${NATIVE} lab-${NATIVE}`),
    );
    const name = `wallance-test-${process.pid}-other`;
    t.after(() => docker('image', 'rm', `${name}-node:${OTHER}`));
    await docker('tag', `${IMAGES}-node:${NATIVE}`, `${name}-node:${OTHER}`);
    const wrong = await lab.cli.run('up', '--runtime', 'docker', '--images', name, '--arch', OTHER);
    assert.equal(wrong.code, 4);
    assert.match(wrong.stderr, new RegExp(`is for ${NATIVE}, not for ${OTHER}; build it again: docker buildx bake`));
    assert.deepEqual(await lab.left(), []);
  });

  native('a port that is taken', async (t) => {
    const lab = new DockerLab(t);
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const ended = await lab.up('--nodes', '2', '--port', String(port));
    assert.equal(ended.code, 4);
    assert.match(ended.stderr, /cannot start the container of the fabric: the port is taken by somebody else/);
    assert.deepEqual(await lab.left('container', 'network'), []);
  });

  native('an engine without permission', async (t) => {
    const lab = new CommandLine();
    const socket = join(lab.home, 'engine.sock');
    // As root nothing is forbidden: nobody tries it then, with the engine's own socket.
    const settings: CommandLineSettings =
      process.getuid!() === 0
        ? { through: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] }
        : { env: { DOCKER_HOST: `unix://${socket}` } };
    const server = createServer();
    await new Promise<void>((done) => server.listen(socket, done));
    t.after(() => server.close());
    writeFileSync(join(lab.home, 'ignored'), '');
    const { chmodSync } = await import('node:fs');
    chmodSync(socket, 0o000);
    chmodSync(lab.home, 0o777);
    const forbidden = await new CommandLine(lab.home, settings).run('up', '--runtime', 'docker');
    assert.equal(forbidden.code, 4, forbidden.stderr);
    assert.match(forbidden.stderr, /no permission to use \S+\.sock: add yourself to its group/);
  });
});

describe('without an engine', { timeout: 60_000 }, () => {
  const nowhere = { env: { DOCKER_HOST: 'unix:///nonexistent/engine.sock' } };

  it('docker is refused with the reason; auto takes processes and says why', async (t) => {
    const cli = new CommandLine(undefined, nowhere);
    t.after(() => cli.run('down', '--volumes'));
    const refused = await cli.run('up', '--runtime', 'docker');
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /no container engine: \/nonexistent\/engine\.sock does not exist/);
    const clean = await cli.run('clean');
    assert.equal(clean.code, 4);
    const needed = await cli.run('up', '--runtime', 'auto', '--board', 'pi3bplus');
    assert.equal(needed.code, 4);
    const auto = await cli.run('up', '--runtime', 'auto', '--nodes', '2', '--no-sensors');
    assert.equal(auto.code, 0, auto.stderr);
    assert.match(auto.stderr, /^runtime processes: no container engine: \/nonexistent\/engine\.sock does not exist/);
    const status = await cli.json<LabStatus>('status');
    assert.equal(status.nodes.length, 2);
    const record = new LabDirectory(cli.home, 'lab').readRunning()!;
    assert.equal(
      Object.values(record.nodes).every((node) => isAlive(node!)),
      true,
    );
  });

  it('an engine that ignores memory limits: a warning, as recorded from a board with them off', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'wallance-engine-'));
    mkdirSync(directory, { recursive: true });
    const socket = join(directory, 'engine.sock');
    const architecture = NATIVE === 'amd64' ? 'x86_64' : 'aarch64';
    const recorded: Readonly<Record<string, unknown>> = {
      '/info': {
        ID: 'RPI',
        OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
        KernelVersion: '6.12.25+rpt-rpi-v8',
        Architecture: architecture,
        NCPU: 4,
        MemTotal: 949_391_360,
        MemoryLimit: false,
        CpuCfsQuota: true,
        CgroupVersion: '2',
        CgroupDriver: 'systemd',
      },
      '/version': { Version: '28.0.4', ApiVersion: '1.48' },
      ...Object.fromEntries(
        ['node', 'lab'].map((kind) => [
          `/images/wallance-${kind}:${NATIVE}/json`,
          { Id: `sha256:${kind}`, Architecture: NATIVE, Size: 1, RepoDigests: [] },
        ]),
      ),
    };
    const server = createHttpServer((request, response) => {
      const answer = recorded[decodeURIComponent(request.url!.split('?')[0]!)];
      response.writeHead(answer === undefined ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { message: 'nothing was recorded of that' }));
    });
    await new Promise<void>((done) => server.listen(socket, done));
    t.after(() => server.close());
    const cli = new CommandLine(undefined, { env: { DOCKER_HOST: `unix://${socket}` } });
    const ended = await cli.run('up', '--runtime', 'docker', '--board', 'pi3bplus', '--nodes', '2');
    assert.equal(ended.code, 4);
    assert.match(ended.stderr, /^the engine ignores limits of memory: the memory controller of its kernel is off/);
    assert.match(ended.stderr, /the engine says: nothing was recorded of that/);
  });
});
