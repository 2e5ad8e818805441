import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { CHAIN_START, linkOf, verifyChain } from '../../node/host/observation-chain.ts';
import { ObservationFile, ObservationFileError } from '../../node/host/observation-file.ts';
import { monotonicMs, Observations } from '../../node/host/observations.ts';
import type { MessageHead, Verified } from '../../node/protocol/message.ts';
import type { Decision, Effect, Input } from '../../node/protocol/step.ts';

const ID = 'ab'.repeat(32);
const STATE = '0'.repeat(64);
const NEXT = 'cd'.repeat(32);
const NOW = 1_790_000_000_000;

const vote = (voter: string, requester = '1') => ({
  kind: 'vote' as const,
  voter,
  requester,
  slot: STATE,
  requestId: ID,
  group: `${ID}/10`,
  service: 'espresso',
  priceDcoins: 2,
  time: 1000,
  state: STATE,
  remainingUnits: 10,
  nonce: 5,
});
const request = {
  kind: 'request' as const,
  id: ID,
  requester: '1',
  slot: STATE,
  service: 'espresso',
  priceDcoins: 2,
  time: 1000,
  state: STATE,
  nonce: 4,
};
const sensor = {
  kind: 'sensor' as const,
  publisher: '2',
  topic: 'temperature',
  value: 20.5,
  position: { stream: 7, sequence: 3 },
};
const decision: Decision = {
  requester: '1',
  requestId: ID,
  service: 'espresso',
  priceDcoins: 2,
  time: 1000,
  slot: STATE,
  previousState: STATE,
  newState: NEXT,
  remainingUnits: 10,
  voters: ['2', '3'],
  rewarded: ['2', '3'],
  rewardUnits: 10,
  n: 8,
  quorum: 5,
};
const delivered = (message: MessageHead): Input => ({
  kind: 'message',
  sender: '2',
  message: message as Verified<MessageHead>,
});
const rejected = (code: 'late' | 'evicted' | 'malformed', message: string): Effect => ({
  kind: 'rejected',
  rejection: { code, message, sender: '2', where: 'state', expected: 'x', found: 'y' },
});

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'wallance-observations-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Line {
  readonly seq: number;
  readonly t: number;
  readonly at: number;
  readonly node: string;
  readonly prev: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
const linesIn = (path: string): string[] => linesOf(readFileSync(path, 'utf8'));
const parsed = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);
/** An observation without what every one has. */
function bare({ seq: _, t: __, at: ___, node: ____, prev: _____, ...rest }: Line): unknown {
  return rest;
}

/** Observations kept in memory. */
function world(
  options: {
    wallets?: Record<string, { units: number; stateHash: string }>;
    file?: ObservationFile | null;
    nowMs?: () => number;
  } = {},
) {
  const lines: string[] = [];
  const troubles: string[] = [];
  const observations = new Observations({
    node: '3',
    file: options.file ?? null,
    wallet: (id) => options.wallets?.[id],
    onLines: (text, count) => {
      assert.equal(linesOf(text).length, count);
      lines.push(...linesOf(text));
    },
    onTrouble: (message) => troubles.push(message),
    ...(options.nowMs === undefined ? {} : { monotonicMs: options.nowMs }),
  });
  const step = (input: Input, ...effects: Effect[]) => {
    observations.record(input, effects, NOW);
    observations.flush();
  };
  return { observations, step, lines, troubles };
}

