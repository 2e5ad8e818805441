/**
 * Every kind of fault that a timeline can have, on real processes: it is asked for, applied, seen to work and healed, in
 * this order, and the nodes' own records show that it did what it says. A fault that is not seen to work proves nothing.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { numberOf, type Observation } from '../../orchestrator/history/observation.ts';
import type { FaultState } from '../../orchestrator/run/run-record.ts';
import { PerformedRun } from '../support/performed-run.ts';

const HEALED: readonly FaultState[] = ['asked', 'applied', 'verified', 'healed'];
/** What is over when it is done has nothing to heal. */
const DONE: readonly FaultState[] = ['asked', 'applied', 'verified'];
/** Timers and the writing of events may be so much early or late. */
const EDGE_MS = 50;
const SENSORS = 'sensors: [{topic: x, kind: counter, periodMs: 50}]';
const CHECKS = 'checks: [{metric: sensor-transactions, atLeast: 100}]';

interface Window {
  readonly fromT: number;
  readonly untilT: number;
}

/** In which a fault that lasts `forMs` was surely in force. */
function inForce(run: PerformedRun, id: string, forMs: number): Window {
  const applied = run.fault(id).find(({ state }) => state === 'applied');
  assert.ok(applied, `${id} was never applied\n${run.explanation}`);
  return { fromT: applied.t, untilT: applied.t + forMs - EDGE_MS };
}

const within = ({ fromT, untilT }: Window, lines: readonly Observation[]): readonly Observation[] =>
  lines.filter(({ t }) => t >= fromT && t <= untilT);

/** Sensor transactions that `from` published in a window, and when `to` heard each of them. */
function passed(run: PerformedRun, from: string, to: string, window: Window) {
  const heard = run.observed('sensor.rx', to).filter(({ pub }) => pub === from);
  return within(window, run.observed('sensor.tx', from)).map((sent) => ({
    sent,
    heard: heard.filter(({ stream, sequence }) => stream === sent.stream && sequence === sent.sequence),
  }));
}

/** Says why where a fault did not go through these states. */
function wentThrough(run: PerformedRun, id: string, states: readonly FaultState[]): void {
  const seen = run.fault(id).map(({ state }) => state);
  assert.deepEqual(seen, states, `${id}: ${run.fault(id).at(-1)?.detail ?? 'never came'}\n${run.explanation}`);
}

