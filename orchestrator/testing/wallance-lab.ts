/**
 * A lab for other people's tests: a broker and nodes as containers, started and removed by the test that wants them.
 *
 *   await using lab = await new WallanceLab().withNodes(4).start();
 *   await lab.mint('1', 10);
 *   const requestId = await lab.buy('1', 'espresso');
 *   await lab.waitForDecision(requestId);
 *
 * It stands on testcontainers, which chooses the engine by itself and takes another when the first does not answer:
 * name the one that is meant (`withEngine`) where that matters. Its own settings are environment variables, so they are
 * the caller's: without an image registry TESTCONTAINERS_RYUK_DISABLED=true (its helper would be pulled), and
 * TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1 where ports are opened on this machine. Ports are opened on 127.0.0.1 alone.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  PullPolicy,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import type { NodeReport, WalletView } from '../../node/host/control-protocol.ts';
import type { OrderMode } from '../../node/protocol/step.ts';
import { ControlClient } from '../control/control-client.ts';
import { Failure, messageOf } from '../failure.ts';
import { parseObservation } from '../history/observation.ts';
import { newPlan } from '../lab/kept-lab.ts';
import type { LabPlan, SeatPlan } from '../lab/lab-plan.ts';
import { type Purchase, PurchaseWatch } from '../lab/purchase-watch.ts';
import { nodeEnvironment } from '../runtimes/node-environment.ts';

const FABRIC_PORT = 1883;
const CONTROL_PORT = 1884;
const START_MS_MAX = 60_000;
const DECISION_MS_MAX = 30_000;
const REPORT_MS_MAX = 10_000;
/** Of what a container printed, kept to explain why it does not start. */
const SAID_CHARACTERS_MAX = 4000;
const NODE_BYTES_MAX = 160 * 1024 * 1024;
const OTHERS_BYTES_MAX = 256 * 1024 * 1024;
/** Label of everything that a lab makes; the value is the lab's own. */
export const TESTING_LABEL = 'wallance.testing';

export interface Images {
  readonly node: string;
  readonly lab: string;
}

export class WallanceLab {
  #name = `test-${randomBytes(4).toString('hex')}`;
  #nodes = 4;
  #profile = 'paper';
  #parameters: Readonly<Record<string, unknown>> = {};
  #services: unknown;
  #sensors: readonly unknown[] = [];
  #images: Images = { node: 'wallance-node:local', lab: 'wallance-lab:local' };
  #platform: string | null = null;
  #pull = PullPolicy.defaultPolicy();
  #engine: string | null = null;

  /** Name of the lab, 1..32 of a-z, 0-9 and -; drawn when absent. */
  withName(name: string): this {
    this.#name = name;
    return this;
  }

  /** 2..512, default 4. */
  withNodes(nodes: number): this {
    this.#nodes = nodes;
    return this;
  }

  /** Rules of the ledger, default `paper`, with single parameters in place of the profile's. */
  withProfile(profile: string, parameters: Readonly<Record<string, unknown>> = {}): this {
    this.#profile = profile;
    this.#parameters = parameters;
    return this;
  }

  /** What can be bought, as a file for `wallance up --services` has it. */
  withServices(services: readonly unknown[]): this {
    this.#services = services;
    return this;
  }

  /** Virtual sensors of every node, as for `wallance up --sensors`. Default none: wallets change by `mint` alone. */
  withSensors(sensors: readonly unknown[]): this {
    this.#sensors = sensors;
    return this;
  }

  /** Default `wallance-node:local` and `wallance-lab:local`, which docker/README.md tells how to build. */
  withImages(images: Images): this {
    this.#images = images;
    return this;
  }

  /** Of the nodes, e.g. `linux/arm64`; default: what the image is. */
  withPlatform(platform: string): this {
    this.#platform = platform;
    return this;
  }

  /** An image that the engine does not have is an error, not a question to a registry. */
  withoutPulling(): this {
    this.#pull = PullPolicy.neverPull();
    return this;
  }

  /** `docker info --format '{{.ID}}'` of the engine that is meant; `start` refuses another. */
  withEngine(id: string): this {
    this.#engine = id;
    return this;
  }

  /** Resolves when every node takes part. Throws a Failure that says why, with everything removed again. */
  async start(): Promise<StartedWallanceLab> {
    const plan = newPlan(this.#name, {
      nodes: this.#nodes,
      profile: this.#profile,
      parameters: this.#parameters,
      sensors: this.#sensors,
      ...(this.#services === undefined ? {} : { services: this.#services }),
    });
    await this.#checkEngine();
    const started = new Started(plan);
    try {
      await this.#startAll(plan, started);
      return await StartedWallanceLab.over(plan, started);
    } catch (cause) {
      await started.stop();
      if (cause instanceof Failure) throw cause;
      throw new Failure('environment', `the lab does not start: ${messageOf(cause)}`, { cause });
    }
  }