test('each effect becomes its event with the names of the event log', () => {
  const wallets = { '1': { units: 10, stateHash: NEXT }, '2': { units: 15, stateHash: STATE } };
  const { observations, step, lines } = world({ wallets });
  observations.boot(
    { profile: 'paper', n: 8, q: 5, members: ['1', '2'], dbEmpty: false, seat: '3' },
    ['1', '2', 'ghost'],
    NOW,
  );
  observations.session('fabric', true, NOW);
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
    { kind: 'accepted', sender: '2', message: sensor },
    { kind: 'credited', wallet: '2', units: 1, cause: 'sensor' },
  );
  step(delivered(sensor), rejected('late', 'sensor'));
  step(
    { kind: 'nonce-found', ticket: 'x', nonce: 1 },
    { kind: 'publish', channel: 'consensus', message: request, receipt: 'r' },
  );
  step(
    delivered(request),
    { kind: 'accepted', sender: '1', message: request },
    { kind: 'voted', requester: '1', requestId: ID, slot: STATE, remainingUnits: 10 },
    { kind: 'seek', ticket: 'x', prefix: 'p', difficulty: 1 },
    { kind: 'wake', name: 'period', atMs: 1 },
  );
  step(delivered(request), rejected('late', 'request'));
  step(
    { kind: 'nonce-found', ticket: 'x', nonce: 1 },
    { kind: 'publish', channel: 'consensus', message: vote('3'), receipt: 'r' },
  );
  step(delivered(vote('2')), { kind: 'accepted', sender: '2', message: vote('2') });
  step(delivered(vote('2')), rejected('late', 'vote'));
  step(
    delivered(vote('3')),
    { kind: 'accepted', sender: '3', message: vote('3') },
    rejected('evicted', 'vote'),
    { kind: 'settled', decision },
    { kind: 'credited', wallet: '2', units: 10, cause: 'reward' },
    { kind: 'execute', key: 'k', argument: `1_${STATE}_1000`, decision },
  );
  observations.serviceEnd(
    { key: 'k', service: 'espresso', argument: `1_${STATE}_1000`, phase: 'failed', detail: 'exit status 1' },
    NOW,
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
    order({ outcome: 'requested', requestId: ID, slot: STATE }),
  );
  step({ kind: 'wake', name: 'x' }, { kind: 'send', to: '4', channel: 'consensus', message: { kind: 'digest' } });

  const body = { reqId: ID, R: '1', prevState: STATE };
  const bought = { service: 'espresso', price: 2, time: 1000 };
  const data = { pub: '2', topic: 'temperature', value: 20.5, stream: 7, sequence: 3, c: 15 };
  assert.deepEqual(parsed(lines).map(bare), [
    { event: 'boot', profile: 'paper', n: 8, q: 5, members: ['1', '2'], dbEmpty: false, seat: '3' },
    { event: 'wallet', id: '1', state: NEXT, cU: 10 },
    { event: 'wallet', id: '2', state: STATE, cU: 15 },
    { event: 'session', link: 'fabric', connected: true },
    { event: 'sensor.tx', ...data },
    { event: 'sensor.rx', ...data, counted: true },
    { event: 'wallet', id: '2', state: STATE, cU: 15 },
    { event: 'sensor.rx', ...data, counted: false, reason: 'late' },
    { event: 'req.tx', ...body, ...bought },
    { event: 'req.rx', ...body, ...bought, ok: true },
    { event: 'vote.cast', ...body, remU: 10 },
    { event: 'req.rx', ...body, ...bought, ok: false, reason: 'late' },
    { event: 'vote.tx', voter: '3', ...body, remU: 10 },
    { event: 'vote.rx', voter: '2', ...body, remU: 10, ok: true, counted: true },
    { event: 'vote.rx', voter: '2', ...body, remU: 10, ok: true, counted: false, reason: 'late' },
    { event: 'vote.rx', voter: '3', ...body, remU: 10, ok: true, counted: true },
    { event: 'reject', type: 'vote', reason: 'evicted', sender: '2', where: 'state', expected: 'x', found: 'y' },
    {
      event: 'decide',
      R: '1',
      prevState: STATE,
      newState: NEXT,
      reqId: ID,
      remU: 10,
      ...bought,
      voters: ['2', '3'],
      rewarded: ['2', '3'],
      rewardU: 10,
      nUsed: 8,
      qUsed: 5,
    },
    { event: 'credit', wallet: '2', deltaU: 10, cause: 'reward' },
    { event: 'svc.start', key: 'k', reqId: ID, service: 'espresso', argument: `1_${STATE}_1000` },
    {
      event: 'svc.end',
      key: 'k',
      reqId: ID,
      service: 'espresso',
      argument: `1_${STATE}_1000`,
      phase: 'failed',
      detail: 'exit status 1',
    },
    { event: 'reject', type: 'unknown', reason: 'malformed', sender: null, where: 'bytes', expected: 'a', found: 'b' },
    { event: 'order', orderId: 'o', outcome: 'queued', reason: 'request-pending' },
    { event: 'order', orderId: 'o', outcome: 'refused', reason: 'wrong-price', detail: 'espresso costs "2"' },
    { event: 'order', orderId: 'o', outcome: 'requested', reqId: ID, prevState: STATE },
    { event: 'digest.tx', kind: 'digest', to: '4' },
  ]);
});

