/**
 * A network of real cores in one process and in virtual time, which writes down what a lab's nodes would: for histories
 * of any size and for histories of rare events. Stores, fabric and clock are pretended: a message takes as long as
 * `delayMs` says and stays in order between two seats, a node that is down finds its messages when it is back, a commit
 * takes no time. Nothing is random but what the caller draws.
 */

import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { ledgerReport } from '../../node/host/ledger-report.ts';
import { MemoryDisk, MemoryStore } from '../../node/host/memory-store.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { Observations } from '../../node/host/observations.ts';
import { catalogueOf } from '../../node/host/service-definitions.ts';
import type { ServiceRun } from '../../node/host/store.ts';
import type { Change } from '../../node/protocol/durable.ts';
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import type { MessageHead, Request, Vote } from '../../node/protocol/message.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { Effect, Input, OrderMode } from '../../node/protocol/step.ts';
import { type Verification, verifyMessage } from '../../node/protocol/verify.ts';
import type { Wallet } from '../../node/protocol/wallet.ts';
import { searchNonce } from '../../node/protocol/work.ts';
import { type LabPlan, membersOf } from '../lab/lab-plan.ts';

export interface RecordedCoresOptions {
  readonly lab: LabPlan;
  /** Each line as it is written, without its line break. */
  readonly onLine: (seat: string, line: string) => void;
  /** One way, milliseconds; default 1 for every pair, which makes one total order. */
  readonly delayMs?: (from: string, to: string) => number;
  /** What becomes of a copy on its way: itself, another message, or nothing. */
  readonly onCopy?: (from: string, message: MessageHead, to: string) => MessageHead | null;
  readonly serviceMs?: number;
}

type Core = LedgerNode<Wallet, Request, Vote>;

interface Seat {
  readonly seat: string;
  readonly node: string;
  disk: MemoryDisk;
  store: MemoryStore | null;
  core: Core | null;
  readonly observations: Observations;
  readonly waiting: { readonly message: MessageHead; readonly sender: string }[];
  life: number;
  lines: number;
  /** The lines of the next transaction are lost, as when the process dies after its commit. */
  loseLines: boolean;
  sensorTransactions: number;
  decisions: number;
  /** By name: which wake-up is the one that counts. */
  readonly wakes: Map<string, number>;
}

interface Due {
  readonly t: number;
  readonly ordinal: number;
  readonly timer: boolean;
  readonly perform: () => void;
}

const UNIX_MS = 1_790_000_000_000;
const SCHEMA_IDENTITY = 1;

export class RecordedCores {
  readonly profile: PaperProfile;
  readonly #options: RecordedCoresOptions;
  readonly #seats = new Map<string, Seat>();
  readonly #queue = new DueQueue();
  readonly #verified = new WeakMap<MessageHead, Map<string, Verification>>();
  /** By ordered pair: when the last copy arrives, so that none overtakes it. */
  readonly #arrival = new Map<string, number>();
  #t = 0;
  #ordinal = 0;
  #stream = 1;
  #timers = 0;

  constructor(options: RecordedCoresOptions) {
    this.#options = options;
    const { lab } = options;
    const named = namedProfile({
      profile: lab.profile,
      parameters: lab.overrides,
      members: membersOf(lab.seats),
      catalogue: catalogueOf(lab.services),
      hash: nativeSha256Hex,
    });
    if (!named.ok) throw new Error(JSON.stringify(named.problems));
    this.profile = named.profile;
    for (const { seat, node } of lab.seats) this.#seats.set(seat, this.#newSeat(seat, node));
  }

  /** Virtual milliseconds. */
  get t(): number {
    return this.#t;
  }

