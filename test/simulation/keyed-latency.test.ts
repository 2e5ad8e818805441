/** Delays by key: the model's distribution, and nothing in common between messages, receivers and seeds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyedLatency, type Paths } from '../../node/simulation/keyed-latency.ts';
import { latencyMs, NETWORKS } from '../../node/simulation/network.ts';
import { Prng } from '../../node/simulation/prng.ts';

const WIFI = NETWORKS['wifi-144'].latency;
const N = 400;

function keyed(
  seed: string,
  paths: Paths = 'own',
  latency = WIFI as { fixedMs: number; jitterMs: number; msMax: number | null },
) {
  return new KeyedLatency({ latency, prng: Prng.seeded(seed), paths });
}

/** Delays of every sender's vote for `request` at every receiver. */
function delays(latency: KeyedLatency, request = 0): Float64Array {
  const all = new Float64Array(N * N);
  for (let sender = 0; sender < N; sender++) {
    const key = latency.messageKey('vote', request, sender);
    for (let receiver = 0; receiver < N; receiver++) {
      all[sender * N + receiver] = latency.delayMs(key, latency.receiverKey(receiver));
    }
  }
  return all;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: Float64Array, mx: number, y: Float64Array, my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return product(a, meanA, b, meanB) / Math.sqrt(product(a, meanA, a, meanA) * product(b, meanB, b, meanB));
}

describe('keyed latency', () => {
  it('has the quantiles of its network, tail and bound included', () => {
    const sorted = delays(keyed('quantiles')).toSorted();
    for (const share of [0.01, 0.1, 0.5, 0.9, 0.99, 0.9995]) {
      const found = sorted[Math.floor(share * sorted.length)]!;
      const expected = latencyMs(WIFI, share);
      assert.ok(Math.abs(found / expected - 1) < 0.03, `${share}: ${found}, expected ${expected}`);
    }
    assert.ok(sorted[0]! >= 1.41 && sorted.at(-1)! <= 4.94);
    assert.ok(sorted.at(-1)! > latencyMs(WIFI, 0.99999));
  });

  it('is the same for the same five, and unlike for another seed, kind, request, sender or receiver', () => {
    assert.deepEqual(delays(keyed('a')), delays(keyed('a')));
    const all = delays(keyed('a'));
    assert.ok(Math.abs(correlation(all, delays(keyed('b')))) < 0.015);
    assert.ok(Math.abs(correlation(all, delays(keyed('a'), 1))) < 0.015);
    assert.ok(Math.abs(correlation(all.subarray(N), all.subarray(0, -N))) < 0.015, 'neighbours as senders');
    assert.ok(Math.abs(correlation(all.subarray(1), all.subarray(0, -1))) < 0.015, 'neighbours as receivers');
    const transposed = all.map((_, i) => all[(i % N) * N + Math.floor(i / N)]!);
    assert.ok(Math.abs(correlation(all, transposed)) < 0.02, 'there and back');
    const latency = keyed('a');
    assert.notEqual(latency.messageKey('vote', 3, 4), latency.messageKey('request', 3, 4));
  });

  it('is one for all receivers on shared paths', () => {
    const all = delays(keyed('a', 'shared'));
    for (let i = 0; i < all.length; i++) assert.equal(all[i], all[i - (i % N)]);
    assert.ok(new Set(all).size > N - 3);
  });

  it('is above nothing, or time would stand still', () => {
    assert.throws(() => keyed('a', 'own', { fixedMs: 0, jitterMs: 1, msMax: null }), /above 0 ms/);
  });
});
