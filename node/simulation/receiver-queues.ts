/**
 * When nodes get round to what they are given: each does one thing after another, in the order of arrival, so its
 * backlog follows from its arrivals alone. Of a node's jobs a few are looked at (the moments of large-network.ts: what
 * they take depends on what they lead to); the others, nearly all, are votes that change nothing but a count and take
 * equally long. These are summed up when a moment comes: where a node has been busy all the time, in any order; where it
 * may have been idle, sorted. Where votes rush in (vote-rush.ts), looking at the first few is enough.
 *
 * A publisher's acknowledgement comes back with its own copy of the message, just before it, and is a job as well.
 */
import type { KeyedLatency } from './keyed-latency.ts';
import type { SerialWork } from './purchase-plan.ts';
import type { RequestFlight } from './request-flight.ts';

/** A job that is looked at: place among the arrivals of its node, and the vote that it is, if any. */
export interface QueuedMoment {
  readonly timeMs: number;
  /** Order among what happens at one moment. */
  readonly order: number;
  readonly kind: 'order' | 'request' | 'ready' | 'nonce';
  readonly flight: RequestFlight | null;
}

export interface ReceiverQueuesParts {
  readonly serial: SerialWork;
  readonly latency: KeyedLatency;
  readonly receiverKeys: Int32Array;
  /** Decisions that `node` has made for a wallet. */
  readonly slotAt: (node: number, wallet: number) => number;
}

/** Acknowledgements precede the message that they are for. */
const ACK_BEFORE = 0.5;
/** Jobs to a bucket of a sort, on average. */
const BUCKET_JOBS = 4;
/** So few are put in order one by one. */
const INSERTED_JOBS = 24;

export class ReceiverQueues {
  /** By node: when it is done with what it has looked at. */
  readonly freeMs: Float64Array;
  readonly #parts: ReceiverQueuesParts;
  /** By node: place of the last moment. */
  readonly #walkedMs: Float64Array;
  readonly #walkedOrder: Float64Array;
  /** Requests whose votes may still wait somewhere. */
  #flights: RequestFlight[] = [];
  /** What was gathered for one node: votes and acknowledgements. */
  #count = 0;
  #ms = new Float64Array(1024);
  #order = new Float64Array(1024);
  #flight = new Int32Array(1024);
  #sorted = new Int32Array(1024);
  readonly #storeMs: number;

  constructor(parts: ReceiverQueuesParts) {
    const n = parts.receiverKeys.length;
    const { commits, commitMs } = parts.serial;
    this.#parts = parts;
    this.#storeMs = commits === 'changes' ? commitMs : 0;
    this.freeMs = new Float64Array(n);
    this.#walkedMs = new Float64Array(n).fill(Number.NEGATIVE_INFINITY);
    this.#walkedOrder = new Float64Array(n).fill(Number.NEGATIVE_INFINITY);
  }

