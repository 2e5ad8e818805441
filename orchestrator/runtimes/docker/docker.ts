/**
 * A lab as containers of one engine on this machine: two networks, the fabric's broker, and a container a node with its
 * ledger in a volume of its own. The control broker stays in the lab process and listens on the control network's
 * gateway beside 127.0.0.1; nothing listens on every address.
 *
 * Each container holds a connection to this process as its standard input, as a process does, and stops in good order
 * when that ends: after a crash of the lab process nothing runs on, and what it left is found by its labels
 * (leftovers.ts). Output is written down as it comes, files are copied out before a container is removed.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import type { BrokerStart } from '../../fabric/broker-dialogue.ts';
import type { BrokerStats } from '../../fabric/embedded-broker.ts';
import type { FabricControl } from '../../fabric/fabric-control.ts';
import { LastingFabric } from '../../fabric/lasting-fabric.ts';
import { Failure, messageOf } from '../../failure.ts';
import { forEachBounded } from '../../lab/for-each-bounded.ts';
import type { SeatPlan } from '../../lab/lab-plan.ts';
import type { ProcessIdentity } from '../../lab/process-identity.ts';
import { DATABASE_PREFIX } from '../database-files.ts';
import { environmentFailure, fabricOptions } from '../fabric-options.ts';
import { lastLines } from '../file-tail.ts';
import { nodeEnvironment, underConditions } from '../node-environment.ts';
import type { Architecture } from '../placement.ts';
import type { CollectedFiles, FabricRestart, NodeExit, NodeStart, Runtime, RuntimeOptions } from '../runtime.ts';
import { BROKER_PORT, BrokerContainer } from './broker-container.ts';
import { DockerFailure } from './docker-failure.ts';
import type { ContainerSpec, ContainerState, Engine } from './engine.ts';
import { LABELS, type Labels, labLabels, ledgerVolume, namePrefix } from './labels.ts';
import { removeRuns } from './leftovers.ts';
import type { TarEntry } from './tar.ts';

/** Null: no limit. */
export interface ContainerLimits {
  readonly memoryBytes: number | null;
  readonly processors: number | null;
  readonly pidsMax: number;
}

export interface DockerSettings {
  /** Of the engine: the broker's. */
  readonly nativeArchitecture: Architecture;
  readonly architecture: (seat: SeatPlan) => Architecture;
  readonly image: (kind: 'node' | 'lab', architecture: Architecture) => string;
  readonly limits: (seat: SeatPlan) => ContainerLimits;
  /** Of containers that are no node's. */
  readonly pidsMax: number;
  /** Of the broker on 127.0.0.1; 0: any. */
  readonly fabricPort: number;
  /** Ledgers are removed with the run. */
  readonly ephemeral: boolean;
}

interface NodeContainer {
  readonly id: string;
  /** Null until it runs. */
  pid: number | null;
  asked: boolean;
  paused: boolean;
  /** Resolves when it has ended and all it printed is written down. */
  ended: Promise<void>;
}

const COMPLAINT_LINES = 12;
const DISPOSE_GRACE_MS = 5000;
/** More than the engine does at once. */
const AT_A_TIME = 8;
const NODE_USER = 10_001;
const DATA = '/data';
const SECRETS = '/run/wallance';
const ERASE = `for (const name of fs.readdirSync('${DATA}')) if (name.startsWith('${DATABASE_PREFIX}')) fs.rmSync('${DATA}/' + name)`;
const READY_MS_MAX = 30_000;
/** An emulated Node takes 20 times as long to start. */
const READY_EMULATED_MS_MAX = 120_000;

export class DockerRuntime implements Runtime {
  readonly name = 'docker';
  /** Of what this object makes. */
  readonly run = randomBytes(6).toString('hex');
  readonly #options: RuntimeOptions;
  readonly #engine: Engine;
  readonly #settings: DockerSettings;
  readonly #prefix: string;
  readonly #labels: Labels;
  readonly #runLabels: Labels;
  /** The last container of a seat, running or not. */
  readonly #nodes = new Map<string, NodeContainer>();
  readonly #lasting: LastingFabric<BrokerContainer>;
  readonly #underWay = new Set<Promise<unknown>>();
  #controlUrl = '';
  #disposing: Promise<void> | null = null;

