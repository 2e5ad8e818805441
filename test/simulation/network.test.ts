import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { latencyMs, NETWORK_NAMES, NETWORKS, PairDraws } from '../../node/simulation/network.ts';
import { Prng } from '../../node/simulation/prng.ts';

const DRAWS = 20_000;
const pairs = (names: readonly string[], seed = 'net') => new PairDraws(Prng.seeded(seed), names);

describe('named networks', () => {
  it('have the average, minimum and maximum of the paper for its WiFi (Table II)', () => {
    const measured = {
      'wifi-72': [1.66, 1.4, 5.98],
      'wifi-96': [1.53, 1.38, 5.82],
      'wifi-144': [1.66, 1.41, 4.94],
    } as const;
    for (const name of ['wifi-72', 'wifi-96', 'wifi-144'] as const) {
      const draws = pairs(['a', 'b'], name);
      const drawn = Array.from({ length: DRAWS }, () => latencyMs(NETWORKS[name].latency, draws.next(0, 1)));
      const [average, min, max] = measured[name];
      const mean = drawn.reduce((sum, ms) => sum + ms, 0) / DRAWS;
      assert.ok(Math.abs(mean - average) < 0.02, `${name}: mean ${mean}, the paper has ${average}`);
      assert.ok(Math.min(...drawn) >= min && Math.max(...drawn) <= max, name);
    }
  });

  it('say where their numbers are from', () => {
    for (const name of NETWORK_NAMES) assert.match(NETWORKS[name].source, /^(paper|measured|assumed|a model)/);
  });
});

describe('draws of pairs', () => {
  it('of one pair do not change with other pairs, other places or the order', () => {
    const few = pairs(['1', '2']);
    const many = pairs(['0', '1', '2', '3']);
    const own = Array.from({ length: 50 }, () => few.next(0, 1));
    const among = Array.from({ length: 50 }, (_, i) => {
      many.next(2, 1);
      if (i % 3 === 0) many.next(0, 3);
      return many.next(1, 2);
    });
    assert.deepEqual(among, own);
    assert.notDeepEqual(
      Array.from({ length: 50 }, () => few.next(1, 0)),
      own,
    );
    const otherSeed = pairs(['1', '2'], 'other');
    assert.notDeepEqual(
      Array.from({ length: 50 }, () => otherSeed.next(0, 1)),
      own,
    );
  });

  it('are uniform, and one does not tell the next', () => {
    const draws = pairs(['1', '2', '3']);
    const all = Array.from({ length: DRAWS }, (_, i) => draws.next(i % 3, (i + 1) % 3));
    const tenths = new Array<number>(10).fill(0);
    for (const draw of all) tenths[Math.floor(draw * 10)]!++;
    for (const count of tenths) assert.ok(Math.abs(count - DRAWS / 10) < 200, `${tenths}`);
    const mean = all.reduce((sum, draw) => sum + draw, 0) / DRAWS;
    let together = 0;
    for (let i = 3; i < DRAWS; i++) together += (all[i]! - mean) * (all[i - 3]! - mean);
    assert.ok(Math.abs((12 * together) / DRAWS) < 0.03, 'successive draws of a pair hang together');
  });
});
