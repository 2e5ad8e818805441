/**
 * A network of real cores, an event for each delivery: n instances of the state machine, the queue of the simulated
 * runtime, keyed latencies. It is what large-network.ts is proven against, and good to about 2,000 nodes: a decision
 * among n is n^2 deliveries, and all votes that are stored are n^2 rows.
 *
 * Each message is checked once, when it is published, and delivered by reference: the check depends on no ledger. Where
 * two things happen at one moment a node's own nonces and orders come first, then deliveries in the order of purchase,
 * request before votes, and sender. Where nodes do one thing at a time, an acknowledgement comes back with the
 * publisher's own copy, just before it.
 */
import { EMPTY_STATE } from '../protocol/durable.ts';
import { invariant } from '../protocol/invariant.ts';
import { LedgerNode } from '../protocol/ledger-node.ts';
import type { MessageHead, Request, Verified, Vote } from '../protocol/message.ts';
import type { Effect, Input } from '../protocol/step.ts';
import { verifyMessage } from '../protocol/verify.ts';
import { openWallet, type Wallet } from '../protocol/wallet.ts';
import { EventQueue } from './event-queue.ts';
import { INLINE_DIFFICULTY_MAX, type PurchasePlan, planOnGrid, type SeenDecision } from './purchase-plan.ts';

type Core = LedgerNode<Wallet, Request, Vote>;

interface Sent {
  readonly input: Input;
  /** Place among what happens at one moment. */
  readonly order: number;
}

interface Timer {
  readonly node: number;
  readonly input: Input;
  readonly order: number;
}

/** What happens at one moment, or to one node within a window: in order. */
interface Inbox {
  readonly timesMs: number[];
  readonly whats: number[];
  readonly wheres: number[];
}

/** Publications, for the figures of a purchase. */
export interface SeenPublication {
  readonly purchase: number;
  readonly sender: number;
  readonly timeMs: number;
  readonly message: Request | Vote;
}

export class DeliveryNetwork {
  readonly nodes: readonly Core[];
  readonly #plan: PurchasePlan;
  readonly #onDecision: ((decision: SeenDecision) => void) | null;
  readonly #onPublication: (publication: SeenPublication) => void;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #purchases = new Map<string, number>();
  readonly #receiverKeys: Int32Array;
  readonly #queue = new EventQueue();
  readonly #sent: Sent[] = [];
  /** By slot of the queue: an index of #sent and a receiver, or an index of #timers and -1. */
  #what = new Int32Array(1024);
  #where = new Int32Array(1024);
  readonly #timers: Timer[] = [];
  /** By node: of the node that is at work, and the end of the window. */
  #inbox: Inbox | null = null;
  #untilMs = 0;
  /** By node: when it has done what it was given, and what it seeks. */
  readonly #freeMs: Float64Array;
  readonly #soughtMs: Float64Array;
  #deliveries = 0;
  #decisions = 0;

  constructor(
    given: PurchasePlan,
    onDecision: ((decision: SeenDecision) => void) | null = null,
    onPublication: (publication: SeenPublication) => void = () => {},
  ) {
    const plan = planOnGrid(given);
    const { profile, fundUnits, latency } = plan;
    const { members } = profile.membership;
    this.#plan = plan;
    this.#onDecision = onDecision;
    this.#onPublication = onPublication;
    this.#numbers = new Map(members.map((id, number) => [id, number]));
    this.#receiverKeys = Int32Array.from(members, (_, number) => latency.receiverKey(number));
    this.#freeMs = new Float64Array(members.length);
    this.#soughtMs = new Float64Array(members.length);
    const wallets = members.map((id, number) => [id, openWallet(id, fundUnits[number]!)] as const);
    const durable = { ...EMPTY_STATE, wallets };
    this.nodes = members.map((self, number) => new LedgerNode({ self, profile, durable, stream: number }));
    plan.purchases.forEach(({ requester, atMs, service, priceDcoins }, index) => {
      const order = { orderId: String(index), service, priceDcoins, mode: 'wait' } as const;
      this.#at(atMs, requester, { kind: 'order', order }, index - plan.purchases.length);
    });
  }

  /** Decisions of all nodes so far. */
  get decisions(): number {
    return this.#decisions;
  }

  /** Messages delivered so far. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /**
   * Runs until nothing is under way. `by-time`: all deliveries in one order of time. `by-node`: the same in windows of
   * the shortest latency, within which no node can hear of another's doings: what a node hears in a window it hears in
   * order and at one go, so its memory stays in the processor's cache. Both give every node the same deliveries in the
   * same order.
   */
  run(order: 'by-time' | 'by-node' = 'by-time'): void {
    this.nodes.forEach((_, node) => {
      this.#step(node, { kind: 'start' }, 0);
    });
    if (order === 'by-time') this.#runByTime();
    else this.#runByNode();
  }

