import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { loadCsvColumn } from '../../node/host/csv-column.ts';
import { createSensors, type VirtualSensor } from '../../node/host/sensor.ts';
import { readSensors } from '../../node/host/sensor-definitions.ts';
import { describeProblem } from '../../node/protocol/parameters.ts';
import { Prng } from '../../node/simulation/prng.ts';
import {
  REFERENCE_SENSOR,
  type SensorDefinition,
  sensorValue,
  sensorWaitMs,
} from '../../node/simulation/sensor-series.ts';

function defined(...definitions: unknown[]): readonly SensorDefinition[] {
  const result = readSensors(definitions, 'sensors');
  assert.ok(result.ok, result.ok ? '' : result.problems.map(describeProblem).join('\n'));
  return result.sensors;
}

/** Virtual time: one pending timer at a time a sensor, run in order. */
function virtualTime() {
  let nowMs = 1000;
  const pending: { atMs: number; run: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    schedule: (delayMs: number, run: () => void) => {
      const timer = { atMs: nowMs + delayMs, run };
      pending.push(timer);
      return () => {
        const at = pending.indexOf(timer);
        if (at >= 0) pending.splice(at, 1);
      };
    },
    /** Runs the next timer, `lateMs` after its time. False when there is none. */
    next(lateMs = 0): boolean {
      pending.sort((a, b) => a.atMs - b.atMs);
      const timer = pending.shift();
      if (timer === undefined) return false;
      nowMs = Math.max(nowMs, timer.atMs + lateMs);
      timer.run();
      return true;
    },
    get pending() {
      return pending.length;
    },
  };
}

function run(definition: SensorDefinition, samples: number, lateMs = 0) {
  const time = virtualTime();
  const given: { atMs: number; topic: string; value: number }[] = [];
  const made = createSensors({
    definitions: [definition],
    seed: '1',
    node: '3',
    schedule: time.schedule,
    nowMs: time.nowMs,
    emit: (topic, value) => given.push({ atMs: time.nowMs(), topic, value }),
  });
  assert.ok(made.ok, made.ok ? '' : made.problems.map(describeProblem).join('\n'));
  made.sensors[0]!.start();
  while (given.length < samples && time.next(lateMs));
  return { given, values: given.map(({ value }) => value), sensor: made.sensors[0] as VirtualSensor, time };
}

const base = { topic: 't', periodMs: 100 };

test('a counter counts as the reference does, and as it is told', () => {
  assert.deepEqual(run(REFERENCE_SENSOR, 4).values, [1, 2, 3, 4]);
  assert.deepEqual(
    run(defined({ ...base, kind: 'counter', start: -2, step: 0.5 })[0]!, 4).values,
    [-2, -1.5, -1, -0.5],
  );
});

test('the reference waits 1..10 s, uniformly, before each sample', () => {
  const { given } = run(REFERENCE_SENSOR, 2000);
  const waits = given.map(({ atMs }, i) => atMs - (i === 0 ? 1000 : given[i - 1]!.atMs));
  assert.ok(waits.every((wait) => wait >= 1000 && wait <= 10_000));
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert.ok(Math.abs(mean - 5500) < 150, `mean wait ${mean} ms`);
});

test('a constant stays, a sine swings round its mean, a burst counts its place', () => {
  assert.deepEqual(run(defined({ ...base, kind: 'constant', value: 20.5 })[0]!, 3).values, [20.5, 20.5, 20.5]);
  const sine = defined({ ...base, kind: 'sine', mean: 20, amplitude: 5, cycleSamples: 4 })[0]!;
  assert.deepEqual(run(sine, 6).values, [20, 25, 20, 15, 20, 25]);
  const { given } = run(defined({ ...base, kind: 'burst', burstSamples: 3, gapMs: 2 })[0]!, 7);
  assert.deepEqual(
    given.map(({ value }) => value),
    [1, 2, 3, 1, 2, 3, 1],
  );
  assert.deepEqual(
    given.map(({ atMs }) => atMs - 1000),
    [100, 102, 104, 204, 206, 208, 308],
  );
});

