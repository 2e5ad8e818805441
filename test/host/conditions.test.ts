/** Nodes under conditions, over real brokers: they come into force, are seen to work, and end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { canaryTopic } from '../../node/host/fabric-topics.ts';
import { realNodes } from '../support/real-nodes.ts';
import { eventually, within } from '../support/waiting.ts';

const SEATS = ['1', '2', '3', '4'].map((seat) => ({ seat }));
const silent = { ...NORMAL_CONDITIONS, behaviours: [{ kind: 'silent-voter' } as const] };

test('those of the configuration are in force from the first line on, and stand in the report', async (t) => {
  const conditions = { behaviours: silent.behaviours, commitDelayMs: 1, clockOffsetMs: -60_000, sensors: false };
  const lab = await realNodes(t, [{ seat: '1', conditions }, { seat: '2' }]);
  const [boot, first] = [await lab.whenLine('1', 'boot'), await lab.whenLine('1', 'conditions')];
  assert.deepEqual([boot.seq, first.seq, first.id], [1, 2, null]);
  assert.deepEqual(first.behaviours, conditions.behaviours);
  assert.deepEqual([first.commitDelayMs, first.clockOffsetMs, first.sensors], [1, -60_000, false]);
  assert.deepEqual((await lab.control.report('1')).conditions, conditions);
  assert.deepEqual((await lab.control.report('2')).conditions, NORMAL_CONDITIONS);
});

test('behaviours begin and end on command, and each deviation is a line', async (t) => {
  const lab = await realNodes(t, SEATS);
  await lab.control.sample('1', { topic: 'virtual', value: 1, count: 30 });
  const funded = (seat: string) => lab.whenLine(seat, 'sensor.rx', (line) => line.c === 30);
  for (const { seat } of SEATS) await funded(seat);

  const id = await lab.control.setConditions('4', silent);
  const line = await lab.whenLine('4', 'conditions', (one) => one.id === id);
  const order = (orderId: string) =>
    lab.control.order('1', { orderId, service: 'espresso', priceDcoins: null, mode: 'strict' });
  const first = await order('one');
  assert.ok(first.outcome === 'requested');
  const kept = await lab.whenLine('4', 'byzantine');
  assert.deepEqual([kept.behaviour, kept.act, kept.reqId], ['silent-voter', 'vote kept back', first.requestId]);
  assert.ok(kept.seq > line.seq);
  // Three of four nodes decide, and one of them is the requester: the fourth vote is needed.
  assert.equal(lab.lines('4', 'vote.tx').length, 0);
  assert.equal(lab.lines('1', 'decide').length, 0);

  await lab.control.setConditions('4', NORMAL_CONDITIONS);
  await lab.control.sample('2', { topic: 'virtual', value: 1, count: 30 });
  for (const { seat } of SEATS) await lab.whenLine(seat, 'sensor.rx', (one) => one.pub === '2' && one.c === 30);
  await lab.control.order('2', { orderId: 'two', service: 'espresso', priceDcoins: null, mode: 'strict' });
  await lab.whenLine('4', 'vote.tx', (one) => one.R === '2');
  await lab.whenLine('2', 'decide', (one) => one.R === '2');
});

test('that do not fit the node are refused, and change nothing', async (t) => {
  const lab = await realNodes(t, SEATS.slice(0, 2));
  const selective = (to: string[]) => ({
    ...NORMAL_CONDITIONS,
    behaviours: [{ kind: 'selective-sender', messages: 'votes', to } as const],
  });
  await assert.rejects(lab.control.setConditions('1', selective(['7'])), {
    code: 'refused',
    effect: 'definite',
    message: /behaviours\[0\]\.to: expected members of the lab, got "7"/,
  });
  await assert.rejects(lab.control.setConditions('1', { ...NORMAL_CONDITIONS, commitDelayMs: -1 }), {
    code: 'refused',
    message: /commitDelayMs: expected integer 0\.\.60000, got -1/,
  });
  assert.deepEqual((await lab.control.report('1')).conditions, NORMAL_CONDITIONS);
  await lab.control.canary('1', 'after');
  await lab.whenLine('1', 'canary.tx');
  assert.equal(lab.lines('1', 'conditions').length, 1);
  await lab.nodes.get('1')!.stop();
  await lab.control.whenStatus('1', ({ state }) => state === 'offline', 10_000);
  await assert.rejects(lab.control.setConditions('1', NORMAL_CONDITIONS), { code: 'offline' });
});

test('a slow disk holds the node up at each commit, until it is fast again', async (t) => {
  const lab = await realNodes(t, SEATS.slice(0, 2));
  await lab.control.setConditions('1', { ...NORMAL_CONDITIONS, commitDelayMs: 40 });
  const samples = (count: number) => lab.control.sample('2', { topic: 'virtual', value: 1, count });
  await samples(6);
  const times = async (c: number) =>
    (await lab.whenLine('1', 'sensor.rx', (line) => line.c === c)).t - lab.lines('1', 'sensor.rx')[0]!.t;
  // The lines of a commit are written after it: five more commits lie between the first and the sixth.
  assert.ok((await times(6)) >= 5 * 40, `${await times(6)} ms`);
  await lab.control.setConditions('1', NORMAL_CONDITIONS);
  const before = lab.lines('1', 'sensor.rx').length;
  await samples(6);
  await lab.whenLine('1', 'sensor.rx', (line) => line.c === 12);
  const fast = lab.lines('1', 'sensor.rx').slice(before);
  assert.ok(fast.at(-1)!.t - fast[0]!.t < 5 * 40);
});

test('a clock that is off dates requests and lines, and stands still when it is set back', async (t) => {
  const lab = await realNodes(t, SEATS);
  const hour = 3_600_000;
  const id = await lab.control.setConditions('1', { ...NORMAL_CONDITIONS, clockOffsetMs: hour });
  const line = await lab.whenLine('1', 'conditions', (one) => one.id === id);
  assert.ok(Math.abs(line.at - (line.wallMs as number) - hour) < 1000);
  await lab.control.sample('1', { topic: 'virtual', value: 1, count: 10 });
  await lab.whenLine('1', 'sensor.rx', (one) => one.c === 10);
  await lab.control.order('1', { orderId: 'one', service: 'espresso', priceDcoins: null, mode: 'strict' });
  const asked = await lab.whenLine('1', 'req.tx');
  assert.ok(Math.abs((asked.time as number) * 1000 - (line.wallMs as number) - hour) < 60_000);
  // Time is no part of what the others look at.
  await lab.whenLine('2', 'decide');

  const back = await lab.control.setConditions('1', { ...NORMAL_CONDITIONS, clockOffsetMs: -hour });
  const second = await lab.whenLine('1', 'conditions', (one) => one.id === back);
  assert.ok(second.at >= asked.at && second.at - (second.wallMs as number) > hour / 2);
  await lab.control.canary('1', 'later');
  const later = await lab.whenLine('1', 'canary.rx');
  assert.equal(later.at, second.at);
});

test('sensors pause and go on with their series, and twins have series of their own', async (t) => {
  const definition = {
    topic: 'virtual',
    kind: 'random-walk',
    periodMs: 5,
    min: 0,
    max: 1e6,
    stepMax: 1000,
    start: 5e5,
  };
  const environment = { WALLANCE_SENSORS: JSON.stringify([definition]), WALLANCE_SEED: 'series' };
  const lab = await realNodes(t, [
    { seat: '1', environment },
    { seat: '1b', node: '1', environment, conditions: { sensors: false } },
    { seat: '2', environment, conditions: { sensors: false } },
  ]);
  const values = (seat: string) => lab.lines(seat, 'sensor.tx').map((line) => line.value as number);
  await eventually(() => values('1').length >= 3, 'three values');
  await lab.control.setConditions('1', { ...NORMAL_CONDITIONS, sensors: false });
  // Lines come in order: whatever was sampled before stands before this one.
  await lab.control.canary('1', 'paused');
  await lab.whenLine('1', 'canary.tx');
  const paused = values('1').length;
  assert.deepEqual([values('1b'), values('2')], [[], []]);
  await lab.control.setConditions('1b', NORMAL_CONDITIONS);
  await eventually(() => values('1b').length >= paused + 3, 'more values of the twin');
  assert.equal(values('1').length, paused);
  await lab.control.setConditions('1', NORMAL_CONDITIONS);
  await eventually(() => values('1').length >= paused + 3, 'more values');
  const all = values('1');
  assert.equal(all[0], 5e5);
  for (let i = 1; i < all.length; i++) assert.ok(all[i] !== 5e5 && Math.abs(all[i]! - all[i - 1]!) <= 1000);
  assert.notDeepEqual(values('1b').slice(0, 3), all.slice(0, 3));
});

test('a canary reaches every node of the fabric, twins included, with the seat that sent it', async (t) => {
  const lab = await realNodes(t, [{ seat: '1' }, { seat: '1b', node: '1' }, { seat: '2' }]);
  await lab.control.canary('1b', 'probe/1');
  for (const seat of ['1', '1b', '2']) {
    const heard = await lab.whenLine(seat, 'canary.rx');
    assert.deepEqual([heard.id, heard.from], ['probe/1', '1b']);
  }
  const sent = await lab.whenLine('1b', 'canary.tx');
  assert.deepEqual([sent.id, sent.node, sent.seat], ['probe/1', '1', '1b']);
  assert.equal(lab.lines('1', 'canary.tx').length, 0);
  assert.ok(lab.lines('1').every((line) => line.seat === undefined || line.event === 'boot'));
  await lab.nodes.get('2')!.stop();
  await lab.control.whenStatus('2', ({ state }) => state === 'offline', 10_000);
  await assert.rejects(lab.control.canary('2', 'probe/2'), { code: 'offline' });
});

test('hostile canaries of a node are dropped, and the next good one is heard', async (t) => {
  const lab = await realNodes(t, [{ seat: '1' }, { seat: '2' }]);
  const hostile = await mqtt.connectAsync(`mqtt://127.0.0.1:${lab.fabric.port}`, {
    clientId: '2/hostile',
    username: '2',
    password: 'of 2',
  });
  t.after(() => hostile.endAsync());
  const payloads = [
    '',
    'null',
    '[]',
    '{}',
    '{"id":1,"seat":"2"}',
    '{"id":"x","seat":{}}',
    '{"id":"x","seat":"2/../1"}',
    '{"id":"","seat":"2"}',
    '{"id":"a\\u0000b","seat":"2"}',
    JSON.stringify({ id: 'x'.repeat(65), seat: '2' }),
    JSON.stringify({ id: 'x', seat: '2', more: 'x'.repeat(60_000) }),
    '['.repeat(250),
    Buffer.from([0x22, 0xff, 0x22]),
  ];
  for (const payload of payloads) await hostile.publishAsync(canaryTopic('real', '2'), payload, { qos: 1 });
  // In somebody else's name it goes nowhere.
  await hostile.publishAsync(canaryTopic('real', '1'), '{"id":"forged","seat":"1"}', { qos: 1 });
  await hostile.publishAsync(canaryTopic('real', '2'), '{"id":"good","seat":"2"}', { qos: 1 });
  await lab.whenLine('1', 'canary.rx');
  assert.deepEqual(
    lab.lines('1', 'canary.rx').map(({ id }) => id),
    ['good'],
  );
});

test('twins with one identity run side by side: their votes are one vote, their rewards one reward', async (t) => {
  const lab = await realNodes(t, [...SEATS, { seat: '4b', node: '4' }]);
  await lab.control.sample('1', { topic: 'virtual', value: 1, count: 10 });
  for (const seat of ['1', '2', '3', '4', '4b']) await lab.whenLine(seat, 'sensor.rx', (line) => line.c === 10);
  await within(
    lab.control.order('1', { orderId: 'one', service: 'espresso', priceDcoins: null, mode: 'strict' }),
    'it',
  );
  for (const seat of ['1', '2', '3', '4', '4b']) {
    const decision = await lab.whenLine(seat, 'decide');
    assert.deepEqual([...(decision.voters as string[])].sort(), ['2', '3', '4']);
  }
  const votes = ['4', '4b'].map((seat) => lab.lines(seat, 'vote.tx'));
  assert.deepEqual([votes[0]!.length, votes[1]!.length], [1, 1]);
  const wallets = await Promise.all(['1', '4', '4b'].map(async (seat) => (await lab.control.report(seat)).wallets));
  assert.deepEqual(wallets[0], wallets[1]);
  assert.deepEqual(wallets[0], wallets[2]);
});

test('eight nodes fork over a real broker with three equivocating voters, and with two they do not (R-12)', async (t) => {
  const sides = { left: ['2', '3'], right: ['4', '5'] };
  const equivocating = { behaviours: [{ kind: 'equivocating-voter', sides, byUnits: 5 } as const] };
  const double = { kind: 'double-spender', sides, gapMs: 0, service: 'Tea', crossed: false } as const;
  for (const voters of [
    ['6', '7', '8'],
    ['6', '7'],
  ]) {
    await t.test(`${voters.length} of them`, async (t) => {
      const seats = Array.from({ length: 8 }, (_, i) => String(i + 1));
      const lab = await realNodes(
        t,
        seats.map((seat) => ({
          seat,
          ...(voters.includes(seat) ? { conditions: equivocating } : {}),
          ...(seat === '1' ? { conditions: { behaviours: [double] } } : {}),
        })),
      );
      await lab.control.sample('1', { topic: 'virtual', value: 1, count: 23 });
      for (const seat of seats) await lab.whenLine(seat, 'sensor.rx', (line) => line.c === 23);
      await lab.control.order('1', { orderId: 'one', service: 'Nespresso', priceDcoins: null, mode: 'strict' });
      for (const voter of voters) {
        const line = await lab.whenLine(voter, 'byzantine');
        assert.match(line.detail as string, /^two requests/);
      }
      // A canary of each goes behind what it has said: whatever was sent is processed when it arrives.
      for (const seat of seats) await lab.control.canary(seat, `after ${seat}`);
      for (const seat of seats) {
        await eventually(() => lab.lines(seat, 'canary.rx').length === seats.length, `all canaries at ${seat}`);
      }
      const decided = (seat: string) => lab.lines(seat, 'decide').map((line) => line.service);
      const honest = ['2', '3', '4', '5', '8'].filter((seat) => !voters.includes(seat));
      const outcomes = new Set(honest.flatMap(decided));
      if (voters.length === 3) {
        for (const side of [sides.left, sides.right]) assert.equal(new Set(side.flatMap(decided)).size, 1);
        assert.deepEqual([...outcomes].sort(), ['Nespresso', 'Tea']);
      } else {
        assert.ok(outcomes.size <= 1, [...outcomes].join());
      }
    });
  }
});
