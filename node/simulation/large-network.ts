/**
 * One to ten thousand voting nodes without an instance of the state machine each: a second driver over the profile's
 * pure functions (draft, acceptability, cast, check, quorum, rewarded, settle), proven equal, decision by decision, to
 * real cores on the same keyed latencies (delivery-network.ts).
 *
 * Theory of operation. What a receiver does is decided by few of its deliveries: the arrival of a request, after which
 * it votes, and the arrival of the vote that makes a quorum. Both are computed from send times and keyed latencies
 * (request-flight.ts, arrivals.ts); the other deliveries, all but a few of n^2, are counted and forgotten.
 *
 * Requests are coupled: a decision rewards voters who buy later, chains the State of its requester, frees it to ask
 * again, and takes back a vote whose nonce is still sought; and a voter votes on the balance that it sees. So time
 * goes in windows no longer than the shortest latency. What arrives within a window was sent before it and is known, so
 * receivers are worked off one by one, each with its few events in order; the votes and requests that they send arrive
 * in later windows. A window begins at the first moment at which anything can happen, so quiet time costs nothing.
 *
 * Where nodes do one thing at a time, windows are of arrivals all the same: a node works off what it is given in the
 * order of arrival, so what came before settles when it gets to something (receiver-queues.ts), and what follows from
 * that leaves later still.
 *
 * Kept by node: balance and place in the chain of the wallets that buy, and nothing of the others.
 *
 * Which profiles: event driven, configured members, one vote per State, the first vote counts (`paper`); what keeps the
 * others out is told at {@link largeNetworkProblems}. It models neither faults nor sensor transactions, nor the eviction
 * of misplaced rows: a node that falls four decisions of one wallet behind, which these latencies would have to bring
 * about, is refused.
 */
import { invariant } from '../protocol/invariant.ts';
import { INT32_MAX, type MessageHead } from '../protocol/message.ts';
import type { Parameters, Problem } from '../protocol/parameters.ts';
import type { Wallet } from '../protocol/wallet.ts';
import { type ArrivalScratch, arrivalScratch } from './arrivals.ts';
import {
  INLINE_DIFFICULTY_MAX,
  type PlannedPurchase,
  type PurchasePlan,
  planOnGrid,
  type SeenDecision,
} from './purchase-plan.ts';
import { type QueuedMoment, ReceiverQueues } from './receiver-queues.ts';
import { RequestFlight } from './request-flight.ts';

/** What became of a purchase. Times in milliseconds since the beginning. */
export interface PurchaseOutcome {
  /** Its order became a request; null: never. */
  readonly issuedMs: number | null;
  readonly publishedMs: number | null;
  /** The q-th vote of the group that won was sent; null: no group won. */
  readonly quorumSentMs: number | null;
  /** By node; NaN: it never decided. */
  readonly decidedMs: Float64Array | null;
  /** Nodes that decided. */
  readonly decided: number;
  readonly votes: number;
  /** Different votes: above 1 the votes were split. */
  readonly groups: number;
  /** Payloads of the request and its votes, once each. */
  readonly bytes: number;
}

/** A wallet that buys, and the chain of its decisions, which is one for all nodes. */
interface Buyer {
  readonly node: number;
  readonly id: string;
  /** Wallet after so many decisions; its balance is each node's own. */
  readonly chain: Wallet[];
  /** Requests in the order of the chain. */
  readonly flights: RequestFlight[];
  /** Orders that wait, by number in the plan. */
  readonly queued: number[];
  /** A request of its own is not decided by the buyer. */
  busy: boolean;
}

/** Something that happens at a receiver within a window. */
interface Moment extends QueuedMoment {
  readonly purchase: number;
  /** Of a nonce: what it was sought for. */
  readonly sought: Sought | null;
}

/** What a nonce is sought for. */
interface Sought {
  readonly node: number;
  /** The request to be voted for; null: the nonce is for a request of the node's own. */
  readonly flight: RequestFlight | null;
  /** Sends the message. */
  readonly send: (timeMs: number) => void;
}

