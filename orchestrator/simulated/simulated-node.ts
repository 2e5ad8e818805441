/**
 * One seat of a simulated lab over all its lives: the same state machine as in a node's process, and what a process
 * does round it (host/node-host.ts, host/running-node.ts) in the same order, in virtual time. One thing at a time:
 * taking a delivery, the hashes of its nonces and its commit take as long as the seat's pace says, and what comes
 * meanwhile waits. The commit precedes the lines of the record, those precede what leaves the node, and a delivery is
 * acknowledged last.
 *
 * A crash may come at any moment of that: before the commit, then nothing of it has happened and the delivery comes
 * again; or while a slow disk still holds the process, then it is durable and nobody has heard of it. Rows and the
 * place in the record outlive a life, nothing else does.
 *
 * Not modelled: the reader of samples from outside, the limits of the service runner, memory.
 */

import { ByzantineNode } from '../../node/behaviours/byzantine-node.ts';
import type { StepEffect } from '../../node/behaviours/step-machine.ts';
import { type Canary, encodeCanary } from '../../node/host/canary.ts';
import { NORMAL_CONDITIONS, type NodeConditions } from '../../node/host/conditions.ts';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { recordOfRows } from '../../node/host/durable-record.ts';
import { canaryTopic, channelTopic, peerTopic } from '../../node/host/fabric-topics.ts';
import { ledgerReport } from '../../node/host/ledger-report.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { NodeClock } from '../../node/host/node-clock.ts';
import type { Intervention } from '../../node/host/node-host.ts';
import type { HostCounters } from '../../node/host/node-tally.ts';
import type { Observations } from '../../node/host/observations.ts';
import { INLINE_DIFFICULTY_MAX } from '../../node/host/sealer.ts';
import { createSensors } from '../../node/host/sensor.ts';
import type { ServiceRun } from '../../node/host/store.ts';
import { SERVICE_RUNS_MAX } from '../../node/host/store-rules.ts';
import type { Change } from '../../node/protocol/durable.ts';
import { invariant } from '../../node/protocol/invariant.ts';
import type { MessageHead } from '../../node/protocol/message.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Effect, Input, Order, OrderOutcome } from '../../node/protocol/step.ts';
import type { Wallet } from '../../node/protocol/wallet.ts';
import type { Pace } from '../../node/simulation/pace.ts';
import { Prng } from '../../node/simulation/prng.ts';
import type { SensorDefinition } from '../../node/simulation/sensor-series.ts';
import type { Timeline } from '../../node/simulation/timeline.ts';
import type { VirtualDisk } from '../../node/simulation/virtual-disk.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import type { CoreUnderTest } from './core-under-test.ts';
import {
  commits,
  hashesOf,
  type Job,
  type Life,
  type Step,
  startedRun,
  type Timer,
  type Transaction,
} from './node-life.ts';
import type { ParcelOpener } from './opened-parcel.ts';
import type { Copy, FabricClient, SimulatedFabric } from './simulated-fabric.ts';

/** What a node writes its record with. */
export type Recorder = Pick<
  Observations,
  'record' | 'flush' | 'boot' | 'session' | 'conditions' | 'canarySent' | 'canaryHeard' | 'serviceEnd'
>;

export interface NodeListeners {
  onOrder(orderId: string, outcome: OrderOutcome): void;
  /** It has decided a request, its own or another's. */
  onDecided(requestId: string): void;
  onDeviated(): void;
  onCanarySent(id: string): void;
  onCanaryHeard(canary: Canary): void;
}

export interface SimulatedNodeOptions {
  readonly lab: LabPlan;
  readonly seat: string;
  readonly node: string;
  readonly profile: PaperProfile;
  readonly begin: CoreUnderTest['begin'];
  readonly pace: Pace;
  readonly sensors: readonly SensorDefinition[];
  readonly timeline: Timeline;
  /** Unix milliseconds at the beginning of virtual time. */
  readonly epochMs: number;
  readonly fabric: SimulatedFabric;
  readonly opener: ParcelOpener;
  readonly disk: VirtualDisk;
  readonly recorder: (wallet: (id: string) => Wallet | undefined) => Recorder;
  readonly listeners: NodeListeners;
}

