/**
 * A lab in one process for tests of behaviours: every node is a core in its wrapper, payloads go through the codec and
 * the checks as on a wire, one total order for all, virtual time. Letters to one peer take their place in that order.
 */
import type { Behaviour, BehaviourKind } from '../../node/behaviours/behaviour.ts';
import { ByzantineNode } from '../../node/behaviours/byzantine-node.ts';
import type { Deviation, StepEffect } from '../../node/behaviours/step-machine.ts';
import { EMPTY_STATE } from '../../node/protocol/durable.ts';
import { LedgerNode } from '../../node/protocol/ledger-node.ts';
import {
  type Channel,
  GENESIS,
  type MessageHead,
  type Request,
  type RequestBody,
  type Vote,
} from '../../node/protocol/message.ts';
import { makeRequest } from '../../node/protocol/paper-messages.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Catalogue } from '../../node/protocol/profile.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import type { Decision, Input, OrderMode } from '../../node/protocol/step.ts';
import { verify } from '../../node/protocol/verify.ts';
import { openWallet, type Wallet } from '../../node/protocol/wallet.ts';
import { searchNonce } from '../../node/protocol/work.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { Disk, nativeHash } from './core-world.ts';

export const SERVICES: Catalogue = new Map([
  ['Nespresso', 2],
  ['Tea', 1],
]);

export interface ByzantineWorldOptions {
  readonly profile?: string;
  readonly parameters?: Record<string, unknown>;
  readonly n?: number;
  /** Of every wallet at every node. */
  readonly units?: number;
  readonly seed?: string;
  /** A nonce is found so much later; default: at once. */
  readonly workMs?: number;
  readonly behaviours?: Readonly<Record<string, readonly Behaviour[]>>;
}

interface Payload {
  readonly sender: string;
  /** Null: all. */
  readonly to: string | null;
  readonly channel: Channel;
  readonly bytes: Uint8Array;
}

export interface Sent {
  readonly at: number;
  readonly from: string;
  readonly to: string | null;
  readonly message: MessageHead;
}

const STEPS_MAX = 200_000;

export class ByzantineWorld {
  readonly profile: PaperProfile;
  readonly members: readonly string[];
  readonly nodes = new Map<string, ByzantineNode>();
  readonly disks = new Map<string, Disk>();
  /** Everything put on the wire, in order. */
  readonly sent: Sent[] = [];
  /** Every effect of every step, by node. */
  readonly effects = new Map<string, StepEffect[]>();
  nowMs = 1_000_000_000_000;
  readonly #prng: Prng;
  readonly #queue: Payload[] = [];
  readonly #timers = new Map<string, { readonly id: string; readonly input: Input; readonly atMs: number }>();
  readonly #workMs: number;
  #stream = 1;
  #orders = 0;

  constructor(options: ByzantineWorldOptions = {}) {
    const { profile = 'paper', parameters = {}, n = 8, units = 0, seed = 'seed', behaviours = {} } = options;
    this.members = Array.from({ length: n }, (_, i) => String(i + 1));
    const result = namedProfile({ profile, parameters, members: this.members, catalogue: SERVICES, hash: nativeHash });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    this.profile = result.profile;
    this.#workMs = options.workMs ?? 0;
    this.#prng = Prng.seeded(seed);
    for (const id of this.members) {
      const disk = new Disk();
      for (const owner of this.members) {
        disk.apply([{ table: 'wallets', key: owner, record: openWallet(owner, units) }]);
      }
      this.disks.set(id, disk);
      this.boot(id, behaviours[id] ?? []);
    }
    this.run(0);
  }