/** What a node that does one thing at a time is doing. */
interface Job {
  hashes: number;
  isStored: boolean;
  decides: boolean;
  /** To be done when it ends. */
  readonly after: ((endMs: number) => void)[];
}

/** The delivery that made a node decide. */
interface Trigger {
  readonly timeMs: number;
  readonly purchase: number;
  readonly sender: number;
}

/** Rows that a core keeps for one pair before it evicts any: a lag that this engine does not model. */
const LAG_MAX = 3;

/**
 * What keeps a profile from running here; empty: nothing. The reference codes do not, and it would take the state machine
 * of each node to run them:
 * - `schedule`: a `reference-loop` makes at most one vote for each message that comes, of whatever kind, so every
 *   delivery matters and none can be left out; where votes are counted by period, all moments are those of the clocks.
 * - `votesPerState`, `duplicateVotes`: who votes again for a second request on one State can have nodes settle different
 *   ones, so the chain of a wallet is each node's own and no longer one.
 * - `networkSize`: each node's quorum follows the wallets that it has met so far.
 * - `outdate`, `timeMinusOneBlocks`: votes leave the count with later requests, or wait behind a certain one.
 * How `ref-c` rewards, rounds and prints balances can be had with `paper`, by the parameters of that.
 */
export function largeNetworkProblems(parameters: Parameters): Problem[] {
  const wanted: Partial<Parameters> = {
    schedule: 'event',
    networkSize: 'configured',
    votesPerState: 'one',
    duplicateVotes: 'first-counts',
    outdate: null,
    timeMinusOneBlocks: false,
  };
  return (Object.keys(wanted) as (keyof Parameters)[])
    .filter((name) => parameters[name] !== wanted[name])
    .map((name) => ({
      path: `parameters.${name}`,
      expected: `${JSON.stringify(wanted[name])} in a network without cores`,
      found: JSON.stringify(parameters[name]),
    }));
}

export class LargeNetwork {
  readonly n: number;
  readonly quorum: number;
  readonly #plan: PurchasePlan;
  readonly #onDecision: ((decision: SeenDecision) => void) | null;
  readonly #receiverKeys: Int32Array;
  readonly #scratch: ArrivalScratch;
  readonly #buyers: Buyer[] = [];
  readonly #buyerOf = new Map<number, number>();
  /** By node and buyer: decisions made, and balance. */
  readonly #slots: Int32Array;
  readonly #units: Int32Array;
  /** By node: requests that have come and were not used, in order of arrival. */
  readonly #pending: RequestFlight[][];
  /** Voters that are rewarded at most, of those present. */
  readonly #rewardedMax: number;
  readonly #issued: (RequestFlight | null)[];
  readonly #bytes: Float64Array;
  readonly #orders: number[];
  #ordersTaken = 0;
  #flying: RequestFlight[] = [];
  readonly #moments: (Moment[] | undefined)[];
  /** Null: nodes are never busy. */
  readonly #queues: ReceiverQueues | null;
  #job: Job = { hashes: 0, isStored: false, decides: false, after: [] };
  /** By node: when the search that was begun last is done. */
  readonly #soughtMs: Float64Array;
  /** Nonces that are found in later windows. */
  #seeking: { readonly timeMs: number; readonly sought: Sought }[] = [];
  readonly #touched: number[] = [];

