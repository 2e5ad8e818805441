/**
 * A core that is driven through recorded inputs, as the host drives it (node/host/node-host.ts): one transaction an
 * input, nonces that are found at once within it, and the lines of it written by the same observations. Rows outlive a
 * life on a virtual disk. What would leave the node goes nowhere.
 */
import { type DurableRecord, recordOfRows, wasSent } from '../../node/host/durable-record.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { Observations } from '../../node/host/observations.ts';
import { INLINE_DIFFICULTY_MAX } from '../../node/host/sealer.ts';
import type { Change, DurableState } from '../../node/protocol/durable.ts';
import { LedgerNode, type LedgerSnapshot, type VoteLock } from '../../node/protocol/ledger-node.ts';
import type { Request, Vote } from '../../node/protocol/message.ts';
import type { OrderRow } from '../../node/protocol/own-orders.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Effect, Input } from '../../node/protocol/step.ts';
import type { Wallet } from '../../node/protocol/wallet.ts';
import { satisfiesDifficulty } from '../../node/protocol/work.ts';
import { VirtualDisk } from '../../node/simulation/virtual-disk.ts';

type Seek = Extract<Effect, { kind: 'seek' }>;
type Core = LedgerNode<Wallet, Request, Vote>;

/** Transactions that a crash may have left without lines: what a node takes within one turn of its event loop. */
export const LOST_MAX = 512;

/** An input whose lines were lost. */
export interface Lost {
  readonly input: Input;
  readonly atMs: number;
}

export class DrivenCore {
  readonly #node: string;
  readonly #profile: PaperProfile;
  readonly #disk = new VirtualDisk(LOST_MAX);
  #core: Core;
  #stream = 0;
  #observations: Observations;
  #lines: string[] = [];
  /** Searches too long to be done within a step, by ticket. */
  #seeks = new Map<string, Seek>();

  constructor(node: string, profile: PaperProfile) {
    this.#node = node;
    this.#profile = profile;
    this.#core = this.#loaded();
    this.#observations = this.#recorder();
  }

  get n(): number {
    return this.#core.n;
  }

  get empty(): boolean {
    return this.#disk.empty;
  }

  snapshot(): LedgerSnapshot<Wallet, Request, Vote> {
    return this.#core.snapshot();
  }

  /** The database is gone. */
  lose(): void {
    this.#disk.lose();
  }

  /** As the `boot` line would say it, were `unacknowledged` all that the fabric has not taken. */
  record(unacknowledged: DurableRecord['unacknowledged']): DurableRecord {
    const durable = this.#disk.load();
    const taken = new Map(
      acknowledgements(durable, unacknowledged).map(({ table, key, record }) => [`${table} ${key}`, record]),
    );
    const locks = durable.locks.map(([key, row]) => [key, taken.get(`locks ${key}`) ?? row] as const);
    const orders = durable.orders.map(([key, row]) => [key, taken.get(`orders ${key}`) ?? row] as const);
    return recordOfRows({ ...durable, locks, orders });
  }

  /** Begins a life with the rows there are; `stream` names its sensor data. Returns the lines of its wallets. */
  begin(unacknowledged: DurableRecord['unacknowledged'], stream: number): readonly string[] {
    this.#disk.commit(acknowledgements(this.#disk.load(), unacknowledged));
    this.#stream = stream;
    this.#seeks = new Map();
    this.#core = this.#loaded();
    this.#observations = this.#recorder();
    const wallets = this.#core.snapshot().wallets.map(({ id }) => id);
    this.#observations.boot({ profile: '', n: 0, q: 0, members: [], dbEmpty: false }, wallets, 0);
    return this.#take().slice(1);
  }

  /** One transaction; returns its lines. */
  take(first: Input, nowMs: number): readonly string[] {
    const changes: Change[] = [];
    const inputs: Input[] = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      const effects = this.#core.step(input, nowMs);
      this.#observations.record(input, effects, nowMs);
      for (const effect of effects) {
        if (effect.kind === 'persist') changes.push(...effect.changes);
        else if (effect.kind === 'seek') {
          if (effect.difficulty > INLINE_DIFFICULTY_MAX) this.#seeks.set(effect.ticket, effect);
          else
            inputs.push({
              kind: 'nonce-found',
              ticket: effect.ticket,
              nonce: searchNonceNatively(effect.prefix, effect.difficulty),
            });
        }
      }
    }
    this.#disk.commit(changes);
    this.#observations.flush();
    return this.#take();
  }

  /** The long search that `nonce` ends; null: none that is under way. */
  foundNonce(nonce: number): Input | null {
    for (const [ticket, { prefix, difficulty }] of this.#seeks) {
      if (!satisfiesDifficulty(nativeSha256Hex(prefix + nonce), difficulty)) continue;
      this.#seeks.delete(ticket);
      return { kind: 'nonce-found', ticket, nonce };
    }
    return null;
  }

  /**
   * How many of `inputs`, taken one after another from here on, lead to the rows of `record`; 0: no number of them does.
   * Those are committed then, the others are not, and the lines that they made were lost. Only between two lives, and no
   * more of them than can be taken back ({@link LOST_MAX}).
   */
  explained(inputs: Iterable<Lost>, record: DurableRecord): number {
    let taken = 0;
    for (const { input, atMs } of inputs) {
      // A trial leaves traces in the core. One that ends a search needs the core that began it.
      if (taken === 0 && input.kind !== 'nonce-found') this.#core = this.#loaded();
      this.take(input, atMs);
      taken++;
      if (this.record(record.unacknowledged).rows === record.rows) return taken;
      if (taken === LOST_MAX) break;
    }
    this.#disk.rollBack(taken);
    return 0;
  }

  #loaded(): Core {
    return new LedgerNode<Wallet, Request, Vote>({
      self: this.#node,
      profile: this.#profile,
      durable: this.#disk.load(),
      stream: this.#stream,
    });
  }

  #recorder(): Observations {
    return new Observations({
      node: this.#node,
      file: null,
      wallet: (id) => this.#core.wallet(id),
      onLines: (text) => this.#lines.push(...text.split('\n').slice(0, -1)),
      monotonicMs: () => 0,
    });
  }

  #take(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}

/** Changes that mark everything sent as taken by the fabric, except what is known not to be. */
function acknowledgements(durable: DurableState, unacknowledged: DurableRecord['unacknowledged']): readonly Change[] {
  const changes: Change[] = [];
  for (const [key, row] of durable.locks) {
    const lock = row as VoteLock<Request, Vote>;
    if (!lock.sealed || lock.acknowledged || unacknowledged.votes.includes(String(key))) continue;
    changes.push({ table: 'locks', key, record: { ...lock, acknowledged: true } });
  }
  for (const [key, row] of durable.orders) {
    const order = row as OrderRow<Request>;
    if (!wasSent(order) || order.acknowledged || unacknowledged.orders.includes(order.orderId)) continue;
    changes.push({ table: 'orders', key, record: { ...order, acknowledged: true } });
  }
  return changes;
}
