/**
 * A handful of cores and nothing else, for tests of the state machine: work is found at once, publications pile up
 * until a test delivers them, rows survive in JSON form as a store would keep them.
 */
import { hash } from 'node:crypto';
import type { Change, DurableState, Table } from '../../node/protocol/durable.ts';
import { EMPTY_STATE, TABLES } from '../../node/protocol/durable.ts';
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import type { MessageHead, Request, RequestBody, SensorTransaction, Vote } from '../../node/protocol/message.ts';
import { GENESIS } from '../../node/protocol/message.ts';
import { makeRequest, makeVote } from '../../node/protocol/paper-messages.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Catalogue } from '../../node/protocol/profile.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { Effect, Input, Order } from '../../node/protocol/step.ts';
import { verifyMessage } from '../../node/protocol/verify.ts';
import { openWallet, type Wallet } from '../../node/protocol/wallet.ts';
import { searchNonce } from '../../node/protocol/work.ts';

export const nativeHash = (text: string): string => hash('sha256', text, 'hex');

export type Core = LedgerNode<Wallet, Request, Vote>;

export interface WorldOptions {
  readonly profile?: string;
  readonly parameters?: Record<string, unknown>;
  readonly n?: number;
  readonly units?: number | Readonly<Record<string, number>>;
  readonly catalogue?: Catalogue;
}

/** Rows under their keys, each through JSON, so that a shared object would show. */
export class Disk {
  readonly #tables = new Map<Table, Map<string | number, string>>(TABLES.map((table) => [table, new Map()]));

  apply(changes: readonly Change[]): void {
    for (const { table, key, record } of changes) {
      if (record === null) this.#tables.get(table)!.delete(key);
      else this.#tables.get(table)!.set(key, JSON.stringify(record));
    }
  }

  load(): DurableState {
    const rows = (table: Table) =>
      [...this.#tables.get(table)!]
        .sort(([a], [b]) => (typeof a === 'number' && typeof b === 'number' ? a - b : 0))
        .map(([key, json]) => [key, JSON.parse(json)] as const);
    return Object.fromEntries(TABLES.map((table) => [table, rows(table)])) as unknown as DurableState;
  }

  count(table: Table): number {
    return this.#tables.get(table)!.size;
  }
}

export class CoreWorld {
  readonly profile: PaperProfile;
  readonly members: readonly string[];
  readonly nodes = new Map<string, Core>();
  readonly disks = new Map<string, Disk>();
  /** Everything published and not taken by `take`, in order. */
  published: MessageHead[] = [];
  /** Every effect of every step, by node. */
  readonly effects = new Map<string, Effect[]>();
  nowMs = 1_000_000_000_000;
  #stream = 1;
  #positions = new Map<string, number>();
  /** When set, a step's effects from the first `publish` on are lost, as in a crash after the commit. */
  crashAfterPersist: string | null = null;

  constructor(options: WorldOptions = {}) {
    const { profile = 'paper', parameters = {}, n = 8, units = 0, catalogue = null } = options;
    this.members = Array.from({ length: n }, (_, i) => String(i + 1));
    const result = namedProfile({ profile, parameters, members: this.members, catalogue, hash: nativeHash });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    this.profile = result.profile;
    const wallets =
      typeof units === 'number'
        ? this.members.map((id) => openWallet(id, units))
        : Object.entries(units).map(([id, c]) => openWallet(id, c));
    for (const id of this.members) {
      const disk = new Disk();
      disk.apply(wallets.map((wallet) => ({ table: 'wallets', key: wallet.id, record: wallet })));
      this.disks.set(id, disk);
      this.boot(id);
    }
  }

