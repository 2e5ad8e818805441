import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSeries } from '../../orchestrator/report/run-series.ts';
import { summarise } from '../../orchestrator/report/run-summary.ts';
import type { RunEvent } from '../../orchestrator/run/run-record.ts';
import type { PlannedFault } from '../../orchestrator/scenario/scenario-plan.ts';
import { LOAD_T, madeUpRun } from '../support/made-up-run.ts';

test('a fault has its times from the beginning of the load, and stays unverified when it is healed', () => {
  const { record, judgement, facts } = madeUpRun({ nodes: 8, purchases: 40 });
  const healed: RunEvent = {
    ...record.events.find((event) => event.event === 'fault' && event.id === 'cut')!,
    t: LOAD_T + 9000,
    state: 'healed',
  } as RunEvent;
  const { faults } = summarise({ ...record, events: [...record.events, healed] }, judgement, facts);
  assert.deepEqual(
    faults.map(({ id, askedMs, appliedMs, verifiedMs, healedMs, state }) => [
      id,
      askedMs,
      appliedMs,
      verifiedMs,
      healedMs,
      state,
    ]),
    [
      ['part', 1000, 1040, 1120, 3000, 'healed'],
      ['kill-4', 2500, 2540, 2620, 4100, 'healed'],
      ['lie', 2600, 2640, 2720, null, 'verified'],
      ['broker', 5000, 5040, 5120, 5600, 'healed'],
      ['cut', 5100, 5140, null, 9000, 'unverified'],
      ['slow', 5200, 5240, 5320, 6200, 'healed'],
    ],
  );
  assert.equal(faults[4]!.detail, '1 seats; no canary came back');
});

test('an order counts by its last state, a phase ends where the next begins', () => {
  const { record, judgement, facts } = madeUpRun({ nodes: 8, purchases: 40 });
  const { orders, phases } = summarise(record, judgement, facts);
  assert.deepEqual(orders, { placed: 40, requested: 37, queued: 3, refused: 0, lost: 0, givenUp: 0 });
  assert.deepEqual(
    phases.find(({ phase }) => phase === 'load'),
    { phase: 'load', fromMs: 0, tookMs: 11_000 },
  );
  assert.equal(phases.at(-1)!.tookMs, facts.tookMs - 2500 - 12_200);
});

test('the exit code follows from the verdict unless the run ended for another reason', () => {
  const { record, facts } = madeUpRun({ nodes: 8, purchases: 4 });
  for (const [verdict, code] of [
    ['pass', 0],
    ['failed', 1],
    ['inconclusive', 2],
  ] as const) {
    const { judgement } = madeUpRun({ nodes: 8, purchases: 4, verdict });
    assert.equal(summarise(record, judgement, facts).exitCode, code);
    const interrupted = summarise(record, judgement, { ...facts, exitCode: 130, reasons: ['interrupted'] });
    assert.equal(interrupted.exitCode, 130);
    assert.equal(interrupted.reasons[0], 'interrupted');
  }
});

test('a seat that fell stays down, its stop at the end of the run does not count', () => {
  const { record, judgement, facts } = madeUpRun({ nodes: 8, purchases: 4 });
  const at = (ms: number) => ({ t: LOAD_T + ms, at: 0, event: 'seat' as const, detail: '' });
  const stopT = record.events.find((event) => event.event === 'phase' && event.phase === 'stop')!.t - LOAD_T;
  const events: RunEvent[] = [
    ...record.events,
    { ...at(100), seat: '4', state: 'crashed' },
    { ...at(stopT + 5), seat: '5', state: 'down' },
  ];
  const finals = new Map([...record.finals].filter(([seat]) => seat !== '4'));
  const { seats } = summarise({ ...record, events, finals }, judgement, facts);
  assert.equal(seats[3]!.finalState, 'crashed');
  assert.equal(seats[3]!.rssBytes, null);
  assert.equal(seats[4]!.finalState, 'ready');
});

