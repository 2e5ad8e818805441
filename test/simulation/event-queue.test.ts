import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EventQueue } from '../../node/simulation/event-queue.ts';

/** What a queue is: all moments sorted by time, and by their entry where two are equal. */
class SortedArray {
  readonly #moments: { readonly timeMs: number; readonly entry: number }[] = [];
  #entered = 0;

  push(timeMs: number): number {
    this.#moments.push({ timeMs, entry: this.#entered });
    return this.#entered++;
  }

  pop(): { readonly timeMs: number; readonly entry: number } | undefined {
    this.#moments.sort((a, b) => a.timeMs - b.timeMs || a.entry - b.entry);
    return this.#moments.shift();
  }
}

class Both {
  readonly #queue = new EventQueue();
  readonly #oracle = new SortedArray();
  /** Entry by slot: slots are used again. */
  readonly #entries = new Map<number, number>();

  push(timeMs: number): void {
    const slot = this.#queue.push(timeMs);
    assert.ok(!this.#entries.has(slot), 'a slot that is still in use was handed out');
    this.#entries.set(slot, this.#oracle.push(timeMs));
  }

  /** The time of the moment that came out; null when nothing waits. */
  pop(): number | null {
    const expected = this.#oracle.pop();
    assert.equal(this.#queue.peekMs(), expected?.timeMs ?? Number.POSITIVE_INFINITY);
    const slot = this.#queue.pop();
    if (expected === undefined) {
      assert.equal(slot, -1);
      return null;
    }
    assert.equal(this.#queue.timeMs, expected.timeMs);
    assert.equal(this.#entries.get(slot), expected.entry);
    this.#entries.delete(slot);
    assert.equal(this.#queue.size, this.#entries.size);
    return expected.timeMs;
  }
}

/** How far ahead a moment lies: some at once, some at equal times, some very far. */
const wait = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.double({ min: 0, max: 2, noNaN: true }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(1e-9, 1e3, 1e6, 1e12) },
);

describe('the event queue', () => {
  it('gives moments in order of time and of entry, whatever is entered in between', () => {
    fc.assert(
      fc.property(fc.array(fc.array(wait, { maxLength: 12 }), { maxLength: 60 }), (rounds) => {
        const both = new Both();
        let nowMs = 0;
        for (const round of rounds) {
          for (const ms of round) both.push(nowMs + ms);
          for (let i = 0; i < round.length / 2; i++) nowMs = both.pop() ?? nowMs;
        }
        while (both.pop() !== null);
      }),
      { seed: 20201, numRuns: 300 },
    );
  });

  it('keeps the order of many moments at few times, dealt into buckets', () => {
    const both = new Both();
    for (let i = 0; i < 600; i++) both.push((i * 7919) % 13);
    let nowMs = 0;
    for (let i = 0; i < 600; i++) {
      nowMs = both.pop()!;
      if (i % 3 === 0) both.push(nowMs + (i % 5));
    }
    while (both.pop() !== null);
  });

  it('takes moments of the past, which come out next', () => {
    const both = new Both();
    for (let i = 0; i < 300; i++) both.push(i);
    for (let i = 0; i < 150; i++) both.pop();
    both.push(10);
    both.push(149.5);
    both.push(10);
    assert.equal(both.pop(), 10);
    assert.equal(both.pop(), 10);
    assert.equal(both.pop(), 149.5);
    while (both.pop() !== null);
  });

  it('refuses what is no moment', () => {
    for (const timeMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new EventQueue().push(timeMs), /finite number/);
    }
  });
});