  /** Starts a node from its disk, for the first time or again. `lost`: with an empty one. */
  boot(id: string, behaviours: readonly Behaviour[] = [], lost = false): void {
    for (const [key, timer] of this.#timers) if (timer.id === id) this.#timers.delete(key);
    if (lost) this.disks.set(id, new Disk());
    const durable = lost ? EMPTY_STATE : this.disks.get(id)!.load();
    const core = new LedgerNode<Wallet, Request, Vote>({
      self: id,
      profile: this.profile,
      durable,
      stream: this.#stream++,
    });
    this.nodes.set(id, new ByzantineNode({ core, prng: this.#prng.stream(id) }));
    this.behave(id, ...behaviours);
    this.#feed(id, { kind: 'start' });
  }

  behave(id: string, ...behaviours: readonly Behaviour[]): void {
    this.#perform(id, this.nodes.get(id)!.behave(behaviours, this.nowMs));
  }

  wallet(at: string, id: string): Wallet {
    return this.nodes.get(at)!.wallet(id)!;
  }

  order(id: string, service = 'Nespresso', mode: OrderMode = 'strict'): void {
    const priceDcoins = SERVICES!.get(service)!;
    this.#feed(id, { kind: 'order', order: { orderId: `order-${++this.#orders}`, service, priceDcoins, mode } });
  }

  /** `count` sensor values of a node, shared. */
  share(id: string, count = 1): void {
    for (let i = 0; i < count; i++) this.#feed(id, { kind: 'sample', topic: 'virtual', value: i });
  }

  /** A sealed request of node 1 on its first State, and whatever `body` says otherwise. */
  request(body: Partial<RequestBody> = {}): Request {
    const full = { requester: '1', service: 'Nespresso', priceDcoins: 2, time: 1000, state: GENESIS, ...body };
    const draft = makeRequest(full, 0, nativeHash);
    const nonce = searchNonce(this.profile.requests.workPrefix(draft), this.profile.parameters.difficulty, nativeHash);
    return { ...draft, nonce: nonce! };
  }

  /** Puts a message on the wire as `sender`, to all or to one. */
  send(message: MessageHead, sender: string, to: string | null = null): void {
    const bytes = this.profile.codec.encode(message).slice();
    this.#queue.push({ sender, to, channel: message.kind === 'sensor' ? 'sensor' : 'consensus', bytes });
  }

  /** Delivers everything, and lets `ms` pass with all that happens meanwhile. */
  run(ms: number): void {
    const end = this.nowMs + ms;
    for (let steps = 0; ; steps++) {
      if (steps > STEPS_MAX) throw new Error('the lab does not come to rest');
      const payload = this.#queue.shift();
      if (payload !== undefined) {
        for (const id of this.members) if (payload.to === null || payload.to === id) this.#deliver(id, payload);
        continue;
      }
      const next = [...this.#timers].sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (next === undefined || next[1].atMs > end) break;
      this.#timers.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1].atMs);
      this.#feed(next[1].id, next[1].input);
    }
    this.nowMs = end;
  }

  // --- what happened ------------------------------------------------------------------------------------------------

  decisions(id: string): Decision[] {
    return (this.effects.get(id) ?? []).flatMap((effect) => (effect.kind === 'settled' ? [effect.decision] : []));
  }

  /** By node: what it decided for `requester`, service and Remaining. */
  decided(requester: string): Record<string, string> {
    return Object.fromEntries(
      this.members.flatMap((id) => {
        const own = this.decisions(id).filter((decision) => decision.requester === requester);
        return own.length === 0 ? [] : [[id, own.map((d) => `${d.service} ${d.remainingUnits}`).join(', ')]];
      }),
    );
  }

  /** Codes of what a node refused of `sender`, sorted, each once. */
  refused(id: string, sender: string): string[] {
    const codes = (this.effects.get(id) ?? []).flatMap((effect) =>
      effect.kind === 'rejected' && effect.rejection.sender === sender ? [effect.rejection.code] : [],
    );
    return [...new Set(codes)].sort();
  }

  deviations(id: string, behaviour?: BehaviourKind): Deviation[] {
    return (this.effects.get(id) ?? []).flatMap((effect) =>
      effect.kind === 'deviated' && (behaviour === undefined || effect.behaviour === behaviour) ? [effect] : [],
    );
  }

  votesOf(id: string): { readonly to: string | null; readonly vote: Vote }[] {
    return this.sent.flatMap(({ from, to, message }) =>
      from === id && message.kind === 'vote' ? [{ to, vote: message as Vote }] : [],
    );
  }

  requestsOf(id: string): { readonly to: string | null; readonly request: Request }[] {
    return this.sent.flatMap(({ from, to, message }) =>
      from === id && message.kind === 'request' ? [{ to, request: message as Request }] : [],
    );
  }

  // --- the world ----------------------------------------------------------------------------------------------------

  #deliver(id: string, { sender, channel, bytes }: Payload): void {
    const verification = verify(this.profile, bytes, channel, sender);
    this.#feed(
      id,
      verification.ok
        ? { kind: 'message', sender, message: verification.message }
        : { kind: 'refused', rejection: verification.rejection },
    );
  }

  #feed(id: string, input: Input): void {
    this.#perform(id, this.nodes.get(id)!.step(input, this.nowMs));
  }

  #perform(id: string, effects: readonly StepEffect[]): void {
    const inputs: Input[] = [];
    const seen = this.effects.get(id) ?? [];
    this.effects.set(id, seen);
    for (const effect of effects) {
      seen.push(effect);
      switch (effect.kind) {
        case 'persist':
          this.disks.get(id)!.apply(effect.changes);
          break;
        case 'seek': {
          const nonce = searchNonce(effect.prefix, effect.difficulty, nativeHash);
          const input: Input = { kind: 'nonce-found', ticket: effect.ticket, nonce };
          if (this.#workMs === 0) inputs.push(input);
          else this.#timers.set(`${id} ${effect.ticket}`, { id, input, atMs: this.nowMs + this.#workMs });
          break;
        }
        case 'publish':
        case 'send': {
          const to = effect.kind === 'send' ? effect.to : null;
          const bytes = this.nodes.get(id)!.profile.codec.encode(effect.message).slice();
          this.sent.push({ at: this.nowMs, from: id, to, message: effect.message });
          this.#queue.push({ sender: id, to, channel: effect.channel, bytes });
          if (effect.kind === 'publish' && effect.receipt !== null) {
            inputs.push({ kind: 'acknowledged', receipt: effect.receipt });
          }
          break;
        }
        case 'wake': {
          const key = `${id} ${effect.name}`;
          const input: Input = { kind: 'wake', name: effect.name };
          this.#timers.delete(key);
          if (effect.atMs !== null) this.#timers.set(key, { id, input, atMs: effect.atMs });
          break;
        }
        default:
      }
    }
    for (const input of inputs) this.#feed(id, input);
  }
}