test('every line has its number, both clocks, the node and the link of the line before', () => {
  const { step, lines } = world({ nowMs: () => 5021.3374 });
  step(delivered(request), { kind: 'accepted', sender: '1', message: request });
  step(delivered(vote('2')), { kind: 'accepted', sender: '2', message: vote('2') });
  assert.match(lines[0]!, /^\{"seq":1,"t":5021\.337,"at":1790000000000,"node":"3","prev":"0{16}","event":"req\.rx",/);
  assert.ok(lines[1]!.startsWith(`{"seq":2,"t":5021.337,"at":1790000000000,"node":"3","prev":"${linkOf(lines[0]!)}"`));
});

test('a wallet that a transaction changed several times has one line, after the others', () => {
  const { observations, lines } = world({
    wallets: { '1': { units: 1, stateHash: STATE }, '2': { units: 2, stateHash: STATE } },
  });
  const change = (key: string): Effect => ({ kind: 'persist', changes: [{ table: 'wallets', key, record: {} }] });
  observations.record(
    delivered(vote('2')),
    [change('1'), change('2'), { kind: 'credited', wallet: '2', units: 1, cause: 'reward' }],
    NOW,
  );
  observations.record({ kind: 'nonce-found', ticket: 'x', nonce: 1 }, [change('1')], NOW);
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
      const { observations, step, lines } = world({ wallets: { [text]: { units: 1, stateHash: text } } });
      const strange = { ...vote(text, text), slot: text };
      step(delivered(strange), { kind: 'accepted', sender: text, message: strange });
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
      observations.serviceEnd({ key: text, service: text, argument: text, phase: 'ended', detail: text }, NOW);
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

// --- the chain ------------------------------------------------------------------------------------------------------

function chain(count: number): string[] {
  const { step, lines } = world();
  for (let i = 0; i < count; i++) step(delivered(vote('2')), { kind: 'accepted', sender: '2', message: vote('2') });
  return lines;
}

test('a chain that is whole verifies, from its beginning or from anywhere', () => {
  const lines = chain(20);
  const whole = verifyChain(lines, { seq: 0, link: CHAIN_START });
  assert.deepEqual(whole, { ok: true, lines: 20, lastSeq: 20, lastLink: linkOf(lines[19]!), gaps: [] });
  assert.ok(verifyChain(lines.slice(7)).ok);
  assert.deepEqual(verifyChain([]), { ok: true, lines: 0, lastSeq: 0, lastLink: CHAIN_START, gaps: [] });
});

test('a line that is missing, doubled, moved, edited or foreign breaks it at that place', () => {
  const lines = chain(20);
  const broken = (change: (copy: string[]) => void): number | null => {
    const copy = [...lines];
    change(copy);
    const verdict = verifyChain(copy, { seq: 0, link: CHAIN_START });
    return verdict.ok ? null : verdict.line;
  };
  assert.equal(
    broken((copy) => copy.splice(9, 1)),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 0, copy[8]!)),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 2, copy[10]!, copy[9]!)),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 1, copy[9]!.replace('"remU":10', '"remU":11'))),
    11,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 1, 'x')),
    10,
  );
  assert.equal(
    broken((copy) => copy.splice(9, 1, '{"seq":10}')),
    10,
  );
  assert.equal(
    broken((copy) => copy.shift()),
    1,
  );
});

