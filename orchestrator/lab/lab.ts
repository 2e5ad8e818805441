/**
 * A running lab: the control broker in this process, a fabric and nodes by a runtime, and what is known of them. It
 * starts, observes, commands and stops; where things run is the runtime's business, who asks is the caller's.
 *
 * Readiness is observed: a node is ready when its status says so on the control channel, in the life that was just
 * started. Nothing here waits by sleeping.
 */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { NORMAL_CONDITIONS, type NodeConditions } from '../../node/host/conditions.ts';
import {
  controlTopic,
  type NodeReport,
  type NodeStatus,
  type OrderResult,
  type SampleCommand,
} from '../../node/host/control-protocol.ts';
import { monotonicMs } from '../../node/host/observations.ts';
import { runningKernel } from '../../node/host/running-kernel.ts';
import type { OrderMode } from '../../node/protocol/step.ts';
import { type ClockOffset, measureClock } from '../control/clock-offset.ts';
import { ControlClient, ControlError } from '../control/control-client.ts';
import { type BrokerStats, EmbeddedBroker } from '../fabric/embedded-broker.ts';
import { Failure, messageOf, throwIfInterrupted } from '../failure.ts';
import { type Observation, parseObservation } from '../history/observation.ts';
import type { CollectedFiles, NodeExit, Runtime, RuntimeOptions } from '../runtimes/runtime.ts';
import { type LabCredentials, openCredentials } from './credentials.ts';
import { elsewhere } from './elsewhere.ts';
import { forEachBounded } from './for-each-bounded.ts';
import type { LabDirectory } from './lab-directory.ts';
import { LabFabric } from './lab-fabric.ts';
import type { LabPlan, SeatPlan } from './lab-plan.ts';
import type { LabEvent, SeatState, SeatView } from './lab-view.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { PurchaseWatch } from './purchase-watch.ts';
import { reserveSessions } from './reserve-sessions.ts';

export interface LabOptions {
  readonly plan: LabPlan;
  readonly directory: LabDirectory;
  readonly runtime: (options: RuntimeOptions) => Runtime;
  readonly inherited: Readonly<Record<string, string>>;
  /** Where they were drawn elsewhere; default: those of the directory. */
  readonly credentials?: LabCredentials;
  /** Where the control broker listens; default: 127.0.0.1, a port that is free. */
  readonly control?: { readonly host: string; readonly port: number };
  readonly onEvent: (event: LabEvent) => void;
  /** The nodes that are its own have stopped, the fabric has not, and external ones have heard everything. */
  readonly beforeCatchUp?: () => Promise<void>;
  /** Whether nodes' observations are listened to, default true. Without, purchases cannot be followed live. */
  readonly observe?: boolean;
  /** Every observation that nodes send, its `t` on the clock of this machine. */
  readonly onObservation?: (seat: string, observation: Observation) => void;
  /** What a seat runs under when it is started, in place of the plan's; asked at each start. */
  readonly conditionsOf?: (seat: string) => NodeConditions;
  /** Whole lines of the fabric's journal; absent: it keeps none. */
  readonly onJournal?: (lines: string) => void;
  /** Node processes came or went. */
  readonly onProcesses?: () => void;
}

interface Seat {
  readonly plan: SeatPlan;
  state: SeatState;
  detail: string | null;
  /** Rejects while the node is being started and ends. */
  onExit: ((reason: string) => void) | null;
  /** Operations on a seat follow each other. */
  last: Promise<unknown>;
}

const STOP_GRACE_MS = 5000;
const REPORT_MS_MAX = 3000;
const PING_MS_MAX = 1000;
const LAB_ACCOUNT = 'lab';
/** More than there are processors: a starting node waits for its brokers half of the time. */
const START_AT_A_TIME = 2 * availableParallelism() + 2;
const CATCH_UP_ROUNDS_MAX = 2;
const CATCH_UP_MS_MAX = 3000;
const CATCH_UP_LOOK_MS = 30;

