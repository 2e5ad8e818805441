import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  catalogueOf,
  defaultServices,
  readServices,
  type ServiceDefinition,
  type ServiceProgram,
} from '../../node/host/service-definitions.ts';
import {
  type PurchasedService,
  type ServiceEnd,
  ServiceRunner,
  type ServiceRunnerOptions,
} from '../../node/host/services.ts';
import { describeProblem } from '../../node/protocol/parameters.ts';

const STATE = '0'.repeat(64);
const purchase = (key: string, change: Partial<PurchasedService> = {}): PurchasedService => ({
  key,
  service: 'x',
  argument: `1_${STATE}_1000`,
  requester: '1',
  state: STATE,
  time: 1000,
  ...change,
});

/** A runner with one service `x`, what it printed and published, and a wait for the next ends. */
function world(program: ServiceProgram, options: Partial<ServiceRunnerOptions> = {}) {
  const ends: ServiceEnd[] = [];
  const printed: string[] = [];
  const published: [string, string][] = [];
  let wake = () => {};
  const runner = new ServiceRunner({
    services: [{ name: 'x', priceDcoins: 1, program }],
    print: (line) => printed.push(line),
    publish: async (topic, payload) => void published.push([topic, payload]),
    commandEnvironment: { PATH: '/usr/bin:/bin' },
    onEnd: (end) => {
      ends.push(end);
      wake();
    },
    ...options,
  });
  const ended = async (count: number): Promise<ServiceEnd[]> => {
    while (ends.length < count) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${ends.length} of ${count} services ended within 10 s`)),
          10_000,
        );
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return ends;
  };
  return { runner, ends, ended, printed, published };
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'wallance-services-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const commandOf = (file: string, args: readonly string[], timeoutMs = 10_000): ServiceProgram => ({
  kind: 'command',
  file,
  args,
  text: null,
  timeoutMs,
});

const HOSTILE = [
  '; rm -rf ./no-such-canary; touch pwned #',
  '$(touch pwned)`touch pwned`',
  "' OR 1=1 --",
  '"quoted" \\ back',
  'a\nb\tc',
  '{state}{time}',
  '%s%n../../etc/passwd',
  '-rf',
  'x'.repeat(64 * 1024),
];

test('a command gets hostile text as one plain argument and no shell reads it', async (t) => {
  const cwd = directory(t);
  const script = join(cwd, 'show.mjs');
  const out = join(cwd, 'args.json');
  writeFileSync(
    script,
    `import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[2], JSON.stringify(process.argv.slice(3)));`,
  );
  for (const hostile of HOSTILE) {
    const { runner, ended } = world(
      commandOf(process.execPath, [script, out, 'a {requester} b', '{argument}', '{other'], 20_000),
    );
    runner.run(purchase('k', { requester: hostile, argument: hostile }));
    const [end] = await ended(1);
    assert.equal(end?.phase, 'ended', end?.detail);
    assert.deepEqual(JSON.parse(readFileSync(out, 'utf8')), [`a ${hostile} b`, hostile, '{other']);
  }
});

test('NUL in an argument, a missing file and a bad exit status are failures with a reason', async () => {
  const nul = world(commandOf('/bin/echo', ['{requester}']));
  nul.runner.run(purchase('k', { requester: 'a\0b' }));
  assert.match((await nul.ended(1))[0]!.detail, /null bytes/);
  assert.equal(nul.ends[0]!.phase, 'failed');

  const missing = world(commandOf('/nonexistent/machine', []));
  missing.runner.run(purchase('k'));
  assert.match((await missing.ended(1))[0]!.detail, /ENOENT/);
  assert.equal(missing.ends[0]!.phase, 'failed');

  const bad = world(commandOf('/bin/ls', ['/nonexistent/{time}']));
  bad.runner.run(purchase('k'));
  assert.match((await bad.ended(1))[0]!.detail, /^exit status 2: .*\/nonexistent\/1000/);
  assert.equal(bad.ends[0]!.phase, 'failed');
});

test('a command does not see the environment of the node', async () => {
  process.env.WALLANCE_TEST_CANARY = 'canary';
  const { runner, ended } = world(commandOf('/usr/bin/env', []));
  runner.run(purchase('k'));
  const [end] = await ended(1);
  delete process.env.WALLANCE_TEST_CANARY;
  assert.equal(end!.detail, 'exit status 0: PATH=/usr/bin:/bin');
});

test('output is kept up to a bound and an endless talker is stopped in time', async () => {
  const { runner, ended } = world(commandOf('/usr/bin/yes', [], 300));
  runner.run(purchase('k'));
  const [end] = await ended(1);
  assert.equal(end!.phase, 'failed');
  assert.match(end!.detail, /^not done within 300 ms; ended by SIGTERM: y y y/);
  assert.ok(end!.detail.length <= 4096);
});

test('a timeout ends the whole process group, a deaf one too', async (t) => {
  const pids = join(directory(t), 'pids');
  // The child of the command ignores the polite signal, and so does the command.
  const program = commandOf('/bin/sh', ['-c', `trap '' TERM; sleep 600 & echo $$ $! > ${pids}; wait; sleep 600`], 200);
  const { runner, ended } = world(program);
  runner.run(purchase('k'));
  const [end] = await ended(1);
  assert.match(end!.detail, /^not done within 200 ms; ended by SIGKILL/);
  for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) await gone(Number(pid));
});

/** Waits until `pid` is no living process (a zombie that init has not collected yet counts as gone). */
async function gone(pid: number): Promise<void> {
  const until = performance.now() + 5000;
  for (;;) {
    try {
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return;
    } catch {
      return;
    }
    if (performance.now() > until) assert.fail(`process ${pid} is alive after 5 s`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('what a command leaves behind in its group does not outlive it', async (t) => {
  const file = join(directory(t), 'pid');
  const { runner, ended } = world(commandOf('/bin/sh', ['-c', `sleep 600 & echo $! > ${file}`]));
  runner.run(purchase('k'));
  assert.equal((await ended(1))[0]!.phase, 'ended');
  await gone(Number(readFileSync(file, 'utf8')));
});

test('programs at a time and waiting purchases are bounded; the rest fails', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let most = 0;
  const { runner, ended, ends } = world(
    { kind: 'mqtt', topic: 't', payload: '', text: null, timeoutMs: 10_000 },
    {
      runningMax: 2,
      waitingMax: 3,
      publish: async () => {
        await gate;
        most = Math.max(most, runner.running);
      },
    },
  );
  for (let i = 0; i < 8; i++) runner.run(purchase(`k${i}`));
  assert.deepEqual([runner.running, runner.waiting, ends.length], [2, 3, 0]);
  await ended(3);
  assert.deepEqual(
    ends.map(({ key, phase }) => [key, phase]),
    [
      ['k5', 'failed'],
      ['k6', 'failed'],
      ['k7', 'failed'],
    ],
  );
  assert.match(ends[0]!.detail, /2 services are running and 3 waiting/);
  release();
  await ended(8);
  assert.deepEqual(
    ends
      .slice(3)
      .map(({ key, phase }) => `${key} ${phase}`)
      .sort(),
    [0, 1, 2, 3, 4].map((i) => `k${i} ended`),
  );
  assert.equal(most, 2);
});

test('closing interrupts what runs and what waits, and reports each once', async () => {
  const { runner, ends } = world(commandOf('/bin/sleep', ['600']), { runningMax: 1 });
  runner.run(purchase('running'));
  runner.run(purchase('waiting'));
  await runner.close();
  runner.run(purchase('late'));
  await null;
  assert.deepEqual(ends.map(({ key, phase }) => [key, phase]).sort(), [
    ['late', 'interrupted'],
    ['running', 'interrupted'],
    ['waiting', 'interrupted'],
  ]);
  assert.equal(runner.running, 0);
});

test('an end is never reported during run, not even of a service that is not defined', async () => {
  const { runner, ends, ended, printed } = world({
    kind: 'log',
    text: '{requester} buys on {state} at {time}: {argument}',
  });
  runner.run(purchase('a'));
  runner.run(purchase('b', { service: 'unheard of' }));
  assert.equal(ends.length, 0);
  await ended(2);
  assert.deepEqual(printed, [`1 buys on ${STATE} at 1000: 1_${STATE}_1000`]);
  const phases = new Map(ends.map(({ key, phase, detail }) => [key, `${phase} ${detail}`]));
  assert.equal(phases.get('a'), 'ended ');
  assert.equal(phases.get('b'), 'failed no such service is defined at this node');
});

test('an mqtt program prints, publishes, and keeps hostile text inside its JSON', async () => {
  const program: ServiceProgram = {
    kind: 'mqtt',
    topic: 'devices/{requester}',
    payload: '{"a":"{argument}"}',
    text: 'serving {requester}',
    timeoutMs: 10_000,
  };
  for (const hostile of HOSTILE) {
    const { runner, ended, published } = world(program);
    runner.run(purchase('k', { argument: hostile }));
    assert.equal((await ended(1))[0]!.phase, 'ended');
    assert.deepEqual(JSON.parse(published[0]![1]), { a: hostile });
    assert.equal(published[0]![0], 'devices/1');
  }
  for (const requester of ['a/b', '+', '#', 'a\0', '']) {
    const { runner, ended, published } = world(program);
    runner.run(purchase('k', { requester }));
    assert.match((await ended(1))[0]!.detail, /does not fit into a topic/);
    assert.equal(published.length, 0);
  }
});

test('a broker that never takes the payload is a failure after the timeout', async () => {
  const program: ServiceProgram = { kind: 'mqtt', topic: 't', payload: 'plain {argument}', text: null, timeoutMs: 50 };
  const { runner, ended } = world(program, { publish: () => new Promise(() => {}) });
  runner.run(purchase('k'));
  assert.deepEqual((await ended(1))[0], {
    key: 'k',
    service: 'x',
    argument: `1_${STATE}_1000`,
    phase: 'failed',
    detail: 'not done within 50 ms; the broker has not taken it',
  });
});

/** A device that answers as `respond` says, on 127.0.0.1, and records the requests. */
async function device(t: TestContext, respond: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: { method: string; url: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      requests.push({ method: request.method!, url: request.url!, body });
      respond(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const httpTo = (url: string, method: 'GET' | 'POST' = 'POST', timeoutMs = 10_000): ServiceProgram => ({
  kind: 'http',
  url,
  method,
  text: null,
  timeoutMs,
});

test('an http program sends the purchase as JSON and percent-encodes what goes into the URL', async (t) => {
  const { url, requests } = await device(t, (_, response) => response.end('served'));
  const { runner, ended } = world(httpTo(`${url}/brew?by={requester}`));
  runner.run(purchase('k', { requester: 'a&b=1#/../"; rm -rf' }));
  const [end] = await ended(1);
  assert.deepEqual([end!.phase, end!.detail], ['ended', 'POST answered 200, 6 bytes']);
  assert.equal(requests[0]!.url, '/brew?by=a%26b%3D1%23%2F..%2F%22%3B%20rm%20-rf');
  assert.deepEqual(JSON.parse(requests[0]!.body), {
    service: 'x',
    requester: 'a&b=1#/../"; rm -rf',
    state: STATE,
    time: '1000',
    argument: `1_${STATE}_1000`,
  });
});

test('an http program fails on a bad status, a redirect, silence and a closed port', async (t) => {
  const statuses = await device(t, (request, response) => {
    response.writeHead(request.url === '/moved' ? 302 : 500, { location: 'http://127.0.0.1:1/' }).end();
  });
  const silent = await device(t, () => {});
  for (const [url, detail] of [
    [`${statuses.url}/broken`, /^GET answered 500, 0 bytes$/],
    [`${statuses.url}/moved`, /^GET answered 302, 0 bytes$/],
    [silent.url, /^not done within 200 ms; no complete answer$/],
    ['http://127.0.0.1:1/', /ECONNREFUSED|bad port/],
  ] as const) {
    const { runner, ended } = world(httpTo(url, 'GET', 200));
    runner.run(purchase('k'));
    const [end] = await ended(1);
    assert.equal(end!.phase, 'failed');
    assert.match(end!.detail, detail);
  }
});

test('a response is read up to a bound and the endless rest is left', async (t) => {
  const { url } = await device(t, (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  const { runner, ended } = world(httpTo(url, 'GET'));
  runner.run(purchase('k'));
  assert.equal((await ended(1))[0]!.detail, 'GET answered 200, more than 65536 bytes');
});

test('the default catalogue sells espresso 2, Nespresso 2 and Tea 1, and espresso prints and publishes', async () => {
  const services = defaultServices('lab-a');
  assert.deepEqual(
    [...catalogueOf(services)],
    [
      ['espresso', 2],
      ['Nespresso', 2],
      ['Tea', 1],
    ],
  );
  assert.ok(readServices(JSON.parse(JSON.stringify(services)), 'services').ok, 'it passes its own validation');
  const { runner, ended, printed, published } = world({ kind: 'log', text: 'x' }, { services });
  for (const service of ['espresso', 'Nespresso', 'Tea']) runner.run(purchase(service, { service }));
  await ended(3);
  assert.deepEqual(printed, ['one espresso for node 1', `Nespresso 1_${STATE}_1000`, `Tea 1_${STATE}_1000`]);
  assert.equal(published[0]![0], 'wallance/v1/lab-a/1/device/espresso');
  assert.deepEqual(JSON.parse(published[0]![1]), { service: 'espresso', requester: '1', argument: `1_${STATE}_1000` });
});

test('definitions are refused with all problems at once', () => {
  const log = { kind: 'log', text: 'x' };
  const result = readServices(
    [
      { name: 'ok', priceDcoins: 0, program: log },
      { name: 'ok', priceDcoins: -1, program: log },
      { name: 'a\0b', priceDcoins: 1.5, program: { kind: 'lgo', text: 'x' } },
      { name: 'ä'.repeat(17), priceDcoins: 2 ** 31, program: { kind: 'log', text: '{requestor}' } },
      {
        name: 'sell',
        prize: 2,
        program: { kind: 'command', file: '/bin/{argument}', args: ['a', 7, 'x\0', '{tiem}'], shell: true },
      },
      {
        name: 'call',
        priceDcoins: 1,
        program: { kind: 'http', url: 'http://user:hunter2@host/', method: 'BREW', timeoutMs: 0 },
      },
      { name: 'ftp', priceDcoins: 1, program: { kind: 'http', url: 'file:///etc/passwd' } },
      { name: 'host', priceDcoins: 1, program: { kind: 'http', url: 'http://{requester}.example/' } },
      { name: 'wild', priceDcoins: 1, program: { kind: 'mqtt', topic: 'a/#' } },
      'Tea',
    ],
    'services',
  );
  assert.ok(!result.ok);
  const lines = result.problems.map(describeProblem);
  assert.deepEqual(
    lines.map((line) => line.slice(0, line.indexOf(':'))),
    [
      'services[1].name',
      'services[1].priceDcoins',
      'services[2].name',
      'services[2].priceDcoins',
      'services[2].program.kind',
      'services[3].name',
      'services[3].priceDcoins',
      'services[3].program.text',
      'services[4].priceDcoins',
      'services[4].prize',
      'services[4].program.file',
      'services[4].program.args[1]',
      'services[4].program.args[2]',
      'services[4].program.args[3]',
      'services[4].program.shell',
      'services[5].program.timeoutMs',
      'services[5].program.url',
      'services[5].program.method',
      'services[6].program.url',
      'services[7].program.url',
      'services[8].program.topic',
      'services[9]',
    ],
  );
  assert.ok(!lines.join('\n').includes('hunter2'), 'no credential of a URL is shown');
  assert.match(lines.find((line) => line.includes('prize'))!, /nearest: priceDcoins/);
  assert.match(lines.find((line) => line.includes('[3].program.text'))!, /nearest: \{requester\}/);
});

test('a bought service finds its definition by name, whatever the name holds', async () => {
  for (const name of ["';--", '__proto__', '☕', '{argument}']) {
    const service: ServiceDefinition = { name, priceDcoins: 1, program: { kind: 'log', text: 'made' } };
    assert.ok(readServices([service], 's').ok);
    const { runner, ended, printed } = world({ kind: 'log', text: 'x' }, { services: [service] });
    runner.run(purchase('k', { service: name }));
    assert.equal((await ended(1))[0]!.phase, 'ended');
    assert.deepEqual(printed, ['made']);
  }
});