test('a hole is excused only by a gap line that names it and the line before it', () => {
  const lines = chain(5);
  const gap = (from: number, to: number, after: string, event = 'gap') =>
    JSON.stringify({ seq: to + 1, prev: 'f'.repeat(16), event, from, to, after, reason: 'ENOSPC' });
  const declared = verifyChain([...lines, gap(6, 9, linkOf(lines[4]!))]);
  assert.deepEqual(declared.ok && declared.gaps, [{ from: 6, to: 9, reason: 'ENOSPC' }]);
  for (const wrong of [
    gap(7, 9, linkOf(lines[4]!)),
    gap(6, 9, linkOf(lines[3]!)),
    gap(6, 9, linkOf(lines[4]!), 'gape'),
    gap(6, 5, linkOf(lines[4]!)),
    gap(6, 9, linkOf(lines[4]!)).replace('"seq":10', '"seq":11'),
  ]) {
    assert.ok(!verifyChain([...lines, wrong]).ok, wrong);
  }
});

// --- the file -------------------------------------------------------------------------------------------------------

const CHAIN_FROM_START = { seq: 0, link: CHAIN_START };
const accepted = (voter: string): Effect => ({ kind: 'accepted', sender: voter, message: vote(voter) });

test('each flush is in the file when it returns, and a restart goes on in the chain', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  for (let life = 1; life <= 3; life++) {
    const file = new ObservationFile(path, 1 << 20);
    assert.equal(file.repair, null);
    const { step } = world({ file });
    for (let i = 0; i < 4; i++) {
      step(delivered(vote('2')), accepted('2'));
      assert.equal(linesIn(path).length, (life - 1) * 4 + i + 1);
    }
    file.close();
  }
  const verdict = verifyChain(linesIn(path), CHAIN_FROM_START);
  assert.ok(verdict.ok && verdict.lastSeq === 12);
});

test('a torn last line is cut off and said, and the chain goes on before it', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const first = new ObservationFile(path, 1 << 20);
  const { step } = world({ file: first });
  for (let i = 0; i < 5; i++) step(delivered(vote('2')), accepted('2'));
  first.close();
  const whole = linesIn(path);
  for (const torn of [
    '{"seq":6,"t":1',
    '\0'.repeat(4096),
    '{"seq":6}\nnot json\n',
    '"a line of JSON, but no observation"\n',
    '\n\n',
  ]) {
    writeFileSync(path, `${whole.join('\n')}\n${torn}`);
    const file = new ObservationFile(path, 1 << 20);
    assert.deepEqual(file.place, { seq: 5, link: linkOf(whole[4]!) });
    assert.equal(file.repair, `cut ${torn.length} bytes after the last whole line of ${path}`);
    world({ file }).step(delivered(vote('2')), accepted('2'));
    file.close();
    const verdict = verifyChain(linesIn(path), CHAIN_FROM_START);
    assert.ok(verdict.ok && verdict.lastSeq === 6, JSON.stringify(verdict));
  }
});

test('a file cut at any byte is taken up at its last whole line', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const first = new ObservationFile(path, 1 << 20);
  const { step } = world({ file: first });
  for (let i = 0; i < 3; i++) step(delivered(vote('2')), accepted('2'));
  first.close();
  const text = readFileSync(path, 'utf8');
  for (let size = text.length; size >= 0; size -= 7) {
    writeFileSync(path, text.slice(0, size));
    const file = new ObservationFile(path, 1 << 20);
    const left = linesOf(text.slice(0, text.slice(0, size).lastIndexOf('\n') + 1));
    if (left.length > 0 || size === 0) {
      assert.equal(file.place.seq, left.length);
      assert.equal(readFileSync(path, 'utf8'), left.map((line) => `${line}\n`).join(''));
    } else {
      // Not one whole line: what is there is kept aside.
      assert.equal(readFileSync(`${path}.damaged`, 'utf8'), text.slice(0, size));
      assert.match(file.repair!, /no whole line at the end/);
    }
    world({ file }).step(delivered(vote('2')), accepted('2'));
    file.close();
    assert.ok(verifyChain(linesIn(path), CHAIN_FROM_START).ok);
  }
});

