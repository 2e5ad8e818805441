import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../node/simulation/prng.ts';
import { expectedCount, poissonTimes, type RatePoints } from '../../orchestrator/scenario/purchase-times.ts';
import { durationMs } from '../../orchestrator/scenario/quantities.ts';
import { scenarioOfRun } from '../../orchestrator/scenario/scenario-of-run.ts';
import { planOf, scenario } from '../support/scenario-text.ts';

const purchases = (...streams: readonly string[]) =>
  planOf(scenario('workload:', '  duration: 20s', '  purchases:', ...streams.map((stream) => `    - ${stream}`)))
    .workload;

describe('rates over time', () => {
  test('between two points is a straight line, after the last it stays, before the first is nothing', () => {
    const points: RatePoints = [
      [2000, 1],
      [12_000, 5],
    ];
    assert.equal(expectedCount(points, 0, 2000), 0);
    assert.equal(expectedCount(points, 0, 12_000), 30);
    assert.equal(expectedCount(points, 7000, 12_000), 20);
    assert.equal(expectedCount(points, 12_000, 20_000), 40);
  });

  test('the number of draws follows the integral, and where they lie its shape', () => {
    const points: RatePoints = [
      [0, 0],
      [100_000, 100],
    ];
    const times = poissonTimes(points, 0, 100_000, Prng.seeded('3').stream('t'));
    // 5000 expected; the standard deviation is 71.
    assert.ok(Math.abs(times.length - 5000) < 300, `${times.length}`);
    const early = times.filter((ms) => ms < 50_000).length / times.length;
    assert.ok(Math.abs(early - 0.25) < 0.03, `${early}`);
  });

  test('times are sorted, whole and within bounds, whatever the points', () => {
    const point = fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.double({ min: 0, max: 50, noNaN: true }));
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 6 }), fc.nat(10_000), fc.nat(10_000), (found, a, b) => {
        const points = [...new Map(found)].sort((x, y) => x[0] - y[0]);
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const times = poissonTimes(points, from, to, Prng.seeded('1'));
        assert.ok(times.every((ms, i) => Number.isInteger(ms) && ms >= from && ms <= to && ms >= (times[i - 1] ?? 0)));
        assert.ok(times.length <= expectedCount(points, from, to) * 3 + 30);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('a scenario may write the times in any unit and order', () => {
    const one = purchases('{ id: a, rates: { 10s: 5, 0s: 1 } }').purchases;
    assert.deepEqual(one, purchases('{ id: a, rates: { 0: 1, 10000ms: 5 } }').purchases);
    // 30 up to 10 s and 40 up to 18 s.
    assert.ok(one.length > 40 && one.length < 100, `${one.length}`);
  });
});

describe('open loop', () => {
  test('everybody buys once before anybody buys twice', () => {
    const { purchases: all } = purchases('{ count: 24 }');
    for (const start of [0, 8, 16]) {
      assert.equal(new Set(all.slice(start, start + 8).map(({ seat }) => seat)).size, 8);
    }
    assert.ok(all.every(({ atMs }, i) => atMs >= (all[i - 1]?.atMs ?? 1000) && atMs <= 18_000));
  });

  test('given times go to the buyers in turn; streams are merged by time', () => {
    const { purchases: all } = purchases(
      '{ at: [3s, 1s, 2s], buyers: [4, 2], service: Tea, mode: force }',
      '{ at: 1500ms, buyers: 8, service: espresso }',
    );
    assert.deepEqual(all, [
      { atMs: 1000, seat: '2', service: 'Tea', mode: 'force' },
      { atMs: 1500, seat: '8', service: 'espresso', mode: 'wait' },
      { atMs: 2000, seat: '4', service: 'Tea', mode: 'force' },
      { atMs: 3000, seat: '2', service: 'Tea', mode: 'force' },
    ]);
  });

  test('what is not said to be bought is the first service every other time', () => {
    const { purchases: all } = purchases('{ count: 400 }');
    const first = all.filter(({ service }) => service === 'espresso').length;
    assert.ok(first > 160 && first < 240, `${first}`);
    assert.deepEqual(new Set(all.map(({ service }) => service)), new Set(['espresso', 'Nespresso', 'Tea']));
  });

  test('a rate is so many a second on average from beginning to end', () => {
    const { purchases: all } = purchases('{ rate: 20, from: 5s, until: 15s }');
    assert.ok(all.length > 140 && all.length < 260, `${all.length}`);
    assert.ok(all.every(({ atMs }) => atMs >= 5000 && atMs <= 15_000));
  });
});