  /** `plan.profile` must have no {@link largeNetworkProblems}. `onDecision` costs O(n log n) a decision and node. */
  constructor(given: PurchasePlan, onDecision: ((decision: SeenDecision) => void) | null = null) {
    const plan = planOnGrid(given);
    const { profile, fundUnits, purchases, latency, serial } = plan;
    const { members } = profile.membership;
    const problems = largeNetworkProblems(profile.parameters);
    invariant(problems.length === 0, () => `a profile for large networks, got ${JSON.stringify(problems)}`);
    this.#plan = plan;
    this.#onDecision = onDecision;
    this.n = members.length;
    this.quorum = profile.quorum(this.n);
    this.#rewardedMax = profile.rewarded(members, this.n).length;
    this.#receiverKeys = Int32Array.from(members, (_, number) => latency.receiverKey(number));
    this.#scratch = arrivalScratch(this.n);
    for (const { requester, service, priceDcoins } of purchases) {
      const listed = profile.catalogue === null || profile.catalogue.get(service) === priceDcoins;
      const possible = listed && profile.requests.expressible(service, priceDcoins);
      invariant(possible, () => `a service of the catalogue at its price, got ${service} at ${priceDcoins}`);
      if (this.#buyerOf.has(requester)) continue;
      const id = members[requester];
      invariant(id !== undefined, () => `requester 0..${this.n - 1}, got ${requester}`);
      this.#buyerOf.set(requester, this.#buyers.length);
      const chain = [profile.wallets.open(id)];
      this.#buyers.push({ node: requester, id, chain, flights: [], queued: [], busy: false });
    }
    const buyers = this.#buyers.length;
    this.#slots = new Int32Array(this.n * buyers);
    this.#units = new Int32Array(this.n * buyers);
    for (let at = 0; at < this.#units.length; at++) this.#units[at] = fundUnits[this.#buyers[at % buyers]!.node]!;
    this.#pending = Array.from({ length: this.n }, () => []);
    this.#moments = new Array<Moment[] | undefined>(this.n).fill(undefined);
    this.#soughtMs = new Float64Array(this.n);
    const slotAt = (node: number, wallet: number) => this.#slots[node * buyers + wallet]!;
    const receiverKeys = this.#receiverKeys;
    this.#queues = serial === null ? null : new ReceiverQueues({ serial, latency, receiverKeys, slotAt });
    this.#issued = purchases.map(() => null);
    this.#bytes = new Float64Array(purchases.length);
    this.#orders = purchases.map((_, index) => index);
    this.#orders.sort((a, b) => purchases[a]!.atMs - purchases[b]!.atMs || a - b);
  }

  /** Runs until nothing is under way. */
  run(): void {
    const { latency } = this.#plan;
    for (let fromMs = this.#nextMs(); fromMs < Number.POSITIVE_INFINITY; fromMs = this.#nextMs()) {
      this.#queues?.forget(fromMs);
      this.#window(fromMs + latency.msMin);
    }
  }

  outcome(purchase: number): PurchaseOutcome {
    const flight = this.#issued[purchase]!;
    if (flight === null) {
      return {
        issuedMs: null,
        publishedMs: null,
        quorumSentMs: null,
        decidedMs: null,
        decided: 0,
        votes: 0,
        groups: 0,
        bytes: 0,
      };
    }
    const { issuedMs, publishedMs } = flight.parts;
    const quorumSentMs = flight.quorumSentMs();
    return {
      issuedMs,
      publishedMs,
      quorumSentMs: Number.isFinite(quorumSentMs) ? quorumSentMs : null,
      decidedMs: flight.decidedMs,
      decided: flight.decided,
      votes: flight.votes,
      groups: flight.groups,
      bytes: this.#bytes[purchase]!,
    };
  }

  /** A buyer's wallet as `node` sees it; null: this node buys nothing in the plan. */
  walletAt(node: number, buyer: number): Wallet | null {
    const number = this.#buyerOf.get(buyer);
    return number === undefined ? null : this.#wallet(node, number);
  }

  // --- windows ----------------------------------------------------------------------------------------------------

  /** No sooner can anything happen. */
  #nextMs(): number {
    const { purchases } = this.#plan;
    const order = this.#orders[this.#ordersTaken];
    let nextMs = order === undefined ? Number.POSITIVE_INFINITY : purchases[order]!.atMs;
    for (const { timeMs } of this.#seeking) nextMs = Math.min(nextMs, timeMs);
    for (const flight of this.#flying) {
      flight.look();
      nextMs = Math.min(nextMs, flight.nextReadyMs, flight.arrivalMs[flight.reached] ?? Number.POSITIVE_INFINITY);
    }
    return nextMs;
  }

  #window(untilMs: number): void {
    const { purchases } = this.#plan;
    for (; this.#ordersTaken < this.#orders.length; this.#ordersTaken++) {
      const purchase = this.#orders[this.#ordersTaken]!;
      const { atMs, requester } = purchases[purchase]!;
      if (atMs >= untilMs) break;
      this.#enter(requester, {
        timeMs: atMs,
        order: purchase - purchases.length,
        kind: 'order',
        flight: null,
        purchase,
        sought: null,
      });
    }
    if (this.#seeking.length > 0) {
      const found = this.#seeking.filter(({ timeMs }) => timeMs < untilMs);
      this.#seeking = this.#seeking.filter(({ timeMs }) => timeMs >= untilMs);
      for (const { timeMs, sought } of found) this.#enter(sought.node, this.#found(timeMs, sought));
    }
    for (const flight of this.#flying) {
      const { purchase } = flight.parts;
      const order = purchase * (this.n + 1);
      for (; flight.reached < this.n && flight.arrivalMs[flight.reached]! < untilMs; flight.reached++) {
        const timeMs = flight.arrivalMs[flight.reached]!;
        const receiver = flight.receivers[flight.reached]!;
        this.#enter(receiver, { timeMs, order, kind: 'request', flight, purchase, sought: null });
      }
      flight.makeReady(untilMs, (receiver) => {
        const timeMs = flight.readyMs[receiver]!;
        const after = order + 1 + flight.readySender[receiver]!;
        this.#enter(receiver, { timeMs, order: after, kind: 'ready', flight, purchase, sought: null });
      });
    }
    for (const node of this.#touched) {
      const moments = this.#moments[node]!;
      this.#moments[node] = undefined;
      moments.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order);
      if (this.#queues === null) for (const moment of moments) this.#happen(node, moment, moment.timeMs);
      else this.#work(node, moments, untilMs, this.#queues);
    }
    this.#touched.length = 0;
    this.#flying = this.#flying.filter((flight) => !flight.over);
  }

  // --- one thing at a time ----------------------------------------------------------------------------------------

  #work(node: number, moments: Moment[], untilMs: number, queues: ReceiverQueues): void {
    queues.work(node, moments, (moment, beginMs) => {
      const endMs = this.#do(node, moment, beginMs);
      // A nonce that this node finds within the window is its own affair.
      for (const { timeMs, sought } of this.#seeking) {
        if (sought.node !== node || timeMs >= untilMs) continue;
        const found = this.#found(timeMs, sought);
        const at = moments.findIndex((other, index) => index > moments.indexOf(moment) && isLater(other, found));
        moments.splice(at < 0 ? moments.length : at, 0, found);
      }
      this.#seeking = this.#seeking.filter(({ timeMs, sought }) => sought.node !== node || timeMs >= untilMs);
      return endMs;
    });
  }

  /** Does what a moment demands, begun at `beginMs`; returns when it ends. */
  #do(node: number, moment: Moment, beginMs: number): number {
    const { serial, hashMs } = this.#plan;
    const job: Job = { hashes: 0, isStored: false, decides: false, after: [] };
    this.#job = job;
    this.#happen(node, moment, beginMs);
    const { deliveryMs, commitMs, commits } = serial!;
    const isDelivery = moment.kind === 'request' || moment.kind === 'ready';
    const isCommitted = commits === 'changes' ? job.isStored : job.decides;
    const endMs = beginMs + (isDelivery ? deliveryMs : 0) + job.hashes * hashMs + (isCommitted ? commitMs : 0);
    for (const act of job.after) act(endMs);
    return endMs;
  }

  /** Calls `act` when what a node does now, begun at `timeMs`, is done. */
  #afterwards(timeMs: number, act: (endMs: number) => void): void {
    if (this.#queues === null) act(timeMs);
    else this.#job.after.push(act);
  }

  /** Seeks a nonce that takes so many hashes, from `timeMs` on. */
  #seek(timeMs: number, nonce: number, sought: Sought): void {
    const { hashMs, profile } = this.#plan;
    const hashes = nonce + 1;
    if (this.#queues === null) {
      sought.send(timeMs + hashes * hashMs);
      return;
    }
    this.#job.isStored = true;
    if (profile.parameters.difficulty <= INLINE_DIFFICULTY_MAX) {
      this.#job.hashes += hashes;
      this.#job.after.push(sought.send);
      return;
    }
    this.#job.after.push((endMs) => {
      const foundMs = Math.max(this.#soughtMs[sought.node]!, endMs) + hashes * hashMs;
      this.#soughtMs[sought.node] = foundMs;
      this.#seeking.push({ timeMs: foundMs, sought });
    });
  }

  #found(timeMs: number, sought: Sought): Moment {
    const order = -this.#plan.purchases.length - 1;
    return { timeMs, order, kind: 'nonce', flight: sought.flight, purchase: -1, sought };
  }

  #enter(node: number, moment: Moment): void {
    const moments = this.#moments[node];
    if (moments === undefined) {
      this.#moments[node] = [moment];
      this.#touched.push(node);
    } else {
      moments.push(moment);
    }
  }

  /** What a moment leads to at a node that gets to it at `nowMs`. */
  #happen(node: number, { kind, timeMs, flight, purchase, sought }: Moment, nowMs: number): void {
    const behind = flight === null ? 0 : this.#behind(node, flight);
    switch (kind) {
      case 'order':
        this.#job.isStored = true;
        this.#order(node, purchase, nowMs);
        return;
      case 'nonce':
        if (sought!.flight !== null && behind !== 0) return; // decided meanwhile: the vote would be late
        this.#job.isStored = true;
        this.#job.after.push(sought!.send);
        return;
      case 'request':
        this.#job.isStored = behind !== -1;
        this.#pending[node]!.push(flight!);
        break;
      case 'ready':
        invariant(behind >= 0 && behind <= LAG_MAX, () => `node ${node} is ${behind} decisions behind`);
        this.#job.isStored = true;
        if (behind > 0) return; // its turn comes with the decision before
        this.#decideChain(flight!, node, { timeMs, purchase, sender: flight!.readySender[node]! }, nowMs);
    }
    this.#vote(node, nowMs);
    this.#issueQueued(node, nowMs);
  }

  /** Decisions that a node has to make before it can decide on `flight`; below 0: it has done so. */
  #behind(node: number, { parts: { wallet, slot } }: RequestFlight): number {
    return slot - this.#slots[node * this.#buyers.length + wallet]!;
  }

  // --- votes ------------------------------------------------------------------------------------------------------

  /** Votes for each request that has come and is acceptable. */
  #vote(node: number, timeMs: number): void {
    const pending = this.#pending[node]!;
    if (pending.length === 0) return;
    const { requests } = this.#plan.profile;
    const waiting = pending.filter((flight) => {
      const { wallet, slot, request } = flight.parts;
      const current = this.#slots[node * this.#buyers.length + wallet]!;
      if (slot !== current) return slot > current;
      const seen = this.#wallet(node, wallet);
      if (requests.acceptability(request, seen) === 'wait') return true;
      if (this.#buyers[wallet]!.node !== node) this.#cast(flight, node, seen, timeMs);
      return false;
    });
    this.#pending[node] = waiting;
  }

  #cast(flight: RequestFlight, voter: number, wallet: Wallet, timeMs: number): void {
    const { profile, seekNonce } = this.#plan;
    const id = profile.membership.members[voter]!;
    const draft = profile.votes.cast(flight.parts.request, wallet, id);
    const nonce = seekNonce(profile.votes.workPrefix(draft), profile.parameters.difficulty);
    if (nonce === null) return; // no valid vote exists for these fields: the node abstains
    const vote = profile.votes.solved(draft, nonce);
    this.#checkOnce(vote, id);
    const send = (sendMs: number) => {
      flight.castVote(voter, vote, sendMs);
      this.#bytes[flight.parts.purchase]! += profile.codec.encode(vote).length;
    };
    this.#seek(timeMs, nonce, { node: voter, flight, send });
  }

  /** What every receiver checks, once. */
  #checkOnce(message: MessageHead, sender: string): void {
    const { profile, work } = this.#plan;
    const refusal = work === 'drawn' ? null : profile.check(message, sender);
    invariant(refusal === null, () => `a message that others accept: ${JSON.stringify(refusal)}`);
  }

  // --- decisions --------------------------------------------------------------------------------------------------

  /** Decides, and what that makes current and has a quorum already. */
  #decideChain(flight: RequestFlight, node: number, trigger: Trigger, nowMs: number): void {
    const { flights } = this.#buyers[flight.parts.wallet]!;
    let next: RequestFlight | undefined = flight;
    while (next !== undefined) {
      this.#decide(next, node, trigger, nowMs);
      const after: RequestFlight | undefined = flights[next.parts.slot + 1];
      next = after !== undefined && isReady(after, node, trigger) ? after : undefined;
    }
  }

  #decide(flight: RequestFlight, node: number, trigger: Trigger, nowMs: number): void {
    const { profile } = this.#plan;
    const { wallet, slot, request, purchase } = flight.parts;
    const vote = flight.winner!;
    const buyer = this.#buyers[wallet]!;
    const row = node * this.#buyers.length;
    const settlement = buyer.chain.length > slot + 1 ? null : profile.settle(this.#wallet(node, wallet), vote, request);
    if (settlement !== null) buyer.chain.push(settlement.wallet);
    const next = buyer.chain[slot + 1];
    invariant(next !== undefined, 'a settlement by vote alone');

    const last = this.#lastRewarded(flight, node, trigger);
    for (let other = 0; other < this.#buyers.length; other++) {
      const voter = this.#buyers[other]!.node;
      if (other === wallet || !flight.votedWithWinner(voter) || !this.#isHere(flight, voter, node, last)) continue;
      const units = this.#units[row + other]! + profile.parameters.dcoinRewardUnits;
      this.#units[row + other] = Math.min(INT32_MAX, units);
    }
    this.#slots[row + wallet] = slot + 1;
    this.#units[row + wallet] = profile.votes.remainingUnits(vote);
    flight.decided++;
    this.#job.decides = true;
    const voters = this.#onDecision === null ? [] : flight.votersAt(node, last.timeMs, last.sender);
    this.#afterwards(nowMs, (timeMs) => {
      flight.decidedMs[node] = timeMs;
      const remainingUnits = profile.votes.remainingUnits(vote);
      this.#onDecision?.({ node, purchase, timeMs, newState: next.stateHash, remainingUnits, rewarded: voters });
    });
    if (flight.hasVoteFrom(node) && flight.sendMs[node]! > nowMs && flight.sendMs[node]! < Number.POSITIVE_INFINITY) {
      this.#bytes[purchase]! -= profile.codec.encode(vote).length;
      flight.takeBackVote(node);
    }
    if (buyer.node === node) buyer.busy = false;
  }

  /** The last vote, in order of arrival, whose voter is rewarded. */
  #lastRewarded(flight: RequestFlight, node: number, trigger: Trigger): { timeMs: number; sender: number } {
    // All votes of another purchase than the trigger's that come at its very moment are before it or after it.
    const ownTrigger = flight.parts.purchase === trigger.purchase;
    const allAtOnce = flight.parts.purchase < trigger.purchase ? this.n : -1;
    const last = { timeMs: trigger.timeMs, sender: ownTrigger ? trigger.sender : allAtOnce };
    const present = ownTrigger ? this.quorum : Number.POSITIVE_INFINITY;
    if (this.#rewardedMax >= Math.min(present, this.n - 1)) return last;
    const voters = flight.votersAt(node, last.timeMs, last.sender);
    if (voters.length <= this.#rewardedMax) return last;
    const sender = voters[this.#rewardedMax - 1]!;
    return { timeMs: this.#arrivalMs(flight, sender, node), sender };
  }

  #isHere(flight: RequestFlight, voter: number, node: number, last: { timeMs: number; sender: number }): boolean {
    const arrivalMs = this.#arrivalMs(flight, voter, node);
    return arrivalMs < last.timeMs || (arrivalMs === last.timeMs && voter <= last.sender);
  }

  #arrivalMs(flight: RequestFlight, voter: number, node: number): number {
    const { latency } = this.#plan;
    const key = latency.messageKey('vote', flight.parts.purchase, voter);
    return flight.sendMs[voter]! + latency.delayMs(key, this.#receiverKeys[node]!);
  }

  // --- orders -----------------------------------------------------------------------------------------------------

  #order(node: number, purchase: number, timeMs: number): void {
    const buyer = this.#buyers[this.#buyerOf.get(node)!]!;
    if (this.#stands(buyer, this.#plan.purchases[purchase]!)) this.#issue(buyer, purchase, timeMs);
    else buyer.queued.push(purchase);
    this.#issueQueued(node, timeMs);
  }

  /** The oldest order that waits, if nothing stands against it any more. */
  #issueQueued(node: number, timeMs: number): void {
    const number = this.#buyerOf.get(node);
    if (number === undefined) return;
    const buyer = this.#buyers[number]!;
    const first = buyer.queued[0];
    if (first === undefined || !this.#stands(buyer, this.#plan.purchases[first]!)) return;
    buyer.queued.shift();
    this.#issue(buyer, first, timeMs);
  }

  /** Whether an order can become a request now. */
  #stands(buyer: Buyer, { service, priceDcoins }: PlannedPurchase): boolean {
    if (buyer.busy) return false;
    const { requests } = this.#plan.profile;
    const wallet = this.#wallet(buyer.node, this.#buyerOf.get(buyer.node)!);
    return requests.acceptability(requests.draft(buyer.id, wallet, service, priceDcoins, 0), wallet) === 'accept';
  }

  #issue(buyer: Buyer, purchase: number, timeMs: number): void {
    const { profile, purchases, unixMs, seekNonce, latency } = this.#plan;
    const { service, priceDcoins } = purchases[purchase]!;
    const number = this.#buyerOf.get(buyer.node)!;
    const wallet = this.#wallet(buyer.node, number);
    const time = Math.floor((unixMs + timeMs) / 1000);
    const draft = profile.requests.draft(buyer.id, wallet, service, priceDcoins, time);
    const nonce = seekNonce(profile.requests.workPrefix(draft), profile.parameters.difficulty);
    invariant(nonce !== null, () => `a nonce for purchase ${purchase}`);
    const request = profile.requests.solved(draft, nonce);
    this.#checkOnce(request, buyer.id);
    const slot = this.#slots[buyer.node * this.#buyers.length + number]!;
    invariant(buyer.flights.length === slot, () => `one request for each State, the chain is at ${slot}`);
    buyer.busy = true;
    const send = (publishedMs: number) => {
      const { quorum } = this;
      const [receiverKeys, scratch] = [this.#receiverKeys, this.#scratch];
      const parts = { purchase, wallet: number, slot, request, issuedMs: timeMs, publishedMs, quorum };
      const flight = new RequestFlight({ ...parts, latency, receiverKeys, scratch }, buyer.node);
      buyer.flights.push(flight);
      this.#issued[purchase] = flight;
      this.#flying.push(flight);
      this.#queues?.enter(flight);
      this.#bytes[purchase]! += profile.codec.encode(request).length;
    };
    this.#seek(timeMs, nonce, { node: buyer.node, flight: null, send });
  }

  /** A buyer's wallet at a node. */
  #wallet(node: number, buyer: number): Wallet {
    const at = node * this.#buyers.length + buyer;
    return { ...this.#buyers[buyer]!.chain[this.#slots[at]!]!, units: this.#units[at]! };
  }
}

function isLater(moment: Moment, other: Moment): boolean {
  return moment.timeMs > other.timeMs || (moment.timeMs === other.timeMs && moment.order > other.order);
}

/** Whether the quorum of `flight` was complete at `node` when the trigger came. */
function isReady(flight: RequestFlight, node: number, { timeMs, purchase, sender }: Trigger): boolean {
  const readyMs = flight.readyMs[node]!;
  if (readyMs !== timeMs) return readyMs < timeMs;
  const first = flight.parts.purchase - purchase || flight.readySender[node]! - sender;
  return first < 0;
}
