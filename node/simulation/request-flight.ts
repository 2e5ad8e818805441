/**
 * One request of a large network on its way: who has voted for what and when, and at which receivers the votes suffice.
 * Typed arrays of the size of the network; what is per delivery is computed and forgotten (arrivals.ts).
 */
import { invariant } from '../protocol/invariant.ts';
import type { Request, Vote } from '../protocol/message.ts';
import { type ArrivalScratch, Arrivals, nthSmallest } from './arrivals.ts';
import type { KeyedLatency } from './keyed-latency.ts';
import { VoteRush } from './vote-rush.ts';

export interface RequestFlightParts {
  /** Number of the purchase in the plan. */
  readonly purchase: number;
  /** Number of the requester's wallet among those that buy, and its place in that wallet's chain. */
  readonly wallet: number;
  readonly slot: number;
  readonly request: Request;
  readonly issuedMs: number;
  readonly publishedMs: number;
  readonly quorum: number;
  readonly latency: KeyedLatency;
  readonly receiverKeys: Int32Array;
  readonly scratch: ArrivalScratch;
}

const NO_GROUP = -1;

export class RequestFlight {
  readonly parts: RequestFlightParts;
  /** Number of the node that published it. */
  readonly requester: number;
  /** Receivers of the request in order of arrival, and when it reaches each. */
  readonly receivers: Int32Array;
  readonly arrivalMs: Float64Array;
  /** Receivers that it has reached. */
  reached = 0;
  /** By voter: when its vote leaves; Infinity: it has none, or took it back before it left. */
  readonly sendMs: Float64Array;
  /** No vote leaves before or after; of none: Infinity and -Infinity. */
  firstSendMs = Number.POSITIVE_INFINITY;
  lastSendMs = Number.NEGATIVE_INFINITY;
  /** By voter: names its vote for the latency. */
  readonly voteKeys: Int32Array;
  /** By receiver: when the quorum's last vote came and whose it was; Infinity: not known yet. */
  readonly readyMs: Float64Array;
  readonly readySender: Int32Array;
  /** By receiver: when it decided; NaN: not yet. */
  readonly decidedMs: Float64Array;
  decided = 0;
  /** No receiver that is not known to be ready gets ready before. */
  nextReadyMs = Number.POSITIVE_INFINITY;
  /** Votes that were sent or will be. */
  votes = 0;

  readonly #groups: { readonly group: string; readonly vote: Vote; count: number }[] = [];
  readonly #groupOf: Int16Array;
  #winner = NO_GROUP;
  readonly #arrivals: Arrivals;
  #packed = false;
  #rush: VoteRush | null = null;
  #rushUntilMs = Number.NEGATIVE_INFINITY;
  /** Receivers that are not ready, in ascending order. */
  readonly #waiting: Int32Array;
  #waitingCount: number;
  readonly #estimateMs: Float64Array;
  readonly #estimateSender: Int32Array;
  #estimated = false;
  /** Votes of the winner that came or went since the estimates. */
  #changed: { readonly sender: number; readonly sendMs: number }[] = [];
  /** Of these, how many `nextReadyMs` knows of. */
  #looked = 0;
  readonly #arrival = { timeMs: 0, sender: 0 };

  constructor(parts: RequestFlightParts, requester: number) {
    const { purchase, latency, receiverKeys, scratch, publishedMs } = parts;
    const n = receiverKeys.length;
    this.parts = parts;
    this.requester = requester;
    this.voteKeys = Int32Array.from(receiverKeys, (_, voter) => latency.messageKey('vote', purchase, voter));
    const key = latency.messageKey('request', purchase, requester);
    const times = Float64Array.from(receiverKeys, (receiver) => publishedMs + latency.delayMs(key, receiver));
    this.receivers = Int32Array.from(receiverKeys, (_, receiver) => receiver);
    this.receivers.sort((a, b) => times[a]! - times[b]! || a - b);
    this.arrivalMs = Float64Array.from(this.receivers, (receiver) => times[receiver]!);
    this.sendMs = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
    this.readyMs = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
    this.readySender = new Int32Array(n);
    this.decidedMs = new Float64Array(n).fill(Number.NaN);
    this.#groupOf = new Int16Array(n).fill(NO_GROUP);
    this.#arrivals = new Arrivals(n, latency, scratch);
    this.#waiting = Int32Array.from(receiverKeys, (_, receiver) => receiver);
    this.#waitingCount = n;
    this.#estimateMs = new Float64Array(n);
    this.#estimateSender = new Int32Array(n);
  }