test('the file is rotated at its bound, keeps one older, and the chain runs through both', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const bound = 4096;
  const written: string[] = [];
  for (let life = 0; life < 4; life++) {
    const file = new ObservationFile(path, bound);
    const { step, lines } = world({ file });
    for (let i = 0; i < 23; i++) step(delivered(vote('2')), accepted('2'));
    file.close();
    written.push(...lines);
  }
  assert.ok(verifyChain(written, CHAIN_FROM_START).ok);
  assert.ok(statSync(path).size <= bound && statSync(`${path}.1`).size <= bound);
  const kept = [...linesIn(`${path}.1`), ...linesIn(path)];
  assert.deepEqual(kept, written.slice(-kept.length));
  assert.ok(kept.length > 10);
});

test('a node that was killed right after a rotation takes the chain up from the older file', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const first = new ObservationFile(path, 1 << 20);
  world({ file: first }).step(delivered(vote('2')), accepted('2'));
  first.close();
  renameSync(path, `${path}.1`);
  for (const leftover of [false, true]) {
    if (leftover) writeFileSync(path, '');
    const file = new ObservationFile(path, 1 << 20);
    assert.equal(file.place.seq, 1);
    file.close();
  }
});

test('a step larger than the bound is written whole', (t) => {
  const path = join(directory(t), 'observations.ndjson');
  const file = new ObservationFile(path, 1000);
  const { observations } = world({ file });
  for (let i = 0; i < 50; i++) observations.record(delivered(vote('2')), [accepted('2')], NOW);
  observations.flush();
  observations.flush();
  file.close();
  assert.equal(linesIn(path).length, 50);
});

test('a directory that cannot be written is an error at the start', () => {
  assert.throws(
    () => new ObservationFile('/nonexistent/observations.ndjson', 1 << 20),
    (error) => error instanceof ObservationFileError && error.code === 'io' && /ENOENT/.test(error.message),
  );
});

/** A path that writes fail on with ENOSPC until `mend` puts a real file under it. */
function fullDisk(t: TestContext) {
  const path = join(directory(t), 'observations.ndjson');
  symlinkSync('/dev/full', path);
  return { path, mend: () => rmSync(path) };
}

test('on a full disk the node goes on, counts what is missing and says so once', (t) => {
  const { path } = fullDisk(t);
  const { observations, step, lines, troubles } = world({ file: new ObservationFile(path, 1 << 20), nowMs: () => 10 });
  for (let i = 0; i < 100; i++) step(delivered(vote('2')), accepted('2'));
  assert.equal(observations.dropped, 100);
  assert.equal(lines.length, 100, 'the listener still gets every line');
  assert.ok(verifyChain(lines, CHAIN_FROM_START).ok);
  assert.deepEqual(troubles, [`observations cannot be written to ${path} (ENOSPC); the node goes on without`]);
});

test('when there is room again, a gap line says what is missing and the chain goes on', (t) => {
  const home = directory(t);
  const path = join(home, 'observations.ndjson');
  let nowMs = 0;
  const file = new ObservationFile(path, 1200);
  const { observations, step, lines, troubles } = world({ file, nowMs: () => nowMs });
  for (let i = 0; i < 3; i++) step(delivered(vote('2')), accepted('2'));
  // The next rotation fails: the name of the older file is taken by a directory that is not empty.
  mkdirSync(`${path}.1`);
  writeFileSync(join(`${path}.1`, 'x'), '');
  for (let i = 0; i < 10; i++) step(delivered(vote('2')), accepted('2'));
  assert.ok(observations.dropped > 5 && troubles.length === 1, `${observations.dropped} dropped`);
  nowMs += 5000;
  step(delivered(vote('2')), accepted('2'));
  assert.equal(troubles.length, 1, 'a retry that fails is not said again');
  rmSync(`${path}.1`, { recursive: true });
  nowMs += 500;
  step(delivered(vote('2')), accepted('2'));
  assert.equal(troubles.length, 1, 'it is not tried again at once');
  nowMs += 5000;
  step(delivered(vote('2')), accepted('2'));
  assert.equal(troubles.length, 2);
  assert.match(troubles[1]!, /are written again; \d+ lines are missing/);
  const dropped = observations.dropped;
  step(delivered(vote('2')), accepted('2'));
  file.close();

  const kept = [...linesIn(`${path}.1`), ...linesIn(path)];
  const verdict = verifyChain(kept, CHAIN_FROM_START);
  assert.ok(verdict.ok, JSON.stringify(verdict));
  assert.equal(verdict.gaps.length, 1);
  const { from, to } = verdict.gaps[0]!;
  assert.equal(to - from + 1, dropped);
  assert.equal(kept.length + dropped, lines.length);
  assert.ok(verifyChain(lines, CHAIN_FROM_START).ok, 'what the listener got has no hole');
});

