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
 * Kept by node: balance and place in the chain of the wallets that buy, and nothing of the others.
 *
 * Which profiles: event driven, configured members, one vote per State, the first vote counts (`paper`). It models
 * neither faults nor sensor transactions, nor the eviction of misplaced rows: a node that falls four decisions of one
 * wallet behind, which these latencies would have to bring about, is refused.
 */
import { invariant } from '../protocol/invariant.ts';
import { INT32_MAX, type MessageHead } from '../protocol/message.ts';
import type { Parameters, Problem } from '../protocol/parameters.ts';
import type { Wallet } from '../protocol/wallet.ts';
import { type ArrivalScratch, arrivalScratch } from './arrivals.ts';
import type { PlannedPurchase, PurchasePlan, SeenDecision } from './purchase-plan.ts';
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
interface Moment {
  readonly timeMs: number;
  /** Order among what happens at one moment. */
  readonly order: number;
  readonly kind: 'order' | 'request' | 'ready';
  readonly flight: RequestFlight | null;
  readonly purchase: number;
}

/** The delivery that made a node decide. */
interface Trigger {
  readonly timeMs: number;
  readonly purchase: number;
  readonly sender: number;
}

/** Rows that a core keeps for one pair before it evicts any: a lag that this engine does not model. */
const LAG_MAX = 3;