  constructor(options: RuntimeOptions, engine: Engine, settings: DockerSettings) {
    this.#options = options;
    this.#engine = engine;
    this.#settings = settings;
    this.#prefix = namePrefix(options.directory);
    this.#labels = labLabels(options.directory);
    this.#runLabels = { ...this.#labels, [LABELS.run]: this.run };
    this.#lasting = new LastingFabric({
      options: fabricOptions(options),
      start: (start, before) => this.#startBroker(start, before),
      onJournal: options.journal,
      onExit: (reason) => {
        if (this.#disposing === null) options.onFabricExit(reason);
      },
    });
  }

  get readyMsMax(): number {
    const { architecture, nativeArchitecture } = this.#settings;
    const emulated = this.#options.plan.seats.some((seat) => architecture(seat) !== nativeArchitecture);
    return emulated ? READY_EMULATED_MS_MAX : READY_MS_MAX;
  }

  get fabricUrl(): string | null {
    const { broker } = this.#lasting;
    return broker === null ? null : `mqtt://127.0.0.1:${broker.hostPort}`;
  }

  get fabric(): FabricControl | null {
    return this.#lasting.broker === null ? null : this.#lasting;
  }

  // --- fabric -----------------------------------------------------------------------------------------------------

  async startFabric(): Promise<void> {
    const { directory } = this.#options;
    await this.#begin(async () => {
      // The caller holds the lab's lock: another run of it has ended without removing what it made.
      await removeRuns(this.#engine, directory, this.run);
      this.#goOn();
      const [, gateway] = await Promise.all([
        this.#engine.createNetwork(this.#network('fabric'), this.#runLabels, false),
        this.#engine.createNetwork(this.#network('control'), this.#runLabels, true),
        this.#storeSecrets(),
      ]);
      this.#goOn();
      this.#controlUrl = `mqtt://${gateway}:${await this.#listenControl(gateway)}`;
      await environmentFailure(() => this.#lasting.start());
    });
  }

  async #listenControl(gateway: string): Promise<number> {
    try {
      return await this.#options.listenControl(gateway);
    } catch (cause) {
      const { os } = this.#engine.facts;
      throw new DockerFailure(
        'engine-elsewhere',
        `the networks of the container engine (${os}, ${this.#engine.address}) are not on this machine: ${messageOf(cause)}. ` +
          'Nodes could not reach the lab process, which listens on their gateway alone. Run the lab on the machine of the engine, or --runtime processes',
        { cause },
      );
    }
  }

  async #startBroker(start: BrokerStart, before: BrokerContainer | null): Promise<BrokerContainer> {
    const { nativeArchitecture, image, fabricPort } = this.#settings;
    const name = `${this.#prefix}-fabric`;
    // A name is free when its container is gone, and so is a port of the host: that of the broker before, or of a start
    // that came to nothing.
    if (before !== null) await this.#engine.remove({ kind: 'container', id: name, name });
    this.#goOn();
    return BrokerContainer.start(
      this.#engine,
      {
        name,
        image: image('lab', nativeArchitecture),
        architecture: nativeArchitecture,
        labels: { ...this.#runLabels, [LABELS.role]: 'fabric' },
        networks: [{ name: this.#network('fabric'), alias: 'fabric' }],
        volumes: [],
        memoryBytes: null,
        processors: null,
        pidsMax: this.#settings.pidsMax,
      },
      before?.hostPort ?? fabricPort,
      start,
    );
  }

  fabricStats(): Promise<BrokerStats | null> {
    return this.#lasting.stats();
  }

  restartFabric({ sessions, downMs }: FabricRestart): Promise<void> {
    return this.#begin(() => environmentFailure(() => this.#lasting.restart(sessions, downMs)));
  }

  pauseFabric(): Promise<void> {
    return environmentFailure(() => this.#lasting.pause());
  }

  resumeFabric(): Promise<void> {
    return environmentFailure(() => this.#lasting.resume());
  }

  /**
   * Writes each seat's passwords and recorded data into a volume that its node can only read. They go by way of a
   * container that is never started, since a container of a node has them read-only from its beginning.
   */
  async #storeSecrets(): Promise<void> {
    const { plan } = this.#options;
    const { nativeArchitecture, image } = this.#settings;
    const labels = { ...this.#runLabels, [LABELS.role]: 'credentials' };
    const name = `${this.#prefix}-credentials`;
    const id = await this.#engine.createContainer({
      name,
      image: image('lab', nativeArchitecture),
      architecture: nativeArchitecture,
      labels,
      env: {},
      networks: [],
      writableRoot: true,
      volumes: plan.seats.map(({ seat }) => ({
        name: this.#secretsVolume(seat),
        target: `/seats/${seat}`,
        readOnly: false,
        labels: { ...labels, [LABELS.seat]: seat },
      })),
      memoryBytes: null,
      processors: null,
      pidsMax: this.#settings.pidsMax,
      healthCheck: false,
    });
    const files = plan.seats.flatMap((seat) => this.#secretsOf(seat));
    await this.#engine.upload(id, '/seats', files);
    await this.#engine.remove({ kind: 'container', id, name });
  }

  #secretsOf({ seat }: SeatPlan): readonly TarEntry[] {
    const { credentials, plan } = this.#options;
    const file = (name: string, content: string | Buffer): TarEntry => ({
      name: `${seat}/${name}`,
      content: Buffer.from(content),
      mode: 0o400,
      uid: NODE_USER,
    });
    return [
      file('fabric-password', credentials.fabric.get(seat)!.password),
      file('control-password', credentials.control.get(seat)!.password),
      ...recordedFiles(plan.sensors).map((path, index) => file(recordedName(index), readRecorded(path))),
    ];
  }

  // --- nodes ------------------------------------------------------------------------------------------------------

  async startNode(seat: string, { conditions }: NodeStart = { conditions: null }): Promise<void> {
    const place = underConditions(this.#options.plan.seats.find((candidate) => candidate.seat === seat)!, conditions);
    await this.#begin(async () => {
      const before = this.#nodes.get(seat);
      if (before !== undefined)
        await this.#engine.remove({ kind: 'container', id: before.id, name: this.#containerName(seat) });
      this.#nodes.delete(seat);
      this.#goOn();
      const id = await this.#createNode(place);
      const node: NodeContainer = { id, pid: null, asked: false, paused: false, ended: Promise.resolve() };
      this.#nodes.set(seat, node);
      const written = await this.#writeDown(id, seat);
      try {
        this.#goOn();
        await this.#engine.start(id, `the container of node ${place.node} (${this.#settings.architecture(place)})`);
      } catch (error) {
        // Attached to a container that never runs: nobody else would ever end that.
        written.detach();
        throw error;
      }
      node.pid = 0;
      node.ended = this.#follow(seat, node, written);
      const state = await this.#engine.state(id);
      if (node.pid === 0) node.pid = state?.pid ?? 0;
    });
  }

  async #createNode(place: SeatPlan): Promise<string> {
    const { plan } = this.#options;
    const { architecture, image, limits } = this.#settings;
    const { seat } = place;
    const files = recordedFiles(plan.sensors);
    const inside = { ...plan, sensors: plan.sensors.map((sensor) => withFile(sensor, files)) };
    return this.#engine.createContainer({
      name: this.#containerName(seat),
      image: image('node', architecture(place)),
      architecture: architecture(place),
      labels: { ...this.#runLabels, [LABELS.role]: 'node', [LABELS.seat]: seat },
      env: {
        ...nodeEnvironment(inside, place, {
          fabricUrl: `mqtt://fabric:${BROKER_PORT}`,
          fabricPasswordFile: `${SECRETS}/fabric-password`,
          controlUrl: this.#controlUrl,
          controlPasswordFile: `${SECRETS}/control-password`,
          dataDirectory: DATA,
        }),
        WALLANCE_PARENT_PIPE: 'true',
      },
      networks: [
        { name: this.#network('fabric'), alias: `node-${seat}` },
        { name: this.#network('control'), alias: `node-${seat}` },
      ],
      volumes: [
        this.#ledger(seat),
        { name: this.#secretsVolume(seat), target: SECRETS, readOnly: true, labels: this.#runLabels },
      ],
      ...limits(place),
      healthCheck: true,
    });
  }

  #ledger(seat: string): ContainerSpec['volumes'][number] {
    const labels = this.#settings.ephemeral ? this.#runLabels : this.#labels;
    return {
      name: ledgerVolume(this.#options.directory, seat),
      target: DATA,
      readOnly: false,
      labels: { ...labels, [LABELS.role]: 'ledger', [LABELS.seat]: seat },
    };
  }

  /** Appends what the container prints to the seat's files. Resolves, when attached, with the end of that. */
  async #writeDown(
    id: string,
    seat: string,
  ): Promise<{ readonly done: Promise<unknown>; readonly detach: () => void }> {
    const files = this.#options.directory.nodeFiles(seat);
    mkdirSync(files.directory, { recursive: true, mode: 0o700 });
    const { stdin, stdout, stderr } = await this.#engine.attach(id);
    // Nothing is ever written to it; its end is what counts.
    stdin.on('error', () => {});
    const written = [
      stdout.pipe(createWriteStream(files.stdout, { flags: 'a', mode: 0o600 })),
      stderr.pipe(createWriteStream(files.stderr, { flags: 'a', mode: 0o600 })),
    ].map((file) => new Promise<void>((done) => file.once('close', done).once('error', () => done())));
    return { done: Promise.all(written), detach: () => stdin.destroy() };
  }

  async #follow(seat: string, node: NodeContainer, written: { readonly done: Promise<unknown> }): Promise<void> {
    let exit: NodeExit;
    try {
      const state = await this.#engine.untilStopped(node.id);
      await written.done;
      exit = this.#exitOf(seat, state, node.asked);
    } catch (error) {
      exit = { code: null, signal: null, asked: node.asked, reason: messageOf(error) };
    }
    node.pid = null;
    this.#options.onNodeExit(seat, exit);
  }

  #place(seat: string): SeatPlan {
    return this.#options.plan.seats.find((candidate) => candidate.seat === seat)!;
  }

  #exitOf(seat: string, state: ContainerState | null, asked: boolean): NodeExit {
    if (state === null) return { code: null, signal: null, asked, reason: 'its container was removed' };
    const { exitCode, outOfMemory } = state;
    if (outOfMemory) {
      const { memoryBytes } = this.#settings.limits(this.#place(seat));
      const limit = memoryBytes === null ? '' : ` (limit ${Math.floor(memoryBytes / 1024 / 1024)} MB)`;
      return { code: exitCode, signal: 'SIGKILL', asked, reason: `the kernel killed it for memory${limit}` };
    }
    // As a shell counts: 128 and the number of the signal.
    const signal = exitCode === 137 ? 'SIGKILL' : exitCode === 143 ? 'SIGTERM' : null;
    return { code: exitCode, signal, asked };
  }

  #running(seat: string): NodeContainer | undefined {
    const node = this.#nodes.get(seat);
    return node === undefined || node.pid === null ? undefined : node;
  }

  async stopNode(seat: string, graceMs: number): Promise<void> {
    const node = this.#running(seat);
    if (node === undefined) return;
    node.asked = true;
    if (node.paused) await this.#engine.unpause(node.id);
    await this.#engine.stop(node.id, graceMs);
    await node.ended;
  }

  async killNode(seat: string): Promise<void> {
    const node = this.#running(seat);
    if (node === undefined) return;
    node.asked = true;
    await this.#engine.kill(node.id);
    // What is frozen dies when it is let go.
    if (node.paused) await this.#engine.unpause(node.id);
    await node.ended;
  }

  async pauseNode(seat: string): Promise<void> {
    const node = this.#running(seat);
    if (node === undefined) return;
    await this.#engine.pause(node.id);
    node.paused = true;
  }

  async resumeNode(seat: string): Promise<void> {
    const node = this.#running(seat);
    if (node === undefined) return;
    await this.#engine.unpause(node.id);
    node.paused = false;
  }

  /** By a container beside the node's own, which has the same volume: the engine can read files, but not remove them. */
  async eraseNode(seat: string): Promise<void> {
    const place = this.#place(seat);
    if (this.#running(seat) !== undefined)
      throw new Failure('environment', `seat ${seat} runs: its database is in use`);
    const { image, architecture, pidsMax } = this.#settings;
    const name = `${this.#prefix}-erase-${seat}`;
    await this.#begin(async () => {
      const id = await this.#engine.createContainer({
        name,
        image: image('node', architecture(place)),
        architecture: architecture(place),
        labels: { ...this.#runLabels, [LABELS.role]: 'erase', [LABELS.seat]: seat },
        entrypoint: ['tini', '--', 'node', '-e', ERASE],
        env: {},
        networks: [],
        volumes: [this.#ledger(seat)],
        memoryBytes: null,
        processors: null,
        pidsMax,
        healthCheck: false,
      });
      try {
        await this.#engine.start(id, `the container that erases seat ${seat}`);
        const state = await this.#engine.untilStopped(id);
        if (state?.exitCode !== 0)
          throw new Failure('environment', `seat ${seat} was not erased: exit code ${state?.exitCode}`);
      } finally {
        await this.#engine.remove({ kind: 'container', id, name });
      }
    });
  }

  /** Its pid on the engine's machine. Not to be signalled from here: the engine ends what it started. */
  nodeProcess(seat: string): ProcessIdentity | null {
    const node = this.#running(seat);
    return node === undefined ? null : { pid: node.pid!, started: '' };
  }

  async nodeComplaint(seat: string): Promise<string> {
    return lastLines(this.#options.directory.nodeFiles(seat).stderr, COMPLAINT_LINES).join('\n');
  }

  async collectNode(seat: string): Promise<CollectedFiles> {
    const files = this.#options.directory.nodeFiles(seat);
    const node = this.#nodes.get(seat);
    // After `dispose` they are here already.
    if (node !== undefined) await this.#engine.download(node.id, DATA, files.directory);
    return files;
  }

  // --- end --------------------------------------------------------------------------------------------------------

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  /** Goes through to its end whatever fails on the way, and tells of that. */
  async #dispose(): Promise<void> {
    const { onTrouble } = this.#options;
    const tried = async (doing: string, perform: () => Promise<unknown>): Promise<void> => {
      try {
        await perform();
      } catch (error) {
        onTrouble(`${doing}: ${messageOf(error)}`);
      }
    };
    await Promise.allSettled(this.#underWay);
    await forEachBounded([...this.#nodes.keys()], AT_A_TIME, async (seat) => {
      await tried(`stopping seat ${seat}`, () => this.stopNode(seat, DISPOSE_GRACE_MS));
      await tried(`saving the files of seat ${seat}`, () => this.collectNode(seat));
    });
    this.#nodes.clear();
    await tried('stopping the fabric', () => this.#lasting.stop());
    await tried('removing what this run made (wallance clean does it later)', () =>
      removeRuns(this.#engine, this.#options.directory, null, this.run),
    );
  }

  /** Lets `dispose` wait for `operation`. */
  async #begin(operation: () => Promise<void>): Promise<void> {
    this.#goOn();
    const under = operation();
    this.#underWay.add(under);
    try {
      await under;
    } finally {
      this.#underWay.delete(under);
    }
  }

  #goOn(): void {
    if (this.#disposing !== null) throw new Failure('interrupted', 'interrupted');
  }

  #network(which: 'fabric' | 'control'): string {
    return `${this.#prefix}-${which}`;
  }

  #containerName(seat: string): string {
    return `${this.#prefix}-node-${seat}`;
  }

  #secretsVolume(seat: string): string {
    return `${this.#prefix}-credentials-${seat}`;
  }
}

/** Files of recorded data that sensors replay, each once. */
function recordedFiles(sensors: readonly unknown[]): readonly string[] {
  return [...new Set(sensors.map(fileOf).filter((file) => file !== null))];
}

function readRecorded(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Failure('environment', `cannot read the recorded data of a sensor: ${messageOf(cause)}`, { cause });
  }
}

function fileOf(sensor: unknown): string | null {
  const file = (sensor as { readonly file?: unknown } | null)?.file;
  return typeof file === 'string' ? file : null;
}

function recordedName(index: number): string {
  return `recorded-${index + 1}`;
}

/** The sensor as its node finds it. */
function withFile(sensor: unknown, files: readonly string[]): unknown {
  const file = fileOf(sensor);
  return file === null ? sensor : { ...(sensor as object), file: `${SECRETS}/${recordedName(files.indexOf(file))}` };
}
