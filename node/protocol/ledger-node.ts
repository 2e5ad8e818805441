/**
 * The state machine of one node: `step(input, now)` returns effects, does nothing else, and is the same class in a
 * container, in a simulation and in a test.
 *
 * Theory of operation. Everything a node knows is rows: wallets, pending requests, votes, vote locks, redelivery
 * windows, own orders. A delivered message is first stored (or refused as late, duplicate, conflicting), then the
 * stages of the profile's schedule run:
 *
 *   consensus   settle every group of equal votes that has a quorum on its wallet's current slot, in the profile's
 *               order: reward, set the balance, chain the state, drop the rows of the slot, start the service at the
 *               requester. A settlement can make votes for the next slot current, so it repeats until nothing is left.
 *   generate    vote for pending requests that are acceptable on the current slot, in order of arrival.
 *
 *   a request's row:   stored -> used for a vote (removed, lock taken) | removed as own or locked | removed by the
 *                      decision on its slot | evicted
 *   a vote lock:       taken and persisted -> sealed (nonce found, vote published) -> acknowledged; released only by
 *                      the decision on its slot
 *   an own order:      (queued ->) sealing -> sent -> done
 *
 * What must be durable before a message leaves is in the `persist` that comes first among a step's effects: the lock
 * before its vote, the order before its request. After a restart `start` repeats what was not acknowledged, with the
 * same fields. A node counts its own vote and its own sensor data only when the fabric delivers them back.
 *
 * The rules themselves are the profile's; storing messages is message-intake.ts, orders are order-desk.ts. Invariants
 * kept here: one vote per lock, balances only by credit or settlement, rows of a decided slot never survive it.
 * Source: ..R-22; readings D-03, D-04, D-06, D-12.
 */
import type { DurableState } from './durable.ts';
import { invariant } from './invariant.ts';
import type { MessageHead, RequestHead, SensorTransaction, Verified, VoteHead } from './message.ts';
import { MessageIntake } from './message-intake.ts';
import { OrderDesk } from './order-desk.ts';
import type { OrderRow } from './own-orders.ts';
import type { RequestRow } from './pending-requests.ts';
import type { LedgerAccess, Profile, Stage } from './profile.ts';
import type { Decision, Effect, Input } from './step.ts';
import { StepOutput } from './step-output.ts';
import { markSeen, type StreamWindows } from './stream-window.ts';
import type { Group, VoteRow } from './tally.ts';
import { WalletTable } from './wallet-table.ts';

/** The one vote a node gives for a slot of a requester. */
export interface VoteLock<R extends RequestHead, V extends VoteHead> {
  readonly slot: string;
  readonly requestId: string;
  /** The request that was voted for: the evidence, and what a settlement by id needs. */
  readonly request: R;
  readonly vote: V;
  /** The nonce is found: `vote` is what was or will be published. */
  readonly sealed: boolean;
  readonly acknowledged: boolean;
}

export interface LedgerNodeOptions<W, R extends RequestHead, V extends VoteHead> {
  readonly self: string;
  readonly profile: Profile<W, R, V>;
  /** Rows of an earlier life; empty for a new node. */
  readonly durable: DurableState;
  /** Unsigned 32-bit, different for each life of the process: names its stream of sensor transactions. */
  readonly stream: number;
}

/** A node's state for people and tests. */
export interface LedgerSnapshot<W, R extends RequestHead, V extends VoteHead> {
  readonly wallets: readonly W[];
  readonly requests: readonly R[];
  readonly votes: readonly V[];
  readonly locks: readonly { readonly requester: string; readonly lock: VoteLock<R, V> }[];
  readonly orders: readonly OrderRow<R>[];
  readonly n: number;
  readonly quorum: number;
}

type Seek<V> = { readonly kind: 'order'; readonly key: number } | { readonly kind: 'vote'; readonly vote: V };
type Receipt =
  | { readonly kind: 'order'; readonly key: number }
  | { readonly kind: 'vote'; readonly requester: string; readonly slot: string };

