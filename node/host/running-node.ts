/**
 * A node put together and running: store, core, fabric, control, sensors, services, observations. Everything is handed
 * in by the configuration; nothing here reads the environment or ends the process (main.ts does).
 *
 * Order of a start: the store (which may refuse), the core from its rows, control (which may be away), the fabric
 * (which is waited for), then the inputs. Order of a stop: inputs, services, fabric, work, last words, store.
 */

import { randomBytes, randomInt } from 'node:crypto';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { ByzantineNode } from '../behaviours/byzantine-node.ts';
import { isName } from '../protocol/field-bounds.ts';
import { LedgerNode } from '../protocol/ledger-node.ts';
import type { Request, Vote } from '../protocol/message.ts';
import type { PaperProfile } from '../protocol/paper-profile.ts';
import { describeProblem, type Problem } from '../protocol/parameters.ts';
import { namedProfile } from '../protocol/profiles.ts';
import type { Wallet } from '../protocol/wallet.ts';
import { Prng } from '../simulation/prng.ts';
import { NORMAL_CONDITIONS, type NodeConditions } from './conditions.ts';
import type { BrokerAccess, NodeConfig } from './config.ts';
import { configurationHash } from './configuration-hash.ts';
import { ControlLink } from './control-link.ts';
import type {
  ConditionsCommand,
  NodeReport,
  NodeState,
  NodeStatus,
  OrderCommand,
  Refusal,
  SampleCommand,
} from './control-protocol.ts';
import { type DurableRecord, recordOfRows } from './durable-record.ts';
import { Heartbeat } from './heartbeat.ts';
import type { HttpServer } from './http-server.ts';
import { ledgerReport } from './ledger-report.ts';
import { MqttTransport } from './mqtt-transport.ts';
import { nativeSha256Hex } from './native-hash.ts';
import { NodeClock } from './node-clock.ts';
import { NodeHost } from './node-host.ts';
import type { NodeMetricSources } from './node-metrics.ts';
import { NodeTally } from './node-tally.ts';
import { ObservationFile } from './observation-file.ts';
import { monotonicMs, Observations } from './observations.ts';
import { behaviourProblems } from './read-conditions.ts';
import { runningKernel } from './running-kernel.ts';
import { type Sample, SampleIntake, type SampleProblem } from './sample-intake.ts';
import { timerSchedule } from './schedule.ts';
import { Sealer } from './sealer.ts';
import { createSensors, type VirtualSensor } from './sensor.ts';
import { catalogueOf } from './service-definitions.ts';
import { ServiceRunner } from './services.ts';
import { SlowStore } from './slow-store.ts';
import { SqliteStore } from './sqlite-store.ts';

/** Observations are sent to the lab in batches of this age; the node's own file has them at once. */
const OBSERVATION_BATCH_MS = 25;
/** While there is much to tell, batches are so far apart: each of them costs the lab a message of its control broker. */
const OBSERVATION_BATCHES_APART_MS = 100;
/** Sensor values on their way to the fabric before a source of samples has to wait. */
const SAMPLES_UNDER_WAY_MAX = 256;

/** The configuration cannot be run: 64 as an exit code. Everything else that goes wrong at a start is operating trouble. */
export class ConfigurationError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.problems = problems;
  }
}

export interface RunningNodeOptions {
  readonly config: NodeConfig;
  /** Prints a line for people: to standard output. */
  readonly print: (line: string) => void;
  /** A line about trouble: to standard error. */
  readonly warn: (line: string) => void;
  /** The node cannot go on; the process should end. */
  readonly onFatal: (error: unknown) => void;
}

export class RunningNode {
  readonly #config: NodeConfig;
  readonly #options: RunningNodeOptions;
  readonly #profile: PaperProfile;
  readonly #configurationHash: string;
  readonly #boot = randomBytes(8).toString('hex');
  readonly #kernel = runningKernel();
  readonly #clock = new NodeClock();
  readonly #store: SlowStore;
  /** Of the rows that this life began with. */
  readonly #durableRecord: DurableRecord;
  readonly #core: ByzantineNode;
  readonly #observations: Observations;
  readonly #sealer: Sealer;
  readonly #services: ServiceRunner;
  readonly #transport: MqttTransport;
  readonly #tally: NodeTally;
  readonly #host: NodeHost<Wallet, Request, Vote>;
  readonly #control: ControlLink | null;
  readonly #heartbeat: Heartbeat | null;
  readonly #sensors: readonly VirtualSensor[];
  readonly #closers: (() => Promise<void>)[] = [];
  #http: HttpServer | null = null;
  #conditions: NodeConditions = NORMAL_CONDITIONS;
  #state: NodeState = 'starting';
  #detail: string | null = null;
  #readyMs: number | null = null;
  #batch = '';
  #batchTimer: NodeJS.Timeout | null = null;
  #batchSentMs = Number.NEGATIVE_INFINITY;
  #stopping: Promise<void> | null = null;