test('a summary survives result.json', () => {
  const { record, judgement, facts } = madeUpRun({ nodes: 8, purchases: 8 });
  const summary = summarise(record, judgement, facts);
  assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
});

test('a series counts each decision once, at its requester, and each vote of a correct node', () => {
  const { record, judgement } = madeUpRun({ nodes: 8, purchases: 40 });
  const series = readSeries(record, judgement.correct);
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  // Of nine purchases the ninth is never decided; what the two Byzantine seats buy is not counted.
  const decided = 40 - 4 - 10;
  assert.equal(sum(series.decisions.counts), decided);
  assert.equal(sum(series.votes.counts), 30 * 5 + 10 * 6);
  assert.equal(series.requesterMs.length, decided);
  assert.equal(series.allMs.length, decided);
  assert.ok(series.allMs.every((ms, index) => ms >= series.requesterMs[index]! - 3));
  assert.equal(series.lines, [...record.history()].length);
});

test('latency begins when the request was meant to be ordered, and ends on the seats that must decide it', () => {
  const { record, judgement } = madeUpRun({ nodes: 8, purchases: 1, faults: false });
  const bare = readSeries(record, judgement.correct);
  // The requester commits first, each seat 0.3 ms after the one before; six are correct.
  assert.deepEqual(rounded(bare.requesterMs), [183]);
  assert.deepEqual(rounded(bare.allMs), [184.5]);
  const events = record.events.map(
    (event): RunEvent =>
      event.event === 'order' ? { ...event, requestId: '00000001'.repeat(8), plannedT: LOAD_T - 100 } : event,
  );
  assert.deepEqual(rounded(readSeries({ ...record, events }, judgement.correct).requesterMs), [285]);
  const leaves: PlannedFault = {
    id: 'gone',
    title: '',
    trigger: { atMs: 0 },
    durationMs: null,
    fault: { kind: 'leave', seats: ['6'] },
  };
  const plan = { ...record.plan, timeline: [leaves] };
  assert.deepEqual(rounded(readSeries({ ...record, plan }, judgement.correct).allMs), [184.2]);
  const seats = record.plan.seats.map((seat) => (seat.seat === '6' ? { ...seat, startsAtMs: 5000 } : seat));
  const late = readSeries({ ...record, plan: { ...record.plan, seats } }, judgement.correct);
  assert.deepEqual(rounded(late.allMs), [184.2]);
});

const rounded = (values: readonly number[]) => values.map((value) => Math.round(value * 10) / 10);

test('a wallet that correct nodes hold differently has a spread, the others have none', () => {
  const { record, judgement } = madeUpRun({ nodes: 8, purchases: 40 });
  const { wallets, supply } = readSeries(record, judgement.correct);
  const last = new Map(wallets.map(({ wallet, samples }) => [wallet, samples.at(-1)!]));
  assert.equal(last.get('1')!.max - last.get('1')!.min, 10);
  assert.equal(last.get('2')!.max, last.get('2')!.min);
  assert.equal(supply.at(-1)!.max - supply.at(-1)!.min, 10);
});

test('what a node held when it fell is nobody\u2019s view while it is down', () => {
  const { record, judgement } = madeUpRun({ nodes: 8, purchases: 40 });
  const down: RunEvent = { t: LOAD_T + 4000, at: 0, event: 'seat', seat: '2', state: 'crashed', detail: '' };
  const events = [...record.events, down].sort((a, b) => a.t - b.t);
  const { wallets } = readSeries({ ...record, events }, judgement.correct);
  const last = wallets[0]!.samples.at(-1)!;
  assert.equal(last.max, last.min);
});

test('a run without a single line or event has an empty series', () => {
  const { record } = madeUpRun({ nodes: 8, purchases: 4 });
  const series = readSeries({ ...record, events: [], history: () => [] }, []);
  assert.equal(series.lines, 0);
  assert.deepEqual(series.wallets, []);
  assert.deepEqual(series.supply, []);
});