test('a random walk begins at its start, keeps its steps small and its bounds', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.double({ min: -1000, max: 1000, noNaN: true }),
      fc.double({ min: 0, max: 50, noNaN: true }),
      (seed, min, range) => {
        const walk = { kind: 'random-walk', start: min + range / 2, stepMax: range, min, max: min + range } as const;
        const draws = Prng.seeded(seed);
        let previous: number | null = null;
        for (let index = 0; index < 50; index++) {
          const value: number = sensorValue(walk, index, previous, draws)!;
          assert.ok(value >= min && value <= min + range, `${value}`);
          if (previous === null) assert.equal(value, walk.start);
          else assert.ok(Math.abs(value - previous) <= range + 2e-6);
          previous = value;
        }
      },
    ),
    { seed: 3 },
  );
  const values = run(defined({ ...base, kind: 'random-walk', min: 0, max: 10, stepMax: 1 })[0]!, 200).values;
  assert.equal(values[0], 5);
  assert.ok(new Set(values).size > 150, 'it moves');
});

test('equal seeds give equal sensors; the node, the place and the seed make them differ', () => {
  const [walk] = defined({
    ...base,
    periodMs: { min: 10, max: 1000 },
    jitterMs: 5,
    kind: 'random-walk',
    min: 0,
    max: 100,
    stepMax: 10,
  });
  const series = (seed: string, node: string, index: number, own: string | null = null) => {
    const time = virtualTime();
    const given: number[] = [];
    const definitions = Array.from({ length: index + 1 }, () => ({ ...walk!, seed: own }));
    const made = createSensors({
      definitions,
      seed,
      node,
      ...time,
      emit: (_, value) => given.push(time.nowMs(), value),
    });
    assert.ok(made.ok);
    made.sensors[index]!.start();
    for (let i = 0; i < 20; i++) time.next();
    return given.join();
  };
  assert.equal(series('1', '3', 0), series('1', '3', 0));
  assert.equal(series('1', '3', 0, 'own'), series('2', '3', 0, 'own'));
  const different = [
    series('1', '3', 0),
    series('2', '3', 0),
    series('1', '4', 0),
    series('1', '3', 1),
    series('1', '3', 0, 'own'),
  ];
  assert.equal(new Set(different).size, different.length);
});

test('a change of pace leaves the values as they were', () => {
  const walk = { ...base, kind: 'random-walk', min: 0, max: 100, stepMax: 10 };
  const slow = run(defined({ ...walk, periodMs: { min: 100, max: 900 } })[0]!, 50).values;
  assert.deepEqual(run(defined({ ...walk, jitterMs: 20 })[0]!, 50).values, slow);
});

test('jitter moves a wait both ways and never below zero', () => {
  const [definition] = defined({ ...base, jitterMs: 150, kind: 'constant', value: 1 });
  const draws = Prng.seeded('jitter');
  const waits = Array.from({ length: 500 }, (_, index) => sensorWaitMs(definition!, index, draws));
  assert.ok(waits.some((wait) => wait < 100) && waits.some((wait) => wait > 100));
  assert.equal(Math.min(...waits), 0);
  assert.ok(Math.max(...waits) <= 250);
});

test('timers that fire late do not add up', () => {
  const { given } = run(defined({ ...base, kind: 'counter' })[0]!, 100, 7);
  assert.equal(given.at(-1)!.atMs, 1000 + 100 * 100 + 7);
});

test('a node that was stopped does not make up for what it missed', () => {
  const { given, time } = run(defined({ ...base, kind: 'counter' })[0]!, 3);
  time.next(60_000);
  const resumed = time.nowMs();
  for (let i = 0; i < 3; i++) time.next();
  assert.deepEqual(
    given.slice(-3).map(({ atMs }) => atMs - resumed),
    [100, 200, 300],
  );
});

test('a sensor ends after its last sample, and stops and goes on when told', () => {
  const { sensor, time, values } = run(defined({ ...base, kind: 'counter', samplesMax: 3 })[0]!, 10);
  assert.deepEqual([sensor.samples, time.pending], [3, 0]);
  assert.deepEqual(values, [1, 2, 3]);

  const other = run(defined({ ...base, kind: 'counter' })[0]!, 2);
  other.sensor.stop();
  assert.equal(other.time.pending, 0);
  other.sensor.start();
  other.sensor.start();
  assert.equal(other.time.pending, 1);
  other.time.next();
  assert.equal(other.given.at(-1)!.value, 3);
});

function csv(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-csv-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'recorded.csv');
  writeFileSync(file, text);
  return file;
}

