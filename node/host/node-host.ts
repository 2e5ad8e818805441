/**
 * Drives one core in the real world: delivered payloads in, effects out, in the order the core gave them.
 *
 * One delivery is one transaction. The inputs that a step calls for at once (a nonce that is found inline) run in the
 * same transaction; everything that leaves the node waits until it is committed and written to the observations. The
 * transport acknowledges a delivery only after `deliver` has returned, so a crash at any point means redelivery or
 * repetition, never loss. Source.
 *
 * It knows no rule of the protocol, and neither reads configuration nor ends the process.
 */
import type { StepEffect, StepMachine } from '../behaviours/step-machine.ts';
import type { Change } from '../protocol/durable.ts';
import type { MessageHead, RequestHead, VoteHead } from '../protocol/message.ts';
import type { Effect, Input, Order, OrderOutcome } from '../protocol/step.ts';
import { verify } from '../protocol/verify.ts';
import type { NodeTally } from './node-tally.ts';
import type { Observations } from './observations.ts';
import type { Sealer } from './sealer.ts';
import type { PurchasedService, ServiceRunner } from './services.ts';
import type { ServiceRun, Store } from './store.ts';
import type { Delivery, Transport } from './transport.ts';

export interface NodeHostParts<W, R extends RequestHead, V extends VoteHead> {
  readonly core: StepMachine<W, R, V>;
  readonly store: Store;
  readonly transport: Transport;
  readonly sealer: Sealer;
  readonly observations: Observations;
  readonly services: ServiceRunner;
  readonly tally: NodeTally;
  /** Unix milliseconds; may go back, the host evens that out. */
  readonly now: () => number;
  /** What became of an order, each time that is news. */
  readonly onOrder: (orderId: string, outcome: OrderOutcome) => void;
  /** The node cannot go on (its store failed): the process should end. */
  readonly onFatal: (error: unknown) => void;
}

/** Effects that no input has led to: what a change of behaviours asks for. */
export type Intervention = (nowMs: number) => readonly StepEffect[];

export class NodeHost<W, R extends RequestHead, V extends VoteHead> {
  readonly #parts: NodeHostParts<W, R, V>;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #inbox: (Input | Intervention)[] = [];
  #running = false;
  #closed = false;
  #nowMs = 0;
  #underWay = 0;
  #calmed: { readonly at: number; readonly resolve: () => void }[] = [];

  constructor(parts: NodeHostParts<W, R, V>) {
    this.#parts = parts;
  }

  /** Publications that the fabric has not taken yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Resolves when at most `max` publications are under way: how a fast source of samples is slowed down. */
  calm(max: number): Promise<void> {
    if (this.#underWay <= max || this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#calmed.push({ at: max, resolve }));
  }

  /** Takes up where the stored rows left off, then listens to the fabric. */
  async start(): Promise<void> {
    this.#input({ kind: 'start' });
    await this.#parts.transport.attach((delivery) => this.#deliver(delivery));
  }

  /** Runs `intervention` as a step of its own, between two inputs. */
  intervene(intervention: Intervention): void {
    this.#input(intervention);
  }

  order(order: Order): void {
    this.#input({ kind: 'order', order });
  }

  /** Shares a value of the node's sensor. */
  sample(topic: string, value: number): void {
    this.#input({ kind: 'sample', topic, value });
  }

  /** Detaches from the fabric and stops timers; what is stored stays for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const { resolve } of this.#calmed.splice(0)) resolve();
    await this.#parts.transport.close();
  }

  #deliver(delivery: Delivery): void {
    const { core, tally } = this.#parts;
    const { profile } = core;
    const verification = verify(profile, delivery.payload, delivery.channel, delivery.sender);
    tally.countReceived(
      verification.ok ? verification.message.kind : verification.rejection.message,
      delivery.payload.length,
    );
    this.#input(
      verification.ok
        ? { kind: 'message', sender: delivery.sender, message: verification.message }
        : { kind: 'refused', rejection: verification.rejection },
    );
  }

  /** Runs `input` to its end; an input that comes up meanwhile (a local callback) runs right after it. */
  #input(input: Input | Intervention): void {
    this.#inbox.push(input);
    if (this.#running || this.#closed) return;
    this.#running = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) this.#transaction(next);
    } catch (error) {
      this.#closed = true;
      this.#parts.onFatal(error);
      throw error;
    } finally {
      this.#running = false;
    }
  }