  /** From now on votes for this request take time. */
  enter(flight: RequestFlight): void {
    if (this.#parts.serial.deliveryMs + this.#storeMs > 0) this.#flights.push(flight);
  }

  /** Forgets requests that are over and whose votes no node can still be busy with at `timeMs`. */
  forget(timeMs: number): void {
    const { latency, serial, receiverKeys } = this.#parts;
    const isOver = (flight: RequestFlight) => flight.over && flight.lastSendMs + latency.msMax < timeMs;
    if (!this.#flights.some(isOver)) return;
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const { lastSendMs } of this.#flights) lastMs = Math.max(lastMs, lastSendMs + latency.msMax);
    for (const freeMs of this.freeMs) lastMs = Math.max(lastMs, freeMs);
    const jobs = this.#flights.length * (receiverKeys.length + 2);
    if (lastMs + jobs * (serial.deliveryMs + this.#storeMs) > timeMs) return;
    this.#flights = this.#flights.filter((flight) => !isOver(flight));
  }

  /**
   * Works off `moments` of `node`, which are in order, and what comes before each. `run` does one, begun at a given
   * time, and returns when it ends; it may enter later ones into `moments`.
   */
  work<M extends QueuedMoment>(node: number, moments: M[], run: (moment: M, beginMs: number) => number): void {
    let at = 0;
    while (at < moments.length) {
      const last = moments.at(-1)!;
      const rushMs = moments.length - at === 1 ? this.#rushed(node, last) : null;
      if (rushMs !== null) {
        this.#count = 0;
        this.freeMs[node] = rushMs;
      } else {
        this.#gather(node, last.timeMs, last.order);
      }
      const isSorted = this.#count === 0 || moments.length - at > 1 || this.freeMs[node]! < last.timeMs;
      if (isSorted) this.#sort();
      let passed = 0;
      for (let moment = moments[at]; moment !== undefined && isAtOrBefore(moment, last); moment = moments[++at]) {
        if (isSorted) passed = this.#pass(node, passed, moment);
        else this.#passAll(node);
        if (isSorted && moment.kind === 'ready' && at === moments.length - 1) this.#learn(moment.flight!);
        this.freeMs[node] = run(moment, Math.max(moment.timeMs, this.freeMs[node]!));
      }
      this.#walkedMs[node] = last.timeMs;
      this.#walkedOrder[node] = last.order;
    }
  }

  // --- votes that come in a rush ------------------------------------------------------------------------------------

  /** When `node` gets to the vote that completes a quorum, found from the first votes alone; null: it cannot be. */
  #rushed(node: number, { kind, flight, timeMs, order }: QueuedMoment): number | null {
    if (kind !== 'ready' || flight === null || !this.#isAlone(flight, node)) return null;
    const { latency, receiverKeys, serial, slotAt } = this.#parts;
    if (slotAt(node, flight.parts.wallet) !== flight.parts.slot) return null;
    const rush = flight.rush(serial.deliveryMs + this.#storeMs);
    if (rush === null || rush.untilMs >= timeMs) return null;
    const walkedMs = this.#walkedMs[node]!;
    this.#gather(node, rush.untilMs, Number.NEGATIVE_INFINITY);
    this.#sort();
    const freeMs = this.freeMs[node]!;
    this.#pass(node, 0, { timeMs: rush.untilMs, order: Number.NEGATIVE_INFINITY });
    const votesMs = rush.restMs(this.#count - this.#acks, this.freeMs[node]!);
    if (votesMs === null) {
      this.freeMs[node] = freeMs;
      return null;
    }
    const ownMs = flight.sendMs[node]! + latency.delayMs(flight.voteKeys[node]!, receiverKeys[node]!);
    const ownOrder = flight.orderOf(node) - ACK_BEFORE;
    const isAcked = ownMs >= rush.untilMs && ownMs > walkedMs && isBefore(ownMs, ownOrder, timeMs, order);
    return this.freeMs[node]! + votesMs + (isAcked ? this.#storeMs : 0);
  }
  #acks = 0;

  /** No votes but those for `flight` can have come since the last moment of `node`, and none of them before it. */
  #isAlone(flight: RequestFlight, node: number): boolean {
    const { latency } = this.#parts;
    const walkedMs = this.#walkedMs[node]!;
    if (flight.groups !== 1 || flight.firstSendMs + latency.msMin <= walkedMs) return false;
    if (flight.requester === node && flight.requestMs(node) > walkedMs) return false;
    return this.#flights.every((other) => other === flight || other.lastSendMs + latency.msMax <= walkedMs);
  }

  /** What was gathered before a quorum shows from when on the first votes are enough. */
  #learn(flight: RequestFlight): void {
    const { serial } = this.#parts;
    flight.learnRush(serial.deliveryMs + this.#storeMs, this.#count, (rank) => this.#ms[this.#sorted[rank]!]!);
  }

  // --- jobs before a moment -----------------------------------------------------------------------------------------

  /** All of them, while the node is busy: their order does not matter. */
  #passAll(node: number): void {
    for (let at = 0; at < this.#count; at++) this.freeMs[node]! += this.#costMs(node, at);
    this.#count = 0;
  }

  /** Those before `moment`, from the `from`-th on in order; returns where it stopped. */
  #pass(node: number, from: number, { timeMs, order }: { timeMs: number; order: number }): number {
    let freeMs = this.freeMs[node]!;
    let next = from;
    for (; next < this.#count; next++) {
      const at = this.#sorted[next]!;
      const ms = this.#ms[at]!;
      const isPast = isBefore(ms, this.#order[at]!, timeMs, order);
      if (!isPast) {
        // The moment itself is among the votes.
        if (ms === timeMs && this.#order[at] === order) next++;
        break;
      }
      freeMs = Math.max(freeMs, ms) + this.#costMs(node, at);
    }
    this.freeMs[node] = freeMs;
    return next;
  }

  #costMs(node: number, at: number): number {
    const { slotAt, serial } = this.#parts;
    const { wallet, slot } = this.#flights[this.#flight[at]!]!.parts;
    const ahead = slot - slotAt(node, wallet);
    const isAck = !Number.isInteger(this.#order[at]);
    if (isAck) return ahead === 0 ? this.#storeMs : 0;
    return ahead === -1 ? serial.deliveryMs : serial.deliveryMs + this.#storeMs;
  }

  /** What comes after the last moment and before (toMs, toOrder), in no order. */
  #gather(node: number, toMs: number, toOrder: number): void {
    const { latency, receiverKeys } = this.#parts;
    const receiverKey = receiverKeys[node]!;
    const fromMs = this.#walkedMs[node]!;
    const fromOrder = this.#walkedOrder[node]!;
    const earliestMs = fromMs - latency.msMax;
    const latestMs = toMs - latency.msMin;
    this.#count = 0;
    this.#acks = 0;
    for (let index = 0; index < this.#flights.length; index++) {
      const flight = this.#flights[index]!;
      this.#room(receiverKeys.length + 2);
      if (flight.requester === node) {
        const ms = flight.requestMs(node);
        const order = flight.orderOf(null) - ACK_BEFORE;
        if (isBefore(ms, order, toMs, toOrder) && isBefore(fromMs, fromOrder, ms, order)) this.#add(ms, order, index);
      }
      if (flight.lastSendMs < earliestMs || flight.firstSendMs > latestMs) continue;
      const { sendMs, voteKeys } = flight;
      const firstOrder = flight.orderOf(0);
      for (let voter = 0; voter < sendMs.length; voter++) {
        const sentMs = sendMs[voter]!;
        if (sentMs > latestMs || sentMs < earliestMs) continue;
        const ms = sentMs + latency.delayMs(voteKeys[voter]!, receiverKey);
        const order = firstOrder + voter;
        if (voter === node) {
          const ack = order - ACK_BEFORE;
          if (isBefore(ms, ack, toMs, toOrder) && isBefore(fromMs, fromOrder, ms, ack)) this.#add(ms, ack, index);
        }
        if (isBefore(ms, order, toMs, toOrder) && isBefore(fromMs, fromOrder, ms, order)) {
          this.#ms[this.#count] = ms;
          this.#order[this.#count] = order;
          this.#flight[this.#count] = index;
          this.#count++;
        }
      }
    }
  }

  /** An acknowledgement. */
  #add(ms: number, order: number, index: number): void {
    this.#ms[this.#count] = ms;
    this.#order[this.#count] = order;
    this.#flight[this.#count] = index;
    this.#count++;
    this.#acks++;
  }

  #room(more: number): void {
    if (this.#count + more <= this.#ms.length) return;
    const size = 2 * (this.#count + more);
    this.#ms = copied(this.#ms, new Float64Array(size));
    this.#order = copied(this.#order, new Float64Array(size));
    this.#flight = copied(this.#flight, new Int32Array(size));
    this.#sorted = new Int32Array(size);
  }

  #sort(): void {
    for (let at = 0; at < this.#count; at++) this.#sorted[at] = at;
    this.#sortRange(0, this.#count);
  }

  /** By buckets of time, and these in turn as long as they are large: votes come in bursts, far apart. */
  #sortRange(from: number, to: number): void {
    const ms = this.#ms;
    const sorted = this.#sorted;
    let firstMs = Number.POSITIVE_INFINITY;
    let lastMs = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      const timeMs = ms[sorted[i]!]!;
      if (timeMs < firstMs) firstMs = timeMs;
      if (timeMs > lastMs) lastMs = timeMs;
    }
    const count = to - from;
    const size = Math.ceil(count / BUCKET_JOBS);
    const perMs = size / (lastMs - firstMs);
    if (count <= INSERTED_JOBS || !Number.isFinite(perMs)) {
      this.#insert(from, to);
      return;
    }
    const ends = new Int32Array(size + 1);
    for (let i = from; i < to; i++) ends[bucketOf(ms[sorted[i]!]!, firstMs, perMs, size)]!++;
    for (let bucket = 1; bucket < size; bucket++) ends[bucket]! += ends[bucket - 1]!;
    // From the last on, so that what comes at one moment stays in its order.
    const unsorted = sorted.slice(from, to);
    for (let i = count - 1; i >= 0; i--) {
      const at = unsorted[i]!;
      sorted[from + --ends[bucketOf(ms[at]!, firstMs, perMs, size)]!] = at;
    }
    ends[size] = count;
    for (let bucket = 0; bucket < size; bucket++) {
      const jobs = ends[bucket + 1]! - ends[bucket]!;
      if (jobs > INSERTED_JOBS) this.#sortRange(from + ends[bucket]!, from + ends[bucket + 1]!);
      else if (jobs > 1) this.#insert(from + ends[bucket]!, from + ends[bucket + 1]!);
    }
  }

  #insert(from: number, to: number): void {
    const ms = this.#ms;
    const order = this.#order;
    const sorted = this.#sorted;
    for (let i = from + 1; i < to; i++) {
      const at = sorted[i]!;
      let j = i;
      for (; j > from && isBefore(ms[at]!, order[at]!, ms[sorted[j - 1]!]!, order[sorted[j - 1]!]!); j--) {
        sorted[j] = sorted[j - 1]!;
      }
      sorted[j] = at;
    }
  }
}

function bucketOf(ms: number, firstMs: number, perMs: number, size: number): number {
  return Math.min(size - 1, Math.trunc((ms - firstMs) * perMs));
}

/** Of two places in the order of arrivals: time, then order among what comes at one time. */
function isBefore(ms: number, order: number, otherMs: number, otherOrder: number): boolean {
  return ms < otherMs || (ms === otherMs && order < otherOrder);
}

function isAtOrBefore(moment: QueuedMoment, last: QueuedMoment): boolean {
  return !isBefore(last.timeMs, last.order, moment.timeMs, moment.order);
}

function copied<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