test('a recorded column is replayed, by name or number, once or for ever', (t) => {
  const file = csv(
    t,
    '\ufefftime,"temp, inside",note\r\n1,20.5,"a ""quoted"", cell\nover two lines"\r\n\r\n2,-3e1,x\n3,+.5',
  );
  const named = { ...base, kind: 'csv', file, column: 'temp, inside' };
  assert.deepEqual(run(defined({ ...named, repeat: false })[0]!, 9).values, [20.5, -30, 0.5]);
  assert.deepEqual(run(defined(named)[0]!, 5).values, [20.5, -30, 0.5, 20.5, -30]);
  assert.deepEqual(run(defined({ ...named, file: csv(t, '7,8\n9,10\n'), column: 2 })[0]!, 2).values, [8, 10]);
});

test('every bad cell of a recorded column is named with its line', (t) => {
  const bad = loadCsvColumn(csv(t, 'v\n1\nx\n"two\nlines"\n\n1e999\n'), 'v', 'file');
  assert.ok(!bad.ok);
  assert.deepEqual(bad.problems.map(describeProblem), [
    'file line 3: expected a finite number in column "v", got "x"',
    'file line 4: expected a finite number in column "v", got "two\\nlines"',
    'file line 7: expected a finite number in column "v", got "1e999"',
  ]);
  for (const [text, column, found] of [
    ['a,b\n1,2\n', 'c', /expected a column "c" in the first line, got "a,b"/],
    ['a\n', 'a', /at least one row of values, got none/],
    ['', 'a', /expected a column "a"/],
    ['1\n', 2, /line 1: expected a finite number in column 2, got ""/],
    ['"open', 1, /line 1: expected a finite number/],
  ] as const) {
    const result = loadCsvColumn(csv(t, text), column, 'file');
    assert.ok(!result.ok);
    assert.match(describeProblem(result.problems[0]!), found);
  }
  const missing = loadCsvColumn('/nonexistent.csv', 1, 'sensors[0].file');
  assert.ok(!missing.ok);
  assert.deepEqual(missing.problems.map(describeProblem), ['sensors[0].file: expected a readable file, got ENOENT']);
  const many = loadCsvColumn(csv(t, 'x\n'.repeat(10_000)), 1, 'file');
  assert.ok(!many.ok && many.problems.length === 20);
});

test('definitions are refused with all problems at once', () => {
  const result = readSensors(
    [
      { kind: 'counter', periodMs: 100, topic: 'ok' },
      { kind: 'conter', periodMs: 0, topic: '', unknown: 1 },
      { kind: 'constant', periodMs: { min: 5, max: 4 }, topic: 'a\0', value: '1', samplesMax: 0, seed: {} },
      { kind: 'random-walk', periodMs: 1.5, topic: 'x'.repeat(33), min: 2, max: 1, stepMax: -1 },
      { kind: 'sine', periodMs: { min: 1, max: 2, mean: 3 }, topic: 't', amplitude: null, cycleSamples: 1, phase: 0 },
      { kind: 'csv', periodMs: 1, topic: 't', column: 0 },
      null,
    ],
    'sensors',
  );
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map((problem) => problem.path),
    [
      'sensors[1].topic',
      'sensors[1].periodMs',
      'sensors[1].kind',
      'sensors[2].topic',
      'sensors[2].periodMs',
      'sensors[2].seed',
      'sensors[2].samplesMax',
      'sensors[2].value',
      'sensors[3].topic',
      'sensors[3].periodMs',
      'sensors[3].max',
      'sensors[3].stepMax',
      'sensors[4].periodMs',
      'sensors[4].amplitude',
      'sensors[4].cycleSamples',
      'sensors[4].phase',
      'sensors[5].file',
      'sensors[5].column',
      'sensors[6]',
    ],
  );
  for (const value of [{}, 'none', null, Array.from({ length: 65 }, () => REFERENCE_SENSOR)]) {
    assert.ok(!readSensors(value, 'sensors').ok);
  }
});

test('files that are missing are all named when the sensors are made', () => {
  const time = virtualTime();
  const made = createSensors({
    definitions: defined(
      { ...base, kind: 'csv', file: '/no/a', column: 1 },
      { ...base, kind: 'csv', file: '/no/b', column: 'x' },
    ),
    seed: '1',
    node: '1',
    ...time,
    emit: () => {},
  });
  assert.ok(!made.ok);
  assert.deepEqual(
    made.problems.map(({ path }) => path),
    ['sensors[0].file', 'sensors[1].file'],
  );
});
