/**
 * The future as a queue: moments that come out in order of time, and of their entry where two are equal. What happens
 * at a moment is the caller's (timeline.ts): the queue hands out a slot, a small integer, for each.
 *
 * Three places. What is soonest is a small 4-ary heap. What follows is in buckets of equal width, unordered inside a
 * bucket, which goes into the heap when its turn comes. What is later still lies in a heap of no order at all, `far`,
 * and is dealt out to new buckets when the old ones are used up. The width is chosen anew each time from a sample of
 * what waits, so that a bucket holds about one moment; where that goes wrong (many moments alike, or far outliers)
 * the small heap grows and the queue is a plain 4-ary heap, no worse. Everything is in typed arrays, so nothing is
 * allocated for a moment and nothing is compared through an object.
 *
 * Order is exact, not to the width of a bucket: places are computed by one monotone function of time, so equal times
 * share a place, and the heap compares (time, entry).
 */
import { invariant } from '../protocol/invariant.ts';

const SLOTS_AT_FIRST = 256;
const BUCKETS_MAX = 1 << 17;
/** What waits is put into buckets from this number on; fewer are cheaper in the heap. */
const BUCKETS_FROM = 96;
const SAMPLE = 64;
/** The buckets reach this many times as far as half of what waits. */
const REACH = 2;

export class EventQueue {
  /** By slot. */
  #times = new Float64Array(SLOTS_AT_FIRST);
  #entries = new Float64Array(SLOTS_AT_FIRST);
  /** The next one in a bucket, or of the free slots; -1: none. */
  #next = new Int32Array(SLOTS_AT_FIRST);
  #free = -1;
  #slots = 0;
  #entered = 0;
  #size = 0;
  #timeMs = Number.NEGATIVE_INFINITY;

  #heapTimes = new Float64Array(SLOTS_AT_FIRST);
  #heapEntries = new Float64Array(SLOTS_AT_FIRST);
  #heapSlots = new Int32Array(SLOTS_AT_FIRST);
  #heapSize = 0;
  /** What is not later belongs into the heap. */
  #heapUntilMs = Number.NEGATIVE_INFINITY;

  #buckets = new Int32Array(0);
  #bucketCount = 0;
  #bucketAt = 0;
  #bucketFromMs = 0;
  #bucketsPerMs = 0;

  #far = new Int32Array(SLOTS_AT_FIRST);
  #farSize = 0;

  readonly #sample = new Float64Array(SAMPLE);

  /** Moments that wait. */
  get size(): number {
    return this.#size;
  }

  /** Time of the moment that came out last. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Enters a moment, which may lie in the past; the slot is the caller's until `pop` returns it. */
  push(timeMs: number): number {
    invariant(Number.isFinite(timeMs), () => `a moment is a finite number of milliseconds, got ${timeMs}`);
    const slot = this.#take();
    this.#times[slot] = timeMs;
    this.#entries[slot] = this.#entered++;
    this.#size++;
    this.#place(slot, timeMs);
    return slot;
  }

