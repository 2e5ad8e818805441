import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHAIN_START, linkOf, verifyChain } from '../../node/host/observation-chain.ts';
import { ObservationFile } from '../../node/host/observation-file.ts';
import { monotonicMs, Observations } from '../../node/host/observations.ts';
import type { MessageHead } from '../../node/protocol/message.ts';
import type { Decision, Effect } from '../../node/protocol/step.ts';
import {
  accepted,
  delivered,
  NEXT_STATE,
  NOW_MS,
  observed,
  REQUEST_ID,
  request,
  STATE,
  vote,
} from '../support/observed-steps.ts';

const sensor = {
  kind: 'sensor' as const,
  publisher: '2',
  topic: 'temperature',
  value: 20.5,
  position: { stream: 7, sequence: 3 },
};
const decision: Decision = {
  requester: '1',
  requestId: REQUEST_ID,
  service: 'espresso',
  priceDcoins: 2,
  time: 1000,
  slot: STATE,
  previousState: STATE,
  newState: NEXT_STATE,
  remainingUnits: 10,
  voters: ['2', '3'],
  rewarded: ['2', '3'],
  rewardUnits: 10,
  n: 8,
  quorum: 5,
};
const rejected = (code: 'late' | 'evicted' | 'malformed', message: string): Effect => ({
  kind: 'rejected',
  rejection: { code, message, sender: '2', where: 'state', expected: 'x', found: 'y' },
});

interface Line {
  readonly seq: number;
  readonly t: number;
  readonly at: number;
  readonly node: string;
  readonly prev: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

const parsed = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);
/** An observation without what every one has. */
function bare({ seq: _, t: __, at: ___, node: ____, prev: _____, ...rest }: Line): unknown {
  return rest;
}