  /** Starts a seat, for the first time or again. `lost`: with an empty database. */
  boot(name: string, lost = false): void {
    const seat = this.#seat(name);
    if (lost) seat.disk = new MemoryDisk();
    const { lab } = this.#options;
    const identity = { self: seat.node, schema: SCHEMA_IDENTITY, configurationHash: lab.configurationHash };
    const store = new MemoryStore(identity, seat.disk);
    seat.store = store;
    seat.life++;
    const core = new LedgerNode({
      self: seat.node,
      profile: this.profile,
      durable: store.load(),
      stream: this.#stream++,
    });
    seat.core = core;
    const wallets = core.snapshot().wallets.map(({ id }) => id);
    const members = membersOf(lab.seats);
    const { name: profile } = this.profile;
    const boot = { profile, n: core.n, q: this.profile.quorum(core.n), members, dbEmpty: store.fresh, seat: name };
    seat.observations.boot(boot, wallets, this.#at());
    this.#input(seat, { kind: 'start' });
    for (const { message, sender } of seat.waiting.splice(0)) this.#deliver(seat, message, sender);
  }

  bootAll(): void {
    for (const name of this.#seats.keys()) this.boot(name);
  }

  /** Ends a seat at once. `losingLines`: what its last transaction wrote into the store is not in its record. */
  kill(name: string): void {
    const seat = this.#seat(name);
    seat.core = null;
    seat.store = null;
  }

  /** The next transaction of the seat is committed, its lines and what it sends are lost, and it is dead. */
  killAfterNextCommit(name: string): void {
    this.#seat(name).loseLines = true;
  }

  sample(name: string, count = 1): void {
    for (let i = 0; i < count; i++) this.#input(this.#seat(name), { kind: 'sample', topic: 'virtual', value: i });
  }

  order(name: string, orderId: string, service: string, mode: OrderMode = 'wait'): void {
    const priceDcoins = this.profile.catalogue?.get(service) ?? 0;
    this.#input(this.#seat(name), { kind: 'order', order: { orderId, service, priceDcoins, mode } });
  }

  /** Sends what no core made, as seat `from`, to `to` (default: all). */
  inject(from: string, message: MessageHead, to: readonly string[] = [...this.#seats.keys()]): void {
    for (const recipient of to) this.#copy(from, message, recipient);
  }

  /** A vote with valid work, whatever it says. */
  solvedVote(vote: Vote): Vote {
    return this.profile.votes.solved(vote, this.#nonce(this.profile.votes.workPrefix(vote)));
  }

  solvedRequest(request: Request): Request {
    return this.profile.requests.solved(request, this.#nonce(this.profile.requests.workPrefix(request)));
  }

  core(name: string): Core {
    const { core } = this.#seat(name);
    if (core === null) throw new Error(`seat ${name} is down`);
    return core;
  }

  at(t: number, perform: () => void): void {
    this.#schedule(Math.max(t, this.#t), false, perform);
  }

  /** Goes on until nothing is under way but timers. Throws after `stepsMax` deliveries: something never ends. */
  settle(stepsMax = 50_000_000): void {
    for (let steps = 0; this.#queue.size > this.#timers; steps++) {
      if (steps > stepsMax) throw new Error('the messages of recorded cores do not come to rest');
      this.#next();
    }
  }

  /** Goes on to virtual time `t`, timers included. */
  runUntil(t: number): void {
    while (this.#queue.size > 0 && this.#queue.first().t <= t) this.#next();
    this.#t = Math.max(this.#t, t);
  }

  /** The seat's own view, as its final report; null where it is down. */
  report(name: string): NodeReport | null {
    const seat = this.#seat(name);
    const { core, store } = seat;
    if (core === null || store === null) return null;
    return {
      reportId: 'final',
      node: seat.node,
      boot: String(seat.life),
      ...ledgerReport(core.snapshot()),
      dcoinRate: this.profile.parameters.dcoinRate,
      conditions: NORMAL_CONDITIONS,
      rejections: {},
      services: store.serviceRuns(),
      decisions: seat.decisions,
      sensorTransactions: seat.sensorTransactions,
      rssBytes: 0,
      databaseBytes: 0,
      cpuMs: 0,
      fabricConnected: true,
    };
  }

  // --- one transaction --------------------------------------------------------------------------------------------------

  #newSeat(name: string, node: string): Seat {
    const seat: Seat = {
      seat: name,
      node,
      disk: new MemoryDisk(),
      store: null,
      core: null,
      waiting: [],
      life: 0,
      lines: 0,
      loseLines: false,
      sensorTransactions: 0,
      decisions: 0,
      wakes: new Map(),
      observations: new Observations({
        node,
        file: null,
        wallet: (id) => seat.core?.wallet(id),
        monotonicMs: () => this.#t,
        onLines: (text) => this.#write(seat, text),
      }),
    };
    return seat;
  }

  /** Lines are numbered here: those that are lost were never written, so they leave no hole in the numbers. */
  #write(seat: Seat, text: string): void {
    if (seat.loseLines) return;
    const place = seat.seat === seat.node ? '' : `"seat":${JSON.stringify(seat.seat)},`;
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      const rest = text.indexOf(',', from) + 1;
      this.#options.onLine(seat.seat, `{"seq":${++seat.lines},${place}${text.slice(rest, to)}`);
      from = to + 1;
    }
  }

  #input(seat: Seat, first: Input): void {
    const { core, store } = seat;
    if (core === null || store === null) return;
    const changes: Change[] = [];
    const runs: ServiceRun[] = [];
    const outbox: Effect[] = [];
    const inputs: Input[] = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      const effects = core.step(input, this.#at());
      seat.observations.record(input, effects, this.#at());
      for (const effect of effects) {
        if (effect.kind === 'persist') changes.push(...effect.changes);
        else if (effect.kind === 'seek') {
          const nonce = searchNonce(effect.prefix, effect.difficulty, nativeSha256Hex);
          inputs.push({ kind: 'nonce-found', ticket: effect.ticket, nonce });
        } else outbox.push(effect);
        if (effect.kind === 'execute') {
          const { key, argument, decision } = effect;
          runs.push({ key, service: decision.service, argument, phase: 'started', detail: '' });
        }
      }
    }
    if (changes.length > 0 || runs.length > 0) store.commit(changes, runs);
    seat.observations.flush();
    if (seat.loseLines) {
      seat.loseLines = false;
      this.kill(seat.seat);
      return;
    }
    for (const effect of outbox) this.#perform(seat, effect);
  }

  #perform(seat: Seat, effect: Effect): void {
    switch (effect.kind) {
      case 'publish': {
        for (const recipient of this.#seats.keys()) this.#copy(seat.seat, effect.message, recipient);
        const { receipt } = effect;
        if (receipt !== null)
          this.#inLife(seat, this.#t, false, () => this.#input(seat, { kind: 'acknowledged', receipt }));
        break;
      }
      case 'execute': {
        const { key, argument, decision } = effect;
        const end = { key, service: decision.service, argument, phase: 'ended', detail: '' } as const;
        this.#inLife(seat, this.#t + (this.#options.serviceMs ?? 1), false, () => {
          seat.store?.commit([], [end]);
          seat.observations.serviceEnd(end, this.#at());
        });
        break;
      }
      case 'wake': {
        const { name, atMs } = effect;
        const wake = (seat.wakes.get(name) ?? 0) + 1;
        seat.wakes.set(name, wake);
        if (atMs === null) break;
        this.#inLife(seat, atMs - UNIX_MS, true, () => {
          if (seat.wakes.get(name) === wake) this.#input(seat, { kind: 'wake', name });
        });
        break;
      }
      case 'credited':
        if (effect.cause === 'sensor') seat.sensorTransactions++;
        break;
      case 'settled':
        seat.decisions++;
        break;
    }
  }