/** What keeps a profile from running here; empty: nothing. */
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
  readonly #touched: number[] = [];

  /** `plan.profile` must have no {@link largeNetworkProblems}. `onDecision` costs O(n log n) a decision and node. */
  constructor(plan: PurchasePlan, onDecision: ((decision: SeenDecision) => void) | null = null) {
    const { profile, fundUnits, purchases, latency } = plan;
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
    this.#issued = purchases.map(() => null);
    this.#bytes = new Float64Array(purchases.length);
    this.#orders = purchases.map((_, index) => index);
    this.#orders.sort((a, b) => purchases[a]!.atMs - purchases[b]!.atMs || a - b);
  }

  /** Runs until nothing is under way. */
  run(): void {
    const { latency } = this.#plan;
    for (let fromMs = this.#nextMs(); fromMs < Number.POSITIVE_INFINITY; fromMs = this.#nextMs()) {
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
      });
    }
    for (const flight of this.#flying) {
      const { purchase } = flight.parts;
      const order = purchase * (this.n + 1);
      for (; flight.reached < this.n && flight.arrivalMs[flight.reached]! < untilMs; flight.reached++) {
        const timeMs = flight.arrivalMs[flight.reached]!;
        this.#enter(flight.receivers[flight.reached]!, { timeMs, order, kind: 'request', flight, purchase });
      }
      flight.makeReady(untilMs, (receiver) => {
        const timeMs = flight.readyMs[receiver]!;
        const after = order + 1 + flight.readySender[receiver]!;
        this.#enter(receiver, { timeMs, order: after, kind: 'ready', flight, purchase });
      });
    }
    for (const node of this.#touched) {
      const moments = this.#moments[node]!;
      this.#moments[node] = undefined;
      moments.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order);
      for (const moment of moments) this.#happen(node, moment);
    }
    this.#touched.length = 0;
    this.#flying = this.#flying.filter((flight) => flight.decided < this.n || flight.reached < this.n);
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

  #happen(node: number, { kind, timeMs, flight, purchase }: Moment): void {
    if (kind === 'order') {
      this.#order(node, purchase, timeMs);
      return;
    }
    if (kind === 'request') {
      this.#pending[node]!.push(flight!);
    } else {
      const { wallet, slot } = flight!.parts;
      const behind = slot - this.#slots[node * this.#buyers.length + wallet]!;
      invariant(behind >= 0 && behind <= LAG_MAX, () => `node ${node} is ${behind} decisions behind`);
      if (behind > 0) return; // its turn comes with the decision before
      this.#decideChain(flight!, node, { timeMs, purchase, sender: flight!.readySender[node]! });
    }
    this.#vote(node, timeMs);
    this.#issueQueued(node, timeMs);
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
    const { profile, seekNonce, hashMs } = this.#plan;
    const id = profile.membership.members[voter]!;
    const draft = profile.votes.cast(flight.parts.request, wallet, id);
    const nonce = seekNonce(profile.votes.workPrefix(draft), profile.parameters.difficulty);
    if (nonce === null) return; // no valid vote exists for these fields: the node abstains
    const vote = profile.votes.solved(draft, nonce);
    this.#checkOnce(vote, id);
    flight.castVote(voter, vote, timeMs + (nonce + 1) * hashMs);
    this.#bytes[flight.parts.purchase]! += profile.codec.encode(vote).length;
  }

  /** What every receiver checks, once. */
  #checkOnce(message: MessageHead, sender: string): void {
    const { profile, work } = this.#plan;
    const refusal = work === 'drawn' ? null : profile.check(message, sender);
    invariant(refusal === null, () => `a message that others accept: ${JSON.stringify(refusal)}`);
  }

  // --- decisions --------------------------------------------------------------------------------------------------

  /** Decides, and what that makes current and has a quorum already. */
  #decideChain(flight: RequestFlight, node: number, trigger: Trigger): void {
    const { flights } = this.#buyers[flight.parts.wallet]!;
    let next: RequestFlight | undefined = flight;
    while (next !== undefined) {
      this.#decide(next, node, trigger);
      const after: RequestFlight | undefined = flights[next.parts.slot + 1];
      next = after !== undefined && isReady(after, node, trigger) ? after : undefined;
    }
  }

  #decide(flight: RequestFlight, node: number, trigger: Trigger): void {
    const { profile } = this.#plan;
    const { wallet, slot, request, purchase } = flight.parts;
    const { timeMs } = trigger;
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
    flight.decidedMs[node] = timeMs;
    flight.decided++;
    if (this.#onDecision !== null) {
      const rewarded = flight.votersAt(node, last.timeMs, last.sender);
      const remainingUnits = profile.votes.remainingUnits(vote);
      this.#onDecision({ node, purchase, timeMs, newState: next.stateHash, remainingUnits, rewarded });
    }
    if (flight.hasVoteFrom(node) && flight.sendMs[node]! > timeMs && flight.sendMs[node]! < Number.POSITIVE_INFINITY) {
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
    const { profile, purchases, unixMs, seekNonce, hashMs, latency } = this.#plan;
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
    const flight = new RequestFlight(
      {
        purchase,
        wallet: number,
        slot,
        request,
        issuedMs: timeMs,
        publishedMs: timeMs + (nonce + 1) * hashMs,
        quorum: this.quorum,
        latency,
        receiverKeys: this.#receiverKeys,
        scratch: this.#scratch,
      },
      buyer.node,
    );
    invariant(buyer.flights.length === slot, () => `one request for each State, the chain is at ${slot}`);
    buyer.flights.push(flight);
    buyer.busy = true;
    this.#issued[purchase] = flight;
    this.#flying.push(flight);
    this.#bytes[purchase]! += profile.codec.encode(request).length;
  }

  /** A buyer's wallet at a node. */
  #wallet(node: number, buyer: number): Wallet {
    const at = node * this.#buyers.length + buyer;
    return { ...this.#buyers[buyer]!.chain[this.#slots[at]!]!, units: this.#units[at]! };
  }
}

/** Whether the quorum of `flight` was complete at `node` when the trigger came. */
function isReady(flight: RequestFlight, node: number, { timeMs, purchase, sender }: Trigger): boolean {
  const readyMs = flight.readyMs[node]!;
  if (readyMs !== timeMs) return readyMs < timeMs;
  const first = flight.parts.purchase - purchase || flight.readySender[node]! - sender;
  return first < 0;
}