  /** Starts a node from its disk, for the first time or again. `lost`: with an empty one. */
  boot(id: string, lost = false): void {
    if (lost) this.disks.set(id, new Disk());
    const durable = lost ? EMPTY_STATE : this.disks.get(id)!.load();
    this.nodes.set(id, new LedgerNode({ self: id, profile: this.profile, durable, stream: this.#stream++ }));
    this.feed(id, { kind: 'start' });
  }

  node(id: string): Core {
    return this.nodes.get(id)!;
  }

  wallet(at: string, id: string): Wallet {
    return this.node(at).wallet(id)!;
  }

  /** Steps `id` and everything that follows at once; returns the effects. */
  feed(id: string, input: Input): Effect[] {
    const seen: Effect[] = [];
    const inputs: Input[] = [input];
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      for (const effect of this.node(id).step(next, this.nowMs)) {
        if (effect.kind === 'publish' && this.crashAfterPersist === id) {
          this.crashAfterPersist = null;
          return seen;
        }
        seen.push(effect);
        if (effect.kind === 'persist') this.disks.get(id)!.apply(effect.changes);
        else if (effect.kind === 'seek') {
          const nonce = searchNonce(effect.prefix, effect.difficulty, nativeHash);
          inputs.push({ kind: 'nonce-found', ticket: effect.ticket, nonce });
        } else if (effect.kind === 'publish') {
          this.published.push(effect.message);
          if (effect.receipt !== null) inputs.push({ kind: 'acknowledged', receipt: effect.receipt });
        }
      }
    }
    this.effects.set(id, [...(this.effects.get(id) ?? []), ...seen]);
    return seen;
  }

  /** Verifies and delivers; returns the effects of the refusal or of the step. */
  deliver(message: MessageHead, to: string, sender: string = claimedSender(message)): Effect[] {
    const verification = verifyMessage(this.profile, message, sender);
    return this.feed(
      to,
      verification.ok
        ? { kind: 'message', sender, message: verification.message }
        : { kind: 'refused', rejection: verification.rejection },
    );
  }

  deliverAll(message: MessageHead, to: readonly string[] = this.members): void {
    for (const id of to) this.deliver(message, id);
  }

  /** Takes what has been published so far. */
  take(): MessageHead[] {
    const taken = this.published;
    this.published = [];
    return taken;
  }

  /** Delivers everything published to everyone, in one total order, until nobody has more to say. */
  settle(rounds = 100): void {
    for (let round = 0; this.published.length > 0; round++) {
      if (round > rounds) throw new Error('messages did not come to rest');
      for (const message of this.take()) this.deliverAll(message);
    }
  }

  request(body: Partial<RequestBody> = {}): Request {
    const full = { requester: '1', service: 'Nespresso', priceDcoins: 2, time: 1000, state: GENESIS, ...body };
    const draft = makeRequest(full, 0, nativeHash);
    return { ...draft, nonce: this.#nonce(this.profile.requests.workPrefix(draft)) };
  }

  vote(voter: string, request: RequestBody, remainingUnits: number): Vote {
    const draft = makeVote(voter, request, remainingUnits, 0, nativeHash);
    return { ...draft, nonce: this.#nonce(this.profile.votes.workPrefix(draft)) };
  }

  sensor(publisher: string): SensorTransaction {
    const sequence = this.#positions.get(publisher) ?? 0;
    this.#positions.set(publisher, sequence + 1);
    return { kind: 'sensor', publisher, topic: 'counter', value: sequence, position: { stream: 77, sequence } };
  }

  order(id: string, order: Partial<Order> = {}): Effect[] {
    const full: Order = { orderId: 'order-1', service: 'Nespresso', priceDcoins: 2, mode: 'strict', ...order };
    return this.feed(id, { kind: 'order', order: full });
  }

  /** Codes of the rejections among `effects`. */
  static rejections(effects: readonly Effect[]): string[] {
    return effects.flatMap((effect) => (effect.kind === 'rejected' ? [effect.rejection.code] : []));
  }

  #nonce(prefix: string): number {
    const nonce = searchNonce(prefix, this.profile.parameters.difficulty, nativeHash);
    if (nonce === null) throw new Error(`no nonce for ${prefix}`);
    return nonce;
  }
}

export function claimedSender(message: MessageHead): string {
  const fields = message as { readonly publisher?: string; readonly voter?: string; readonly requester?: string };
  return fields.publisher ?? fields.voter ?? fields.requester ?? '';
}
