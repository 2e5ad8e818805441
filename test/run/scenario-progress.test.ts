import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InvariantId } from '../../orchestrator/checks/invariant-id.ts';
import { shownWidth, Terminal } from '../../orchestrator/cli/terminal.ts';
import type { Observation } from '../../orchestrator/history/observation.ts';
import type { LiveFigures } from '../../orchestrator/run/progress-lines.ts';
import { progressLines } from '../../orchestrator/run/progress-lines.ts';
import { ProgressState, STUCK_AFTER_MS } from '../../orchestrator/run/progress-state.ts';
import type { RunEvent } from '../../orchestrator/run/run-record.ts';
import { ScenarioProgress } from '../../orchestrator/run/scenario-progress.ts';
import { LOAD_T, madeUpRun } from '../support/made-up-run.ts';
import { HOSTILE } from '../support/markup-problems.ts';

const CALM: LiveFigures = { value: () => null, worst: () => null };

/** Both streams of a run in order of time, up to `untilMs` of the load. */
function play(
  to: { take(seat: string, observation: Observation): unknown; event(event: RunEvent): unknown },
  nodes: number,
  untilMs: number,
  purchases = 40,
) {
  const { record } = madeUpRun({ nodes, purchases });
  const lines = [...record.history()].map((line) => ({ t: line.observation.t, line, event: null }));
  const events = record.events.map((event) => ({ t: event.t, line: null, event }));
  for (const { t, line, event } of [...events, ...lines].sort((a, b) => a.t - b.t)) {
    if (t > LOAD_T + untilMs) break;
    if (line !== null) to.take(line.seat, line.observation);
    else to.event(event);
  }
  return record.plan;
}

function block(nodes: number, atMs: number, size: { columns: number; rows: number }, figures = CALM): string[] {
  const state = new ProgressState(madeUpRun({ nodes, purchases: 40 }).record.plan);
  const plan = play(state, nodes, atMs);
  return progressLines({ plan, state, figures, nowT: LOAD_T + atMs, ...size, style: (_, text) => text });
}

function plainTerminal() {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(...text.split('\n').slice(0, -1)) };
  return { lines, terminal: new Terminal({ stdout: stream, stderr: stream, colourAllowed: true }) };
}

describe('the live block', () => {
  it('shows phase, faults with the time left, requests, latency, violations and each seat', () => {
    const lines = block(
      8,
      2900,
      { columns: 99, rows: 23 },
      {
        value: (metric) => (metric === 'decided-everywhere' ? 9 : null),
        worst: () => ({ invariant: 'I1', text: 'seats 3 and 4 differ on wallet 1' }),
      },
    );
    const text = lines.join('\n');
    assert.match(lines[0]!, /^load {4}2\.9 s of 11\.0 s {3}made-up-8, seed 7/);
    assert.match(text, /^faults {6}seen to work {2}partition 1,2,3,4,5 \| 6,7,8 {2}0\.1 s left$/m);
    assert.match(text, /^ {12}seen to work {2}equivocating-voter at 7, 8 {2}until the load ends$/m);
    assert.match(text, /^requests {4}12 sent, 11 decided, 9 everywhere, 0 stuck {3}3\.5 decisions\/s {3}\d+ votes$/m);
    assert.match(text, /^latency {5}p50 [\d.]+ ms {2}p95 /m);
    assert.match(text, /^invariants {2}I1 VIOLATED {2}seats 3 and 4 differ on wallet 1$/m);
    assert.match(text, /^seat +DCoin buys votes$/m);
    assert.match(text, /^7 +up byz +[\d.]+ +1 +\d+$/m);
  });

  it('of 48 seats fits 100 columns and 24 rows with every seat, at every moment', () => {
    for (const atMs of [-3000, -500, 10, 2000, 2900, 5250, 10_500]) {
      const lines = block(48, atMs, { columns: 99, rows: 23 });
      assert.ok(lines.length <= 23, `${lines.length} lines`);
      for (const line of lines) assert.ok(shownWidth(line) <= 99, line);
    }
    const seats = block(48, 10, { columns: 99, rows: 23 }).filter((line) => /^\d/.test(line));
    assert.equal(seats.length, 16);
    assert.equal(seats.join(' ').match(/ up /g)?.length, 48);
  });

  it('says how many seats there was no room for', () => {
    const lines = block(200, 10, { columns: 80, rows: 23 });
    assert.match(lines.at(-1)!, /^and \d+ more seats, \d+ of them up$/);
    assert.ok(lines.length <= 23);
    const narrow = block(48, 10, { columns: 20, rows: 23 });
    assert.ok(narrow.length <= 23);
  });

  it('counts a request as stuck after a while, and no more once it is decided', () => {
    const { record } = madeUpRun({ nodes: 8, purchases: 1 });
    const state = new ProgressState(record.plan);
    const observation = (event: string, t: number): Observation => ({
      seq: 1,
      t,
      at: 0,
      node: '3',
      event,
      reqId: 'A',
      R: '3',
      service: 'tea',
    });
    state.take('3', observation('req.tx', 100));
    assert.equal(state.stuck(100 + STUCK_AFTER_MS - 1), 0);
    assert.equal(state.stuck(100 + STUCK_AFTER_MS), 1);
    assert.equal(state.take('5', observation('decide', 6000)), null, 'elsewhere it is not the buyer\u2019s decision');
    assert.equal(state.take('3', observation('decide', 6000))?.latencyMs, 5900);
    assert.equal(state.stuck(20_000), 0);
  });

  it('marks seats that fell or are held', () => {
    const { record } = madeUpRun({ nodes: 8, purchases: 1 });
    const state = new ProgressState(record.plan);
    const at = { t: 0, at: 0 };
    for (const { seat } of record.plan.seats) state.event({ ...at, event: 'seat', seat, state: 'ready', detail: '' });
    state.event({ ...at, event: 'seat', seat: '4', state: 'crashed', detail: '' });
    const pause = {
      ...at,
      event: 'fault' as const,
      id: 'p',
      kind: 'pause' as const,
      title: 'p',
      seats: ['5'],
      detail: '',
    };
    state.event({ ...pause, state: 'applied' });
    assert.equal(state.seats.get('4')!.state, 'crashed');
    assert.equal(state.seats.get('5')!.state, 'paused');
    state.event({ ...pause, state: 'healed' });
    assert.equal(state.seats.get('5')!.state, 'up');
    assert.deepEqual(state.activeFaults(), []);
  });
});