test('each effect becomes its event with the names of the event log', () => {
  const wallets = { '1': { units: 10, stateHash: NEXT_STATE }, '2': { units: 15, stateHash: STATE } };
  const { observations, step, lines } = observed({ wallets });
  observations.boot(
    { profile: 'paper', n: 8, q: 5, members: ['1', '2'], dbEmpty: false, seat: '3' },
    ['1', '2', 'ghost'],
    NOW_MS,
  );
  observations.session('fabric', true, NOW_MS);
  step(
    { kind: 'sample', topic: 'temperature', value: 20.5 },
    { kind: 'publish', channel: 'sensor', message: sensor, receipt: null },
  );
  step(
    delivered(sensor),
    {
      kind: 'persist',
      changes: [
        { table: 'streams', key: '2', record: [] },
        { table: 'wallets', key: '2', record: {} },
      ],
    },
    accepted(sensor),
    { kind: 'credited', wallet: '2', units: 1, cause: 'sensor' },
  );
  step(delivered(sensor), rejected('late', 'sensor'));
  step(
    { kind: 'nonce-found', ticket: 'x', nonce: 1 },
    { kind: 'publish', channel: 'consensus', message: request, receipt: 'r' },
  );
  step(
    delivered(request),
    accepted(request),
    { kind: 'voted', requester: '1', requestId: REQUEST_ID, slot: STATE, remainingUnits: 10 },
    { kind: 'seek', ticket: 'x', prefix: 'p', difficulty: 1 },
    { kind: 'wake', name: 'period', atMs: 1 },
  );
  step(delivered(request), rejected('late', 'request'));
  step(
    { kind: 'nonce-found', ticket: 'x', nonce: 1 },
    { kind: 'publish', channel: 'consensus', message: vote('3'), receipt: 'r' },
  );
  step(delivered(vote('2')), accepted(vote('2')));
  step(delivered(vote('2')), rejected('late', 'vote'));
  step(
    delivered(vote('3')),
    accepted(vote('3')),
    rejected('evicted', 'vote'),
    { kind: 'settled', decision },
    { kind: 'credited', wallet: '2', units: 10, cause: 'reward' },
    { kind: 'execute', key: 'k', argument: `1_${STATE}_1000`, decision },
  );
  observations.serviceEnd(
    { key: 'k', service: 'espresso', argument: `1_${STATE}_1000`, phase: 'failed', detail: 'exit status 1' },
    NOW_MS,
  );
  step(
    {
      kind: 'refused',
      rejection: { code: 'malformed', message: 'unknown', sender: null, where: 'bytes', expected: 'a', found: 'b' },
    },
    {
      kind: 'rejected',
      rejection: { code: 'malformed', message: 'unknown', sender: null, where: 'bytes', expected: 'a', found: 'b' },
    },
  );
  const order = (outcome: object) => ({ kind: 'order', orderId: 'o', ...outcome }) as Effect;
  step(
    { kind: 'order', order: { orderId: 'o', service: 'espresso', priceDcoins: 2, mode: 'strict' } },
    order({ outcome: 'queued', reason: 'request-pending' }),
    order({ outcome: 'refused', reason: 'wrong-price', detail: 'espresso costs "2"' }),
    order({ outcome: 'requested', requestId: REQUEST_ID, slot: STATE }),
  );
  step({ kind: 'wake', name: 'x' }, { kind: 'send', to: '4', channel: 'consensus', message: { kind: 'digest' } });

  const body = { reqId: REQUEST_ID, R: '1', prevState: STATE };
  const bought = { service: 'espresso', price: 2, time: 1000 };
  const data = { pub: '2', topic: 'temperature', value: 20.5, stream: 7, sequence: 3, c: 15 };
  assert.deepEqual(parsed(lines).map(bare), [
    { event: 'boot', profile: 'paper', n: 8, q: 5, members: ['1', '2'], dbEmpty: false, seat: '3' },
    { event: 'wallet', id: '1', state: NEXT_STATE, cU: 10 },
    { event: 'wallet', id: '2', state: STATE, cU: 15 },
    { event: 'session', link: 'fabric', connected: true },
    { event: 'sensor.tx', ...data },
    { event: 'sensor.rx', ...data, counted: true },
    { event: 'wallet', id: '2', state: STATE, cU: 15 },
    { event: 'sensor.rx', ...data, counted: false, reason: 'late' },
    { event: 'req.tx', ...body, ...bought, nonce: 4 },
    { event: 'req.rx', ...body, ...bought, nonce: 4, ok: true },
    { event: 'vote.cast', ...body, remU: 10 },
    { event: 'req.rx', ...body, ...bought, nonce: 4, ok: false, reason: 'late' },
    { event: 'vote.tx', voter: '3', ...body, remU: 10, nonce: 5 },
    { event: 'vote.rx', voter: '2', ...body, remU: 10, nonce: 5, ok: true, counted: true },
    { event: 'vote.rx', voter: '2', ...body, remU: 10, nonce: 5, ok: true, counted: false, reason: 'late' },
    { event: 'vote.rx', voter: '3', ...body, remU: 10, nonce: 5, ok: true, counted: true },
    { event: 'reject', type: 'vote', reason: 'evicted', sender: '2', where: 'state', expected: 'x', found: 'y' },
    {
      event: 'decide',
      R: '1',
      prevState: STATE,
      newState: NEXT_STATE,
      reqId: REQUEST_ID,
      remU: 10,
      ...bought,
      voters: ['2', '3'],
      rewarded: ['2', '3'],
      rewardU: 10,
      nUsed: 8,
      qUsed: 5,
    },
    { event: 'credit', wallet: '2', deltaU: 10, cause: 'reward' },
    { event: 'svc.start', key: 'k', reqId: REQUEST_ID, service: 'espresso', argument: `1_${STATE}_1000` },
    {
      event: 'svc.end',
      key: 'k',
      reqId: REQUEST_ID,
      service: 'espresso',
      argument: `1_${STATE}_1000`,
      phase: 'failed',
      detail: 'exit status 1',
    },
    { event: 'reject', type: 'unknown', reason: 'malformed', sender: null, where: 'bytes', expected: 'a', found: 'b' },
    { event: 'order.rx', orderId: 'o', service: 'espresso', price: 2, mode: 'strict' },
    { event: 'order', orderId: 'o', outcome: 'queued', reason: 'request-pending' },
    { event: 'order', orderId: 'o', outcome: 'refused', reason: 'wrong-price', detail: 'espresso costs "2"' },
    { event: 'order', orderId: 'o', outcome: 'requested', reqId: REQUEST_ID, prevState: STATE },
    { event: 'wake', name: 'x' },
    { event: 'digest.tx', kind: 'digest', to: '4' },
  ]);
});

