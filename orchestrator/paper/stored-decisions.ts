/**
 * What past transactions leave in a node's database: eight real cores in this process decide purchases one after
 * another, and the first of them keeps its rows in a real SQLite store, a transaction for each delivery as in a host.
 * Messages pass the codec and the checks; there is no network, and nobody is late.
 */
import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { DATABASE_FILE, SqliteStore } from '../../node/host/sqlite-store.ts';
import type { ServiceRun, StoreIdentity } from '../../node/host/store.ts';
import { type Change, EMPTY_STATE, TABLES } from '../../node/protocol/durable.ts';
import { invariant } from '../../node/protocol/invariant.ts';
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import type { Request, Vote } from '../../node/protocol/message.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { Effect, Input } from '../../node/protocol/step.ts';
import { verify } from '../../node/protocol/verify.ts';
import { openWallet, type Wallet } from '../../node/protocol/wallet.ts';
import { Failure, throwIfInterrupted } from '../failure.ts';
import type { RawData } from './measurement.ts';

export interface StoredDecisionsOptions {
  /** Decisions after which the database is looked at, ascending. */
  readonly checkpoints: readonly number[];
  /** Where the database is made, and removed again. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

type Core = LedgerNode<Wallet, Request, Vote>;
type Published = Extract<Effect, { kind: 'publish' }>;

/** Of the network whose decisions are stored. */
export const NODES_STORED = 8;
const SERVICE = 'Nespresso';
const PRICE_DCOINS = 2;
/** Nobody runs out of it. */
const UNITS = 1_000_000;
const EPOCH_MS = 1_600_000_000_000;
const EVERY_MS = 1000;
const DECISIONS_A_SLICE = 50;

/** Rejects with a Failure when interrupted. */
export async function measureStoredDecisions(options: StoredDecisionsOptions): Promise<RawData> {
  const { checkpoints, directory, signal, note } = options;
  const cores = new StoredCores(join(directory, 'node-1'));
  try {
    const points: object[] = [];
    for (const checkpoint of checkpoints) {
      while (cores.decisions < checkpoint) {
        throwIfInterrupted(signal);
        const slice = Math.min(DECISIONS_A_SLICE, checkpoint - cores.decisions);
        for (let i = 0; i < slice; i++) cores.decide();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      points.push({ decisions: cores.decisions, ...cores.look() });
      note(`${checkpoint} decisions`);
    }
    return { nodes: NODES_STORED, points };
  } finally {
    cores.close();
    await rm(join(directory, 'node-1'), { recursive: true, force: true });
  }
}

class StoredCores {
  readonly #directory: string;
  readonly #profile: PaperProfile;
  readonly #cores = new Map<string, Core>();
  readonly #keeper: string;
  readonly #identity: StoreIdentity;
  readonly #published: { readonly sender: string; readonly effect: Published }[] = [];
  #store: SqliteStore;
  #decisions = 0;
  #orders = 0;

  constructor(directory: string) {
    this.#directory = directory;
    const members = Array.from({ length: NODES_STORED }, (_, index) => `node-${index + 1}`);
    const catalogue = new Map([[SERVICE, PRICE_DCOINS]]);
    const named = namedProfile({ profile: 'paper', parameters: {}, members, catalogue, hash: nativeSha256Hex });
    if (!named.ok) throw Failure.ofProblems('nodes that store', named.problems);
    this.#profile = named.profile;
    this.#keeper = members[0]!;
    this.#identity = { self: this.#keeper, schema: named.profile.schema, configurationHash: nativeSha256Hex('paper') };
    this.#store = this.#open();
    const wallets = members.map((id) => openWallet(id, UNITS));
    this.#store.commit(wallets.map((record) => ({ table: 'wallets', key: record.id, record })));
    const durable = { ...EMPTY_STATE, wallets: wallets.map((wallet) => [wallet.id, wallet] as const) };
    members.forEach((self, index) => {
      this.#cores.set(self, new LedgerNode({ self, profile: named.profile, durable, stream: index + 1 }));
    });
    for (const self of members) this.#step(self, { kind: 'start' });
  }

  /** Of the node that stores. */
  get decisions(): number {
    return this.#decisions;
  }

  /** One purchase of the next member in turn, to its end at all. */
  decide(): void {
    const before = this.#decisions;
    const members = this.#profile.membership.members;
    const buyer = members[this.#orders % members.length]!;
    this.#orders++;
    const order = {
      orderId: `order-${this.#orders}`,
      service: SERVICE,
      priceDcoins: PRICE_DCOINS,
      mode: 'strict',
    } as const;
    this.#step(buyer, { kind: 'order', order });
    for (let next = this.#published.shift(); next !== undefined; next = this.#published.shift()) {
      const { sender, effect } = next;
      const payload = this.#profile.codec.encode(effect.message);
      if (effect.receipt !== null) this.#step(sender, { kind: 'acknowledged', receipt: effect.receipt });
      for (const self of members) {
        const verification = verify(this.#profile, payload, effect.channel, sender);
        invariant(verification.ok, () => `a message of ${sender} is refused: ${JSON.stringify(verification)}`);
        this.#step(self, { kind: 'message', sender, message: verification.message });
      }
    }
    invariant(
      this.#decisions === before + 1,
      () => `a purchase of ${buyer} led to ${this.#decisions - before} decisions`,
    );
  }

  /** Bytes of the database while it is open and once it is closed, and its rows. It is opened again. */
  look(): {
    readonly openBytes: number;
    readonly databaseBytes: number;
    readonly rows: Readonly<Record<string, number>>;
  } {
    const rows = this.#store.load();
    const openBytes = this.#store.sizeBytes();
    this.#store.close();
    const databaseBytes = statSync(join(this.#directory, DATABASE_FILE)).size;
    this.#store = this.#open();
    const counts = Object.fromEntries(TABLES.map((table) => [table, rows[table].length]));
    return { openBytes, databaseBytes, rows: { ...counts, serviceRuns: this.#store.serviceRuns().length } };
  }

  close(): void {
    this.#store.close();
  }

  #open(): SqliteStore {
    return new SqliteStore({ directory: this.#directory, identity: this.#identity, durability: 'process' });
  }

  /** What follows at once is part of the same transaction, as in node-host.ts. */
  #step(self: string, first: Input): void {
    const core = this.#cores.get(self)!;
    const nowMs = EPOCH_MS + this.#orders * EVERY_MS;
    const changes: Change[] = [];
    const runs: ServiceRun[] = [];
    const inputs: Input[] = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      for (const effect of core.step(input, nowMs)) {
        if (effect.kind === 'persist') changes.push(...effect.changes);
        else if (effect.kind === 'seek') {
          const nonce = searchNonceNatively(effect.prefix, effect.difficulty);
          inputs.push({ kind: 'nonce-found', ticket: effect.ticket, nonce });
        } else if (effect.kind === 'publish') this.#published.push({ sender: self, effect });
        else if (effect.kind === 'execute') runs.push(ended(effect));
        else if (effect.kind === 'settled' && self === this.#keeper) this.#decisions++;
      }
    }
    if (self === this.#keeper) this.#store.commit(changes, runs);
  }
}

function ended({ key, decision, argument }: Extract<Effect, { kind: 'execute' }>): ServiceRun {
  return { key, service: decision.service, argument, phase: 'ended', detail: '' };
}
