import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Aedes } from 'aedes';
import fc from 'fast-check';
import { LineSplitter, type SplitLine } from '../../node/host/line-splitter.ts';
import { SampleFile } from '../../node/host/sample-file.ts';
import { parseSampleLine, SampleIntake, type SampleProblem, type SampleSink } from '../../node/host/sample-intake.ts';
import { readSamples } from '../../node/host/sample-stream.ts';
import { openSampleTopic } from '../../node/host/sample-topic.ts';
import { Secret } from '../../node/host/secret.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'wallance-samples-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** An intake that keeps what it is given, reports everything, and lets a test wait for a number of samples. */
function world(options: { sink?: SampleSink; nowMs?: () => number } = {}) {
  const values: number[] = [];
  const topics: string[] = [];
  const problems: SampleProblem[] = [];
  let clock = 0;
  let wake = () => {};
  const intake = new SampleIntake({
    source: 'test',
    topic: 'default',
    nowMs: options.nowMs ?? (() => (clock += 1000)),
    report: (problem) => {
      problems.push(problem);
      wake();
    },
    sink: (sample) => {
      values.push(sample.value);
      topics.push(sample.topic);
      wake();
      return options.sink?.(sample);
    },
  });
  const until = async (what: string, done: () => boolean) => {
    while (!done()) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${what} within 10 s; values ${values}`)), 10_000);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return { intake, values, topics, problems, until };
}

const HOSTILE = [
  'x',
  'NaN',
  'Infinity',
  '0x10',
  '1_000',
  '1,5',
  '1e999',
  "1'; --",
  '\0',
  '--1',
  '{}',
  '{"value":"1"}',
  '[1]',
  'null',
  '"1"',
  '{"topic":"","value":1}',
];

test('a sample is a decimal number or an object with topic and value', () => {
  for (const [line, topic, value] of [
    ['7', 'd', 7],
    ['  -3.5e2\t', 'd', -350],
    ['.5', 'd', 0.5],
    ['{"topic":"temperature","value":20.5}', 'temperature', 20.5],
    ['{"value":1,"unit":"C","nested":{"a":[1]}}', 'd', 1],
    ['{"topic":"grüße \\" \'","value":-0}', 'grüße " \'', -0],
  ] as const) {
    assert.deepEqual(parseSampleLine(line, 'd'), { ok: true, sample: { topic, value } });
  }
  const long = JSON.stringify({ topic: 'ä'.repeat(17), value: 1 });
  const deep = `{"topic":${'['.repeat(60_000)}`;
  for (const line of [
    ...HOSTILE,
    long,
    deep,
    '{"topic":"a\\u0000","value":1}',
    '{"topic":"\\ud800","value":1}',
    '{"topic":7,"value":1}',
    '{"value":1e999}',
  ]) {
    const parsed = parseSampleLine(line, 'd');
    assert.ok(!parsed.ok, line.slice(0, 50));
    assert.ok(parsed.found.length <= 100 && !/[\u0000-\u001f]/.test(parsed.found));
  }
});

test('no text makes the parser throw or lets a value through that is not finite', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.double().map(String)), (line) => {
      const parsed = parseSampleLine(line, 'd');
      if (parsed.ok) assert.ok(Number.isFinite(parsed.sample.value) && parsed.sample.topic.length > 0);
    }),
    { seed: 2, numRuns: 2000 },
  );
});

test('lines come out the same however the bytes are cut', () => {
  const bytes = Buffer.from('1\r\n\n2\n{"topic":"grüße €","value":3}\n😀\n4');
  const split = (cuts: readonly number[]): SplitLine[] => {
    const splitter = new LineSplitter(40);
    const lines: SplitLine[] = [];
    let from = 0;
    for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
      lines.push(...splitter.push(bytes.subarray(from, cut)));
      from = cut;
    }
    lines.push(...splitter.flush());
    return lines;
  };
  const whole = split([]);
  assert.deepEqual(
    whole.map((line) => [line.number, line.byte, line.kind === 'line' ? line.text : line.found]),
    [
      [1, 0, '1'],
      [2, 3, ''],
      [3, 4, '2'],
      [4, 6, '{"topic":"grüße €","value":3}'],
      [5, 40, '😀'],
      [6, 45, '4'],
    ],
  );
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => assert.deepEqual(split(cuts), whole)),
    { seed: 4 },
  );
});

test('a line that is too long or not UTF-8 is skipped with its place, and memory stays bounded', () => {
  const splitter = new LineSplitter(10);
  const take = (chunk: Uint8Array) =>
    [...splitter.push(chunk)].map((line) => [line.number, line.kind === 'line' ? line.text : line.expected]);
  assert.deepEqual(take(Buffer.from('0123456789\r\n01234567890\n')), [
    [1, '0123456789'],
    [2, 'a line of at most 10 bytes'],
  ]);
  const faults: unknown[] = [];
  for (let i = 0; i < 1000; i++) faults.push(...take(Buffer.alloc(65_536, 'x')));
  assert.deepEqual(faults, [[3, 'a line of at most 10 bytes']]);
  assert.deepEqual(take(Buffer.from([0x0a, 0xff, 0x0a, 0x37, 0x0a])), [
    [4, 'UTF-8'],
    [5, '7'],
  ]);
});

test('bad lines are counted, reported at most once a second, and none goes unsaid', () => {
  let now = 0;
  const { intake, problems, values } = world({ nowMs: () => now });
  for (let i = 1; i <= 100; i++) {
    intake.line('x', `line ${i}`);
    now += 100;
  }
  assert.equal(intake.refused, 100);
  assert.deepEqual(problems.map(({ place, unreported }) => [place, unreported]).slice(0, 3), [
    ['line 1', 0],
    ['line 11', 9],
    ['line 21', 9],
  ]);
  assert.equal(problems.length, 10);
  intake.close();
  intake.close();
  assert.deepEqual(problems.at(-1), {
    source: 'test',
    place: 'line 100',
    expected: 'a number, or {"topic": "...", "value": n}',
    found: 'x',
    unreported: 8,
  });
  assert.equal(
    problems.reduce((sum, { unreported }) => sum + 1 + unreported, 0),
    100,
  );
  intake.line('  ', 'line 101');
  intake.line('5', 'line 102');
  assert.deepEqual([intake.refused, intake.accepted, values], [100, 1, [5]]);
});

test('a stream gives its samples, its last line without an end too, and skips what is none', async () => {
  const { intake, values, topics, problems } = world();
  const chunks = ['1\n{"topic":"a","val', 'ue":2}\r\n', `${HOSTILE.join('\n')}\n`, 'x'.repeat(70_000), '\n3'];
  await readSamples(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), intake);
  assert.deepEqual(
    [values, topics],
    [
      [1, 2, 3],
      ['default', 'a', 'default'],
    ],
  );
  assert.equal(problems.length, HOSTILE.length + 1);
  assert.deepEqual(
    problems.slice(0, 2).map(({ place, found }) => [place, found]),
    [
      ['line 3', 'x'],
      ['line 4', 'NaN'],
    ],
  );
});

test('standard input of a real process is read to its end', async () => {
  const { intake, values } = world();
  const child = spawn('/bin/sh', ['-c', 'echo 1; echo 2; printf 3'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await readSamples(child.stdout, intake);
  assert.deepEqual(values, [1, 2, 3]);
});

test('a stream is read no faster than its samples are taken', async () => {
  let underWay = 0;
  let taken = 0;
  let sent = 0;
  const { intake } = world({
    sink: async () => {
      underWay++;
      assert.equal(underWay, 1, 'one sample at a time');
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      taken++;
      assert.ok(sent - taken < 100, `${sent} sent, ${taken} taken`);
    },
  });
  async function* lines() {
    for (; sent < 500; sent += 5) yield Buffer.from('1\n2\n3\n4\n5\n');
  }
  await readSamples(Readable.from(lines()), intake);
  assert.equal(taken, 500);
});

test('a stream that fails or is destroyed ends the reading without an exception', async () => {
  const failing = world();
  async function* broken() {
    yield Buffer.from('1\n');
    throw new Error('unplugged');
  }
  await readSamples(Readable.from(broken()), failing.intake);
  assert.deepEqual(
    failing.problems.map(({ place, found }) => [place, found]),
    [['the stream', 'unplugged']],
  );

  const stopped = world();
  const stream = new Readable({ read() {} });
  const reading = readSamples(stream, stopped.intake);
  stream.push('1\n');
  await stopped.until('sample', () => stopped.values.length === 1);
  stream.destroy();
  await reading;
  assert.equal(stopped.problems.length, 0);
});

/** A follower that looks only when told. */
function follow(t: TestContext, path: string) {
  const kept = world();
  let planned = 0;
  const file = new SampleFile({
    path,
    intake: kept.intake,
    schedule: () => {
      planned++;
      return () => planned--;
    },
  });
  t.after(() => file.close());
  return { ...kept, file, planned: () => planned };
}

test('a file is followed from its end on, whole lines only', async (t) => {
  const path = join(directory(t), 'values');
  writeFileSync(path, '1\n2\n');
  const { file, values, planned } = follow(t, path);
  await file.start();
  assert.equal(planned(), 1);
  appendFileSync(path, '3\n4');
  await file.poll();
  assert.deepEqual(values, [3]);
  appendFileSync(path, '5\n{"value":6}\n');
  await Promise.all([file.poll(), file.poll()]);
  assert.deepEqual(values, [3, 45, 6]);
  await file.close();
  assert.equal(planned(), 0);
  appendFileSync(path, '7\n');
  await file.poll();
  assert.deepEqual(values, [3, 45, 6]);
});

test('a file that comes later is read from its beginning', async (t) => {
  const path = join(directory(t), 'values');
  const { file, values, problems } = follow(t, path);
  await file.start();
  await file.poll();
  assert.equal(problems.length, 0);
  writeFileSync(path, '1\n2\n');
  await file.poll();
  assert.deepEqual(values, [1, 2]);
});

test('a rotated file is read to its end, last line included, and then the new one', async (t) => {
  const path = join(directory(t), 'values');
  writeFileSync(path, '');
  const { file, values } = follow(t, path);
  await file.start();
  appendFileSync(path, '1\n');
  await file.poll();
  appendFileSync(path, '2\n3');
  renameSync(path, `${path}.1`);
  await file.poll();
  assert.deepEqual(values, [1, 2, 3]);
  writeFileSync(path, '4\n');
  await file.poll();
  appendFileSync(path, '5\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, '6\n');
  await file.poll();
  assert.deepEqual(values, [1, 2, 3, 4, 5, 6]);
});

test('a truncated file is read from its beginning, and half a line that went with it is said', async (t) => {
  const path = join(directory(t), 'values');
  writeFileSync(path, '');
  const { file, values, problems } = follow(t, path);
  await file.start();
  appendFileSync(path, '1\n2\n33333');
  await file.poll();
  copyFileSync(path, `${path}.copy`);
  truncateSync(path, 0);
  await file.poll();
  appendFileSync(path, '3\n');
  await file.poll();
  assert.deepEqual(values, [1, 2, 3]);
  assert.deepEqual(
    problems.map(({ place, found }) => [place, found]),
    [['byte 4', 'one that was cut off with its file']],
  );
});

test('bad lines of a file are placed by their byte, and a large addition is taken whole', async (t) => {
  const path = join(directory(t), 'values');
  writeFileSync(path, 'old\n');
  const { file, values, problems } = follow(t, path);
  await file.start();
  appendFileSync(path, `1\nbad\n${'y'.repeat(5000)}\n`);
  await file.poll();
  assert.deepEqual(
    problems.map(({ place }) => place),
    ['byte 6', 'byte 10'],
  );
  appendFileSync(path, Array.from({ length: 50_000 }, (_, i) => `${i}\n`).join(''));
  await file.poll();
  assert.equal(values.length, 50_001);
});

test('a directory in place of the file is said once, and a file that takes its place is read', async (t) => {
  const path = directory(t);
  const { file, values, problems } = follow(t, path);
  await file.start();
  await file.poll();
  assert.deepEqual(
    problems.map(({ found }) => found),
    ['something else'],
  );
  rmSync(path, { recursive: true });
  writeFileSync(path, '1\n');
  await file.poll();
  assert.deepEqual(values, [1]);
});

test('a named pipe is read without waiting for a writer', async (t) => {
  const path = join(directory(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const { file, values } = follow(t, path);
  await file.start();
  await file.poll();
  for (const text of ['1\n2\n', '3\n']) {
    const writer = await open(path, 'w');
    await writer.write(text);
    await file.poll();
    await writer.close();
    await file.poll();
  }
  assert.deepEqual(values, [1, 2, 3]);
});

/** A broker on 127.0.0.1 that lets in one user. */
async function broker(t: TestContext, port = 0) {
  const aedes = await Aedes.createBroker({
    authenticate: (_, username, password, done) => done(null, username === 'reader' && password?.toString() === 'pw'),
  });
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  t.after(close);
  const { port: opened } = server.address() as { port: number };
  const publish = (topic: string, payload: string | Buffer, retain = false) =>
    new Promise<void>((resolve, reject) => {
      aedes.publish({ cmd: 'publish', topic, payload, qos: 0, retain, dup: false }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  return { url: `mqtt://127.0.0.1:${opened}`, port: opened, publish, close };
}

const access = (url: string, password = 'pw') => ({ url, username: 'reader', password: new Secret(password) });

test('payloads of an MQTT topic become samples, a retained one does not', async (t) => {
  const { url, publish } = await broker(t);
  await publish('devices/a/temperature', '99', true);
  const { intake, values, topics, problems, until } = world();
  const source = await openSampleTopic({ broker: access(url), clientId: 'c', filter: 'devices/#', intake });
  t.after(() => source.close());
  assert.ok(source.connected);
  await publish('devices/a/temperature', '1');
  await publish('devices/b/x', '{"topic":"own","value":2}\n3\n');
  await publish(`devices/${'l'.repeat(40)}`, '4');
  await publish('elsewhere', '100');
  for (const payload of [...HOSTILE, 'x'.repeat(65_537), Buffer.from([0xff, 0xfe])])
    await publish('devices/bad', payload);
  await publish('devices/last', '5');
  await until('last sample', () => values.at(-1) === 5);
  assert.deepEqual(values, [1, 2, 3, 4, 5]);
  assert.deepEqual(topics, ['temperature', 'own', 'x', 'default', 'last']);
  assert.equal(problems.length, HOSTILE.length + 2);
  assert.deepEqual(problems.at(-2)?.found, '65537 bytes');
});

test('the topic comes back when its broker does', async (t) => {
  const first = await broker(t);
  const { intake, values, until } = world();
  const source = await openSampleTopic({ broker: access(first.url), clientId: 'c', filter: 'd/+', intake });
  t.after(() => source.close());
  await first.publish('d/x', '1');
  await until('first sample', () => values.length === 1);
  await first.close();
  const second = await broker(t, first.port);
  // The client comes back after a second at the earliest: a value is sent again and again until one arrives.
  const sending = setInterval(() => void second.publish('d/x', '2'), 20);
  try {
    await until('sample after the restart', () => values.includes(2));
  } finally {
    // Before the broker closes: it publishes nothing afterwards.
    clearInterval(sending);
  }
});

test('a refused login is reported, retried, and can be given up', async (t) => {
  const { url } = await broker(t);
  const { intake, problems, until } = world();
  const abort = new AbortController();
  const opening = openSampleTopic({ broker: access(url, 'wrong'), clientId: 'c', filter: '#', intake }, abort.signal);
  await until('report', () => problems.length > 0);
  assert.match(problems[0]!.found, /Connection refused/);
  assert.ok(!JSON.stringify(problems).includes('wrong'));
  abort.abort();
  assert.equal((await opening).connected, false);
});