test('every line has its number, both clocks, the node and the link of the line before', () => {
  const { step, lines } = observed({ nowMs: () => 5021.3374 });
  step(delivered(request), accepted(request));
  step(delivered(vote('2')), accepted(vote('2')));
  assert.match(lines[0]!, /^\{"seq":1,"t":5021\.337,"at":1790000000000,"node":"3","prev":"0{16}","event":"req\.rx",/);
  assert.ok(lines[1]!.startsWith(`{"seq":2,"t":5021.337,"at":1790000000000,"node":"3","prev":"${linkOf(lines[0]!)}"`));
});

test('a wallet that a transaction changed several times has one line, after the others', () => {
  const { observations, lines } = observed({
    wallets: { '1': { units: 1, stateHash: STATE }, '2': { units: 2, stateHash: STATE } },
  });
  const change = (key: string): Effect => ({ kind: 'persist', changes: [{ table: 'wallets', key, record: {} }] });
  observations.record(
    delivered(vote('2')),
    [change('1'), change('2'), { kind: 'credited', wallet: '2', units: 1, cause: 'reward' }],
    NOW_MS,
  );
  observations.record({ kind: 'nonce-found', ticket: 'x', nonce: 1 }, [change('1')], NOW_MS);
  assert.equal(lines.length, 0, 'nothing is written before the flush');
  observations.flush();
  observations.flush();
  assert.deepEqual(
    parsed(lines).map(({ event, id }) => [event, id]),
    [
      ['credit', undefined],
      ['wallet', '1'],
      ['wallet', '2'],
    ],
  );
});

test('the monotonic clock is the one that other processes of the host have', async () => {
  const child = spawn(process.execPath, [
    '-e',
    'const [s, n] = process.hrtime(); process.stdout.write(String(s * 1000 + n / 1e6))',
  ]);
  const before = monotonicMs();
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  const there = Number(text);
  assert.ok(there > before && there < monotonicMs(), `${before} < ${there} < ${monotonicMs()}`);
});

test('whatever a message holds, a line is one line of JSON with the same text in it', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '\0', '\n', '\u2028', '\ud800', "';--", '","event":"decide', '\x7f', 'x'.repeat(65_536)),
  );
  fc.assert(
    fc.property(hostile, fc.double(), (text, value) => {
      const { observations, step, lines } = observed({ wallets: { [text]: { units: 1, stateHash: text } } });
      const strange = { ...vote(text, text), slot: text };
      step(delivered(strange), accepted(strange));
      step(delivered(sensor), {
        kind: 'accepted',
        sender: '2',
        message: { ...sensor, publisher: text, topic: text, value } as MessageHead,
      });
      step({ kind: 'start' }, { kind: 'persist', changes: [{ table: 'wallets', key: text, record: {} }] });
      step(
        { kind: 'start' },
        {
          kind: 'rejected',
          rejection: { code: 'malformed', message: text, sender: text, where: text, expected: text, found: text },
        },
      );
      step({ kind: 'start' }, { kind: 'publish', channel: 'consensus', message: { kind: text }, receipt: null });
      observations.serviceEnd({ key: text, service: text, argument: text, phase: 'ended', detail: text }, NOW_MS);
      assert.equal(lines.length, 6);
      for (const line of lines) assert.doesNotMatch(line, /[\u0000-\u001f\ud800-\udfff]/u);
      const [voted, sensed, changed, refused] = parsed(lines);
      assert.deepEqual([voted!.voter, voted!.R, voted!.prevState], [text, text, text]);
      assert.deepEqual([sensed!.pub, sensed!.topic], [text, text]);
      assert.deepEqual([changed!.id, changed!.state], [text, text]);
      assert.deepEqual([refused!.type, refused!.found, refused!.event], [text, text, 'reject']);
      assert.ok(verifyChain(lines, { seq: 0, link: CHAIN_START }).ok);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('lines wait for the end of the turn while nothing leaves, and are in the file before anything does', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-lines-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'observations.ndjson');
  const told: number[] = [];
  const observations = new Observations({
    node: '3',
    file: new ObservationFile(path, 1024 * 1024),
    wallet: () => undefined,
    onLines: (_, count) => told.push(count),
  });
  const inFile = (): number => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0);
  const take = (leaves: boolean): void => {
    observations.record(delivered(sensor), [accepted(sensor)], NOW_MS);
    observations.flush(leaves);
  };
  take(false);
  take(false);
  assert.deepEqual([told, inFile()], [[1, 1], 0]);
  take(true);
  assert.equal(inFile(), 3);
  take(false);
  await new Promise((done) => setImmediate(() => setImmediate(done)));
  assert.equal(inFile(), 4);
  take(false);
  observations.flush(true);
  assert.equal(inFile(), 5, 'also where the step that leaves has no lines of its own');
  assert.ok(verifyChain(readFileSync(path, 'utf8').trimEnd().split('\n'), { seq: 0, link: CHAIN_START }).ok);
});