  #transaction(first: Input | Intervention): void {
    const { core, store, sealer, observations } = this.#parts;
    this.#nowMs = Math.max(this.#nowMs, this.#parts.now());
    const changes: Change[] = [];
    const runs: ServiceRun[] = [];
    const outbox: StepEffect[] = [];
    const inputs: (Input | Intervention)[] = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      const effects = typeof input === 'function' ? input(this.#nowMs) : core.step(input, this.#nowMs);
      observations.record(typeof input === 'function' ? null : input, effects, this.#nowMs);
      for (const effect of effects) {
        if (effect.kind === 'persist') {
          changes.push(...effect.changes);
        } else if (effect.kind === 'seek') {
          const nonce = sealer.seekInline(effect.prefix, effect.difficulty);
          if (nonce === undefined) outbox.push(effect);
          else inputs.push({ kind: 'nonce-found', ticket: effect.ticket, nonce });
        } else {
          if (effect.kind === 'execute') runs.push(startedRun(effect));
          outbox.push(effect);
        }
      }
    }
    if (changes.length > 0 || runs.length > 0) store.commit(changes, runs);
    observations.flush(outbox.some(leaves));
    for (const effect of outbox) this.#perform(effect);
  }

  #perform(effect: StepEffect): void {
    const { transport, sealer, services, tally, onOrder } = this.#parts;
    switch (effect.kind) {
      case 'publish':
        this.#publish(transport.publish(effect.channel, this.#encoded(effect.message)), effect.receipt);
        break;
      case 'send':
        this.#publish(transport.send(effect.to, effect.channel, this.#encoded(effect.message)), null);
        break;
      case 'seek':
        sealer.seek(effect.ticket, effect.prefix, effect.difficulty).then(
          (nonce) => {
            if (nonce !== 'cancelled') this.#input({ kind: 'nonce-found', ticket: effect.ticket, nonce });
          },
          (error: unknown) => {
            if (!this.#closed) this.#parts.onFatal(error);
          },
        );
        break;
      case 'execute':
        services.run(purchased(effect));
        break;
      case 'wake':
        this.#wake(effect.name, effect.atMs);
        break;
      case 'order':
        tally.countEffect(effect);
        onOrder(effect.orderId, effect);
        break;
      case 'rejected':
      case 'settled':
      case 'credited':
      case 'voted':
      case 'accepted':
        tally.countEffect(effect);
        break;
      case 'persist':
      case 'deviated':
        break;
    }
  }

  #encoded(message: MessageHead): Uint8Array {
    const payload = this.#parts.core.profile.codec.encode(message);
    this.#parts.tally.countSent(message, payload.length);
    return payload;
  }

  #publish(sent: Promise<void>, receipt: string | null): void {
    this.#underWay++;
    sent.then(
      () => {
        this.#landed();
        if (receipt !== null && !this.#closed) this.#input({ kind: 'acknowledged', receipt });
      },
      // The transport was closed under it: what needed a receipt is published again at the next start.
      () => this.#landed(),
    );
  }

  #landed(): void {
    this.#underWay--;
    if (this.#calmed.length === 0) return;
    const waiting = this.#calmed;
    this.#calmed = waiting.filter(({ at }) => this.#underWay > at);
    for (const { at, resolve } of waiting) if (this.#underWay <= at) resolve();
  }

  #wake(name: string, atMs: number | null): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (atMs === null || this.#closed) return;
    const fire = (): void => {
      this.#timers.delete(name);
      this.#input({ kind: 'wake', name });
    };
    const timer = setTimeout(fire, Math.max(0, atMs - this.#nowMs));
    this.#timers.set(name, timer);
  }
}

/** Others will see it. */
function leaves({ kind }: StepEffect): boolean {
  return kind === 'publish' || kind === 'send' || kind === 'execute' || kind === 'order';
}

function startedRun(effect: Extract<Effect, { kind: 'execute' }>): ServiceRun {
  return { key: effect.key, service: effect.decision.service, argument: effect.argument, phase: 'started', detail: '' };
}

function purchased(effect: Extract<Effect, { kind: 'execute' }>): PurchasedService {
  const { service, requester, previousState, time } = effect.decision;
  return { key: effect.key, service, argument: effect.argument, requester, state: previousState, time };
}
