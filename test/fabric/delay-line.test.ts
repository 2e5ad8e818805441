/** Things are handed on when they are due, in order, by the machine's own clock. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monotonicMs } from '../../node/host/observations.ts';
import { DelayLine } from '../../orchestrator/fabric/delay-line.ts';
import { eventually } from '../support/waiting.ts';

describe('a delay line', () => {
  it('hands on in the order of the moments, and never before them', async () => {
    const seen: { item: number; lateMs: number }[] = [];
    const line = new DelayLine<number>(monotonicMs, (item, dueMs) =>
      seen.push({ item, lateMs: monotonicMs() - dueMs }),
    );
    const startMs = monotonicMs() + 2;
    const delays = Array.from({ length: 200 }, (_, i) => ((i * 83) % 200) * 0.2);
    for (const [item, delayMs] of delays.entries()) line.push(startMs + delayMs, item);
    assert.equal(line.size, 200);
    await eventually(() => line.size === 0, 'the line to be empty');
    assert.deepEqual(
      seen.map(({ item }) => delays[item]),
      [...delays].sort((a, b) => a - b),
    );
    const earliest = Math.min(...seen.map(({ lateMs }) => lateMs));
    assert.ok(earliest >= 0, `one came ${-earliest} ms early`);
  });

  it('keeps the order of entry where moments are equal or in the past', async () => {
    const seen: number[] = [];
    const line = new DelayLine<number>(monotonicMs, (item) => seen.push(item));
    const dueMs = monotonicMs() - 5;
    const items = Array.from({ length: 5000 }, (_, i) => i);
    for (const item of items) line.push(dueMs, item);
    assert.deepEqual(seen, [], 'never at once');
    await eventually(() => line.size === 0, 'the line to be empty');
    assert.deepEqual(seen, items);
  });

  it('is not held up by a moment that is far away', async () => {
    const seen: string[] = [];
    const line = new DelayLine<string>(monotonicMs, (item) => seen.push(item));
    line.push(monotonicMs() + 3_600_000, 'far');
    line.push(monotonicMs() + 60, 'near');
    line.push(monotonicMs() + 3, 'nearer');
    await eventually(() => seen.length === 2, 'the two that are near');
    assert.deepEqual(seen, ['nearer', 'near']);
    assert.deepEqual(
      line.drain().map(({ item }) => item),
      ['far'],
    );
    assert.equal(line.size, 0);
  });

  it('gives back what is in it, in order, and hands on nothing more', async () => {
    const seen: number[] = [];
    const line = new DelayLine<number>(monotonicMs, (item) => seen.push(item));
    const nowMs = monotonicMs();
    for (const delayMs of [3, 1, 2]) line.push(nowMs + delayMs, delayMs);
    assert.deepEqual(
      line.drain().map(({ item }) => item),
      [1, 2, 3],
    );
    line.push(nowMs, 4);
    await eventually(() => seen.length > 0 && monotonicMs() > nowMs + 5, 'the one that came after');
    assert.deepEqual(seen, [4]);
  });
});
