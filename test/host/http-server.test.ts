import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startHttpServer } from '../../node/host/http-server.ts';
import { type Sample, SampleIntake } from '../../node/host/sample-intake.ts';

async function world(t: TestContext) {
  const state = { reasons: [] as string[] };
  const samples: Sample[] = [];
  let refused = 0;
  const intake = new SampleIntake({
    source: 'http',
    topic: 'http',
    sink: (sample) => void samples.push(sample),
    report: () => {},
    nowMs: () => 0,
  });
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    unfit: () => state.reasons,
    wallets: () => [{ id: '1', units: 10, stateHash: 'ab' }],
    metrics: () => '# HELP a A\n',
    intake,
  });
  t.after(() => server.close());
  const request = async (path: string, init: RequestInit = {}) => {
    const before = samples.length;
    const response = await fetch(server.url + path, init);
    const text = await response.text();
    if (!response.ok) assert.equal(samples.length, before, 'a refused request changes nothing');
    refused = intake.refused;
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  };
  const post = (body: string | Uint8Array, type = 'text/plain', headers: Record<string, string> = {}) =>
    request('/samples', {
      method: 'POST',
      body: body as RequestInit['body'],
      headers: { 'content-type': type, ...headers },
    });
  return { state, samples, request, post, url: server.url, refused: () => refused };
}

test('health is 200 when the node can take part and 503 with the reasons otherwise', async (t) => {
  const { state, request } = await world(t);
  const ready = await request('/health');
  assert.deepEqual([ready.status, ready.body], [200, { status: 'ready' }]);
  assert.equal(ready.headers.get('cache-control'), 'no-store');
  state.reasons = ['the fabric is not connected', 'the store cannot be written'];
  assert.deepEqual((await request('/health?verbose=1')).body, { status: 'unfit', reasons: state.reasons });
  assert.equal((await request('/health')).status, 503);
});

test("wallets are the node's own view", async (t) => {
  const { request } = await world(t);
  assert.deepEqual((await request('/wallets')).body, [{ id: '1', units: 10, stateHash: 'ab' }]);
});

test('metrics are text of their own type', async (t) => {
  const { url } = await world(t);
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(await response.text(), '# HELP a A\n');
});

test('samples are taken as lines, as one JSON value and as an array', async (t) => {
  const { post, samples } = await world(t);
  assert.deepEqual((await post('1\n\n{"topic":"a","value":2}\r\n3')).body, { accepted: 3 });
  assert.deepEqual((await post('4\n', 'application/x-ndjson; charset=utf-8')).body, { accepted: 1 });
  assert.deepEqual((await post('5', 'Application/JSON')).body, { accepted: 1 });
  assert.deepEqual((await post('[6,{"topic":"b","value":7,"unit":"C"}]', 'application/json')).body, { accepted: 2 });
  assert.deepEqual((await post('')).body, { accepted: 0 });
  assert.deepEqual(
    samples.map(({ topic, value }) => `${topic} ${value}`),
    ['http 1', 'a 2', 'http 3', 'http 4', 'http 5', 'http 6', 'b 7'],
  );
});

test('one bad line and none is taken; every problem is named', async (t) => {
  const { post, refused } = await world(t);
  const lines = await post('1\nx\n{"topic":"","value":2}\n3\nNaN');
  assert.equal(lines.status, 400);
  assert.deepEqual(
    lines.body.problems.map(({ place }: { place: string }) => place),
    ['line 2', 'line 3', 'line 5'],
  );
  assert.equal(refused(), 3);
  const array = await post('[1,null,[2],{"value":"3"},"4"]', 'application/json');
  assert.deepEqual(
    array.body.problems.map(({ place }: { place: string }) => place),
    ['[1]', '[2]', '[3]', '[4]'],
  );
  const many = await post('x\n'.repeat(1000));
  assert.deepEqual([many.body.problems.length, many.body.more], [20, 980]);
  for (const body of [
    '{',
    '',
    '['.repeat(60_000),
    `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
    '{"value":1e999}',
    '\0',
  ]) {
    assert.equal((await post(body, 'application/json')).status, 400, body.slice(0, 20));
  }
  assert.equal((await post(Buffer.from([0xff, 0x0a]))).status, 400);
  assert.equal((await post(Buffer.from([0xff]), 'application/json')).status, 400);
});

test('unknown paths, methods and types are refused with what there is', async (t) => {
  const { request, post } = await world(t);
  for (const path of [
    '/',
    '/samples/',
    '/metrics/',
    '/__proto__',
    '/constructor',
    '/health/../wallets2',
    '/%00',
    `/${'x'.repeat(8000)}`,
  ]) {
    assert.equal((await request(path)).status, 404, path.slice(0, 30));
  }
  for (const [path, method, allow] of [
    ['/health', 'POST', 'GET'],
    ['/health', 'HEAD', 'GET'],
    ['/wallets', 'DELETE', 'GET'],
    ['/samples', 'GET', 'POST'],
    ['/samples', 'PUT', 'POST'],
    ['/samples', 'OPTIONS', 'POST'],
  ] as const) {
    const response = await request(path, { method });
    assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], `${method} ${path}`);
  }
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/html', '']) {
    assert.equal((await post('1', type)).status, 415, type);
  }
  assert.equal((await post('1', 'text/plain', { 'content-encoding': 'gzip' })).status, 415);
});

test('a page in a browser cannot post', async (t) => {
  const { post } = await world(t);
  assert.equal((await post('1', 'text/plain', { origin: 'http://evil.example' })).status, 403);
});

test('a body of 64 KiB is taken, a longer one refused, announced or not', async (t) => {
  const { post, request, samples } = await world(t);
  assert.equal((await post(`1${' '.repeat(65_535)}`)).status, 400, 'one line may be no longer than any other');
  assert.equal((await post(`${'1 \n'.repeat(21_845)}1`)).body.accepted, 21_846);
  assert.equal(samples.length, 21_846);
  assert.equal((await post('1\n'.repeat(32_769))).status, 413);
  assert.equal((await post('1\n'.repeat(300_000))).status, 413);
  const stream = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 20; i++) controller.enqueue(new TextEncoder().encode('1\n'.repeat(2000)));
      controller.close();
    },
  });
  const chunked = await request('/samples', {
    method: 'POST',
    body: stream,
    headers: { 'content-type': 'text/plain' },
    duplex: 'half',
  } as RequestInit);
  assert.equal(chunked.status, 413);
});

test('what is no HTTP, or stops in the middle, leaves the server standing', async (t) => {
  const { url, request } = await world(t);
  const { hostname, port } = new URL(url);
  for (const bytes of [
    '\0\0\0\0',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /health HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(65_536)}\r\n\r\n`,
    'POST /samples HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\n1\n',
    'POST /samples HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: -1\r\n\r\n1\n',
    'POST /samples HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  ]) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}); // a reset is one of the right answers
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.end(bytes);
    socket.resume();
    await closed;
  }
  assert.equal((await request('/health')).status, 200);
});

test('a port that is taken is an error at the start', async (t) => {
  const { url } = await world(t);
  const intake = new SampleIntake({ source: 'http', topic: 'http', sink: () => {}, report: () => {}, nowMs: () => 0 });
  await assert.rejects(
    startHttpServer({
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      unfit: () => [],
      wallets: () => [],
      metrics: () => '',
      intake,
    }),
    { code: 'EADDRINUSE' },
  );
});