export class Lab {
  readonly plan: LabPlan;
  readonly purchases = new PurchaseWatch();
  readonly fabric = new LabFabric(() => this.#runtime);
  readonly #options: LabOptions;
  readonly #credentials: LabCredentials;
  readonly #seats: ReadonlyMap<string, Seat>;
  readonly #broker: EmbeddedBroker;
  /** Of external nodes, by seat; the others run on this machine. */
  readonly #clocks = new Map<string, ClockOffset>();
  readonly #orderWatchers = new Set<(result: OrderResult) => void>();
  readonly #kernel = runningKernel();
  #control: ControlClient | null = null;
  #runtime: Runtime | null = null;
  #controlUrl = '';
  #stopping: Promise<void> | null = null;
  readonly #stopped = new AbortController();
  /** Nothing is started any more. */
  #ending = false;

  constructor(options: LabOptions) {
    const { plan, directory } = options;
    this.plan = plan;
    this.#options = options;
    this.#credentials =
      options.credentials ??
      openCredentials(
        directory.credentials,
        plan.seats.map(({ seat }) => seat),
      );
    this.#seats = new Map(
      plan.seats.map((seat) => {
        const detail = seat.external === true ? 'it has not joined yet' : null;
        return [seat.seat, { plan: seat, state: 'down', detail, onExit: null, last: Promise.resolve() }];
      }),
    );
    const nodes = plan.seats.map(({ seat, node }) => ({
      seat,
      identity: node,
      password: this.#credentials.control.get(seat)!.password,
      role: 'node' as const,
    }));
    const lab = {
      seat: LAB_ACCOUNT,
      identity: LAB_ACCOUNT,
      password: this.#credentials.lab.password,
      role: 'lab' as const,
    };
    const broker = { kind: 'control', lab: plan.lab, accounts: [...nodes, lab], ...options.control } as const;
    // Not as a client: every line would be written to this process by itself.
    const observed = new Map(plan.seats.map(({ seat }) => [controlTopic(plan.lab, seat, 'observations'), seat]));
    const onMessage = (topic: string, payload: Uint8Array): void => {
      const seat = observed.get(topic);
      if (seat !== undefined) this.#onObservations(seat, textOf(payload));
    };
    this.#broker = new EmbeddedBroker(broker, options.observe === false ? {} : { onMessage });
  }

  get fabricUrl(): string | null {
    return this.fabric.url;
  }

  get controlUrl(): string {
    return this.#controlUrl;
  }

  /** What runs it; null before it is started. */
  get runtime(): Runtime['name'] | null {
    return this.#runtime?.name ?? null;
  }

  /** Starts both brokers and all nodes that are its own; resolves when these are ready. Stops everything again when that fails. */
  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.#startBrokers();
      throwIfInterrupted(signal);
      const own = this.plan.seats
        .filter(({ external, late }) => external !== true && late !== true)
        .map(({ seat }) => seat);
      await forEachBounded(own, START_AT_A_TIME, (seat) => {
        throwIfInterrupted(signal);
        return this.startNode(seat);
      });
      throwIfInterrupted(signal);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #startBrokers(): Promise<void> {
    const { plan, directory, inherited, onEvent } = this.#options;
    let controlPort: number;
    try {
      controlPort = await this.#broker.start();
    } catch (cause) {
      throw new Failure('environment', `the control broker does not start: ${messageOf(cause)}`, { cause });
    }
    this.#controlUrl = `mqtt://127.0.0.1:${controlPort}`;
    onEvent({ kind: 'broker', which: 'control', url: this.#controlUrl });
    this.#control = new ControlClient({
      url: this.#controlUrl,
      lab: plan.lab,
      username: LAB_ACCOUNT,
      password: this.#credentials.lab.password,
      onStatus: (seat, status) => this.#onStatus(seat, status),
      onOrderResult: (_seat, result) => {
        for (const watcher of this.#orderWatchers) watcher(result);
      },
    });
    const runtime = this.#options.runtime({
      plan,
      directory,
      credentials: this.#credentials,
      inherited,
      controlPort,
      listenControl: (host) => this.#broker.listen(host),
      onTrouble: (text) => onEvent({ kind: 'trouble', text }),
      ...(this.#options.onJournal === undefined ? {} : { journal: this.#options.onJournal }),
      onNodeExit: (seat, exit) => this.#onExit(seat, exit),
      onFabricExit: (reason) => {
        this.fabric.failure = reason;
        onEvent({ kind: 'fabric-died', reason });
      },
    });
    this.#runtime = runtime;
    await Promise.all([this.#control.open(), runtime.startFabric()]);
    if (plan.attached !== true) {
      try {
        await reserveSessions(runtime.fabricUrl!, plan, this.#credentials, this.#stopped.signal);
      } catch (cause) {
        if (this.#stopped.signal.aborted) throw new Failure('interrupted', 'interrupted', { cause });
        throw new Failure('environment', `the fabric does not take the seats: ${messageOf(cause)}`, { cause });
      }
    }
    onEvent({ kind: 'broker', which: 'fabric', url: runtime.fabricUrl! });
  }

  // --- nodes ------------------------------------------------------------------------------------------------------

  /** Starts one node and resolves when it is ready. No effect on one that runs. */
  startNode(seatName: string): Promise<void> {
    return this.#inTurn(seatName, (seat) => {
      this.#mustBeOwn(seat, 'start');
      return this.#start(seat);
    });
  }

  /** Ends one node: in good order, or `kill` without notice. No effect on one that is down. */
  stopNode(seatName: string, kill = false): Promise<void> {
    return this.#inTurn(seatName, async (seat) => {
      this.#mustBeOwn(seat, kill ? 'kill' : 'stop');
      if (this.#runtime?.nodeProcess(seatName) == null) return;
      seat.state = 'stopping';
      if (kill) await this.#runtime.killNode(seatName);
      else await this.#runtime.stopNode(seatName, STOP_GRACE_MS);
      seat.state = 'down';
      seat.detail = kill ? 'killed' : 'stopped';
    });
  }

