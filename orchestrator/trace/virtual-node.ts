/**
 * One node of a schedule: a core, its rows in memory, its timers as numbers. It performs what the host performs, in the
 * same order: one delivery and the nonces it calls for are one transaction, committed before anything leaves the node.
 * The work is found and a publication acknowledged at once; nobody hears it until the schedule says so.
 *
 * It can crash where a process can be killed: between two deliveries, or after the commit and before the sending.
 */
import { MemoryDisk, MemoryStore } from '../../node/host/memory-store.ts';
import type { Change } from '../../node/protocol/durable.ts';
import type { Sha256Hex } from '../../node/protocol/hash.ts';
import { invariant } from '../../node/protocol/invariant.ts';
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import type { Request, Vote } from '../../node/protocol/message.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Effect, Input } from '../../node/protocol/step.ts';
import type { Wallet } from '../../node/protocol/wallet.ts';
import { searchNonce } from '../../node/protocol/work.ts';

export type Core = LedgerNode<Wallet, Request, Vote>;

/** What happened at a node, in order: effects performed, or the end of its process. */
export type NodeEvent = Effect | { readonly kind: 'crashed'; readonly unsent: number };

/** Inputs that one delivery may lead to; more is a loop, which must fail instead of hanging. */
const INPUTS_MAX = 100_000;

export class VirtualNode {
  readonly id: string;
  readonly #profile: PaperProfile;
  readonly #hash: Sha256Hex;
  #disk = new MemoryDisk();
  #store: MemoryStore;
  #core: Core | null = null;
  readonly #timers = new Map<string, number>();
  #crashArmed = false;

  constructor(id: string, profile: PaperProfile, hash: Sha256Hex, wallets: readonly Wallet[]) {
    this.id = id;
    this.#profile = profile;
    this.#hash = hash;
    this.#store = this.#opened();
    this.#store.commit(wallets.map((wallet): Change => ({ table: 'wallets', key: wallet.id, record: wallet })));
  }

  get up(): boolean {
    return this.#core !== null;
  }

  /** True between `armCrash` and the crash. */
  get crashArmed(): boolean {
    return this.#crashArmed;
  }

  /** The running core, or one made from the stored rows of a node that is down: for reading only. */
  reader(): Core {
    return this.#core ?? this.#fromRows(0);
  }

  /** Starts the node, which is down, from its rows. `stream`: different for each life of any node. */
  start(stream: number, nowMs: number): NodeEvent[] {
    invariant(this.#core === null, () => `node ${this.id} is started twice`);
    this.#store = this.#opened();
    this.#core = this.#fromRows(stream);
    return this.input({ kind: 'start' }, nowMs);
  }

  crash(): void {
    this.#core = null;
    this.#crashArmed = false;
    this.#timers.clear();
  }

  /** The node crashes in its next transaction that stores something and sends something, between the two. */
  armCrash(): void {
    this.#crashArmed = true;
  }

  /** Replaces the database by an empty one; the node is down. */
  loseDatabase(): void {
    invariant(this.#core === null, () => `node ${this.id} is up and loses its database`);
    this.#disk = new MemoryDisk();
    this.#store = this.#opened();
  }

  /** When the next wake-up is due; null when there is none. */
  get nextWakeMs(): number | null {
    return this.#timers.size === 0 ? null : Math.min(...this.#timers.values());
  }

  /** Fires the wake-up that is due next; `nowMs` is its time or later. */
  wake(nowMs: number): NodeEvent[] {
    const [due] = [...this.#timers].sort(([, a], [, b]) => a - b);
    invariant(due !== undefined && due[1] <= nowMs, () => `node ${this.id} has no wake-up due at ${nowMs}`);
    this.#timers.delete(due[0]);
    return this.input({ kind: 'wake', name: due[0] }, nowMs);
  }

  /** Runs `input` and everything that follows from it at once. A node that is down hears nothing. */
  input(input: Input, nowMs: number): NodeEvent[] {
    const events: NodeEvent[] = [];
    const inputs: Input[] = [input];
    for (let count = 0; inputs.length > 0 && this.#core !== null; count++) {
      invariant(count < INPUTS_MAX, () => `node ${this.id} does not come to rest after ${input.kind}`);
      events.push(...this.#transaction(this.#core, inputs.shift()!, nowMs, inputs));
    }
    return events;
  }

  /** `following` takes the inputs that come up once the transaction is committed. */
  #transaction(core: Core, first: Input, nowMs: number, following: Input[]): NodeEvent[] {
    const changes: Change[] = [];
    const effects: Effect[] = [];
    const inputs: Input[] = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      for (const effect of core.step(input, nowMs)) {
        if (effect.kind === 'persist') {
          changes.push(...effect.changes);
        } else if (effect.kind === 'seek') {
          const nonce = searchNonce(effect.prefix, effect.difficulty, this.#hash);
          inputs.push({ kind: 'nonce-found', ticket: effect.ticket, nonce });
        } else {
          effects.push(effect);
        }
      }
    }
    if (changes.length > 0) this.#store.commit(changes);
    if (this.#crashArmed && changes.length > 0 && effects.some((effect) => effect.kind === 'publish')) {
      this.crash();
      const seen = effects.filter((effect) => !leavesTheNode(effect));
      return [...seen, { kind: 'crashed', unsent: effects.filter((effect) => effect.kind === 'publish').length }];
    }
    for (const effect of effects) {
      if (effect.kind === 'wake') {
        if (effect.atMs === null) this.#timers.delete(effect.name);
        else this.#timers.set(effect.name, effect.atMs);
      } else if (effect.kind === 'publish') {
        Object.freeze(effect.message);
        if (effect.receipt !== null) following.push({ kind: 'acknowledged', receipt: effect.receipt });
      }
    }
    return effects;
  }

  #opened(): MemoryStore {
    const { schema } = this.#profile;
    return new MemoryStore({ self: this.id, schema, configurationHash: 'schedule' }, this.#disk);
  }

  #fromRows(stream: number): Core {
    return new LedgerNode({ self: this.id, profile: this.#profile, durable: this.#store.load(), stream });
  }
}

/** Effects that a crash after the commit prevents; the others are what the node knows and has stored. */
function leavesTheNode(effect: Effect): boolean {
  return ['publish', 'send', 'execute', 'order', 'wake'].includes(effect.kind);
}