  /** Opens what is local. Throws ConfigurationError, StoreError or ObservationFileError. */
  constructor(options: RunningNodeOptions) {
    const { config, warn } = options;
    this.#options = options;
    this.#config = config;
    this.#profile = profileOf(config);
    const misfits = behaviourProblems(config.conditions.behaviours, this.#profile, 'WALLANCE_CONDITIONS.behaviours');
    if (misfits.length > 0) throw new ConfigurationError(misfits);
    this.#sensors = this.#createSensors();
    this.#configurationHash = configurationHash({
      profile: this.#profile.name,
      parameters: this.#profile.parameters,
      members: config.members,
      catalogue: catalogueOf(config.services),
    });
    const identity = { self: config.node, schema: this.#profile.schema, configurationHash: this.#configurationHash };
    this.#store = new SlowStore(
      new SqliteStore({ directory: config.dataDir, identity, durability: config.durability }),
    );
    const recorded = config.observations === 'file';
    const file = recorded
      ? new ObservationFile(join(config.dataDir, 'observations.ndjson'), config.observationsBytesMax)
      : null;
    if (file !== null && file.repair !== null) warn(file.repair);
    const durable = this.#store.load();
    this.#durableRecord = recordOfRows(durable);
    const ledger = new LedgerNode<Wallet, Request, Vote>({
      self: config.node,
      profile: this.#profile,
      durable,
      stream: randomInt(2 ** 32),
    });
    const prng = Prng.seeded(config.seed).stream(`behaviours/${config.seat}`);
    this.#core = new ByzantineNode({ core: ledger, prng });
    this.#observations = new Observations({
      node: config.node,
      seat: config.seat,
      file,
      wallet: (id) => this.#core.wallet(id),
      ...(recorded ? { onLines: (text: string) => this.#batchLines(text) } : {}),
      onTrouble: warn,
    });
    this.#sealer = new Sealer({ inlineDifficultyMax: config.inlineDifficultyMax });
    this.#transport = this.#createTransport();
    this.#services = new ServiceRunner({
      services: config.services,
      print: options.print,
      publish: (topic, payload) => this.#transport.publishTopic(topic, payload),
      commandEnvironment: config.commandEnvironment,
      onEnd: (end) => {
        this.#store.commit([], [end]);
        this.#observations.serviceEnd(end, this.#clock.nowMs());
      },
    });
    this.#tally = new NodeTally(config.node, monotonicMs);
    this.#host = new NodeHost({
      core: this.#core,
      store: this.#store,
      transport: this.#transport,
      sealer: this.#sealer,
      observations: this.#observations,
      services: this.#services,
      tally: this.#tally,
      now: () => this.#clock.nowMs(),
      onOrder: (orderId, outcome) => this.#control?.sendOrderResult({ orderId, node: config.node, ...outcome }),
      onFatal: options.onFatal,
    });
    this.#control = config.control === null ? null : this.#createControl(config.control);
    this.#heartbeat = config.heartbeatFile === null ? null : this.#createHeartbeat(config.heartbeatFile);
  }

  /** Resolves when the node takes part: subscribed to the fabric, inputs open. Waits for a fabric that is not there. */
  async start(): Promise<void> {
    const { config, print, warn } = this.#options;
    this.#bootObservation();
    this.#applyConditions(null, config.conditions);
    this.#control?.open();
    this.#heartbeat?.start();
    const impatience = setTimeout(() => warn(`waiting for the fabric at ${config.fabric.url}`), 2000);
    try {
      await this.#host.start();
    } catch (error) {
      // Stopped while it was waiting for the fabric: that is no failure.
      if (this.#stopping === null) throw error;
    } finally {
      clearTimeout(impatience);
    }
    if (this.#stopping !== null) return;
    await this.#openSampleSources();
    if (config.http !== null) await this.#openHttp(config.http);
    if (this.#conditions.sensors) for (const sensor of this.#sensors) sensor.start();
    this.#readyMs = Math.round(process.uptime() * 1000);
    this.#setState('ready');
    for (const run of this.#store.interrupted) {
      warn(`service ${run.service} (${run.argument}) was interrupted; it is not started again`);
    }
    print(`node ${config.node} of lab ${config.lab} ready in ${this.#readyMs} ms`);
  }

  /** Stops cleanly; a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Tells the lab why the node ends, when it cannot go on. */
  async fail(detail: string): Promise<void> {
    this.#detail = detail;
    this.#state = 'failed';
    this.#observations.settle();
    await this.#control?.close(this.#status());
  }

  async #stop(): Promise<void> {
    this.#setState('stopping');
    for (const sensor of this.#sensors) sensor.stop();
    for (const close of this.#closers.reverse()) await close();
    await this.#services.close();
    await this.#host.close();
    await this.#sealer.close();
    this.#observations.settle();
    this.#flushBatch();
    this.#state = 'offline';
    this.#detail = 'stopped';
    await this.#control?.close(this.#status());
    this.#heartbeat?.close();
    this.#store.close();
  }

  // --- parts ------------------------------------------------------------------------------------------------------

  #createSensors(): readonly VirtualSensor[] {
    const { config } = this.#options;
    const created = createSensors({
      definitions: config.sensors,
      seed: config.seed,
      // Twins have sensors of their own.
      node: config.seat,
      schedule: timerSchedule,
      nowMs: monotonicMs,
      emit: (topic, value) => void this.#share({ topic, value }),
    });
    if (!created.ok) throw new ConfigurationError(created.problems);
    const { idBytes } = this.#profile.parameters;
    const problems = config.sensors.flatMap(({ topic }, i) =>
      isName(topic, idBytes)
        ? []
        : [
            {
              path: `WALLANCE_SENSORS[${i}].topic`,
              expected: `at most ${idBytes} bytes`,
              found: JSON.stringify(topic),
            },
          ],
    );
    if (problems.length > 0) throw new ConfigurationError(problems);
    return created.sensors;
  }

  #createTransport(): MqttTransport {
    const { config } = this.#options;
    return new MqttTransport({
      url: config.fabric.url,
      lab: config.lab,
      seat: config.seat,
      node: config.node,
      password: config.fabric.password?.reveal() ?? '',
      caFingerprint: config.caFingerprint,
      qos: config.fabric.qos,
      clean: config.fabric.cleanSession,
      onSession: (connected) => {
        this.#observations.session('fabric', connected, this.#clock.nowMs());
        this.#heartbeat?.beat();
      },
      onCanary: (canary) => this.#observations.canaryHeard(canary, this.#clock.nowMs()),
    });
  }

  #createHeartbeat(file: string): Heartbeat {
    return new Heartbeat({
      file,
      unfit: () => this.#unfit(),
      schedule: timerSchedule,
      uptimeSeconds: uptime,
      onTrouble: this.#options.warn,
    });
  }

  #createControl(access: BrokerAccess): ControlLink {
    const { lab, seat } = this.#config;
    return new ControlLink({
      url: access.url,
      lab,
      seat,
      password: access.password?.reveal() ?? '',
      caFingerprint: this.#config.caFingerprint,
      status: this.#status(),
      onOrder: (command) => this.#order(command),
      onSample: (command) => void this.#shareMany(command),
      onReportRequest: ({ reportId }) => this.#control?.sendReport(this.#report(reportId)),
      onRefusal: (refusal) => this.#refused(refusal),
      onPing: ({ pingId }) => this.#control?.sendPong({ pingId, t: monotonicMs(), kernel: this.#kernel }),
      onConditions: (command) => this.#takeConditions(command),
      onCanary: ({ canaryId }) => this.#sendCanary(canaryId),
      onSession: (connected) => this.#observations.session('control', connected, this.#clock.nowMs()),
    });
  }

  #bootObservation(): void {
    const { seat, lab, members, durability, fabric } = this.#config;
    const boot = {
      profile: this.#profile.name,
      n: this.#core.n,
      q: this.#profile.quorum(this.#core.n),
      members,
      dbEmpty: this.#store.fresh,
      ...this.#durableRecord,
      boot: this.#boot,
      lab,
      seat,
      durability,
      qos: fabric.qos,
      configurationHash: this.#configurationHash,
      interrupted: this.#store.interrupted.map((run) => run.key),
    };
    const wallets = this.#core.snapshot().wallets.map((wallet) => wallet.id);
    this.#observations.boot(boot, wallets, this.#clock.nowMs());
  }

  // --- inputs -----------------------------------------------------------------------------------------------------

  /** With another configuration the node would only be a faulty one among the others. */
  #refused({ configurationHash }: Refusal): void {
    this.#options.onFatal(
      new ConfigurationError([
        {
          path: 'configuration',
          expected: `that of lab ${this.#config.lab} (hash ${configurationHash.slice(0, 12)}), which refuses this node`,
          found: `another one (hash ${this.#configurationHash.slice(0, 12)}); members, profile, parameters and prices count`,
        },
      ]),
    );
  }

  #takeConditions({ conditionsId, conditions }: ConditionsCommand): void {
    const { node } = this.#config;
    const problems = behaviourProblems(conditions.behaviours, this.#profile, 'conditions.behaviours');
    if (problems.length > 0) {
      const detail = problems.map(describeProblem).join('; ');
      this.#control?.sendConditionsAnswer({ conditionsId, node, outcome: 'invalid', detail });
      return;
    }
    this.#applyConditions(conditionsId, conditions);
    this.#control?.sendConditionsAnswer({ conditionsId, node, outcome: 'in-force' });
  }

  /** The line comes first, so that the deviations which follow it belong to it. */
  #applyConditions(id: string | null, conditions: NodeConditions): void {
    this.#conditions = conditions;
    this.#store.commitDelayMs = conditions.commitDelayMs;
    this.#clock.offsetMs = conditions.clockOffsetMs;
    this.#observations.conditions(id, conditions, this.#clock.wallMs, this.#clock.nowMs());
    if (!conditions.sensors) for (const sensor of this.#sensors) sensor.stop();
    else if (this.#state === 'ready') for (const sensor of this.#sensors) sensor.start();
    this.#host.intervene((nowMs) => this.#core.behave(conditions.behaviours, nowMs));
  }

  #sendCanary(id: string): void {
    this.#observations.canarySent(id, this.#clock.nowMs());
    this.#transport.publishCanary(id).catch(() => {
      // The node stops: nobody is there to hear it.
    });
  }

  /** The price is the catalogue's where the order names none. */
  #order(command: OrderCommand): void {
    const priceDcoins = command.priceDcoins ?? this.#profile.catalogue?.get(command.service) ?? 0;
    this.#host.order({ ...command, priceDcoins });
  }

  async #shareMany({ topic, value, count }: SampleCommand): Promise<void> {
    for (let i = 0; i < count && this.#stopping === null; i++) await this.#share({ topic, value });
  }

  async #share({ topic, value }: Sample): Promise<void> {
    if (this.#stopping !== null) return;
    const { idBytes } = this.#profile.parameters;
    if (!isName(topic, idBytes)) {
      this.#options.warn(`sample refused: topic: expected at most ${idBytes} bytes, got ${JSON.stringify(topic)}`);
      return;
    }
    this.#host.sample(topic, value);
    if (this.#host.underWay >= SAMPLES_UNDER_WAY_MAX) await this.#host.calm(SAMPLES_UNDER_WAY_MAX / 2);
  }

  async #openSampleSources(): Promise<void> {
    const { sampleStdin, sampleFile, sampleTopic, seat } = this.#config;
    if (sampleStdin) {
      const { readSamples } = await import('./sample-stream.ts');
      void readSamples(process.stdin, this.#intake('stdin', 'stdin'));
    }
    if (sampleFile !== null) {
      const { SampleFile } = await import('./sample-file.ts');
      const file = new SampleFile({
        path: sampleFile,
        intake: this.#intake(`file ${sampleFile}`, 'file'),
        schedule: timerSchedule,
      });
      await file.start();
      this.#closers.push(() => file.close());
    }
    if (sampleTopic !== null) {
      const { openSampleTopic } = await import('./sample-topic.ts');
      const giveUp = new AbortController();
      const intake = this.#intake(`mqtt ${sampleTopic.filter}`, 'mqtt');
      const clientId = `${seat}/samples`;
      const opened = openSampleTopic(
        { broker: sampleTopic.broker, filter: sampleTopic.filter, clientId, intake },
        giveUp.signal,
      );
      opened.catch((error: unknown) => {
        if (!giveUp.signal.aborted)
          this.#options.warn(`samples from ${sampleTopic.filter}: ${(error as Error).message}`);
      });
      this.#closers.push(async () => {
        giveUp.abort();
        await opened.then(
          (topic) => topic.close(),
          () => {},
        );
      });
    }
  }

  async #openHttp(http: { readonly host: string; readonly port: number }): Promise<void> {
    const [{ startHttpServer }, { nodeMetricsText }, { programVersion }] = await Promise.all([
      import('./http-server.ts'),
      import('./node-metrics.ts'),
      import('./program-version.ts'),
    ]);
    const version = programVersion();
    this.#http = await startHttpServer({
      ...http,
      unfit: () => this.#unfit(),
      wallets: () => ({ node: this.#config.node, wallets: this.#core.snapshot().wallets }),
      metrics: () => nodeMetricsText({ ...this.#metricSources(), version }),
      intake: this.#intake('http', 'http'),
    });
    this.#closers.push(() => this.#http!.close());
  }

  #intake(source: string, topic: string): SampleIntake {
    const intake = new SampleIntake({
      source,
      topic,
      sink: (sample) => this.#share(sample),
      report: (problem) => this.#options.warn(describeSampleProblem(problem)),
      nowMs: monotonicMs,
    });
    this.#closers.push(async () => intake.close());
    return intake;
  }

  // --- what the lab sees ------------------------------------------------------------------------------------------

  #unfit(): string[] {
    const reasons: string[] = [];
    if (this.#state !== 'ready') reasons.push(`the node is ${this.#state}`);
    if (!this.#transport.connected) reasons.push(this.#transport.lastProblem ?? 'the fabric is away');
    return reasons;
  }

  #setState(state: NodeState): void {
    this.#state = state;
    this.#control?.setStatus(this.#status());
    this.#heartbeat?.beat();
  }

  #status(): NodeStatus {
    const { seat, node } = this.#config;
    return {
      state: this.#state,
      seat,
      node,
      pid: process.pid,
      boot: this.#boot,
      profile: this.#profile.name,
      configurationHash: this.#configurationHash,
      at: Date.now(),
      readyMs: this.#readyMs,
      databaseEmpty: this.#store.fresh,
      http: this.#http?.url ?? null,
      detail: this.#detail,
    };
  }

  #report(reportId: string): NodeReport {
    const { user, system } = process.cpuUsage();
    return {
      reportId,
      node: this.#config.node,
      boot: this.#boot,
      ...ledgerReport(this.#core.snapshot()),
      dcoinRate: this.#profile.parameters.dcoinRate,
      ...this.#tally.counters,
      services: this.#store.serviceRuns(),
      rssBytes: process.memoryUsage.rss(),
      databaseBytes: this.#store.sizeBytes(),
      cpuMs: (user + system) / 1000,
      fabricConnected: this.#transport.connected,
      conditions: this.#conditions,
    };
  }

  #metricSources(): Omit<NodeMetricSources, 'version'> {
    const { lab, seat, node } = this.#config;
    return {
      about: { lab, seat, node, profile: this.#profile.name },
      tally: this.#tally,
      ready: this.#unfit().length === 0,
      fabric: this.#transport,
      work: this.#sealer,
      n: this.#core.n,
      quorum: this.#profile.quorum(this.#core.n),
      wallets: this.#core.snapshot().wallets,
      storedRows: this.#core.storedRows,
      underWay: this.#host.underWay,
      observationsLost: this.#observations.dropped,
      databaseBytes: this.#store.sizeBytes(),
    };
  }

  #batchLines(text: string): void {
    if (this.#config.control === null) return;
    this.#batch += text;
    if (this.#batchTimer !== null) return;
    const untilNextMs = this.#batchSentMs + OBSERVATION_BATCHES_APART_MS - performance.now();
    this.#batchTimer = setTimeout(() => this.#flushBatch(), Math.max(OBSERVATION_BATCH_MS, untilNextMs));
  }

  #flushBatch(): void {
    if (this.#batchTimer !== null) clearTimeout(this.#batchTimer);
    this.#batchTimer = null;
    const lines = this.#batch;
    this.#batch = '';
    this.#batchSentMs = performance.now();
    if (lines !== '') this.#control?.sendObservations(lines);
  }
}

function profileOf(config: NodeConfig): PaperProfile {
  const result = namedProfile({
    profile: config.profile,
    parameters: config.parameters,
    members: config.members,
    catalogue: catalogueOf(config.services),
    hash: nativeSha256Hex,
  });
  if (!result.ok) throw new ConfigurationError(result.problems);
  return result.profile;
}

function describeSampleProblem(problem: SampleProblem): string {
  const more = problem.unreported > 0 ? ` (${problem.unreported} more since the last report)` : '';
  return `sample refused: ${problem.source}, ${problem.place}: expected ${problem.expected}, got ${problem.found}${more}`;
}