/** Where a script outside the tree imports a module of the host from. */
function moduleUrl(name: string): string {
  return pathToFileURL(join(import.meta.dirname, `../../node/host/${name}.ts`)).href;
}

test('kill -9 at any moment loses no line that was flushed', async (t) => {
  const home = directory(t);
  const path = join(home, 'observations.ndjson');
  const script = join(home, 'writer.ts');
  const _source = (name: string) =>
    JSON.stringify(pathToFileURL(join(import.meta.dirname, `../../node/host/${name}.ts`)).href);
  writeFileSync(
    script,
    `import { writeSync } from 'node:fs';
     import { Observations } from ${JSON.stringify(moduleUrl('observations'))};
     import { ObservationFile } from ${JSON.stringify(moduleUrl('observation-file'))};
     const observations = new Observations({ node: '3', file: new ObservationFile(process.argv[2]!, 1 << 30), wallet: () => undefined });
     const message = ${JSON.stringify(vote('2'))};
     for (;;) {
       for (let i = 0; i < 3; i++) observations.record({ kind: 'start' }, [{ kind: 'accepted', sender: '2', message }], 1);
       observations.flush();
       writeSync(1, observations.seq + '\\n');
     }`,
  );
  let flushed = 0;
  for (let life = 1; life <= 3; life++) {
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    const exited = once(child, 'close');
    for await (const chunk of child.stdout) {
      told += chunk;
      if (told.length > life * 5000) child.kill('SIGKILL');
    }
    await exited;
    assert.equal(child.signalCode, 'SIGKILL');
    const lastTold = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
    const verdict = verifyChain(linesIn(path), CHAIN_FROM_START);
    assert.ok(verdict.ok, JSON.stringify(verdict));
    assert.ok(verdict.lastSeq >= lastTold && lastTold > flushed, `${verdict.lastSeq} in the file, ${lastTold} flushed`);
    flushed = lastTold;
    if (life === 2) appendFileSync(path, '{"seq":'); // as if the write itself had been torn
  }
  assert.ok(existsSync(path));
});

test('an append that the system cuts short leaves nothing of itself behind', async (t) => {
  const home = directory(t);
  const path = join(home, 'observations.ndjson');
  const script = join(home, 'writer.ts');
  writeFileSync(
    script,
    `import { ObservationFile } from ${JSON.stringify(moduleUrl('observation-file'))};
     const file = new ObservationFile(process.argv[2]!, 1 << 30);
     const results = [];
     for (const size of [9000, 500, 900, 700, 90]) results.push(file.append('x'.repeat(size - 1) + '\\n'));
     process.stdout.write(JSON.stringify(results));`,
  );
  // The limit is 20 blocks of 512 bytes: the third text is cut after 740 bytes, the fourth fits, the fifth is cut after 40.
  const child = spawn('/bin/sh', ['-c', 'ulimit -f 20; exec "$0" "$@"', process.execPath, script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let results = '';
  for await (const chunk of child.stdout) results += chunk;
  assert.deepEqual(JSON.parse(results), [null, null, 'EFBIG', null, 'EFBIG']);
  assert.deepEqual(
    linesIn(path).map((line) => line.length + 1),
    [9000, 500, 700],
  );
});