describe('without a terminal', () => {
  it('tells phases, every state of a fault and each purchase, in plain lines', () => {
    const { lines, terminal } = plainTerminal();
    const { record } = madeUpRun({ nodes: 8, purchases: 40 });
    const progress = new ScenarioProgress(terminal, record.plan, CALM, () => LOAD_T);
    play(progress, 8, 20_000);
    progress.end();
    const text = lines.join('\n');
    assert.match(text, /^ {3}0\.0 s {2}phase load, planned 11\.0 s$/m);
    for (const state of ['asked', 'applied', 'verified', 'healed'])
      assert.match(text, new RegExp(`^ +[\\d.]+ s {2}fault part ${state}: partition 1,2,3,4,5 \\| 6,7,8`, 'm'));
    assert.match(text, /^ {3}5\.2 s {2}fault cut unverified: connection of 3 cut \(no canary came back\)$/m);
    assert.equal(lines.filter((line) => /bought/.test(line)).length, 36);
    assert.doesNotMatch(text, /\u001b/);
  });

  it('puts purchases of a busy second into one line', () => {
    const { lines, terminal } = plainTerminal();
    const { record } = madeUpRun({ nodes: 8, purchases: 1 });
    const progress = new ScenarioProgress(terminal, record.plan, CALM, () => 0);
    for (let index = 0; index < 100; index++) {
      const of = { seq: index, at: 0, node: '3', reqId: `r${index}`, R: '3', service: 'tea' };
      progress.take('3', { ...of, t: index * 5, event: 'req.tx' });
      progress.take('3', { ...of, t: index * 5 + 2, event: 'decide' });
    }
    progress.end();
    assert.equal(lines.length, 6);
    assert.match(lines[5]!, /95 more purchases decided, p50 2\.0 ms, max 2\.0 ms; 100 of 100 requests so far/);
  });

  it('tells a violation at once, and once', () => {
    const { lines, terminal } = plainTerminal();
    const { record } = madeUpRun({ nodes: 8, purchases: 1 });
    let worst: { invariant: InvariantId; text: string } | null = null;
    let nowT = 0;
    const progress = new ScenarioProgress(terminal, record.plan, { value: () => null, worst: () => worst }, () => nowT);
    const idle = (t: number): Observation => ({ seq: 1, t, at: 0, node: '3', event: 'sensor.rx' });
    progress.take('3', idle(0));
    worst = { invariant: 'I1', text: HOSTILE };
    nowT = 150;
    progress.take('3', idle(150));
    nowT = 1000;
    progress.take('3', idle(1000));
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /VIOLATED I1 \(agreement/);
    assert.doesNotMatch(lines[0]!, /[\u001b\u202e]/);
  });
});

describe('on a terminal', () => {
  it('draws in place, and leaves the last state when it ends', () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text), isTTY: true, columns: 100, rows: 24 };
    const terminal = new Terminal({ stdout: stream, stderr: stream, colourAllowed: false });
    const { record } = madeUpRun({ nodes: 8, purchases: 40 });
    const progress = new ScenarioProgress(terminal, record.plan, CALM, () => LOAD_T + 3000);
    play(progress, 8, 3000);
    assert.equal(written.length, 0, 'nothing but the block');
    progress.draw();
    progress.draw();
    progress.end();
    progress.end();
    assert.equal(written.filter((text) => text.startsWith('load')).length, 3);
    terminal.line('after');
    assert.equal(written.at(-1), 'after\n');
    assert.equal(written.filter((text) => text.startsWith('\u001b[')).length, 2);
  });
});