  async restartNode(seatName: string, kill = false): Promise<void> {
    await this.stopNode(seatName, kill);
    await this.startNode(seatName);
  }

  async pauseNode(seatName: string): Promise<void> {
    await this.#inTurn(seatName, (seat) => {
      this.#mustBeOwn(seat, 'pause');
      return this.#runtime!.pauseNode(seatName);
    });
  }

  async resumeNode(seatName: string): Promise<void> {
    await this.#inTurn(seatName, (seat) => {
      this.#mustBeOwn(seat, 'unpause');
      return this.#runtime!.resumeNode(seatName);
    });
  }

  /** Whether the node runs, as far as the lab can know. */
  isUp(seatName: string): boolean {
    const seat = this.#seats.get(seatName);
    if (seat?.plan.external === true) return seat.state === 'starting' || seat.state === 'ready';
    return this.nodeProcess(seatName) !== null;
  }

  /** How a seat is, at this moment, without asking its node. */
  seatState(seatName: string): Pick<SeatView, 'state' | 'detail'> {
    const { state, detail } = this.#seats.get(seatName)!;
    return { state, detail: state === 'ready' ? null : detail };
  }

  /** Where the node's own HTTP interface is; null where it has none, or is not ready. */
  httpOf(seatName: string): string | null {
    if (this.#seats.get(seatName)?.state !== 'ready') return null;
    return this.#control?.status.get(seatName)?.http ?? null;
  }

  /** What the node found at its last start. */
  databaseWasEmpty(seatName: string): boolean {
    return this.#control?.status.get(seatName)?.databaseEmpty ?? false;
  }

  /** Whether the node answers at once; false also where it is frozen. */
  async answers(seatName: string, timeoutMs: number): Promise<boolean> {
    try {
      await this.#control!.ping(seatName, timeoutMs);
      return true;
    } catch (error) {
      if (error instanceof ControlError) return false;
      throw error;
    }
  }

  /** Resolves when the node says that they are in force. Rejects with a ControlError where it does not. */
  async setConditions(seatName: string, conditions: NodeConditions): Promise<void> {
    await this.#control!.setConditions(seatName, conditions);
  }

  /** The node publishes a canary on the fabric; who hears it says so in its observations. */
  async canary(seatName: string, id: string): Promise<void> {
    await this.#control!.canary(seatName, id);
  }

  /** Removes the database of a node that is down. */
  eraseNode(seatName: string): Promise<void> {
    return this.#inTurn(seatName, (seat) => {
      this.#mustBeOwn(seat, 'erase');
      return this.#runtime!.eraseNode(seatName);
    });
  }

  nodeProcess(seatName: string): ProcessIdentity | null {
    return this.#runtime?.nodeProcess(seatName) ?? null;
  }

  collectNode(seatName: string): Promise<CollectedFiles> {
    return this.#inTurn(seatName, () => this.#runtime!.collectNode(seatName));
  }

  /** `verb`: as docker has it. */
  #mustBeOwn({ plan: { node, seat, external } }: Seat, verb: string): void {
    if (external === true) throw new Failure('environment', elsewhere(this.plan, node, `${verb} ${seat}`));
  }

  #inTurn<T>(seatName: string, operation: (seat: Seat) => Promise<T>): Promise<T> {
    const seat = this.#seats.get(seatName);
    if (seat === undefined) {
      const known = [...this.#seats.keys()].join(', ');
      return Promise.reject(new Failure('usage', `node: expected one of ${known}, got ${JSON.stringify(seatName)}`));
    }
    const result = seat.last.then(() => operation(seat));
    seat.last = result.catch(() => {});
    return result;
  }

  async #start(seat: Seat, wanted?: NodeConditions): Promise<void> {
    const { seat: name, node } = seat.plan;
    const conditions = wanted ?? this.#options.conditionsOf?.(name) ?? seat.plan.conditions;
    const runtime = this.#runtime!;
    if (this.#ending || runtime.nodeProcess(name) !== null) return;
    seat.state = 'starting';
    seat.detail = null;
    const bootBefore = this.#control!.status.get(name)?.boot;
    const ended = new Promise<never>((_, fail) => {
      seat.onExit = (reason) => fail(new Failure('environment', `node ${node} did not become ready: ${reason}`));
    });
    ended.catch(() => {});
    try {
      await runtime.startNode(name, { conditions: conditions ?? null });
      this.#options.onProcesses?.();
      const settled = this.#control!.whenStatus(
        name,
        (status) => status.boot !== bootBefore && (status.state === 'ready' || status.state === 'failed'),
        runtime.readyMsMax,
      );
      settled.catch(() => {});
      const status = await Promise.race([settled, ended]);
      // Its exit follows, and what it printed says more.
      if (status.state === 'failed') await ended;
      seat.state = 'ready';
      this.#options.onEvent({
        kind: 'ready',
        seat: name,
        node,
        readyMs: status.readyMs ?? 0,
        databaseEmpty: status.databaseEmpty,
      });
    } catch (cause) {
      const complaint = await runtime.nodeComplaint(name);
      if (seat.state === 'starting') seat.state = 'failed';
      seat.detail = messageOf(cause);
      await runtime.killNode(name);
      if (this.#ending) throw new Failure('interrupted', 'interrupted', { cause });
      throw new Failure(
        'environment',
        complaint === '' ? messageOf(cause) : `${messageOf(cause)}\n${indented(complaint)}`,
        { cause },
      );
    } finally {
      seat.onExit = null;
    }
  }

  #onExit(seatName: string, exit: NodeExit): void {
    const seat = this.#seats.get(seatName)!;
    const how = exit.signal === null ? `it ended with exit code ${exit.code}` : `it was ended by ${exit.signal}`;
    const reason = exit.reason ?? how;
    if (seat.onExit !== null) {
      seat.onExit(reason);
    } else if (exit.asked) {
      this.#options.onEvent({ kind: 'stopped', seat: seatName, node: seat.plan.node, reason });
    } else {
      seat.state = 'crashed';
      seat.detail = reason;
      this.#options.onEvent({ kind: 'died', seat: seatName, node: seat.plan.node, reason });
    }
    this.#options.onProcesses?.();
  }

  #onStatus(seatName: string, status: NodeStatus): void {
    const seat = this.#seats.get(seatName);
    if (seat === undefined) return;
    if (status.configurationHash !== this.plan.configurationHash) this.#refuse(seat, status);
    else if (seat.plan.external === true) this.#follow(seat, status);
    else if (status.state === 'failed') seat.detail = status.detail;
  }

  /** An external node is what it says it is: there is no process to look at. */
  #follow(seat: Seat, status: NodeStatus): void {
    const { node } = seat.plan;
    const before = seat.state;
    seat.state = status.state === 'offline' ? 'down' : status.state;
    seat.detail = status.detail;
    if (seat.state === 'ready' && before !== 'ready') {
      const { readyMs, databaseEmpty } = status;
      void this.#measureClock(seat.plan.seat);
      this.#options.onEvent({ kind: 'ready', seat: seat.plan.seat, node, readyMs: readyMs ?? 0, databaseEmpty });
    } else if (seat.state === 'failed' || (seat.state === 'down' && before === 'ready')) {
      this.#options.onEvent({
        kind: 'died',
        seat: seat.plan.seat,
        node,
        reason: status.detail ?? 'it does not say why',
      });
    }
  }

  /** Tells the node to end; its own last words then do not replace why. */
  #refuse(seat: Seat, { state, configurationHash }: NodeStatus): void {
    const { seat: name, node } = seat.plan;
    const reason = `it has configuration ${configurationHash.slice(0, 12)}, this lab has ${this.plan.configurationHash.slice(0, 12)}`;
    seat.detail = reason;
    if (seat.plan.external === true) seat.state = 'refused';
    if (state !== 'starting' && state !== 'ready') return;
    void this.#control?.refuse(name, { configurationHash: this.plan.configurationHash });
    this.#options.onEvent({ kind: 'refused', node, reason });
  }

  // --- what nodes know --------------------------------------------------------------------------------------------

  /** The node's own view; null where it is down or does not answer in time. */
  async report(seatName: string, timeoutMs = REPORT_MS_MAX): Promise<NodeReport | null> {
    if (!this.isUp(seatName)) return null;
    try {
      return await this.#control!.report(seatName, timeoutMs);
    } catch (error) {
      if (error instanceof ControlError) return null;
      throw error;
    }
  }

  /** Reports of all nodes that answer, by seat. */
  async reports(timeoutMs = REPORT_MS_MAX): Promise<ReadonlyMap<string, NodeReport>> {
    const views = await this.view(timeoutMs);
    return new Map(views.flatMap(({ seat, report }) => (report === null ? [] : [[seat, report]])));
  }

  async view(timeoutMs = REPORT_MS_MAX): Promise<readonly SeatView[]> {
    return Promise.all([...this.#seats.keys()].map((seat) => this.viewOf(seat, timeoutMs)));
  }

  /** `seatName` must be one of the plan. */
  async viewOf(seatName: string, timeoutMs = REPORT_MS_MAX): Promise<SeatView> {
    const { plan, state, detail } = this.#seats.get(seatName)!;
    const status = this.#control?.status.get(seatName);
    return {
      seat: seatName,
      node: plan.node,
      state,
      pid: this.nodeProcess(seatName)?.pid ?? null,
      readyMs: state === 'ready' ? (status?.readyMs ?? null) : null,
      http: this.httpOf(seatName),
      detail: state === 'ready' ? null : detail,
      report: await this.report(seatName, timeoutMs),
    };
  }

  controlStats(): BrokerStats {
    return this.#broker.stats();
  }

  // --- clocks -----------------------------------------------------------------------------------------------------

  /**
   * Measures the clocks of all external nodes that are up. The largest error, milliseconds: 0 where all clocks are this
   * machine's own, null where one could not be measured.
   */
  async measureClocks(): Promise<number | null> {
    const up = this.plan.seats.filter(({ external, seat }) => external === true && this.isUp(seat));
    const errors = await Promise.all(up.map(({ seat }) => this.#measureClock(seat)));
    return errors.every((error) => error !== null) ? Math.max(0, ...errors) : null;
  }

  async #measureClock(seatName: string): Promise<number | null> {
    try {
      const clock = await measureClock(() => this.#control!.ping(seatName, PING_MS_MAX), this.#kernel, monotonicMs);
      this.#clocks.set(seatName, clock);
      return clock.errorMs;
    } catch (error) {
      if (error instanceof ControlError) return null;
      throw error;
    }
  }

  // --- load -------------------------------------------------------------------------------------------------------

  /**
   * Orders at one node; resolves with its first answer. Throws a Failure when the node is away or does not answer:
   * the message says whether the order may still have an effect.
   */
  async order(
    seatName: string,
    service: string,
    mode: OrderMode,
    orderId: string = randomUUID(),
  ): Promise<OrderResult> {
    if (!this.#seats.has(seatName)) await this.#inTurn(seatName, async () => {});
    if (!this.isUp(seatName)) {
      const { plan, state, detail } = this.#seats.get(seatName)!;
      if (plan.external !== true)
        throw new Failure('environment', `node ${seatName} is down: wallance start ${seatName}`);
      const why = detail === null ? '' : ` (${detail})`;
      const remedy = elsewhere(this.plan, plan.node, `${state === 'down' ? 'start' : 'restart'} ${seatName}`);
      throw new Failure('environment', `node ${plan.node} is ${state}${why}; ${remedy}`);
    }
    try {
      return await this.#control!.order(seatName, { orderId, service, priceDcoins: null, mode });
    } catch (cause) {
      if (!(cause instanceof ControlError)) throw cause;
      const doubt = cause.effect === 'indefinite' ? '; the order may have been taken' : '';
      throw new Failure('environment', `${cause.message}${doubt}`, { cause });
    }
  }

  /** Calls `watcher` with every answer to every order; returns what ends that. */
  watchOrders(watcher: (result: OrderResult) => void): () => void {
    this.#orderWatchers.add(watcher);
    return () => this.#orderWatchers.delete(watcher);
  }

  /** Hands sensor values to a node, as if its sensor had given them. */
  async sample(seatName: string, command: SampleCommand): Promise<void> {
    await this.#control!.sample(seatName, command);
  }

  #onObservations(seatName: string, lines: string): void {
    const offsetMs = this.#clocks.get(seatName)?.offsetMs ?? 0;
    for (const line of lines.split('\n')) {
      const observation = line === '' ? null : parseObservation(line);
      if (observation === null) continue;
      const onOurClock = offsetMs === 0 ? observation : { ...observation, t: observation.t - offsetMs };
      this.purchases.take(onOurClock);
      this.#options.onObservation?.(seatName, onOurClock);
    }
  }

  // --- end --------------------------------------------------------------------------------------------------------

  /**
   * Stops nodes, fabric and control, and keeps the files. A second call waits for the first.
   *
   * The fabric's queues end with it, so what a node has not heard then it never will, and its wallets would differ for
   * good. Nodes do not stop at the same instant: where one has missed what others still sent, they are started once
   * more, without sensors, until every queue is empty.
   */
  stop(): Promise<void> {
    this.#stopped.abort();
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Messages that wait at the fabric for nodes that are down: lost once the lab stops. By node, none where there are none. */
  async missedByStopped(): Promise<ReadonlyMap<string, number>> {
    const undelivered = await this.fabric.undelivered();
    const down = [...this.#seats.values()].filter(({ plan }) => !this.isUp(plan.seat));
    return new Map(
      down.flatMap(({ plan }) => {
        const count = undelivered.get(plan.seat) ?? 0;
        return count === 0 ? [] : [[plan.node, count]];
      }),
    );
  }

  async #stop(): Promise<void> {
    const ready = [...this.#seats.values()]
      .filter(({ state, plan }) => state === 'ready' && plan.external !== true)
      .map(({ plan }) => plan.seat);
    try {
      await Promise.all(ready.map((seat) => this.stopNode(seat)));
      await this.#untilHeard(
        this.plan.seats.filter((seat) => seat.external && this.isUp(seat.seat)).map(({ seat }) => seat),
      );
      await this.#options.beforeCatchUp?.();
      for (let round = 0; round < CATCH_UP_ROUNDS_MAX && (await this.#haveMissed(ready)); round++) {
        await forEachBounded(ready, START_AT_A_TIME, (seat) =>
          this.#inTurn(seat, (place) =>
            this.#start(place, { ...NORMAL_CONDITIONS, ...place.plan.conditions, sensors: false }),
          ),
        );
        await this.#untilHeard(ready);
        await Promise.all(ready.map((seat) => this.stopNode(seat)));
      }
    } catch (error) {
      // Whatever it was, the lab stops; a node that has missed something is seen by its wallets.
      if (!(error instanceof Failure)) throw error;
    } finally {
      this.#ending = true;
      await this.#runtime?.dispose();
      for (const seat of this.#seats.values()) if (seat.state !== 'crashed') seat.state = 'down';
      await this.#control?.close();
      await this.#broker.stop();
    }
  }

  async #haveMissed(seats: readonly string[]): Promise<boolean> {
    const undelivered = await this.fabric.undelivered();
    return seats.some((seat) => (undelivered.get(seat) ?? 0) > 0);
  }

  /** Waits until two looks in a row find nothing under way to any of `seats`, with a bound. */
  async #untilHeard(seats: readonly string[]): Promise<void> {
    const deadlineMs = performance.now() + CATCH_UP_MS_MAX;
    for (let quiet = 0; quiet < 2 && performance.now() < deadlineMs; ) {
      await new Promise((done) => setTimeout(done, CATCH_UP_LOOK_MS));
      quiet = (await this.#haveMissed(seats)) ? 0 : quiet + 1;
    }
  }
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
