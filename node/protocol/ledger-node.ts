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
 * The rules themselves are the profile's. Invariants kept here: one vote per lock, balances only by credit or
 * settlement, rows of a decided slot never survive it. Source: R-07..R-11, R-15..R-17, R-19; readings D-03, D-04, D-06.
 */
import type { Change, DurableState, Table } from './durable.ts';
import { invariant } from './invariant.ts';
import type { MessageHead, RequestHead, SensorTransaction, Verified, VoteHead } from './message.ts';
import { type OrderRow, OwnOrders } from './own-orders.ts';
import { PendingRequests, type RequestRow } from './pending-requests.ts';
import type { LedgerAccess, Profile, Stage } from './profile.ts';
import { type RejectionCode, rejection } from './rejection.ts';
import type { Decision, Effect, Input, Order, OrderOutcome } from './step.ts';
import { markSeen, type StreamWindows } from './stream-window.ts';
import { type Group, Tally, type VoteRow } from './tally.ts';

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
  readonly #wallets = new Map<string, W>();
  readonly #requests = new PendingRequests<R>();
  readonly #tally = new Tally<V>();
  readonly #locks = new Map<string, VoteLock<R, V>>();
  readonly #streams = new Map<string, StreamWindows>();
  readonly #orders = new OwnOrders<R>();
  readonly #seeks = new Map<string, Seek<V>>();
  readonly #receipts = new Map<string, Receipt>();
  /** Requesters whose groups may have reached a quorum since the last consensus stage. */
  readonly #touched = new Set<string>();
  #nextKey = 1;
  #nextTicket = 1;
  #sequence = 0;
  /** The reference loop's count of open requests; lost with the process, as there. */
  #openRequests = 0;
  #effects: Effect[] = [];
  #changes: Change[] = [];

  constructor(options: LedgerNodeOptions<W, R, V>) {
    this.self = options.self;
    this.profile = options.profile;
    this.#stream = options.stream;
    const { durable } = options;
    for (const [id, wallet] of durable.wallets) this.#wallets.set(String(id), wallet as W);
    for (const [key, row] of durable.requests) this.#requests.put({ ...(row as RequestRow<R>), key: Number(key) });
    for (const [key, row] of durable.votes) this.#tally.add({ ...(row as VoteRow<V>), key: Number(key) });
    for (const [requester, lock] of durable.locks) this.#locks.set(String(requester), lock as VoteLock<R, V>);
    for (const [publisher, windows] of durable.streams) this.#streams.set(String(publisher), windows as StreamWindows);
    for (const [key, row] of durable.orders) this.#orders.put({ ...(row as OrderRow<R>), key: Number(key) });
    for (const rows of [durable.requests, durable.votes, durable.orders]) {
      for (const [key] of rows) this.#nextKey = Math.max(this.#nextKey, Number(key) + 1);
    }
    for (const requester of this.#tally.requesters()) this.#touched.add(requester);
  }

  /** Size of the network as this node sees it. */
  get n(): number {
    const { kind, members } = this.profile.membership;
    return kind === 'configured' ? members.length : this.#wallets.size;
  }

  wallet(id: string): W | undefined {
    return this.#wallets.get(id);
  }

  /**
   * Runs to completion and returns what is to be done, in order; a `persist` comes first. `nowMs`: Unix
   * milliseconds, never going back.
   */
  step(input: Input, nowMs: number): readonly Effect[] {
    this.#effects = [];
    this.#changes = [];
    switch (input.kind) {
      case 'start':
        this.#start(nowMs);
        break;
      case 'message':
        this.#message(input.message, input.sender, nowMs);
        break;
      case 'refused':
        this.#effects.push({ kind: 'rejected', rejection: input.rejection });
        break;
      case 'order':
        this.#order(input.order, nowMs);
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
    this.#issueQueued(nowMs);
    const changes = this.#changes;
    return changes.length === 0 ? this.#effects : [{ kind: 'persist', changes }, ...this.#effects];
  }

  snapshot(): LedgerSnapshot<W, R, V> {
    const votes: VoteRow<V>[] = [];
    for (const requester of this.#tally.requesters()) votes.push(...this.#tally.rowsOf(requester));
    return {
      wallets: [...this.#wallets.values()],
      requests: [...this.#requests.rows()].map((row) => row.request),
      votes: votes.sort((a, b) => a.key - b.key).map((row) => row.vote),
      locks: [...this.#locks].map(([requester, lock]) => ({ requester, lock })),
      orders: this.#orders.rows(),
      n: this.n,
      quorum: this.profile.quorum(this.n),
    };
  }

  /** Rows stored, without building a snapshot. */
  get storedRows(): { readonly requests: number; readonly votes: number } {
    return { requests: this.#requests.size, votes: this.#tally.size };
  }

  // --- life -------------------------------------------------------------------------------------------------------

  #start(nowMs: number): void {
    const { membership, schedule, extension } = this.profile;
    if (membership.kind === 'configured') {
      for (const id of membership.members)
        if (!this.#wallets.has(id)) this.#setWallet(id, this.profile.wallets.open(id));
    }
    for (const [requester, lock] of this.#locks) {
      if (lock.acknowledged || this.#slotOf(requester) !== lock.slot) continue;
      if (lock.sealed) this.#publishVote(lock.vote);
      else this.#seekVote(lock.vote);
    }
    for (const row of this.#orders.rows()) {
      if (row.request === null || row.acknowledged || row.request.slot !== this.#slotOf(this.self)) continue;
      if (row.phase === 'sent') this.#publishRequest(row);
      else if (row.phase === 'sealing') this.#seekOrder(row);
    }
    if (extension?.onStart !== undefined) this.#effects.push(...extension.onStart(this.#access, nowMs));
    this.#run(schedule.afterStart, nowMs);
    this.#armPeriod(nowMs);
  }

  #wake(name: string, nowMs: number): void {
    const { schedule, extension } = this.profile;
    if (name === 'period' && schedule.period !== null) {
      this.#run(schedule.period.stages, nowMs);
      this.#armPeriod(nowMs);
    } else if (extension?.onWake !== undefined) {
      this.#effects.push(...extension.onWake(name, this.#access, nowMs));
    }
  }

  #armPeriod(nowMs: number): void {
    const { period } = this.profile.schedule;
    if (period !== null) this.#effects.push({ kind: 'wake', name: 'period', atMs: nowMs + period.ms });
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
          this.#effects.push(...extension.onMessage(message, sender, this.#access, nowMs));
        }
    }
    this.#run(schedule.afterMessage(message.kind), nowMs);
    if (schedule.period?.from === 'silence') this.#armPeriod(nowMs);
  }

  #sensor(message: SensorTransaction, sender: string | null): void {
    const { publisher, position } = message;
    if (position !== null) {
      const windows = markSeen(this.#streams.get(publisher) ?? [], position);
      if (windows === null) {
        this.#reject(
          'duplicate',
          message,
          sender,
          'sequence',
          'a position not credited yet',
          `${position.stream}/${position.sequence}`,
        );
        return;
      }
      this.#streams.set(publisher, windows);
      this.#persist('streams', publisher, windows);
    }
    this.#effects.push({ kind: 'accepted', sender, message });
    const wallet = this.#wallets.get(publisher);
    if (wallet === undefined) this.#touched.add(publisher);
    this.#setWallet(publisher, this.profile.wallets.earn(wallet ?? this.profile.wallets.open(publisher), 1));
    this.#effects.push({ kind: 'credited', wallet: publisher, units: 1, cause: 'sensor' });
  }

  #request(request: R, sender: string | null, nowMs: number): void {
    const { retention, voteLock } = this.profile;
    const { requester, slot, id } = request;
    if (retention.outdate !== null) this.#age(requester, sender);
    this.#openRequests++;
    const wallet = this.#wallets.get(requester);
    if (this.#isLate(wallet, slot)) {
      this.#reject('late', request, sender, 'state', 'the current State of the requester', slot);
      return;
    }
    const lock = voteLock ? this.#locks.get(requester) : undefined;
    const usedId =
      this.#requests.find(requester, slot)?.request.id ?? (lock?.slot === slot ? lock.requestId : undefined);
    if (usedId !== undefined) {
      const code = usedId === id ? 'duplicate' : 'conflicting';
      this.#reject(code, request, sender, 'state', 'one request per State', id);
      return;
    }
    const current = wallet !== undefined && this.profile.wallets.slot(wallet) === slot;
    if (retention.rowsPerPair !== null) {
      this.#evict(
        this.#requests.of(requester).filter((row) => row.request.slot !== this.#slotOf(requester)),
        this.#requests.of(requester).length,
        retention.rowsPerPair,
        (row) => {
          this.#requests.remove(row);
          this.#persist('requests', row.key, null);
          this.#reject(
            'evicted',
            row.request,
            sender,
            'requests',
            `at most ${retention.rowsPerPair} per requester`,
            row.request.id,
          );
        },
      );
    }
    const row = { key: this.#nextKey++, request, life: retention.outdate ?? 0 };
    this.#requests.put(row);
    this.#persist('requests', row.key, { request, life: row.life });
    this.#effects.push({ kind: 'accepted', sender, message: request });
    if (!current) this.#misplaced(request, nowMs);
  }

  #vote(vote: V, sender: string | null, nowMs: number): void {
    const { retention, duplicates } = this.profile;
    const { requester, slot, voter } = vote;
    const wallet = this.#wallets.get(requester);
    if (this.#isLate(wallet, slot)) {
      this.#reject('late', vote, sender, 'state', 'the current State of the requester', slot);
      return;
    }
    if (duplicates === 'first-counts') {
      const first = this.#tally.slot(requester, slot)?.firstByVoter.get(voter);
      if (first !== undefined) {
        const code = first.vote.group === vote.group ? 'duplicate' : 'conflicting';
        this.#reject(code, vote, sender, 'voter', `one vote per State, counted: ${first.vote.group}`, vote.group);
        return;
      }
    }
    const currentSlot = wallet === undefined ? null : this.profile.wallets.slot(wallet);
    // Under `first-counts` a pair has one row a slot, so few slots mean few rows: the usual case costs no scan.
    const crowded = duplicates !== 'first-counts' || this.#tally.slotCount(requester) >= (retention.rowsPerPair ?? 0);
    if (retention.rowsPerPair !== null && crowded) {
      const rows = this.#tally.rowsOfPair(voter, requester);
      this.#evict(
        rows.filter((row) => row.vote.slot !== currentSlot),
        rows.length,
        retention.rowsPerPair,
        (evicted) => {
          this.#tally.replaceRows(requester, (row) => (row.key === evicted.key ? null : row));
          this.#persist('votes', evicted.key, null);
          this.#reject(
            'evicted',
            evicted.vote,
            sender,
            'votes',
            `at most ${retention.rowsPerPair} per voter and requester`,
            evicted.vote.group,
          );
        },
      );
    }
    const row = { key: this.#nextKey++, vote, life: retention.outdate ?? 0 };
    this.#tally.add(row);
    this.#touched.add(requester);
    this.#persist('votes', row.key, { vote, life: row.life });
    this.#effects.push({ kind: 'accepted', sender, message: vote });
    if (slot !== currentSlot) this.#misplaced(vote, nowMs);
  }

  #isLate(wallet: W | undefined, slot: string): boolean {
    return (
      this.profile.retention.rowsPerPair !== null &&
      wallet !== undefined &&
      this.profile.wallets.previousSlot(wallet) === slot
    );
  }

  #misplaced(message: R | V, nowMs: number): void {
    const { extension } = this.profile;
    if (extension?.onMisplaced !== undefined)
      this.#effects.push(...extension.onMisplaced(message, this.#access, nowMs));
  }

  /** Makes room for one row more: the oldest of `movable` leave while `count` rows reach `max`. */
  #evict<Row>(movable: readonly Row[], count: number, max: number, drop: (row: Row) => void): void {
    for (const row of movable.slice(0, Math.max(0, count + 1 - max))) drop(row);
  }

  /** A request of `requester` came: its stored rows have one request less to live. */
  #age(requester: string, sender: string | null): void {
    for (const row of this.#requests.of(requester)) {
      const life = row.life - 1;
      if (life > 0) {
        this.#requests.put({ ...row, life });
        this.#persist('requests', row.key, { request: row.request, life });
      } else {
        this.#requests.remove(row);
        this.#persist('requests', row.key, null);
        this.#reject('evicted', row.request, sender, 'outdate', 'a younger request', row.request.id);
      }
    }
    const aged = this.#tally.replaceRows(requester, (row) => (row.life > 1 ? { ...row, life: row.life - 1 } : null));
    for (const [old, row] of aged) {
      this.#persist('votes', old.key, row === null ? null : { vote: row.vote, life: row.life });
      if (row === null) this.#reject('evicted', old.vote, sender, 'outdate', 'a younger vote', old.vote.group);
    }
  }

  // --- stages -----------------------------------------------------------------------------------------------------

  #run(stages: readonly Stage[], nowMs: number): void {
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
          this.#openRequests = this.#requests.size;
          break;
      }
    }
    invariant(this.#openRequests >= 0, () => `open requests ${this.#openRequests} at ${nowMs}`);
  }

  #consensus(): void {
    if (this.#touched.size === 0) return;
    const waiting = new Set<Group<V>>();
    for (let group = this.#readyGroup(waiting); group !== null; group = this.#readyGroup(waiting)) {
      if (!this.#settle(group)) waiting.add(group);
    }
    this.#touched.clear();
    for (const group of waiting) this.#touched.add(group.rows[0]!.vote.requester);
  }

  /** Of the groups with a quorum on a current slot, the first in the profile's order; those in `waiting` left out. */
  #readyGroup(waiting: ReadonlySet<Group<V>>): Group<V> | null {
    const { votes, wallets, duplicates } = this.profile;
    const quorum = this.profile.quorum(this.n);
    let ready: Group<V> | null = null;
    for (const requester of this.#touched) {
      const wallet = this.#wallets.get(requester);
      const tally = wallet === undefined ? undefined : this.#tally.slot(requester, wallets.slot(wallet));
      if (tally === undefined) continue;
      for (const group of tally.groups.values()) {
        const count = duplicates === 'counted-per-age' ? countedPerAge(group) : group.voters.size;
        if (quorum < 1 || count < quorum || waiting.has(group)) continue;
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
    for (const voter of rewarded) this.#setWallet(voter, wallets.earn(this.#wallets.get(voter)!, rewardUnits));

    for (const row of this.#tally.dropSlot(requester, slot)) this.#persist('votes', row.key, null);
    for (const row of this.#requests.of(requester)) {
      if (row.request.slot !== slot) continue;
      this.#requests.remove(row);
      this.#persist('requests', row.key, null);
    }
    if (this.#locks.get(requester)?.slot === slot) {
      this.#locks.delete(requester);
      this.#persist('locks', requester, null);
    }
    this.#setWallet(requester, settlement.wallet);
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
      voters: [...group.voters.keys()],
      rewarded,
      rewardUnits,
      n,
      quorum: this.profile.quorum(n),
    };
    this.#effects.push({ kind: 'settled', decision });
    for (const voter of rewarded)
      this.#effects.push({ kind: 'credited', wallet: voter, units: rewardUnits, cause: 'reward' });
    if (requester === this.self) {
      this.#finishOrders(slot);
      this.#effects.push({
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
    const waiting = this.#requests.of(requester).find((row) => row.request.id === requestId);
    if (waiting !== undefined) return waiting.request;
    const lock = this.#locks.get(requester);
    if (lock?.requestId === requestId) return lock.request;
    const own = requester === this.self ? this.#orders.rows().find((row) => row.request?.id === requestId) : undefined;
    return own?.request ?? null;
  }

  /** Votes for at most `limit` acceptable requests; returns how many. `untilOwn`: an own request ends the scan. */
  #generate(limit: number, untilOwn: boolean): number {
    const { requests, votes, wallets, voteLock } = this.profile;
    let cast = 0;
    for (const row of this.#requests.rows()) {
      const { request } = row;
      const { requester, slot } = request;
      const wallet = this.#wallets.get(requester);
      if (wallet === undefined || wallets.slot(wallet) !== slot) continue;
      if (requests.acceptability(request, wallet) === 'wait') continue;
      if (requests.blocksScan(request)) break;
      this.#requests.remove(row);
      this.#persist('requests', row.key, null);
      if (requester === this.self) {
        if (untilOwn) break;
        continue;
      }
      if (voteLock && this.#locks.get(requester)?.slot === slot) continue;
      const vote = votes.cast(request, wallet, this.self);
      if (voteLock)
        this.#lock(requester, { slot, requestId: request.id, request, vote, sealed: false, acknowledged: false });
      this.#effects.push({
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
    this.#persist('locks', requester, lock);
  }

  #seekVote(vote: V): void {
    this.#seek(this.profile.votes.workPrefix(vote), { kind: 'vote', vote });
  }

  #publishVote(vote: V): void {
    const receipt = this.profile.voteLock
      ? this.#receipt({ kind: 'vote', requester: vote.requester, slot: vote.slot })
      : null;
    this.#effects.push({ kind: 'publish', channel: 'consensus', message: vote, receipt });
  }

  // --- own requests -----------------------------------------------------------------------------------------------

  #order(order: Order, nowMs: number): void {
    const { catalogue, requests, wallets } = this.profile;
    const known = this.#orders.byOrderId(order.orderId);
    if (known !== undefined) {
      if (known.phase === 'queued')
        this.#orderOutcome(order.orderId, { outcome: 'queued', reason: this.#obstacle(known) ?? 'request-pending' });
      else if (known.request !== null && known.phase !== 'sealing') this.#orderRequested(known);
      return;
    }
    const wallet = this.#wallets.get(this.self);
    if (wallet === undefined) {
      this.#refuseOrder(order, 'unknown-requester', `node ${this.self} has no wallet yet`);
      return;
    }
    const listed = catalogue?.get(order.service);
    if (catalogue !== null && listed === undefined) {
      this.#refuseOrder(order, 'unknown-service', `services: ${[...catalogue.keys()].join(', ')}`);
      return;
    }
    if (listed !== undefined && listed !== order.priceDcoins) {
      this.#refuseOrder(order, 'wrong-price', `${order.service} costs ${listed}, not ${order.priceDcoins}`);
      return;
    }
    const obstacle = order.mode === 'force' ? null : this.#obstacle(order);
    if (obstacle !== null && order.mode === 'strict') {
      const rate = this.profile.parameters.dcoinRate;
      const detail =
        obstacle === 'request-pending'
          ? `a request on State ${wallets.slot(wallet)} is not decided yet`
          : `${order.service} costs ${order.priceDcoins * rate} units, the wallet holds ${wallets.units(wallet)}`;
      this.#refuseOrder(order, obstacle, detail);
      return;
    }
    const row: OrderRow<R> = { ...order, key: this.#nextKey++, phase: 'queued', request: null, acknowledged: false };
    if (obstacle === null) {
      this.#issue(row, requests.draft(this.self, wallet, order.service, order.priceDcoins, Math.floor(nowMs / 1000)));
    } else {
      this.#putOrder(row);
      this.#orderOutcome(order.orderId, { outcome: 'queued', reason: obstacle });
    }
  }

  /** Why an order cannot become a request now; null when it can. */
  #obstacle(order: Order): 'insufficient-funds' | 'request-pending' | null {
    const wallet = this.#wallets.get(this.self);
    if (wallet === undefined) return 'insufficient-funds';
    if (this.#orders.openFor(this.profile.wallets.slot(wallet)).length > 0) return 'request-pending';
    const draft = this.profile.requests.draft(this.self, wallet, order.service, order.priceDcoins, 0);
    return this.profile.requests.acceptability(draft, wallet) === 'wait' ? 'insufficient-funds' : null;
  }

  #issueQueued(nowMs: number): void {
    const row = this.#orders.firstQueued();
    if (row === undefined || this.#obstacle(row) !== null) return;
    const wallet = this.#wallets.get(this.self)!;
    this.#issue(
      row,
      this.profile.requests.draft(this.self, wallet, row.service, row.priceDcoins, Math.floor(nowMs / 1000)),
    );
  }

  #issue(row: OrderRow<R>, request: R): void {
    const issued: OrderRow<R> = { ...row, phase: 'sealing', request };
    this.#putOrder(issued);
    this.#seekOrder(issued);
  }

  #seekOrder(row: OrderRow<R>): void {
    this.#seek(this.profile.requests.workPrefix(row.request!), { kind: 'order', key: row.key });
  }

  #publishRequest(row: OrderRow<R>): void {
    const receipt = this.#receipt({ kind: 'order', key: row.key });
    this.#effects.push({ kind: 'publish', channel: 'consensus', message: row.request!, receipt });
    this.#orderRequested(row);
  }

  /** The slot is decided: orders made for it are done, and the oldest done ones are forgotten. */
  #finishOrders(slot: string): void {
    for (const row of this.#orders.openFor(slot)) this.#putOrder({ ...row, phase: 'done' });
    for (const row of this.#orders.dropOldDone()) this.#persist('orders', row.key, null);
  }

  #putOrder(row: OrderRow<R>): void {
    this.#orders.put(row);
    this.#persist('orders', row.key, row);
  }

  #refuseOrder(order: Order, reason: Extract<OrderOutcome, { outcome: 'refused' }>['reason'], detail: string): void {
    this.#orderOutcome(order.orderId, { outcome: 'refused', reason, detail });
  }

  #orderRequested(row: OrderRow<R>): void {
    this.#orderOutcome(row.orderId, { outcome: 'requested', requestId: row.request!.id, slot: row.request!.slot });
  }

  #orderOutcome(orderId: string, outcome: OrderOutcome): void {
    this.#effects.push({ kind: 'order', orderId, ...outcome });
  }

  // --- work, receipts, own data -----------------------------------------------------------------------------------

  #seek(prefix: string, seek: Seek<V>): void {
    const ticket = `${seek.kind}:${this.#nextTicket++}`;
    this.#seeks.set(ticket, seek);
    this.#effects.push({ kind: 'seek', ticket, prefix, difficulty: this.profile.parameters.difficulty });
  }

  #nonceFound(ticket: string, nonce: number | null, nowMs: number): void {
    const seek = this.#seeks.get(ticket);
    if (seek === undefined) return;
    this.#seeks.delete(ticket);
    if (seek.kind === 'order') {
      const row = this.#orders.get(seek.key);
      if (row === undefined || row.phase !== 'sealing' || row.request === null) return;
      if (nonce === null) {
        // No solution in the whole int32 range: a later second makes another preimage.
        const wallet = this.#wallets.get(this.self)!;
        this.#issue(
          row,
          this.profile.requests.draft(this.self, wallet, row.service, row.priceDcoins, Math.floor(nowMs / 1000) + 1),
        );
        return;
      }
      const sent: OrderRow<R> = { ...row, phase: 'sent', request: this.profile.requests.solved(row.request, nonce) };
      this.#putOrder(sent);
      this.#publishRequest(sent);
      return;
    }
    const { requester, slot } = seek.vote;
    if (nonce === null) return; // no valid vote exists for these fields: the node abstains, its lock stays
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
      const row = this.#orders.get(receipt.key);
      if (row?.phase === 'sent') this.#putOrder({ ...row, acknowledged: true });
      return;
    }
    const lock = this.#locks.get(receipt.requester);
    if (lock?.slot === receipt.slot) this.#lock(receipt.requester, { ...lock, acknowledged: true });
  }

  #share(topic: string, value: number): void {
    const position = { stream: this.#stream, sequence: this.#sequence++ };
    const message: SensorTransaction = { kind: 'sensor', publisher: this.self, topic, value, position };
    this.#effects.push({ kind: 'publish', channel: 'sensor', message, receipt: null });
  }

  // --- rows -------------------------------------------------------------------------------------------------------

  #slotOf(requester: string): string | null {
    const wallet = this.#wallets.get(requester);
    return wallet === undefined ? null : this.profile.wallets.slot(wallet);
  }

  #setWallet(id: string, wallet: W): void {
    this.#wallets.set(id, wallet);
    this.#persist('wallets', id, wallet);
  }

  #persist(table: Table, key: string | number, record: unknown): void {
    this.#changes.push({ table, key, record });
  }

  #reject(
    code: RejectionCode,
    message: MessageHead,
    sender: string | null,
    where: string,
    expected: string,
    found: string,
  ): void {
    this.#effects.push({ kind: 'rejected', rejection: rejection(code, message.kind, sender, where, expected, found) });
  }

  readonly #access: LedgerAccess<W> = ((node: LedgerNode<W, R, V>): LedgerAccess<W> => ({
    get self() {
      return node.self;
    },
    get members() {
      return node.profile.membership.members;
    },
    wallet: (id) => node.wallet(id),
    setWallet: (id, wallet) => {
      node.#touched.add(id);
      node.#setWallet(id, wallet);
    },
  }))(this);
}

/** pyWallance counts a repeated vote again once its age differs. Source: D-10. */
function countedPerAge<V extends VoteHead>(group: Group<V>): number {
  return new Set(group.rows.map((row) => `${row.life}/${row.vote.voter}`)).size;
}