  /** It has reached every node, and each has decided. */
  get over(): boolean {
    return this.decided === this.sendMs.length && this.reached === this.sendMs.length;
  }

  /** Place of the request (null) or of a voter's vote among what arrives at one moment. */
  orderOf(voter: number | null): number {
    return this.parts.purchase * (this.sendMs.length + 1) + (voter === null ? 0 : 1 + voter);
  }

  /** When the request reaches `receiver`. */
  requestMs(receiver: number): number {
    const { latency, purchase, receiverKeys, publishedMs } = this.parts;
    return (
      publishedMs + latency.delayMs(latency.messageKey('request', purchase, this.requester), receiverKeys[receiver]!)
    );
  }

  /** How votes of `voteMs` each rush in at a node; null: there is no quorum. The votes that matter must be known. */
  rush(voteMs: number): VoteRush | null {
    if (this.#rush === null && this.#winner !== NO_GROUP) {
      this.#pack();
      const { quorum, latency } = this.parts;
      if (this.#arrivals.count < quorum) return null;
      this.#rush = new VoteRush(this.#arrivals.sendMs, quorum, voteMs, latency.msMin, latency.msMax);
      this.#rush.untilMs = this.#rushUntilMs;
    }
    return this.#rush;
  }

  learnRush(voteMs: number, count: number, arrivalMs: (rank: number) => number): void {
    const rush = this.rush(voteMs);
    rush?.learn(count, arrivalMs);
    this.#rushUntilMs = rush?.untilMs ?? this.#rushUntilMs;
  }

  /** A vote of the group that has a quorum; null: none has. */
  get winner(): Vote | null {
    return this.#winner === NO_GROUP ? null : this.#groups[this.#winner]!.vote;
  }

  /** True when `voter`'s vote counts in the group that wins, and was sent. */
  votedWithWinner(voter: number): boolean {
    return this.#groupOf[voter] === this.#winner && this.sendMs[voter]! < Number.POSITIVE_INFINITY;
  }

  /** Different votes for this request: more than one is a split. */
  get groups(): number {
    return this.#groups.length;
  }

  castVote(voter: number, vote: Vote, sendMs: number): void {
    let index = this.#groups.findIndex(({ group }) => group === vote.group);
    if (index < 0) {
      index = this.#groups.push({ group: vote.group, vote, count: 0 }) - 1;
      invariant(index < 0x7fff, 'fewer than 32767 different votes for a request');
    }
    invariant(this.#groupOf[voter] === NO_GROUP, () => `one vote of ${voter} for purchase ${this.parts.purchase}`);
    this.#groupOf[voter] = index;
    this.sendMs[voter] = sendMs;
    this.firstSendMs = Math.min(this.firstSendMs, sendMs);
    this.lastSendMs = Math.max(this.lastSendMs, sendMs);
    this.votes++;
    if (++this.#groups[index]!.count >= this.parts.quorum && this.#winner === NO_GROUP) this.#winner = index;
    if (index === this.#winner) this.#change(voter, sendMs);
  }

  /** The voter decided before its nonce was found: such a vote is never sent. */
  takeBackVote(voter: number): void {
    const index = this.#groupOf[voter]!;
    const sendMs = this.sendMs[voter]!;
    this.sendMs[voter] = Number.POSITIVE_INFINITY;
    this.#groups[index]!.count--;
    this.votes--;
    if (index === this.#winner) this.#change(voter, sendMs);
  }

  hasVoteFrom(voter: number): boolean {
    return this.#groupOf[voter] !== NO_GROUP;
  }

  /** When the q-th vote of the winning group was sent; Infinity: there is none. */
  quorumSentMs(): number {
    if (this.#winner === NO_GROUP) return Number.POSITIVE_INFINITY;
    const { scratch, quorum } = this.parts;
    let count = 0;
    for (let voter = 0; voter < this.sendMs.length; voter++) {
      if (this.votedWithWinner(voter)) scratch.selected[count++] = this.sendMs[voter]!;
    }
    return count < quorum ? Number.POSITIVE_INFINITY : nthSmallest(scratch.selected, count, quorum - 1);
  }

  /** Brings `nextReadyMs` up to date with the votes that came or went since. */
  look(): void {
    const changed = this.#changed;
    if (this.#looked === changed.length || this.#waitingCount === 0) return;
    const { msMin } = this.parts.latency;
    if (this.#estimated) {
      for (const { sendMs } of changed.slice(this.#looked)) {
        this.nextReadyMs = Math.min(this.nextReadyMs, sendMs + msMin);
      }
    } else {
      this.nextReadyMs = this.quorumSentMs() + msMin;
    }
    this.#looked = changed.length;
  }

  /**
   * Finds who gets ready before `untilMs`, and when. Every vote that arrives before then must be known: windows are no
   * longer than the shortest latency.
   */
  makeReady(untilMs: number, onReady: (receiver: number) => void): void {
    if (this.#winner === NO_GROUP || this.nextReadyMs >= untilMs) return;
    this.#pack();
    const { receiverKeys, latency, quorum } = this.parts;
    const changes = this.#changed.map(({ sender, sendMs }) => ({
      sendMs,
      key: this.voteKeys[sender]!,
    }));
    const fresh = !this.#estimated;
    const known = this.#arrivals.count >= quorum;
    let waiting = 0;
    let nextMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#waitingCount; i++) {
      const receiver = this.#waiting[i]!;
      const receiverKey = receiverKeys[receiver]!;
      let stale = fresh;
      for (let c = 0; c < changes.length && !stale; c++) {
        const { sendMs, key } = changes[c]!;
        stale = sendMs + latency.delayMs(key, receiverKey) <= this.#estimateMs[receiver]!;
      }
      if (stale && known) {
        this.#arrivals.select(receiverKey, quorum, this.#arrival);
        this.#estimateMs[receiver] = this.#arrival.timeMs;
        this.#estimateSender[receiver] = this.#arrival.sender;
      } else if (stale) {
        this.#estimateMs[receiver] = Number.POSITIVE_INFINITY;
      }
      const readyMs = this.#estimateMs[receiver]!;
      if (readyMs < untilMs) {
        this.readyMs[receiver] = readyMs;
        this.readySender[receiver] = this.#estimateSender[receiver]!;
        onReady(receiver);
      } else {
        this.#waiting[waiting++] = receiver;
        if (readyMs < nextMs) nextMs = readyMs;
      }
    }
    this.#waitingCount = waiting;
    this.#estimated = true;
    this.#changed = [];
    this.#looked = 0;
    this.nextReadyMs = nextMs;
  }

  /** Voters of the winning group whose votes are at `receiver` at this moment, in order of arrival. */
  votersAt(receiver: number, timeMs: number, sender: number): number[] {
    this.#pack();
    return this.#arrivals.until(this.parts.receiverKeys[receiver]!, timeMs, sender);
  }

  #change(sender: number, sendMs: number): void {
    this.#changed.push({ sender, sendMs });
    this.#packed = false;
    this.#rush = null;
  }

  #pack(): void {
    if (this.#packed) return;
    this.#arrivals.clear();
    for (let voter = 0; voter < this.sendMs.length; voter++) {
      if (!this.votedWithWinner(voter)) continue;
      this.#arrivals.add(voter, this.sendMs[voter]!, this.voteKeys[voter]!);
    }
    this.#arrivals.close();
    this.#packed = true;
  }
}