  /** The slot of the next moment, which is free again from now on; -1 when nothing waits. */
  pop(): number {
    while (this.#heapSize === 0) if (!this.#refill()) return -1;
    const slot = this.#heapSlots[0]!;
    this.#timeMs = this.#heapTimes[0]!;
    this.#removeFirst();
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.#size--;
    return slot;
  }

  /** Time of the next moment; Infinity when nothing waits. */
  peekMs(): number {
    while (this.#heapSize === 0) if (!this.#refill()) return Number.POSITIVE_INFINITY;
    return this.#heapTimes[0]!;
  }

  // --- places -----------------------------------------------------------------------------------------------------

  #place(slot: number, timeMs: number): void {
    if (timeMs <= this.#heapUntilMs) {
      this.#insert(slot, timeMs);
      return;
    }
    const count = this.#bucketCount;
    if (count > 0) {
      const place = (timeMs - this.#bucketFromMs) * this.#bucketsPerMs;
      if (place < count) {
        const bucket = place > 0 ? Math.trunc(place) : 0;
        if (bucket < this.#bucketAt) {
          this.#insert(slot, timeMs);
        } else {
          this.#next[slot] = this.#buckets[bucket]!;
          this.#buckets[bucket] = slot;
        }
        return;
      }
    }
    if (this.#farSize === this.#far.length) this.#far = grownIntegers(this.#far);
    this.#far[this.#farSize++] = slot;
  }

  /** Brings what is next into the heap, which is empty; false when nothing waits. */
  #refill(): boolean {
    const buckets = this.#buckets;
    while (this.#bucketAt < this.#bucketCount) {
      let slot = buckets[this.#bucketAt]!;
      this.#bucketAt++;
      if (slot < 0) continue;
      buckets[this.#bucketAt - 1] = -1;
      for (; slot >= 0; slot = this.#next[slot]!) this.#insert(slot, this.#times[slot]!);
      return true;
    }
    this.#bucketCount = 0;
    this.#bucketAt = 0;
    if (this.#farSize === 0) {
      this.#heapUntilMs = Number.NEGATIVE_INFINITY;
      return false;
    }
    this.#deal();
    return true;
  }

  /** Deals `far` out anew: at least its first moment leaves it. */
  #deal(): void {
    const size = this.#farSize;
    const far = this.#far;
    const times = this.#times;
    const sampled = Math.min(SAMPLE, size);
    let firstMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < size; i++) {
      const timeMs = times[far[i]!]!;
      if (timeMs < firstMs) firstMs = timeMs;
    }
    const sample = this.#sample.subarray(0, sampled);
    for (let i = 0; i < sampled; i++) sample[i] = times[far[Math.floor((i * size) / sampled)]!]!;
    sample.sort();
    const middleMs = Math.max(firstMs, sample[(sampled - 1) >> 1]!);
    const reachMs = REACH * (middleMs - firstMs);
    const count = Math.min(BUCKETS_MAX, size);
    const perMs = count / reachMs;
    // Too few, too many alike, or so near one another that a width cannot be told from nothing.
    if (size < BUCKETS_FROM || !Number.isFinite(perMs)) {
      this.#heapUntilMs = middleMs;
    } else {
      this.#heapUntilMs = Number.NEGATIVE_INFINITY;
      if (this.#buckets.length < count) this.#buckets = new Int32Array(Math.min(BUCKETS_MAX, 2 * count)).fill(-1);
      this.#bucketCount = count;
      this.#bucketFromMs = firstMs;
      this.#bucketsPerMs = perMs;
    }
    this.#farSize = 0;
    // What goes back into `far` is written at or before the place it is read from.
    for (let i = 0; i < size; i++) {
      const slot = far[i]!;
      this.#place(slot, times[slot]!);
    }
  }

  // --- the heap: children of i are 4i+1 .. 4i+4 -------------------------------------------------------------------

  #insert(slot: number, timeMs: number): void {
    if (this.#heapSize === this.#heapSlots.length) this.#growHeap();
    const times = this.#heapTimes;
    const entries = this.#heapEntries;
    const slots = this.#heapSlots;
    const entry = this.#entries[slot]!;
    let at = this.#heapSize++;
    while (at > 0) {
      const above = (at - 1) >> 2;
      const aboveMs = times[above]!;
      if (aboveMs < timeMs || (aboveMs === timeMs && entries[above]! < entry)) break;
      times[at] = aboveMs;
      entries[at] = entries[above]!;
      slots[at] = slots[above]!;
      at = above;
    }
    times[at] = timeMs;
    entries[at] = entry;
    slots[at] = slot;
  }

  #removeFirst(): void {
    const times = this.#heapTimes;
    const entries = this.#heapEntries;
    const slots = this.#heapSlots;
    const size = --this.#heapSize;
    if (size === 0) return;
    const timeMs = times[size]!;
    const entry = entries[size]!;
    const slot = slots[size]!;
    let at = 0;
    for (let below = 1; below < size; below = 4 * at + 1) {
      let least = below;
      let leastMs = times[below]!;
      const end = Math.min(below + 4, size);
      for (let child = below + 1; child < end; child++) {
        const childMs = times[child]!;
        if (childMs < leastMs || (childMs === leastMs && entries[child]! < entries[least]!)) {
          least = child;
          leastMs = childMs;
        }
      }
      if (timeMs < leastMs || (timeMs === leastMs && entry < entries[least]!)) break;
      times[at] = leastMs;
      entries[at] = entries[least]!;
      slots[at] = slots[least]!;
      at = least;
    }
    times[at] = timeMs;
    entries[at] = entry;
    slots[at] = slot;
  }

  // --- room -------------------------------------------------------------------------------------------------------

  #take(): number {
    const slot = this.#free;
    if (slot >= 0) {
      this.#free = this.#next[slot]!;
      return slot;
    }
    if (this.#slots === this.#times.length) {
      this.#times = grownNumbers(this.#times);
      this.#entries = grownNumbers(this.#entries);
      this.#next = grownIntegers(this.#next);
    }
    return this.#slots++;
  }

  #growHeap(): void {
    this.#heapTimes = grownNumbers(this.#heapTimes);
    this.#heapEntries = grownNumbers(this.#heapEntries);
    this.#heapSlots = grownIntegers(this.#heapSlots);
  }
}

function grownNumbers(array: Float64Array): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(2 * array.length);
  grown.set(array);
  return grown;
}

function grownIntegers(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 * array.length);
  grown.set(array);
  return grown;
}