  async #checkEngine(): Promise<void> {
    if (this.#engine === null) return;
    const client = await getContainerRuntimeClient();
    const { ID } = (await client.container.dockerode.info()) as { readonly ID: string };
    if (ID !== this.#engine)
      throw new Failure('environment', `engine: expected ${this.#engine}, got ${ID} (another one answers)`);
  }

  async #startAll(plan: LabPlan, started: Started): Promise<void> {
    started.network = await new Network().start();
    const services = { credentials: '/credentials', listen: ['--listen', '0.0.0.0', '--unencrypted'] };
    const common = ['--lab', plan.lab, '--nodes', String(plan.seats.length), '--credentials', services.credentials];
    const file = (name: string, password: string) => ({
      content: password,
      target: `${services.credentials}/${name}`,
      mode: 0o444,
    });
    const fabric = plan.seats.map(({ seat }) => file(`fabric-${seat}`, started.passwords.fabric.get(seat)!));
    const control = plan.seats.map(({ seat }) => file(`control-${seat}`, started.passwords.control.get(seat)!));
    const broker = this.#container(this.#images.lab, OTHERS_BYTES_MAX, started, 'broker')
      .withCommand(['broker', ...common, ...services.listen, '--port', String(FABRIC_PORT)])
      .withCopyContentToContainer(fabric)
      .withExposedPorts(FABRIC_PORT)
      .withWaitStrategy(Wait.forLogMessage(/^fabric of lab /));
    const lab = this.#container(this.#images.lab, OTHERS_BYTES_MAX, started, 'lab')
      .withCommand(
        ['attach', ...common, ...services.listen, '--port', String(CONTROL_PORT)].concat(
          ['--profile', plan.profile, '--fabric', `mqtt://broker:${FABRIC_PORT}`],
          Object.entries(plan.overrides).map(([key, value]) => `--set=${key}=${JSON.stringify(value)}`),
          this.#services === undefined ? [] : ['--services', '/services.json'],
        ),
      )
      .withCopyContentToContainer([
        ...control,
        file('control-lab', started.passwords.lab),
        { content: JSON.stringify(this.#services ?? []), target: '/services.json', mode: 0o444 },
      ])
      .withExposedPorts(CONTROL_PORT)
      .withWaitStrategy(Wait.forLogMessage(/ control broker at /));
    [started.broker, started.lab] = await Promise.all([started.run(broker), started.run(lab)]);
    await Promise.all(plan.seats.map((seat) => started.run(this.#node(plan, seat, started))));
  }

  #node(plan: LabPlan, seat: SeatPlan, started: Started): LoopbackContainer {
    const { WALLANCE_FABRIC_PASSWORD_FILE, WALLANCE_CONTROL_PASSWORD_FILE, ...variables } = nodeEnvironment(
      plan,
      seat,
      {
        fabricUrl: `mqtt://broker:${FABRIC_PORT}`,
        fabricPasswordFile: '',
        controlUrl: `mqtt://lab:${CONTROL_PORT}`,
        controlPasswordFile: '',
        dataDirectory: '/data',
      },
    );
    const container = this.#container(this.#images.node, NODE_BYTES_MAX, started, `node-${seat.seat}`)
      .withEnvironment({
        ...variables,
        WALLANCE_FABRIC_PASSWORD: started.passwords.fabric.get(seat.seat)!,
        WALLANCE_CONTROL_PASSWORD: started.passwords.control.get(seat.seat)!,
      })
      .withWaitStrategy(Wait.forLogMessage(/^node .* ready in /));
    return this.#platform === null ? container : container.withPlatform(this.#platform);
  }

  #container(image: string, memoryBytesMax: number, started: Started, alias: string): LoopbackContainer {
    return new LoopbackContainer(image, alias, memoryBytesMax)
      .withPullPolicy(this.#pull)
      .withNetwork(started.network!)
      .withNetworkAliases(alias)
      .withLabels({ [TESTING_LABEL]: started.plan.lab })
      .withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges')
      .withStartupTimeout(START_MS_MAX);
  }
}

/** What a test does with a lab. */
export class StartedWallanceLab implements AsyncDisposable {
  /** Ids, as they stand in messages. */
  readonly nodes: readonly string[];
  /** `mqtt://host:port` of the fabric, as this process reaches it; user is a node's id, see `passwordOf`. */
  readonly brokerUrl: string;
  /** Name of the lab, a part of every topic. */
  readonly name: string;
  readonly #plan: LabPlan;
  readonly #started: Started;
  readonly #control: ControlClient;
  readonly #purchases = new PurchaseWatch();

  private constructor(plan: LabPlan, started: Started) {
    this.#plan = plan;
    this.#started = started;
    this.name = plan.lab;
    this.nodes = plan.seats.map(({ node }) => node);
    this.brokerUrl = addressOf(started.broker!, FABRIC_PORT);
    this.#control = new ControlClient({
      url: addressOf(started.lab!, CONTROL_PORT),
      lab: plan.lab,
      username: 'lab',
      password: started.passwords.lab,
      onObservations: (_seat, lines) => {
        for (const line of lines.split('\n')) {
          const observation = line === '' ? null : parseObservation(line);
          if (observation !== null) this.#purchases.take(observation);
        }
      },
    });
    started.beforeStop = () => this.#control.close();
  }

  /** @internal */
  static async over(plan: LabPlan, started: Started): Promise<StartedWallanceLab> {
    const lab = new StartedWallanceLab(plan, started);
    await lab.#control.open();
    await Promise.all(
      plan.seats.map(({ seat }) => lab.#control.whenStatus(seat, ({ state }) => state === 'ready', START_MS_MAX)),
    );
    return lab;
  }

  /** Of a node on the fabric; its devices connect with it, their client id being `<node>/<name>`. */
  passwordOf(node: string): string {
    return this.#started.passwords.fabric.get(this.#seatOf(node))!;
  }

  /** Gives a node sensor values, which earn it units, and waits until every node has credited them all. */
  async mint(node: string, values: number, timeoutMs = DECISION_MS_MAX): Promise<void> {
    const before = await this.#reports();
    const missing = (reports: readonly NodeReport[]) =>
      reports.filter((report, i) => report.sensorTransactions < before[i]!.sensorTransactions + values);
    await this.#control.sample(this.#seatOf(node), { topic: 'mint', value: 1, count: values });
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const late = missing(await this.#reports());
      if (late.length === 0) return;
      if (performance.now() > deadlineMs) {
        const who = late.map((report) => `${report.node} (${report.sensorTransactions})`).join(', ');
        throw new Failure(
          'inconclusive',
          `${values} values of node ${node} not at all nodes in ${timeoutMs} ms: ${who}`,
        );
      }
    }
  }

  /**
   * Orders at a node; resolves with the id of the request. Throws a Failure: `refused` when the node refuses, which
   * says why, `environment` when it does not answer. With `wait` the node keeps the order until it can pay.
   */
  async buy(node: string, service: string, mode: OrderMode = 'strict', timeoutMs = DECISION_MS_MAX): Promise<string> {
    const seat = this.#seatOf(node);
    const orderId = randomUUID();
    return new Promise((done, fail) => {
      const end = (): void => {
        clearTimeout(timer);
        stop();
      };
      const refuse = (code: 'refused' | 'usage' | 'environment' | 'inconclusive', why: string): void => {
        end();
        fail(new Failure(code, why));
      };
      const timer = setTimeout(
        () => refuse('inconclusive', `node ${node} has not requested ${service} within ${timeoutMs} ms`),
        timeoutMs,
      );
      const stop = this.#control.watchOrders((result) => {
        if (result.orderId !== orderId) return;
        if (result.outcome === 'refused') refuse('refused', `node ${node} refuses: ${result.detail}`);
        else if (result.outcome === 'invalid') refuse('usage', `node ${node} refuses: ${result.detail}`);
        else if (result.outcome === 'requested') {
          end();
          done(result.requestId);
        }
      });
      this.#control
        .order(seat, { orderId, service, priceDcoins: null, mode })
        .catch((cause: unknown) => refuse('environment', messageOf(cause)));
    });
  }

  /** Resolves when every node has decided the request. Throws a Failure that says who has not. */
  waitForDecision(requestId: string, timeoutMs = DECISION_MS_MAX): Promise<Purchase> {
    return new Promise((done, fail) => {
      const decided = (): Purchase | null => {
        const purchase = this.#purchases.find(requestId);
        return purchase !== undefined && this.nodes.every((node) => purchase.decidedAtMs.has(node)) ? purchase : null;
      };
      const look = (): void => {
        const purchase = decided();
        if (purchase === null) return;
        clearTimeout(timer);
        stop();
        done(purchase);
      };
      const timer = setTimeout(() => {
        stop();
        const purchase = this.#purchases.find(requestId);
        const late = this.nodes.filter((node) => purchase?.decidedAtMs.has(node) !== true);
        const votes =
          purchase === undefined ? 'nobody has seen it' : `${purchase.votes} votes counted at the requester`;
        fail(
          new Failure(
            'inconclusive',
            `request ${requestId.slice(0, 16)} not decided within ${timeoutMs} ms by nodes ${late.join(', ')}; ${votes}`,
          ),
        );
      }, timeoutMs);
      const stop = this.#purchases.watch(look);
      look();
    });
  }

  /** What every node thinks that everybody holds, by node. */
  async wallets(): Promise<ReadonlyMap<string, readonly WalletView[]>> {
    return new Map((await this.#reports()).map(({ node, wallets }) => [node, wallets]));
  }

  /** Removes containers, their volumes and the network. Idempotent. */
  stop(): Promise<void> {
    return this.#started.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #reports(): Promise<readonly NodeReport[]> {
    return Promise.all(this.#plan.seats.map(({ seat }) => this.#control.report(seat, REPORT_MS_MAX)));
  }

  #seatOf(node: string): string {
    const seat = this.#plan.seats.find((candidate) => candidate.node === node)?.seat;
    if (seat !== undefined) return seat;
    throw new Failure('usage', `node: expected one of ${this.nodes.join(', ')}, got ${JSON.stringify(node)}`);
  }
}

/** Everything of one lab that has to go again. */
class Started {
  readonly plan: LabPlan;
  readonly passwords: {
    readonly fabric: ReadonlyMap<string, string>;
    readonly control: ReadonlyMap<string, string>;
    readonly lab: string;
  };
  network: StartedNetwork | null = null;
  broker: StartedTestContainer | null = null;
  lab: StartedTestContainer | null = null;
  beforeStop: () => Promise<void> = async () => {};
  readonly #containers = new Set<StartedTestContainer>();
  #stopping: Promise<void> | null = null;

  constructor(plan: LabPlan) {
    this.plan = plan;
    const draw = (): string => randomBytes(24).toString('base64url');
    const bySeat = () => new Map(plan.seats.map(({ seat }) => [seat, draw()]));
    this.passwords = { fabric: bySeat(), control: bySeat(), lab: draw() };
  }

  async run(container: LoopbackContainer): Promise<StartedTestContainer> {
    try {
      const started = await container.start();
      this.#containers.add(started);
      return started;
    } catch (cause) {
      const said = container.said.trim();
      const more = said === '' ? '' : `\n${said.replace(/^/gm, '    ')}`;
      throw new Failure('environment', `${container.alias} does not start: ${messageOf(cause)}${more}`, { cause });
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.beforeStop();
      await this.#removeContainers();
      await this.network?.stop();
    })();
    return this.#stopping;
  }

  /** Also those whose start has failed: the library leaves them standing. */
  async #removeContainers(): Promise<void> {
    await Promise.all([...this.#containers].map((container) => container.stop({ timeout: 0 })));
    const { container } = await getContainerRuntimeClient();
    const filters = { label: [`${TESTING_LABEL}=${this.plan.lab}`] };
    const left = await container.dockerode.listContainers({ all: true, filters });
    await Promise.all(left.map(({ Id }) => container.dockerode.getContainer(Id).remove({ force: true, v: true })));
  }
}

/** Of a container, what the library has no word for: limits, ports on 127.0.0.1 alone, and what it said. */
class LoopbackContainer extends GenericContainer {
  readonly alias: string;
  said = '';

  constructor(image: string, alias: string, memoryBytesMax: number) {
    super(image);
    this.alias = alias;
    this.hostConfig.Memory = memoryBytesMax;
    this.hostConfig.PidsLimit = 128;
    this.withLogConsumer((stream: Readable) => {
      stream.on('data', (part: Buffer | string) => {
        this.said = (this.said + String(part)).slice(-SAID_CHARACTERS_MAX);
      });
    });
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const bindings = this.hostConfig.PortBindings as
      | Record<string, { HostIp?: string; HostPort: string }[]>
      | undefined;
    for (const ports of Object.values(bindings ?? {})) for (const port of ports) port.HostIp = '127.0.0.1';
  }
}

function addressOf(container: StartedTestContainer, port: number): string {
  return `mqtt://${container.getHost()}:${container.getMappedPort(port)}`;
}