export class LedgerNode<W, R extends RequestHead, V extends VoteHead> {
  readonly self: string;
  readonly profile: Profile<W, R, V>;
  readonly #stream: number;
  readonly #output = new StepOutput();
  readonly #wallets: WalletTable<W>;
  readonly #intake: MessageIntake<W, R, V>;
  readonly #desk: OrderDesk<W, R, V>;
  readonly #locks = new Map<string, VoteLock<R, V>>();
  readonly #streams = new Map<string, StreamWindows>();
  readonly #seeks = new Map<string, Seek<V>>();
  readonly #receipts = new Map<string, Receipt>();
  readonly #access: LedgerAccess<W>;
  /** Requesters whose groups may have reached a quorum since the last consensus stage. */
  readonly #touched = new Set<string>();
  #nextKey = 1;
  #nextTicket = 1;
  #sequence = 0;
  /** The reference loop's count of open requests; lost with the process, as there. */
  #openRequests = 0;

  constructor(options: LedgerNodeOptions<W, R, V>) {
    const { self, profile, durable } = options;
    this.self = self;
    this.profile = profile;
    this.#stream = options.stream;
    this.#wallets = new WalletTable(profile.wallets, this.#output);
    const shared = { profile, output: this.#output, wallets: this.#wallets, nextKey: () => this.#nextKey++ };
    this.#intake = new MessageIntake({
      ...shared,
      lockedRequestId: (requester, slot) => {
        const lock = this.#locks.get(requester);
        return lock?.slot === slot ? lock.requestId : null;
      },
    });
    this.#desk = new OrderDesk({
      ...shared,
      self,
      seek: (prefix, key) => this.#seek(prefix, { kind: 'order', key }),
      receipt: (key) => this.#receipt({ kind: 'order', key }),
    });
    this.#access = {
      self,
      members: profile.membership.members,
      wallet: (id) => this.#wallets.get(id),
      setWallet: (id, wallet) => {
        this.#touched.add(id);
        this.#wallets.set(id, wallet);
      },
    };
    this.#restore(durable);
  }

  /** Size of the network as this node sees it. */
  get n(): number {
    const { kind, members } = this.profile.membership;
    return kind === 'configured' ? members.length : this.#wallets.size;
  }

  wallet(id: string): W | undefined {
    return this.#wallets.get(id);
  }

  /** Rows stored, without building a snapshot. */
  get storedRows(): { readonly requests: number; readonly votes: number } {
    return { requests: this.#intake.requests.size, votes: this.#intake.tally.size };
  }

  snapshot(): LedgerSnapshot<W, R, V> {
    const { requests, tally } = this.#intake;
    const votes = [...tally.requesters()].flatMap((requester) => [...tally.rowsOf(requester)]);
    return {
      wallets: this.#wallets.all(),
      requests: [...requests.rows()].map((row) => row.request),
      votes: votes.sort((a, b) => a.key - b.key).map((row) => row.vote),
      locks: [...this.#locks].map(([requester, lock]) => ({ requester, lock })),
      orders: this.#desk.rows.rows(),
      n: this.n,
      quorum: this.profile.quorum(this.n),
    };
  }

  /**
   * Runs to completion and returns what is to be done, in order; a `persist` comes first. `nowMs`: Unix
   * milliseconds, never going back.
   */
  step(input: Input, nowMs: number): readonly Effect[] {
    switch (input.kind) {
      case 'start':
        this.#start(nowMs);
        break;
      case 'message':
        this.#message(input.message, input.sender, nowMs);
        break;
      case 'refused':
        this.#output.emit({ kind: 'rejected', rejection: input.rejection });
        break;
      case 'order':
        this.#desk.take(input.order, nowMs);
        break;
      case 'sample':
        this.#share(input.topic, input.value);
        break;
      case 'nonce-found':
        this.#nonceFound(input.ticket, input.nonce, nowMs);
        break;
      case 'acknowledged':
        this.#acknowledged(input.receipt);
        break;
      case 'wake':
        this.#wake(input.name, nowMs);
        break;
    }
    this.#desk.issueQueued(nowMs);
    return this.#output.take();
  }

  // --- life -------------------------------------------------------------------------------------------------------

  #restore(durable: DurableState): void {
    const { requests, tally } = this.#intake;
    for (const [id, wallet] of durable.wallets) this.#wallets.restore(String(id), wallet as W);
    for (const [key, row] of durable.requests) requests.put({ ...(row as RequestRow<R>), key: Number(key) });
    for (const [key, row] of durable.votes) tally.add({ ...(row as VoteRow<V>), key: Number(key) });
    for (const [requester, lock] of durable.locks) this.#locks.set(String(requester), lock as VoteLock<R, V>);
    for (const [publisher, windows] of durable.streams) this.#streams.set(String(publisher), windows as StreamWindows);
    for (const [key, row] of durable.orders) this.#desk.rows.put({ ...(row as OrderRow<R>), key: Number(key) });
    for (const rows of [durable.requests, durable.votes, durable.orders]) {
      for (const [key] of rows) this.#nextKey = Math.max(this.#nextKey, Number(key) + 1);
    }
    for (const requester of tally.requesters()) this.#touched.add(requester);
  }

  #start(nowMs: number): void {
    const { membership, schedule, extension, wallets } = this.profile;
    if (membership.kind === 'configured') {
      for (const id of membership.members) if (!this.#wallets.has(id)) this.#wallets.set(id, wallets.open(id));
    }
    for (const [requester, lock] of this.#locks) {
      if (lock.acknowledged || this.#wallets.slotOf(requester) !== lock.slot) continue;
      if (lock.sealed) this.#publishVote(lock.vote);
      else this.#seekVote(lock.vote);
    }
    this.#desk.resume();
    if (extension?.onStart !== undefined) this.#output.emitAll(extension.onStart(this.#access, nowMs));
    this.#run(schedule.afterStart);
    this.#armPeriod(nowMs);
  }

  #wake(name: string, nowMs: number): void {
    const { schedule, extension } = this.profile;
    if (name === 'period' && schedule.period !== null) {
      this.#run(schedule.period.stages);
      this.#armPeriod(nowMs);
    } else if (extension?.onWake !== undefined) {
      this.#output.emitAll(extension.onWake(name, this.#access, nowMs));
    }
  }

  #armPeriod(nowMs: number): void {
    const { period } = this.profile.schedule;
    if (period !== null) this.#output.emit({ kind: 'wake', name: 'period', atMs: nowMs + period.ms });
  }

  // --- delivered messages -----------------------------------------------------------------------------------------

  #message(message: Verified<MessageHead>, sender: string | null, nowMs: number): void {
    const { schedule, extension } = this.profile;
    switch (message.kind) {
      case 'sensor':
        this.#sensor(message as unknown as SensorTransaction, sender);
        break;
      case 'request':
        this.#request(message as unknown as R, sender, nowMs);
        break;
      case 'vote':
        this.#vote(message as unknown as V, sender, nowMs);
        break;
      default:
        if (extension?.onMessage !== undefined) {
          this.#output.emitAll(extension.onMessage(message, sender, this.#access, nowMs));
        }
    }
    this.#run(schedule.afterMessage(message.kind));
    if (schedule.period?.from === 'silence') this.#armPeriod(nowMs);
  }

  #sensor(message: SensorTransaction, sender: string | null): void {
    const { publisher, position } = message;
    if (position !== null) {
      const windows = markSeen(this.#streams.get(publisher) ?? [], position);
      if (windows === null) {
        const found = `${position.stream}/${position.sequence}`;
        this.#output.reject('duplicate', message, sender, 'sequence', 'a position not credited yet', found);
        return;
      }
      this.#streams.set(publisher, windows);
      this.#output.persist('streams', publisher, windows);
    }
    this.#output.emit({ kind: 'accepted', sender, message });
    const wallet = this.#wallets.get(publisher);
    if (wallet === undefined) this.#touched.add(publisher);
    const { open, earn } = this.profile.wallets;
    this.#wallets.set(publisher, earn(wallet ?? open(publisher), 1));
    this.#output.emit({ kind: 'credited', wallet: publisher, units: 1, cause: 'sensor' });
  }

  #request(request: R, sender: string | null, nowMs: number): void {
    this.#openRequests++;
    if (this.#intake.storeRequest(request, sender) === 'misplaced') this.#misplaced(request, nowMs);
  }

  #vote(vote: V, sender: string | null, nowMs: number): void {
    const stored = this.#intake.storeVote(vote, sender);
    if (stored !== 'refused') this.#touched.add(vote.requester);
    if (stored === 'misplaced') this.#misplaced(vote, nowMs);
  }

  #misplaced(message: R | V, nowMs: number): void {
    const { extension } = this.profile;
    if (extension?.onMisplaced !== undefined) {
      this.#output.emitAll(extension.onMisplaced(message, this.#access, nowMs));
    }
  }

  // --- stages -----------------------------------------------------------------------------------------------------

  #run(stages: readonly Stage[]): void {
    for (const stage of stages) {
      switch (stage) {
        case 'consensus':
          this.#consensus();
          break;
        case 'generate-all':
          this.#generate(Number.POSITIVE_INFINITY, false);
          break;
        case 'generate-until-own':
          this.#generate(Number.POSITIVE_INFINITY, true);
          break;
        case 'generate-counted':
          if (this.#openRequests > 0) this.#openRequests -= this.#generate(1, true);
          break;
        case 'recount':
          this.#openRequests = this.#intake.requests.size;
          break;
      }
    }
    invariant(this.#openRequests >= 0, () => `open requests: ${this.#openRequests}`);
  }

  #consensus(): void {
    if (this.#touched.size === 0) return;
    // Most messages complete no quorum, so the set is made when it is needed.
    let waiting: Set<Group<V>> | null = null;
    for (let group = this.#readyGroup(null); group !== null; group = this.#readyGroup(waiting)) {
      if (this.#settle(group)) continue;
      waiting ??= new Set();
      waiting.add(group);
    }
    this.#touched.clear();
    if (waiting !== null) for (const group of waiting) this.#touched.add(group.rows[0]!.vote.requester);
  }

  /** Of the groups with a quorum on a current slot, the first in the profile's order; those in `waiting` left out. */
  #readyGroup(waiting: ReadonlySet<Group<V>> | null): Group<V> | null {
    const { votes, wallets, duplicates } = this.profile;
    const quorum = this.profile.quorum(this.n);
    let ready: Group<V> | null = null;
    for (const requester of this.#touched) {
      const wallet = this.#wallets.get(requester);
      const tally = wallet === undefined ? undefined : this.#intake.tally.slot(requester, wallets.slot(wallet));
      if (tally === undefined) continue;
      for (const group of tally.groups.values()) {
        const count = duplicates === 'counted-per-age' ? countedPerAge(group) : group.voters.size;
        if (quorum < 1 || count < quorum || waiting?.has(group) === true) continue;
        if (ready === null || votes.compareGroups(group.rows[0]!.vote, ready.rows[0]!.vote) < 0) ready = group;
      }
    }
    return ready !== null && votes.blocksConsensus(ready.rows[0]!.vote) ? null : ready;
  }

  /** False when the profile needs the request itself and it has not come yet. */
  #settle(group: Group<V>): boolean {
    const { wallets, votes } = this.profile;
    const { vote } = group.rows[0]!;
    const { requester, slot, requestId } = vote;
    const wallet = this.#wallets.get(requester);
    invariant(wallet !== undefined, () => `settling for ${requester}, who has no wallet`);
    const settlement = this.profile.settle(wallet, vote, this.#knownRequest(requester, requestId));
    if (settlement === null) return false;

    const { n } = this;
    const byArrival = group.rows.map((row) => row.vote.voter);
    const rewarded = this.profile.rewarded(byArrival, n).filter((voter) => this.#wallets.has(voter));
    const rewardUnits = this.profile.parameters.dcoinRewardUnits;
    for (const voter of rewarded) this.#wallets.set(voter, wallets.earn(this.#wallets.get(voter)!, rewardUnits));

    this.#intake.dropSlot(requester, slot);
    if (this.#locks.get(requester)?.slot === slot) {
      this.#locks.delete(requester);
      this.#output.persist('locks', requester, null);
    }
    this.#wallets.set(requester, settlement.wallet);
    this.#touched.add(requester);

    const decision: Decision = {
      requester,
      requestId,
      service: settlement.service,
      priceDcoins: settlement.priceDcoins,
      time: settlement.time,
      slot,
      previousState: wallets.stateHash(wallet),
      newState: wallets.stateHash(settlement.wallet),
      remainingUnits: votes.remainingUnits(vote),
      voters: [...group.voters],
      rewarded,
      rewardUnits,
      n,
      quorum: this.profile.quorum(n),
    };
    this.#output.emit({ kind: 'settled', decision });
    for (const voter of rewarded)
      this.#output.emit({ kind: 'credited', wallet: voter, units: rewardUnits, cause: 'reward' });
    if (requester === this.self) {
      this.#desk.finish(slot);
      this.#output.emit({
        kind: 'execute',
        key: settlement.serviceKey,
        argument: settlement.serviceArgument,
        decision,
      });
    }
    return true;
  }

  /** The request with this id, where a row still holds it: waiting, voted for, or the node's own. */
  #knownRequest(requester: string, requestId: string): R | null {
    const waiting = this.#intake.requests.of(requester).find((row) => row.request.id === requestId);
    if (waiting !== undefined) return waiting.request;
    const lock = this.#locks.get(requester);
    if (lock?.requestId === requestId) return lock.request;
    const own =
      requester === this.self ? this.#desk.rows.rows().find((row) => row.request?.id === requestId) : undefined;
    return own?.request ?? null;
  }

  /** Votes for at most `limit` acceptable requests; returns how many. `untilOwn`: an own request ends the scan. */
  #generate(limit: number, untilOwn: boolean): number {
    const { requests, votes, wallets, voteLock } = this.profile;
    let cast = 0;
    for (const row of this.#intake.requests.rows()) {
      const { request } = row;
      const { requester, slot } = request;
      const wallet = this.#wallets.get(requester);
      if (wallet === undefined || wallets.slot(wallet) !== slot) continue;
      if (requests.acceptability(request, wallet) === 'wait') continue;
      if (requests.blocksScan(request)) break;
      this.#intake.dropRequest(row);
      if (requester === this.self) {
        if (untilOwn) break;
        continue;
      }
      if (voteLock && this.#locks.get(requester)?.slot === slot) continue;
      const vote = votes.cast(request, wallet, this.self);
      if (voteLock)
        this.#lock(requester, { slot, requestId: request.id, request, vote, sealed: false, acknowledged: false });
      this.#output.emit({
        kind: 'voted',
        requester,
        requestId: request.id,
        slot,
        remainingUnits: votes.remainingUnits(vote),
      });
      this.#seekVote(vote);
      cast++;
      if (cast >= limit) break;
    }
    return cast;
  }

  // --- own votes --------------------------------------------------------------------------------------------------

  #lock(requester: string, lock: VoteLock<R, V>): void {
    this.#locks.set(requester, lock);
    this.#output.persist('locks', requester, lock);
  }

  #seekVote(vote: V): void {
    this.#seek(this.profile.votes.workPrefix(vote), { kind: 'vote', vote });
  }

  #publishVote(vote: V): void {
    const receipt = this.profile.voteLock
      ? this.#receipt({ kind: 'vote', requester: vote.requester, slot: vote.slot })
      : null;
    this.#output.emit({ kind: 'publish', channel: 'consensus', message: vote, receipt });
  }

  // --- work, receipts, own data -----------------------------------------------------------------------------------

  #seek(prefix: string, seek: Seek<V>): void {
    const ticket = `${seek.kind}:${this.#nextTicket++}`;
    this.#seeks.set(ticket, seek);
    this.#output.emit({ kind: 'seek', ticket, prefix, difficulty: this.profile.parameters.difficulty });
  }

  #nonceFound(ticket: string, nonce: number | null, nowMs: number): void {
    const seek = this.#seeks.get(ticket);
    if (seek === undefined) return;
    this.#seeks.delete(ticket);
    if (seek.kind === 'order') {
      this.#desk.sealed(seek.key, nonce, nowMs);
      return;
    }
    if (nonce === null) return; // no valid vote exists for these fields: the node abstains, its lock stays
    const { requester, slot } = seek.vote;
    const vote = this.profile.votes.solved(seek.vote, nonce);
    if (this.profile.voteLock) {
      const lock = this.#locks.get(requester);
      if (lock === undefined || lock.slot !== slot) return; // decided meanwhile: the vote would be late
      this.#lock(requester, { ...lock, vote, sealed: true });
    }
    this.#publishVote(vote);
  }

  #receipt(receipt: Receipt): string {
    const name = `${receipt.kind}:${this.#nextTicket++}`;
    this.#receipts.set(name, receipt);
    return name;
  }

  #acknowledged(name: string): void {
    const receipt = this.#receipts.get(name);
    if (receipt === undefined) return;
    this.#receipts.delete(name);
    if (receipt.kind === 'order') {
      this.#desk.acknowledged(receipt.key);
      return;
    }
    const lock = this.#locks.get(receipt.requester);
    if (lock?.slot === receipt.slot) this.#lock(receipt.requester, { ...lock, acknowledged: true });
  }

  #share(topic: string, value: number): void {
    const position = { stream: this.#stream, sequence: this.#sequence++ };
    const message: SensorTransaction = { kind: 'sensor', publisher: this.self, topic, value, position };
    this.#output.emit({ kind: 'publish', channel: 'sensor', message, receipt: null });
  }
}

/** pyWallance counts a repeated vote again once its age differs. Source: D-10. */
function countedPerAge<V extends VoteHead>(group: Group<V>): number {
  return new Set(group.rows.map((row) => `${row.life}/${row.vote.voter}`)).size;
}
