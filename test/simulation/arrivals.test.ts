/** The q-th arrival of a group of votes, against sorting all of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Arrivals, arrivalScratch, nthSmallest } from '../../node/simulation/arrivals.ts';
import { KeyedLatency } from '../../node/simulation/keyed-latency.ts';
import { Prng } from '../../node/simulation/prng.ts';

const ALL = Number.POSITIVE_INFINITY;

function someVotes(count: number, seed: string, jitterMs: number) {
  const prng = Prng.seeded(seed);
  const latency = new KeyedLatency({ latency: { fixedMs: 1, jitterMs, msMax: null }, prng });
  const arrivals = new Arrivals(count, latency, arrivalScratch(count));
  const draws = prng.stream('sends');
  const votes = Array.from({ length: count }, (_, i) => {
    const vote = { sender: 3 * i, sendMs: draws.integer(0, 9), key: latency.messageKey('vote', 5, 3 * i) };
    arrivals.add(vote.sender, vote.sendMs, vote.key);
    return vote;
  });
  arrivals.close();
  const sorted = (receiver: number) =>
    votes
      .map(({ sender, sendMs, key }) => ({
        sender,
        timeMs: sendMs + latency.delayMs(key, latency.receiverKey(receiver)),
      }))
      .sort((a, b) => a.timeMs - b.timeMs || a.sender - b.sender);
  return { arrivals, latency, sorted };
}

describe('arrivals', () => {
  for (const [name, jitterMs] of [
    ['spread', 0.5],
    ['all ties', 0],
  ] as const) {
    it(`of any rank are those of a sort (${name})`, () => {
      const { arrivals, latency, sorted } = someVotes(700, 'ranks', jitterMs);
      for (let receiver = 0; receiver < 40; receiver++) {
        const expected = sorted(receiver);
        // A rank of its own for each other receiver, so that the band misses.
        const rank = receiver % 2 === 0 ? 467 : 1 + ((receiver * 97) % 700);
        const found = { timeMs: 0, sender: 0 };
        arrivals.select(latency.receiverKey(receiver), rank, found);
        assert.deepEqual(found, expected[rank - 1], `receiver ${receiver}, rank ${rank}`);
        const { timeMs, sender } = found;
        const present = expected.slice(0, rank).map((vote) => vote.sender);
        assert.deepEqual(arrivals.until(latency.receiverKey(receiver), timeMs, sender), present);
      }
    });
  }

  it('of all votes are there after the last', () => {
    const { arrivals, latency } = someVotes(50, 'all', 0.5);
    assert.equal(arrivals.until(latency.receiverKey(0), ALL, 0).length, 50);
  });

  it('are asked for by a rank that exists', () => {
    const { arrivals, latency } = someVotes(50, 'none', 0.5);
    assert.throws(() => arrivals.select(latency.receiverKey(0), 51, { timeMs: 0, sender: 0 }), /arrival 51 of 50/);
  });
});

describe('the nth smallest', () => {
  it('is that of a sort, for few values and many alike', () => {
    const draws = Prng.seeded('nth').stream('values');
    for (let round = 0; round < 300; round++) {
      const values = Float64Array.from({ length: 1 + (round % 40) }, () => draws.integer(0, round % 7));
      const nth = draws.integer(0, values.length - 1);
      const expected = values.toSorted()[nth];
      assert.equal(nthSmallest(values, values.length, nth), expected);
    }
  });
});