describe('closed loop', () => {
  test('each: a stream of its own for every buyer', () => {
    const { closed } = purchases('{ id: l, loop: each, count: 3, think: 100ms, giveUp: 2s, buyers: 1-2, from: 1s }');
    assert.deepEqual(
      closed.map(({ id, startMs, giveUpMs, purchases: { length } }) => [id, startMs, giveUpMs, length]),
      [
        ['l/1', 1000, 2000, 3],
        ['l/2', 1000, 2000, 3],
      ],
    );
    assert.ok(closed[1]!.purchases.every(({ seat, thinkMs }) => seat === '2' && thinkMs === 100));
  });

  test('round robin: one stream over all of them', () => {
    const { closed } = purchases('{ loop: round-robin, count: 10, buyers: [1, 3, 5], services: [Tea, espresso] }');
    assert.equal(closed.length, 1);
    assert.deepEqual(
      closed[0]!.purchases.map(({ seat }) => seat),
      ['1', '3', '5', '1', '3', '5', '1', '3', '5', '1'],
    );
    assert.equal(closed[0]!.giveUpMs, 5000);
  });

  test('think times may be drawn; another buyer moves none of them', () => {
    const loop = (buyers: string) =>
      purchases(`{ id: l, loop: each, count: 200, think: { exponential: 100ms }, buyers: ${buyers} }`).closed;
    const [one] = loop('1');
    const mean = one!.purchases.reduce((sum, { thinkMs }) => sum + thinkMs, 0) / 200;
    assert.ok(mean > 70 && mean < 130, `${mean}`);
    assert.deepEqual(loop('1-4')[0], one);
  });
});

test('durations are written with a unit, or in milliseconds', () => {
  const cases = {
    '250ms': 250,
    '2s': 2000,
    '1.5m': 90_000,
    '1h': 3_600_000,
    '20': 20,
    '0.2ms': 0.2,
    '-1h': -3_600_000,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(durationMs(text), ms);
  for (const text of ['', 's', '2 s', '1d', '1e3', '01s', '٣s']) assert.equal(durationMs(text), undefined, text);
});

describe('a run without a file', () => {
  const options = { lab: 'x', requested: { nodes: 4 }, seconds: 10, purchases: 8, seed: '3' };

  test('is a plan of the same kind that follows from its options and seed alone', () => {
    const plan = scenarioOfRun(options);
    assert.deepEqual(plan, scenarioOfRun(options));
    assert.deepEqual([plan.name, plan.lab.lab, plan.loadMs, plan.requires], ['baseline-4', 'x', 10_000, []]);
    assert.deepEqual(
      plan.seats.map(({ seat, role }) => `${seat} ${role}`),
      ['1 honest', '2 honest', '3 honest', '4 honest'],
    );
    assert.notDeepEqual(scenarioOfRun({ ...options, seed: '4' }).workload, plan.workload);
  });

  test('has the purchases and seats of the scenario that says the same', () => {
    const plan = scenarioOfRun(options);
    const written = planOf('name: baseline-4\nnodes: 4\nworkload: { purchases: [{ count: 8 }] }\n', {
      seed: '3',
      lab: 'x',
    });
    assert.deepEqual(plan.workload, written.workload);
    assert.deepEqual(plan.seats, written.seats);
    assert.deepEqual(plan.lab, written.lab);
  });

  test('checks what the profile promises, and of a reference only that nodes agree', () => {
    const ids = (profile: string) => scenarioOfRun({ ...options, requested: { profile } }).checks.map(({ id }) => id);
    assert.equal(ids('paper').filter((id) => id.startsWith('I')).length, 17);
    assert.deepEqual(ids('ref-c'), [
      'I1',
      'at-end-stuck',
      'at-end-divergent-wallets',
      'at-end-decided-everywhere',
      'at-end-nodes-up',
      'at-end-crashes',
    ]);
  });
});