/** A purchased service takes so long: nothing of it is run. */
const SERVICE_MS = 1;
const STREAMS = 2 ** 32;
/** Most steps store one set of changes, or none: no list is made for them. */
const NO_CHANGES: readonly Change[] = [];
const NO_RUNS: readonly ServiceRun[] = [];

export class SimulatedNode implements FabricClient {
  readonly #options: SimulatedNodeOptions;
  readonly #recorder: Recorder;
  readonly #runs = new Map<string, ServiceRun>();
  #lives = 0;
  #life: Life | null = null;
  #conditions: NodeConditions = NORMAL_CONDITIONS;
  #busyMs = 0;
  #changedMs = 0;
  #wasFresh = true;
  /** Called between two steps. */
  #waiting: (() => void)[] = [];

  constructor(options: SimulatedNodeOptions) {
    this.#options = options;
    this.#recorder = options.recorder((id) => this.#life?.core.wallet(id));
  }

  get up(): boolean {
    return this.#life !== null;
  }

  /** It runs and is not frozen. */
  get answering(): boolean {
    return this.#life?.paused === false;
  }

  /** Nothing is to be done at this moment. */
  get idle(): boolean {
    const life = this.#life;
    return life === null || (!life.working && life.inbox.length === 0);
  }

  /** Units that it believes `id` to hold; 0 where it knows no such wallet, null where it does not answer. */
  unitsOf(id: string): number | null {
    const life = this.#life;
    return life === null || life.paused ? null : (life.core.wallet(id)?.units ?? 0);
  }

  /** When it last stored something or had something under way, virtual milliseconds. */
  get changedMs(): number {
    return this.#changedMs;
  }

  /** What it found at its last start. */
  get databaseWasEmpty(): boolean {
    return this.#wasFresh;
  }

  // --- lives ------------------------------------------------------------------------------------------------------