  // --- the fabric ---------------------------------------------------------------------------------------------------------

  #copy(from: string, message: MessageHead, to: string): void {
    const copy = this.#options.onCopy === undefined ? message : this.#options.onCopy(from, message, to);
    if (copy === null) return;
    const pair = `${from}>${to}`;
    const arrival = Math.max(this.#t + (this.#options.delayMs?.(from, to) ?? 1), this.#arrival.get(pair) ?? 0);
    this.#arrival.set(pair, arrival);
    const sender = this.#seat(from).node;
    const seat = this.#seat(to);
    this.#schedule(arrival, false, () => {
      if (seat.core === null) seat.waiting.push({ message: copy, sender });
      else this.#deliver(seat, copy, sender);
    });
  }

  #deliver(seat: Seat, message: MessageHead, sender: string): void {
    // What the store has and the record has not is delivered again: the delivery was never acknowledged.
    if (seat.loseLines) seat.waiting.push({ message, sender });
    const verification = this.#verify(message, sender);
    this.#input(
      seat,
      verification.ok
        ? { kind: 'message', sender, message: verification.message }
        : { kind: 'refused', rejection: verification.rejection },
    );
  }

  #verify(message: MessageHead, sender: string): Verification {
    const bySender = this.#verified.get(message) ?? new Map<string, Verification>();
    this.#verified.set(message, bySender);
    const verification = bySender.get(sender) ?? verifyMessage(this.profile, message, sender);
    bySender.set(sender, verification);
    return verification;
  }

  // --- time ---------------------------------------------------------------------------------------------------------------

  #inLife(seat: Seat, t: number, timer: boolean, perform: () => void): void {
    const { life } = seat;
    this.#schedule(t, timer, () => {
      if (seat.life === life && seat.core !== null) perform();
    });
  }

  #schedule(t: number, timer: boolean, perform: () => void): void {
    if (timer) this.#timers++;
    this.#queue.push({ t, ordinal: this.#ordinal++, timer, perform });
  }

  #next(): void {
    const { t, timer, perform } = this.#queue.pop();
    if (timer) this.#timers--;
    this.#t = Math.max(this.#t, t);
    perform();
  }

  #at(): number {
    return UNIX_MS + Math.floor(this.#t);
  }

  #nonce(prefix: string): number {
    const nonce = searchNonce(prefix, this.profile.parameters.difficulty, nativeSha256Hex);
    if (nonce === null) throw new Error(`no nonce for ${prefix}`);
    return nonce;
  }

  #seat(name: string): Seat {
    const seat = this.#seats.get(name);
    if (seat === undefined) throw new Error(`there is no seat ${name}`);
    return seat;
  }
}

/** What is due, earliest first and in the order of scheduling: a binary heap. */
class DueQueue {
  readonly #heap: Due[] = [];

  get size(): number {
    return this.#heap.length;
  }

  first(): Due {
    return this.#heap[0]!;
  }

  push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  pop(): Due {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Due, b: Due): boolean {
  return a.t < b.t || (a.t === b.t && a.ordinal < b.ordinal);
}