describe('faults', { concurrency: 2 }, () => {
  describe('of nodes', () => {
    let run: PerformedRun;
    before(async () => {
      run = await PerformedRun.of(`
name: faults
nodes: { early: 8, late: { count: 1, at: 500ms } }
workload:
  duration: 8s
  endsEarly: false
  funds: 60
  sensors: [{topic: x, kind: counter, periodMs: 200}]
  purchases: [{ at: [4500ms, 5s], buyers: 1, service: espresso }]
timeline:
  - { id: crash-kept, at: 200ms, crash: 2, for: 500ms }
  - { id: crash-lost, at: 200ms, crash: { nodes: 3, database: lost }, for: 500ms }
  - { id: leave, at: 200ms, leave: 4, for: 500ms }
  - { id: restart, at: 2s, restart: 5 }
  - { id: pause, at: 2s, pause: 6, for: 1s }
  - { id: clock, at: 3s, clock: { nodes: 7, offset: 1h }, for: 1s }
  - { id: slow-disk, at: 4s, slow-disk: { nodes: 8, commit: 10ms }, for: 2s }
  - { id: behave, at: 4s, behave: { nodes: 7, behaviours: [silent-voter] }, for: 2s }
  - { id: leave-for-good, at: 6500ms, leave: 4 }
${CHECKS}
`);
      assert.equal(run.code, 0, run.explanation);
    });

    const lives = (seat: string): readonly unknown[] => run.observed('boot', seat).map(({ dbEmpty }) => dbEmpty);

    test('crash, database kept: the next life finds it', () => {
      wentThrough(run, 'crash-kept', HEALED);
      assert.deepEqual(lives('2'), [true, false]);
    });

    test('crash, database lost: the next life begins with nothing', () => {
      wentThrough(run, 'crash-lost', HEALED);
      assert.deepEqual(lives('3'), [true, true]);
    });

    test('leave: with a duration the node comes back, without one it stays away', () => {
      wentThrough(run, 'leave', HEALED);
      wentThrough(run, 'leave-for-good', DONE);
      assert.deepEqual(lives('4'), [true, false]);
      assert.deepEqual(
        within({ fromT: run.fault('leave-for-good')[1]!.t, untilT: Infinity }, run.observed('', '4')),
        [],
      );
    });

    test('restart: ended and back at once', () => {
      wentThrough(run, 'restart', DONE);
      assert.deepEqual(lives('5'), [true, false]);
    });

    test('join: a late node has its first life in the load', () => {
      const [joined] = run.record.plan.timeline.filter(({ fault }) => fault.kind === 'join');
      wentThrough(run, joined!.id, DONE);
      const { t } = run.record.events.find((event) => event.event === 'phase' && event.phase === 'load')!;
      assert.deepEqual(lives('9'), [true]);
      assert.ok(run.observed('boot', '9')[0]!.t > t);
    });

    test('pause: the node does nothing meanwhile, and goes on', () => {
      wentThrough(run, 'pause', HEALED);
      const { fromT, untilT } = inForce(run, 'pause', 1000);
      const lines = run.lines.filter(({ seat }) => seat === '6').map(({ observation }) => observation);
      assert.deepEqual(within({ fromT: fromT + EDGE_MS, untilT }, lines), []);
      assert.ok(lines.some(({ t }) => t > untilT));
      assert.equal(run.observed('boot', '6').length, 1);
    });

    test('clock: the time that the node goes by is off', () => {
      wentThrough(run, 'clock', HEALED);
      const window = inForce(run, 'clock', 1000);
      const usual = run.observed('sensor.rx', '6')[0]!;
      const off = within(window, run.observed('sensor.rx', '7'));
      assert.ok(off.length > 10);
      for (const line of off) {
        const aheadMs = numberOf(line, 'at') - line.t - (numberOf(usual, 'at') - usual.t);
        assert.ok(Math.abs(aheadMs - 3_600_000) < 100, `${aheadMs} ms ahead`);
      }
    });

    test('slow-disk: a commit takes so much longer', () => {
      wentThrough(run, 'slow-disk', HEALED);
      const waits = (lines: readonly Observation[]): readonly number[] => {
        const moments = [...new Set(lines.map(({ t }) => t))];
        return moments.slice(1).map((t, index) => t - moments[index]!);
      };
      const lines = run.observed('sensor.rx', '8');
      const slow = waits(within(inForce(run, 'slow-disk', 2000), lines));
      assert.ok(slow.length >= 10, `${slow.length} commits`);
      assert.ok(Math.min(...slow) >= 9.5, `${Math.min(...slow)} ms between two commits`);
      assert.ok(Math.min(...waits(lines)) < 5, 'at other times it is quicker');
    });

    test('behave: the node is Byzantine for so long', () => {
      wentThrough(run, 'behave', HEALED);
      const deviations = run.observed('byzantine', '7');
      assert.ok(deviations.length >= 1);
      assert.equal(within(inForce(run, 'behave', 2000), deviations).length, deviations.length);
      assert.ok(run.observed('vote.rx', '1').length > 0);
      assert.deepEqual(
        run.observed('vote.rx').filter(({ voter }) => voter === '7'),
        [],
      );
    });
  });

  describe('of links', () => {
    let run: PerformedRun;
    before(async () => {
      run = await PerformedRun.of(`
name: faults
nodes: 8
workload: { duration: 5s, endsEarly: false, ${SENSORS} }
timeline:
  - { id: drop, at: 200ms, link: { from: 1, to: 2, drop: 50% }, for: 2s }
  - { id: delay, at: 200ms, link: { from: 2, to: 3, delay: { fixed: 150ms, uniform: 20ms } }, for: 2s }
  - { id: duplicate, at: 200ms, link: { from: 3, to: 4, duplicate: { share: 50%, copies: 2 } }, for: 2s }
  - { id: reorder, at: 200ms, link: { from: 4, to: 5, reorder: { share: 40%, hold: 120ms } }, for: 2s }
  - { id: corrupt, at: 200ms, link: { from: 5, to: 6, corrupt: 50% }, for: 2s }
  - { id: rate, at: 200ms, link: { from: 6, to: 7, rate: 10 }, for: 2s }
  - { id: one-way, at: 200ms, partition: { sides: [7, 8], oneWay: true }, for: 2s }
  - { id: flapping, at: 200ms, partition: { sides: [8, 1], flapping: { on: 300ms, off: 300ms } }, for: 2s }
  - { id: both-ways, at: 3s, partition: { sides: [1-4, 5-8] }, for: 1s }
${CHECKS}
`);
      assert.equal(run.code, 0, run.explanation);
    });

    const FOR_MS = 2000;
    /** A node sends twenty a second. */
    const surely = (from: string, to: string, id: string, forMs = FOR_MS) => {
      wentThrough(run, id, HEALED);
      const messages = passed(run, from, to, inForce(run, id, forMs));
      assert.ok(messages.length > 10, `${messages.length} messages`);
      return messages;
    };
    const lost = (messages: ReturnType<typeof passed>): number =>
      messages.filter(({ heard }) => heard.length === 0).length / messages.length;

    test('drop: so many are lost, on this link alone', () => {
      const share = lost(surely('1', '2', 'drop'));
      assert.ok(share > 0.25 && share < 0.75, `${share} lost`);
      assert.equal(lost(surely('1', '3', 'drop')), 0);
    });

    test('delay: each arrives so much later', () => {
      for (const { sent, heard } of surely('2', '3', 'delay')) {
        assert.equal(heard.length, 1);
        assert.ok(heard[0]!.t - sent.t >= 149, `${heard[0]!.t - sent.t} ms`);
      }
    });

    test('duplicate: some arrive more than once, and count once', () => {
      const messages = surely('3', '4', 'duplicate');
      assert.equal(lost(messages), 0);
      for (const { heard } of messages) assert.equal(heard.filter(({ counted }) => counted === true).length, 1);
      const repeated = messages.filter(({ heard }) => heard.length === 3).length / messages.length;
      assert.ok(repeated > 0.25 && repeated < 0.75, `${repeated} repeated`);
    });

    test('reorder: later ones overtake some', () => {
      const order = surely('4', '5', 'reorder')
        .toSorted((a, b) => a.heard[0]!.seq - b.heard[0]!.seq)
        .map(({ sent }) => numberOf(sent, 'sequence'));
      const overtaken = order.filter((sequence, index) => order.slice(0, index).some((earlier) => earlier > sequence));
      assert.ok(overtaken.length >= 5, `${overtaken.length} overtaken`);
    });

    test('corrupt: some arrive as something else, or are refused', () => {
      const damaged = surely('5', '6', 'corrupt').filter(
        ({ sent, heard }) =>
          heard.length === 0 || heard.some(({ value, topic }) => value !== sent.value || topic !== sent.topic),
      );
      assert.ok(damaged.length >= 8, `${damaged.length} damaged`);
    });

    test('rate: no more than so many a second pass', () => {
      surely('6', '7', 'rate');
      const heard = within(inForce(run, 'rate', FOR_MS), run.observed('sensor.rx', '7')).filter(
        ({ pub }) => pub === '6',
      );
      assert.ok(heard.length >= 10 && heard.length <= 21, `${heard.length} in two seconds`);
    });

    test('partition, one way: nothing passes in this direction, everything in the other', () => {
      assert.equal(lost(surely('7', '8', 'one-way')), 1);
      assert.equal(lost(surely('8', '7', 'one-way')), 0);
    });

    test('partition, flapping: now nothing passes, now everything', () => {
      const fates = surely('8', '1', 'flapping').map(({ heard }) => heard.length > 0);
      const changes = fates.filter((fate, index) => index > 0 && fate !== fates[index - 1]).length;
      assert.ok(changes >= 3 && changes <= 8, `${changes} changes: ${fates.map(Number).join('')}`);
    });

    test('partition: nothing passes between the sides, everything within them', () => {
      assert.equal(lost(surely('1', '5', 'both-ways', 1000)), 1);
      assert.equal(lost(surely('5', '1', 'both-ways', 1000)), 1);
      assert.equal(lost(surely('1', '4', 'both-ways', 1000)), 0);
      const { untilT } = inForce(run, 'both-ways', 1000);
      const after = passed(run, '1', '5', { fromT: untilT + 4 * EDGE_MS, untilT: Infinity });
      assert.ok(after.length > 0 && lost(after) === 0, 'healed');
    });
  });

  describe('of the broker', () => {
    let run: PerformedRun;
    before(async () => {
      run = await PerformedRun.of(`
name: faults
nodes: 6
workload: { duration: 12s, ${SENSORS} }
timeline:
  - { id: cut, at: 200ms, cut-client: 2 }
  - { id: away, at: 1500ms, crash: 3, for: 1s }
  - { id: full, at: 1500ms, queue-limit: { messages: 10 }, for: 1500ms }
  - { id: pause, at: 3500ms, broker-pause: {}, for: 700ms }
  - { id: kept, at: 5s, broker-restart: { sessions: kept, down: 500ms } }
  - { id: lost, at: 8s, broker-restart: { sessions: lost, down: 500ms } }
${CHECKS}
`);
      assert.equal(run.code, 0, run.explanation);
    });

    const sessions = (seat: string, { fromT, untilT }: Window): readonly unknown[] =>
      within({ fromT: fromT - EDGE_MS, untilT }, run.observed('session', seat))
        .filter(({ link }) => link === 'fabric')
        .map(({ connected }) => connected);
    /** From the order to the end of what followed. */
    const span = (id: string): Window => {
      const [asked] = run.fault(id);
      return { fromT: asked!.t, untilT: run.fault(id).at(-1)!.t + EDGE_MS };
    };

    test('cut-client: this client loses its session and comes back, no other', () => {
      wentThrough(run, 'cut', DONE);
      const { fromT } = span('cut');
      const window = { fromT, untilT: run.fault('away')[0]!.t };
      assert.deepEqual(sessions('2', window), [false, true]);
      assert.deepEqual(sessions('4', window), []);
    });

    test('queue-limit: of what waits for a node that is away, the rest is lost', () => {
      wentThrough(run, 'full', HEALED);
      const { fromT } = inForce(run, 'away', 1000);
      const share = (to: string): number => {
        const messages = passed(run, '1', to, { fromT, untilT: fromT + 700 });
        assert.ok(messages.length >= 10);
        return messages.filter(({ heard }) => heard.length === 0).length / messages.length;
      };
      assert.ok(share('3') > 0, 'something is lost');
      assert.equal(share('4'), 0);
    });

    test('broker-pause: nothing is heard meanwhile, everything afterwards', () => {
      wentThrough(run, 'pause', HEALED);
      const window = inForce(run, 'pause', 700);
      const messages = passed(run, '1', '2', window);
      assert.ok(messages.length > 5);
      for (const { heard } of messages) assert.ok(heard.length === 1 && heard[0]!.t > window.untilT);
    });

    test('broker-restart, sessions kept: all lose their connection, and nothing is lost', () => {
      wentThrough(run, 'kept', DONE);
      for (const { seat } of run.record.plan.seats) assert.deepEqual(sessions(seat, span('kept')), [false, true], seat);
      const messages = passed(run, '1', '2', span('kept'));
      assert.ok(messages.length >= 10);
      for (const { heard } of messages) assert.equal(heard.filter(({ counted }) => counted === true).length, 1);
    });

    test('broker-restart, sessions lost: what the broker held is gone', () => {
      wentThrough(run, 'lost', DONE);
      for (const { seat } of run.record.plan.seats) assert.deepEqual(sessions(seat, span('lost')), [false, true], seat);
    });
  });

  test('what is not seen to work makes the run inconclusive, and each has its reason', async () => {
    const run = await PerformedRun.of(`
name: faults
nodes: 5
workload: { duration: 2s, ${SENSORS} }
timeline:
  - { id: rare, at: 100ms, link: { from: 1, to: 2, drop: 0.00001 }, for: 1s }
  - { id: unspoken, at: 100ms, link: { classes: [vote], duplicate: 100% }, for: 1s }
  - { id: roomy, at: 100ms, queue-limit: { messages: 1000000 }, for: 1s }
  - { id: idle, at: 100ms, behave: { nodes: 5, behaviours: [silent-voter] }, for: 1s }
  - { id: awaited, when: { decisions: 1 }, pause: 4, for: 100ms }
${CHECKS}
`);
    assert.equal(run.code, 2, run.explanation);
    const UNSEEN: readonly FaultState[] = ['asked', 'applied', 'unverified', 'healed'];
    for (const id of ['rare', 'unspoken', 'roomy', 'idle']) wentThrough(run, id, UNSEEN);
    wentThrough(run, 'awaited', ['skipped']);
    const { reasons } = run.summary;
    assert.equal(reasons.length, 5, run.explanation);
    for (const reason of [
      /changed nothing/,
      /no queue was ever full/,
      /no deviation was seen/,
      /decisions >= 1 was not reached/,
    ]) {
      assert.match(reasons.join('\n'), reason);
    }
  });
});