  /** Begins a life with what is on the disk. It is down. */
  start(conditions: NodeConditions): void {
    invariant(this.#life === null, () => `seat ${this.#options.seat} is started twice`);
    const { lab, seat, profile, disk, fabric } = this.#options;
    const life = this.#born();
    this.#life = life;
    this.#wasFresh = life.fresh;
    const { core } = life;
    const boot = {
      profile: profile.name,
      n: core.n,
      q: profile.quorum(core.n),
      members: profile.membership.members,
      dbEmpty: life.fresh,
      ...recordOfRows(disk.load()),
      boot: life.boot,
      lab: lab.lab,
      seat,
      durability: lab.durability,
      qos: lab.qos,
      configurationHash: lab.configurationHash,
      interrupted: life.interrupted.map((run) => run.key),
    };
    this.#recorder.boot(
      boot,
      core.snapshot().wallets.map((wallet) => wallet.id),
      life.clock.nowMs(),
    );
    this.#applyConditions(life, null, conditions);
    this.#recorder.session('control', true, life.clock.nowMs());
    this.#input(life, { kind: 'start' });
    fabric.attach(seat, this);
    life.ready = true;
    if (this.#conditions.sensors) for (const sensor of life.sensors) sensor.start();
  }

  #born(): Life {
    const { lab, seat, node, profile, begin, sensors, disk, timeline, epochMs } = this.#options;
    const prng = Prng.seeded(lab.seed, nativeSha256Hex);
    const draws = prng.stream(`life/${seat}/${this.#lives++}`);
    const fresh = disk.empty && this.#runs.size === 0;
    const interrupted = [...this.#runs.values()]
      .filter(({ phase }) => phase === 'started')
      .map((run): ServiceRun => ({ ...run, phase: 'interrupted' }));
    for (const run of interrupted) this.#runs.set(run.key, run);
    const ledger = begin({
      self: node,
      profile,
      durable: disk.load(),
      stream: draws.integer(0, STREAMS - 1),
    });
    const core = new ByzantineNode({ core: ledger, prng: prng.stream(`behaviours/${seat}`) });
    const boot = Array.from({ length: 2 }, () => draws.uint32().toString(16).padStart(8, '0')).join('');
    const created = createSensors({
      definitions: sensors,
      seed: lab.seed,
      node: seat,
      schedule: (delayMs, run) => {
        const appointment = timeline.appoint(timeline.nowMs + delayMs, () => this.#fire(life, run));
        return () => timeline.cancel(appointment);
      },
      nowMs: () => timeline.nowMs,
      emit: (topic, value) => this.#input(life, { kind: 'sample', topic, value }),
    });
    invariant(created.ok, () => `sensors of seat ${seat}: ${JSON.stringify(created)}`);
    const life: Life = {
      core,
      boot,
      fresh,
      interrupted,
      clock: new NodeClock(() => epochMs + timeline.nowMs),
      sensors: created.sensors,
      inbox: [],
      timers: new Map(),
      paused: false,
      late: [],
      doing: null,
      working: false,
      nowMs: 0,
      sealedMs: 0,
      ready: false,
      services: new Map(),
      rejections: {},
      decisions: 0,
      sensorTransactions: 0,
    };
    return life;
  }

  /** Ends without notice. No effect on one that is down. */
  crash(): void {
    const life = this.#life;
    if (life === null) return;
    const { doing } = life;
    // It was killed behind its commit: durable, and nobody has heard of it.
    if (doing !== null && doing.commitsAtMs <= this.#options.timeline.nowMs) this.#commit(doing.changes, doing.runs);
    this.#end(life);
  }

  /** Ends in good order, after what it is doing. No effect on one that is down. */
  stop(): void {
    const life = this.#life;
    if (life === null) return;
    if (life.doing !== null) this.#finish(life, life.doing);
    for (const run of life.services.values()) this.#serviceEnds(life, { ...run, phase: 'interrupted' }, 'stopped');
    this.#end(life);
  }

  #end(life: Life): void {
    const { timeline, fabric, seat } = this.#options;
    for (const sensor of life.sensors) sensor.stop();
    for (const { appointment } of life.timers.values()) timeline.cancel(appointment);
    life.inbox.length = 0;
    life.doing = null;
    this.#life = null;
    fabric.detach(seat);
    this.#between();
  }

  pause(): void {
    if (this.#life !== null) this.#life.paused = true;
  }

  resume(): void {
    const life = this.#life;
    if (life === null || !life.paused) return;
    life.paused = false;
    for (const run of life.late.splice(0)) run();
    this.#work(life);
  }

  /** The database is gone; the record of what it saw stays. It is down. */
  erase(): void {
    invariant(this.#life === null, () => `seat ${this.#options.seat} is up and its database is erased`);
    this.#options.disk.lose();
    this.#runs.clear();
  }

  // --- what the lab tells it --------------------------------------------------------------------------------------

  setConditions(id: string, conditions: NodeConditions): void {
    this.#fireNow((life) => this.#applyConditions(life, id, conditions));
  }

  /** The price is the catalogue's. */
  order(order: Omit<Order, 'priceDcoins'>): void {
    const priceDcoins = this.#options.profile.catalogue?.get(order.service) ?? 0;
    this.#fireNow((life) => this.#input(life, { kind: 'order', order: { ...order, priceDcoins } }));
  }

  samples(topic: string, value: number, count: number): void {
    this.#fireNow((life) => {
      for (let i = 0; i < count; i++) this.#input(life, { kind: 'sample', topic, value });
    });
  }

  sendCanary(id: string): void {
    this.#fireNow((life) => {
      const { seat, node, lab, fabric, listeners } = this.#options;
      this.#recorder.canarySent(id, life.clock.nowMs());
      listeners.onCanarySent(id);
      fabric.publish(seat, canaryTopic(lab.lab, node), Buffer.from(encodeCanary({ id, seat })), null);
    });
  }