  #runByTime(): void {
    const queue = this.#queue;
    const moment = newInbox();
    for (let timeMs = queue.peekMs(); timeMs < Number.POSITIVE_INFINITY; timeMs = queue.peekMs()) {
      while (queue.peekMs() === timeMs) this.#enter(moment, queue.pop(), timeMs);
      this.#work(moment);
    }
  }

  #runByNode(): void {
    const queue = this.#queue;
    const inboxes = this.nodes.map(newInbox);
    for (let fromMs = queue.peekMs(); fromMs < Number.POSITIVE_INFINITY; fromMs = queue.peekMs()) {
      this.#untilMs = fromMs + this.#plan.latency.msMin;
      while (queue.peekMs() < this.#untilMs) {
        const slot = queue.pop();
        const where = this.#where[slot]!;
        const node = where < 0 ? this.#timers[this.#what[slot]!]!.node : where;
        this.#enter(inboxes[node]!, slot, queue.timeMs);
      }
      for (const inbox of inboxes) {
        this.#inbox = inbox;
        this.#work(inbox);
      }
      this.#inbox = null;
    }
  }

  #work(inbox: Inbox): void {
    const { timesMs, whats, wheres } = inbox;
    for (let i = 0; i < timesMs.length; i++) this.#happen(whats[i]!, wheres[i]!, timesMs[i]!);
    timesMs.length = 0;
    whats.length = 0;
    wheres.length = 0;
  }

  #enter(inbox: Inbox, slot: number, timeMs: number): void {
    this.#place(inbox, timeMs, this.#what[slot]!, this.#where[slot]!);
  }

  /** Nearly always at the end. */
  #place({ timesMs, whats, wheres }: Inbox, timeMs: number, what: number, where: number): void {
    let at = timesMs.length;
    while (at > 0 && timesMs[at - 1]! >= timeMs) {
      const isBefore =
        timesMs[at - 1] === timeMs && this.#orderOf(whats[at - 1]!, wheres[at - 1]!) <= this.#orderOf(what, where);
      if (isBefore) break;
      at--;
    }
    if (at === timesMs.length) {
      timesMs.push(timeMs);
      whats.push(what);
      wheres.push(where);
    } else {
      timesMs.splice(at, 0, timeMs);
      whats.splice(at, 0, what);
      wheres.splice(at, 0, where);
    }
  }

  #orderOf(what: number, where: number): number {
    return where < 0 ? this.#timers[what]!.order : this.#sent[what]!.order;
  }

  #happen(what: number, where: number, timeMs: number): void {
    if (where < 0) {
      const { node, input } = this.#timers[what]!;
      if (this.#plan.serial === null) this.#step(node, input, timeMs);
      else this.#serve(node, input, timeMs, 0);
      return;
    }
    this.#deliveries++;
    const { input } = this.#sent[what]!;
    if (this.#plan.serial === null) this.#step(where, input, timeMs);
    else this.#serve(where, input, timeMs, this.#plan.serial.deliveryMs);
  }

  /** One thing at a time: what a node is given at `givenMs` begins when it is free, and has effects when it is done. */
  #serve(node: number, given: Input, givenMs: number, takenMs: number): void {
    const { hashMs, seekNonce, serial, unixMs } = this.#plan;
    const beginMs = Math.max(givenMs, this.#freeMs[node]!);
    const steps: (readonly Effect[])[] = [];
    const inputs = [given];
    let endMs = beginMs + takenMs;
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      const effects = this.nodes[node]!.step(input, unixMs + beginMs);
      if (effects.length === 0) continue;
      steps.push(effects);
      for (const effect of effects) {
        if (effect.kind !== 'seek' || effect.difficulty > INLINE_DIFFICULTY_MAX) continue;
        const nonce = seekNonce(effect.prefix, effect.difficulty);
        endMs += ((nonce ?? 0) + 1) * hashMs;
        inputs.push({ kind: 'nonce-found', ticket: effect.ticket, nonce });
      }
    }
    const charged = serial!.commits === 'changes' ? 'persist' : 'settled';
    if (steps.some((effects) => effects.some(({ kind }) => kind === charged))) endMs += serial!.commitMs;
    this.#freeMs[node] = endMs;
    for (const effects of steps) for (const effect of effects) this.#perform(node, effect, effects, endMs);
  }

  #step(node: number, input: Input, timeMs: number): void {
    const effects = this.nodes[node]!.step(input, this.#plan.unixMs + timeMs);
    for (const effect of effects) this.#perform(node, effect, effects, timeMs);
  }

  #perform(node: number, effect: Effect, effects: readonly Effect[], timeMs: number): void {
    switch (effect.kind) {
      case 'seek': {
        if (this.#plan.serial !== null) {
          this.#seekOutside(node, effect, timeMs);
          break;
        }
        const nonce = this.#plan.seekNonce(effect.prefix, effect.difficulty);
        const input: Input = { kind: 'nonce-found', ticket: effect.ticket, nonce };
        const foundMs = timeMs + ((nonce ?? 0) + 1) * this.#plan.hashMs;
        if (foundMs === timeMs) this.#step(node, input, timeMs);
        else this.#at(foundMs, node, input, -this.#plan.purchases.length - 1);
        break;
      }
      case 'publish':
        this.#publish(node, effect.message as Request | Vote, effect.receipt, effects, timeMs);
        break;
      case 'settled': {
        this.#decisions++;
        if (this.#onDecision === null) break;
        const { requestId, newState, remainingUnits, rewarded } = effect.decision;
        this.#onDecision({
          node,
          purchase: this.#purchases.get(requestId)!,
          timeMs,
          newState,
          remainingUnits,
          rewarded: rewarded.map((id) => this.#numbers.get(id)!),
        });
        break;
      }
      default:
    }
  }

  /** In a thread of its own, one after another. */
  #seekOutside(node: number, { ticket, prefix, difficulty }: Extract<Effect, { kind: 'seek' }>, timeMs: number): void {
    if (difficulty <= INLINE_DIFFICULTY_MAX) return; // the node has done so itself
    const { hashMs, purchases, seekNonce } = this.#plan;
    const nonce = seekNonce(prefix, difficulty);
    const foundMs = Math.max(this.#soughtMs[node]!, timeMs) + ((nonce ?? 0) + 1) * hashMs;
    this.#soughtMs[node] = foundMs;
    this.#at(foundMs, node, { kind: 'nonce-found', ticket, nonce }, -purchases.length - 1);
  }

  #publish(
    node: number,
    message: Request | Vote,
    receipt: string | null,
    effects: readonly Effect[],
    timeMs: number,
  ): void {
    const { profile, latency, serial } = this.#plan;
    if (message.kind === 'request') {
      const order = effects.find((effect) => effect.kind === 'order' && effect.outcome === 'requested');
      invariant(order?.kind === 'order', 'a request is published for an order');
      this.#purchases.set(message.id, Number(order.orderId));
    }
    const purchase = this.#purchases.get(message.kind === 'request' ? message.id : message.requestId)!;
    const sender = profile.membership.members[node]!;
    this.#onPublication({ purchase, sender: node, timeMs, message });
    const verification = verifyMessage(profile, message, sender);
    const input: Input = verification.ok
      ? { kind: 'message', sender, message: verification.message as Verified<MessageHead> }
      : { kind: 'refused', rejection: verification.rejection };
    const sent = this.#sent.length;
    const within = message.kind === 'request' ? 0 : 1 + node;
    this.#sent.push({ input, order: purchase * (this.nodes.length + 1) + within });
    const key = latency.messageKey(message.kind, purchase, node);
    if (serial !== null && receipt !== null) {
      const ackedMs = timeMs + latency.delayMs(key, this.#receiverKeys[node]!);
      this.#at(ackedMs, node, { kind: 'acknowledged', receipt }, this.#sent[sent]!.order - 0.5);
    }
    for (let receiver = 0; receiver < this.nodes.length; receiver++) {
      this.#push(timeMs + latency.delayMs(key, this.#receiverKeys[receiver]!), sent, receiver);
    }
  }

  #at(timeMs: number, node: number, input: Input, order: number): void {
    const timer = this.#timers.push({ node, input, order }) - 1;
    if (this.#inbox !== null && timeMs < this.#untilMs) this.#place(this.#inbox, timeMs, timer, -1);
    else this.#push(timeMs, timer, -1);
  }

  #push(timeMs: number, what: number, where: number): void {
    const slot = this.#queue.push(timeMs);
    if (slot >= this.#what.length) {
      this.#what = grown(this.#what);
      this.#where = grown(this.#where);
    }
    this.#what[slot] = what;
    this.#where[slot] = where;
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(2 * array.length);
  twice.set(array);
  return twice;
}

function newInbox(): Inbox {
  return { timesMs: [], whats: [], wheres: [] };
}