  /** The line comes first, so that the deviations which follow it belong to it. */
  #applyConditions(life: Life, id: string | null, conditions: NodeConditions): void {
    this.#conditions = conditions;
    life.clock.offsetMs = conditions.clockOffsetMs;
    this.#recorder.conditions(id, conditions, life.clock.wallMs, life.clock.nowMs());
    if (!conditions.sensors) for (const sensor of life.sensors) sensor.stop();
    else if (life.ready) for (const sensor of life.sensors) sensor.start();
    this.#input(life, (nowMs) => life.core.behave(conditions.behaviours, nowMs));
  }

  #fireNow(run: (life: Life) => void): void {
    const life = this.#life;
    if (life !== null) this.#fire(life, () => run(life));
  }

  #fire(life: Life, run: () => void): void {
    if (life !== this.#life) return;
    if (life.paused) life.late.push(run);
    else run();
  }

  // --- the fabric -------------------------------------------------------------------------------------------------

  arrived(copy: Copy): void {
    const life = this.#life;
    if (life === null) return;
    const { opener, fabric, seat } = this.#options;
    const opened = opener.open(copy.parcel);
    if (opened === null) fabric.acknowledge(seat, copy);
    else life.inbox.push('canary' in opened ? { canary: copy } : { input: opened.input, copy });
    this.#work(life);
  }

  session(connected: boolean): void {
    this.#fireNow((life) => this.#recorder.session('fabric', connected, life.clock.nowMs()));
  }

  // --- steps ------------------------------------------------------------------------------------------------------

  #input(life: Life, input: Input | Intervention): void {
    if (life !== this.#life) return;
    life.inbox.push({ input, copy: null });
    this.#work(life);
  }

  #work(life: Life): void {
    if (life.working) return;
    life.working = true;
    while (life === this.#life && !life.paused) {
      const next = life.inbox.shift();
      if (next === undefined) break;
      if ('canary' in next) {
        this.#hearCanary(life, next.canary);
        continue;
      }
      const transaction = this.#begin(life, next);
      const endsAtMs = transaction.commitsAtMs + (commits(transaction) ? this.#conditions.commitDelayMs : 0);
      const { timeline } = this.#options;
      if (endsAtMs <= timeline.nowMs) {
        this.#finish(life, transaction);
        continue;
      }
      life.doing = transaction;
      this.#busyMs += endsAtMs - timeline.nowMs;
      timeline.at(endsAtMs, () =>
        this.#fire(life, () => {
          life.doing = null;
          this.#finish(life, transaction);
          life.working = false;
          this.#between();
          this.#work(life);
        }),
      );
      return;
    }
    life.working = false;
  }

  #hearCanary(life: Life, copy: Copy): void {
    const { opener, fabric, seat, listeners } = this.#options;
    const opened = opener.open(copy.parcel);
    if (opened !== null && 'canary' in opened) {
      this.#recorder.canaryHeard(opened.canary, life.clock.nowMs());
      listeners.onCanaryHeard(opened.canary);
    }
    fabric.acknowledge(seat, copy);
  }

  /** Everything up to the commit, which is due at a later moment. */
  #begin(life: Life, { input: first, copy }: Job): Transaction {
    const { pace, timeline } = this.#options;
    const { core } = life;
    life.nowMs = Math.max(life.nowMs, life.clock.nowMs());
    let changes: readonly Change[] = NO_CHANGES;
    let runs: readonly ServiceRun[] = NO_RUNS;
    const steps: Step[] = [];
    let following: Input[] | null = null;
    let hashes = 0;
    for (let input: Input | Intervention | undefined = first; input !== undefined; input = following?.shift()) {
      const effects = typeof input === 'function' ? input(life.nowMs) : core.step(input, life.nowMs);
      if (effects.length === 0) continue;
      steps.push({ input: typeof input === 'function' ? null : input, effects });
      for (const effect of effects) {
        if (effect.kind === 'persist') {
          changes = changes.length === 0 ? effect.changes : [...changes, ...effect.changes];
        } else if (effect.kind === 'seek' && effect.difficulty <= INLINE_DIFFICULTY_MAX) {
          const nonce = searchNonceNatively(effect.prefix, effect.difficulty);
          hashes += hashesOf(nonce);
          following ??= [];
          following.push({ kind: 'nonce-found', ticket: effect.ticket, nonce });
        } else if (effect.kind === 'execute') {
          runs = [...runs, startedRun(effect)];
        }
      }
    }
    const commitMs = changes.length > 0 || runs.length > 0 ? pace.commitMs : 0;
    const takenMs = (copy === null ? 0 : pace.deliveryMs) + hashes * pace.hashMs + commitMs;
    return { changes, runs, steps, nowMs: life.nowMs, commitsAtMs: timeline.nowMs + takenMs, copy };
  }

  #finish(life: Life, transaction: Transaction): void {
    const { changes, runs, steps, nowMs, copy } = transaction;
    if (commits(transaction)) {
      this.#commit(changes, runs);
      this.#changedMs = this.#options.timeline.nowMs;
    }
    const recorder = this.#recorder;
    for (const { input, effects } of steps) recorder.record(input, effects, nowMs);
    recorder.flush();
    for (const { effects } of steps) for (const effect of effects) this.#perform(life, effect, nowMs);
    if (copy !== null) this.#options.fabric.acknowledge(this.#options.seat, copy);
  }

  #commit(changes: readonly Change[], runs: readonly ServiceRun[]): void {
    this.#options.disk.commit(changes);
    for (const run of runs) this.#runs.set(run.key, run);
    while (this.#runs.size > SERVICE_RUNS_MAX) this.#runs.delete(this.#runs.keys().next().value!);
  }

  #perform(life: Life, effect: StepEffect, nowMs: number): void {
    const { lab, node, listeners } = this.#options;
    switch (effect.kind) {
      case 'publish':
        this.#publish(life, channelTopic(lab.lab, node, effect.channel), effect.message, effect.receipt);
        break;
      case 'send':
        this.#publish(life, peerTopic(lab.lab, node, effect.to, effect.channel), effect.message, null);
        break;
      case 'seek':
        // A short search is a part of the step, and over.
        if (effect.difficulty > INLINE_DIFFICULTY_MAX) this.#seek(life, effect);
        break;
      case 'execute':
        this.#execute(life, effect);
        break;
      case 'wake':
        this.#wake(life, effect.name, effect.atMs, nowMs);
        break;
      case 'order':
        listeners.onOrder(effect.orderId, effect);
        break;
      case 'rejected':
        life.rejections[effect.rejection.code] = (life.rejections[effect.rejection.code] ?? 0) + 1;
        break;
      case 'settled':
        life.decisions++;
        listeners.onDecided(effect.decision.requestId);
        break;
      case 'credited':
        if (effect.cause === 'sensor') life.sensorTransactions++;
        break;
      case 'deviated':
        listeners.onDeviated();
        break;
      case 'persist':
      case 'voted':
      case 'accepted':
        break;
    }
  }

  #publish(life: Life, topic: string, message: MessageHead, receipt: string | null): void {
    const { fabric, seat } = this.#options;
    const payload = life.core.profile.codec.encode(message);
    const onTaken =
      receipt === null ? null : () => this.#fire(life, () => this.#input(life, { kind: 'acknowledged', receipt }));
    fabric.publish(seat, topic, payload, onTaken);
  }

  /** A long search, in a thread of its own: one after another. */
  #seek(life: Life, { ticket, prefix, difficulty }: Extract<Effect, { kind: 'seek' }>): void {
    const { timeline, pace } = this.#options;
    const nonce = searchNonceNatively(prefix, difficulty);
    life.sealedMs = Math.max(life.sealedMs, timeline.nowMs) + hashesOf(nonce) * pace.hashMs;
    timeline.at(life.sealedMs, () => this.#fire(life, () => this.#input(life, { kind: 'nonce-found', ticket, nonce })));
  }

  #execute(life: Life, effect: Extract<Effect, { kind: 'execute' }>): void {
    const { timeline } = this.#options;
    const run = startedRun(effect);
    life.services.set(run.key, run);
    timeline.at(timeline.nowMs + SERVICE_MS, () =>
      this.#fire(life, () => {
        if (!life.services.has(run.key)) return;
        const known = this.#options.lab.services.some(({ name }) => name === run.service);
        if (known) this.#serviceEnds(life, { ...run, phase: 'ended' }, '');
        else this.#serviceEnds(life, { ...run, phase: 'failed' }, 'no such service is defined at this node');
      }),
    );
  }

  #serviceEnds(life: Life, run: ServiceRun, detail: string): void {
    const { key, service, argument, phase } = run;
    invariant(phase !== 'started', () => `service ${key} ends as it began`);
    life.services.delete(key);
    this.#commit([], [{ ...run, detail }]);
    this.#recorder.serviceEnd({ key, service, argument, phase, detail }, life.clock.nowMs());
  }

  #wake(life: Life, name: string, atMs: number | null, nowMs: number): void {
    const { timeline } = this.#options;
    const timer = life.timers.get(name);
    const dueMs = atMs === null ? null : timeline.nowMs + Math.max(0, atMs - nowMs);
    // One that is put off with every message is not planned anew each time: it looks again when its time has come.
    if (timer !== undefined && dueMs !== null && timer.plannedMs <= dueMs) {
      timer.dueMs = dueMs;
      return;
    }
    timeline.cancel(timer?.appointment ?? null);
    life.timers.delete(name);
    if (dueMs !== null) this.#plan(life, name, dueMs);
  }

  #plan(life: Life, name: string, dueMs: number): void {
    const appointment = this.#options.timeline.appoint(dueMs, () => {
      if (life.timers.get(name) !== timer) return;
      life.timers.delete(name);
      if (timer.dueMs > dueMs) this.#plan(life, name, timer.dueMs);
      else this.#fire(life, () => this.#input(life, { kind: 'wake', name }));
    });
    const timer: Timer = { appointment, plannedMs: dueMs, dueMs };
    life.timers.set(name, timer);
  }

  // --- views ------------------------------------------------------------------------------------------------------

  /** Calls `run` when what the core knows is what is stored and written down: now, or when a step has ended. */
  betweenSteps(run: () => void): void {
    const life = this.#life;
    if (life === null || life.paused || life.doing === null) run();
    else this.#waiting.push(run);
  }

  #between(): void {
    for (const run of this.#waiting.splice(0)) run();
  }

  /** Null: it does not answer. */
  report(reportId: string): NodeReport | null {
    const life = this.#life;
    if (life === null || life.paused) return null;
    const { node, seat, profile, fabric } = this.#options;
    const counters: HostCounters = life;
    return {
      reportId,
      node,
      boot: life.boot,
      ...ledgerReport(life.core.snapshot()),
      dcoinRate: profile.parameters.dcoinRate,
      rejections: { ...counters.rejections },
      decisions: counters.decisions,
      sensorTransactions: counters.sensorTransactions,
      services: [...this.#runs.values()],
      rssBytes: 0,
      databaseBytes: 0,
      cpuMs: Math.round(this.#busyMs * 1000) / 1000,
      fabricConnected: fabric.connected(seat),
      conditions: this.#conditions,
    };
  }
}
