import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { checkFacts } from '../../orchestrator/checks/check-facts.ts';
import { judge } from '../../orchestrator/checks/judge.ts';
import { LiveMetrics } from '../../orchestrator/checks/live-metrics.ts';
import type { MetricName } from '../../orchestrator/checks/metric.ts';
import type { Judgement } from '../../orchestrator/checks/verdict.ts';
import { trackRequests } from '../../orchestrator/history/request-track.ts';
import { stuckRequests } from '../../orchestrator/history/stuck-request.ts';
import type { RunEvent, RunRecord } from '../../orchestrator/run/run-record.ts';
import type { Bound, Fault, PlannedCheck, PlannedFault } from '../../orchestrator/scenario/scenario-plan.ts';
import { equivocation, PATIENCE_MS } from '../support/attacked-run.ts';
import { invariantCheck, RecordedRun, scenarioOf } from '../support/recorded-run.ts';

const atMost = (most: number): Bound => ({ atLeast: null, atMost: most });
const atLeast = (least: number): Bound => ({ atLeast: least, atMost: null });

function metricCheck(metric: MetricName, bound: Bound, more: Partial<PlannedCheck> = {}): PlannedCheck {
  return {
    id: metric,
    title: metric,
    expect: 'hold',
    evidenceMin: 1,
    kind: 'metric',
    metric,
    bound,
    ...more,
  } as PlannedCheck;
}

function eventually(metric: MetricName, bound: Bound, after: string | null, withinMs: number): PlannedCheck {
  return {
    id: 'soon',
    title: 'soon',
    expect: 'hold',
    evidenceMin: 1,
    kind: 'eventually',
    metric,
    bound,
    after,
    withinMs,
  };
}

const cut: PlannedFault = {
  id: 'cut',
  title: 'cut',
  trigger: { atMs: 0 },
  durationMs: 100,
  fault: { kind: 'link', seats: [], rules: [] },
};

/** A plan's checks over a run that was made without them. */
function judged(record: RunRecord, checks: readonly PlannedCheck[], timeline: readonly PlannedFault[] = []): Judgement {
  return judge({ ...record, plan: { ...record.plan, checks, timeline } });
}

function bought(): RecordedRun {
  const run = new RecordedRun();
  run.buy('1', 'a');
  run.buy('2', 'b');
  return run;
}

describe('a verdict', () => {
  it('is pass when every check is as expected', () => {
    const { verdict, reasons } = judged(bought().record(), [invariantCheck('I1'), metricCheck('stuck', atMost(0))]);
    assert.deepEqual({ verdict, reasons }, { verdict: 'pass', reasons: [] });
  });

  it('is pass when an attack succeeds that should, and failed when it does not', () => {
    const demonstration = [invariantCheck('I1', { expect: 'violate' })];
    const three = judged(equivocation(['6', '7', '8']).record(), demonstration);
    assert.equal(three.verdict, 'pass');
    assert.equal(three.checks[0]!.asExpected, true);
    const two = judged(equivocation(['7', '8']).record(), demonstration);
    assert.equal(two.verdict, 'failed');
    assert.match(two.reasons[0]!, /expected a violation, it holds/);
  });

  it('is failed when a check does not hold, whatever else is unknown', () => {
    const { verdict, reasons } = judged(bought().record(), [
      metricCheck('decisions', atLeast(3)),
      invariantCheck('I20'),
    ]);
    assert.equal(verdict, 'failed');
    assert.equal(reasons.length, 2);
    assert.match(reasons[0]!, /decisions is 2; wanted: at least 3/);
  });

  it('is inconclusive when a check is unknown or has too little to look at', () => {
    assert.equal(judged(bought().record(), [invariantCheck('I20')]).verdict, 'inconclusive');
    const { verdict, checks } = judged(bought().record(), [invariantCheck('I1', { evidenceMin: 17 })]);
    assert.equal(verdict, 'inconclusive');
    assert.equal(checks[0]!.examined, 16);
    assert.match(checks[0]!.detail, /at least 17 are needed/);
  });

  it('is failed by a violation even where little was looked at', () => {
    const record = equivocation(['6', '7', '8']).record();
    assert.equal(judged(record, [invariantCheck('I1', { evidenceMin: 1000 })]).verdict, 'failed');
  });

  it('is inconclusive when nothing was checked', () => {
    assert.equal(judged(bought().record(), []).verdict, 'inconclusive');
  });

  for (const state of ['unverified', 'failed', 'skipped'] as const) {
    it(`is inconclusive when a fault was ${state}`, () => {
      const run = bought();
      run.fault('cut', 'asked');
      run.fault('cut', state, 'nothing was dropped');
      const { verdict, reasons } = judged(run.record(), [invariantCheck('I1')], [cut]);
      assert.equal(verdict, 'inconclusive');
      assert.match(reasons[0]!, new RegExp(`cut: ${state}: nothing was dropped`));
    });
  }

  it('is inconclusive when the turn of a fault never came', () => {
    assert.equal(judged(bought().record(), [invariantCheck('I1')], [cut]).verdict, 'inconclusive');
  });

  it('does not suffer from faults that worked', () => {
    const run = bought();
    for (const state of ['asked', 'applied', 'verified', 'healed'] as const) run.fault('cut', state);
    assert.equal(judged(run.record(), [invariantCheck('I1')], [cut]).verdict, 'pass');
  });
});

describe('correct seats', () => {
  const spoiling: readonly Fault[] = [
    { kind: 'crash', seats: ['2'], database: 'lost' },
    { kind: 'restart', seats: ['2'], database: 'lost' },
    { kind: 'behave', seats: ['2'], behaviours: [{ kind: 'silent-voter' }] },
  ];
  const harmless: readonly Fault[] = [
    { kind: 'crash', seats: ['2'], database: 'kept' },
    { kind: 'restart', seats: ['2'], database: 'kept' },
    { kind: 'pause', seats: ['2'] },
    { kind: 'clock', seats: ['2'], offsetMs: 3_600_000 },
  ];
  const withFault = (fault: Fault) => checkFacts(scenarioOf({ timeline: [{ ...cut, fault }] }));

  for (const fault of spoiling) {
    it(`are not those of ${fault.kind}${'database' in fault ? ' with the database lost' : ''}`, () => {
      assert.equal(withFault(fault).correct.has('2'), false);
      assert.equal(withFault(fault).correct.size, 7);
    });
  }

  for (const fault of harmless) {
    it(`are those of ${fault.kind}${'database' in fault ? ' with the database kept' : ''}`, () => {
      assert.equal(withFault(fault).correct.size, 8);
    });
  }

  it('are honest, run no behaviour and share their identity with nobody', () => {
    const { correct } = checkFacts(
      scenarioOf({
        seats: {
          '3': { role: 'byzantine' },
          '4': { role: 'silent' },
          '5': { conditions: { ...NORMAL_CONDITIONS, behaviours: [{ kind: 'always-yes' }] } },
          '6': { node: '7', role: 'twin' },
        },
      }),
    );
    assert.deepEqual([...correct], ['1', '2', '8']);
  });

  it('that leave for good need not decide', () => {
    const leave = { ...cut, durationMs: null, fault: { kind: 'leave', seats: ['2'] } } as PlannedFault;
    const { correct, obliged } = checkFacts(scenarioOf({ timeline: [leave] }));
    assert.equal(correct.has('2'), true);
    assert.equal(obliged.has('2'), false);
  });
});

describe('figures', () => {
  it('of an honest run are what happened', () => {
    const run = bought();
    const { metrics } = judged(run.record(), []);
    const expected: Partial<Record<MetricName, number | null>> = {
      requests: 2,
      decisions: 2,
      'decided-everywhere': 2,
      'decided-share': 1,
      stuck: 0,
      forks: 0,
      votes: 14,
      'sensor-transactions': 240,
      'divergent-wallets': 0,
      'nodes-up': 8,
      crashes: 0,
      'services-served': 2,
      'latency-requester-p50': 2,
      'latency-all-max': 2,
      // 240 units, twice 10 paid, twice 5 rewards of 10.
      'supply-units': 320,
      'byzantine-acts': 0,
      'dropped-by-rules': null,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(metrics[name as MetricName], value, name);
  });

  it('without requests are null where nothing can be said', () => {
    const { metrics } = judged(new RecordedRun().record(), []);
    assert.equal(metrics['latency-all-p50'], null);
    assert.equal(metrics['decided-share'], null);
    assert.equal(metrics.requests, 0);
  });

  it('begin a latency when the purchase was meant to be ordered', () => {
    const run = bought();
    const [request] = run.of('req.tx', '1');
    const order: RunEvent = {
      t: request!.observation.t,
      at: 0,
      event: 'order',
      orderId: 'a',
      seat: '1',
      service: 'Nespresso',
      plannedT: request!.observation.t - 40,
      state: 'requested',
      requestId: String(request!.observation.reqId),
      detail: '',
    };
    run.events.push(order);
    const { metrics } = judged(run.record(), []);
    assert.equal(metrics['latency-requester-max'], 42);
    assert.equal(metrics['latency-requester-p50'], 2);
  });

  it('count requests of correct requesters only', () => {
    const run = equivocation(['7', '8']);
    const { metrics, stuck } = judged(run.record(), []);
    assert.equal(metrics.requests, 0);
    assert.equal(metrics['byzantine-acts'], 0);
    assert.deepEqual(stuck, []);
  });

  it('take a decision whose line a crash has cost from the wallets at the end', () => {
    const run = new RecordedRun();
    run.buy('1', 'a');
    const record = run.record();
    const lost = {
      ...record,
      history: () => run.lines.filter(({ seat, observation }) => seat !== '8' || observation.event !== 'decide'),
    };
    const { metrics } = judged(lost, []);
    assert.equal(metrics['decided-everywhere'], 1);
    assert.equal(metrics.stuck, 0);
  });

  it('do not ask a late seat for what was sent before its first start', () => {
    const run = new RecordedRun({
      seats: { '8': { startsAtMs: 1000 } },
      onCopy: (_, message, to) => (to === '8' ? null : message),
    });
    run.buy('1', 'a');
    run.cores.boot('8');
    run.buy('2', 'b');
    const { metrics, stuck } = judged(run.record(), []);
    assert.equal(metrics['decided-everywhere'], 1);
    assert.deepEqual(
      stuck.map(({ requester, undecidedAt }) => [requester, undecidedAt]),
      [['2', ['8']]],
    );
  });
});

describe('an eventually check', () => {
  it('holds when the figure is reached in time after the load began', () => {
    const run = bought();
    const { checks } = judged(run.record(), [eventually('decided-everywhere', atLeast(2), null, 50)]);
    assert.equal(checks[0]!.state, 'hold', checks[0]!.detail);
  });

  it('is violated when it is reached too late', () => {
    const run = new RecordedRun();
    run.wait(100);
    run.buy('1', 'a');
    const { checks } = judged(run.record(), [eventually('decided-everywhere', atLeast(1), null, 50)]);
    assert.equal(checks[0]!.state, 'violated', checks[0]!.detail);
  });

  it('counts from the moment at which the fault was healed', () => {
    const run = new RecordedRun();
    run.wait(1000);
    run.fault('cut', 'healed');
    run.buy('1', 'a');
    const record = run.record();
    const state = (withinMs: number) =>
      judged(record, [eventually('decisions', atLeast(1), 'cut', withinMs)]).checks[0]!.state;
    assert.equal(state(10), 'hold');
    assert.equal(state(1), 'violated');
  });

  it('is unknown when the fault was never healed or the run ended before', () => {
    const run = bought();
    const record = run.record();
    assert.equal(judged(record, [eventually('decisions', atLeast(9), 'cut', 10)]).checks[0]!.state, 'unknown');
    assert.equal(judged(record, [eventually('decisions', atLeast(9), null, 60_000)]).checks[0]!.state, 'unknown');
  });

  it('is unknown for a figure that has no value while the run goes on', () => {
    const { checks } = judged(bought().record(), [eventually('latency-all-p99', atMost(1), null, 1)]);
    assert.equal(checks[0]!.state, 'unknown');
  });
});

describe('live figures', () => {
  it('follow the lines as they come', () => {
    const run = new RecordedRun();
    const live = new LiveMetrics(checkFacts(run.plan));
    let shown = 0;
    const catchUp = () => {
      for (; shown < run.lines.length; shown++) live.take(run.lines[shown]!.seat, run.lines[shown]!.observation);
    };
    catchUp();
    assert.equal(live.value('sensor-transactions'), 240);
    assert.equal(live.worstInvariant().state, 'unknown');
    run.cores.order('1', 'a', 'Nespresso');
    catchUp();
    assert.equal(live.value('requests'), 1);
    assert.equal(live.value('stuck'), 1);
    run.cores.settle();
    catchUp();
    assert.equal(live.value('decisions'), 1);
    assert.equal(live.value('decided-everywhere'), 1);
    assert.equal(live.value('divergent-states'), 0);
    assert.deepEqual(live.worstInvariant(), { invariant: 'I1', state: 'hold', detail: '8 decisions agree' });
  });

  it('tell a fork at once', () => {
    const run = equivocation(['6', '7', '8']);
    const live = new LiveMetrics(checkFacts(run.plan));
    for (const { seat, observation } of run.lines) live.take(seat, observation);
    assert.equal(live.value('forks'), 1);
    assert.equal(live.worstInvariant().state, 'violated');
    assert.equal(live.worstInvariant().invariant, 'I1');
  });
});

describe('a stuck request', () => {
  const reasons = (run: RecordedRun): string[] => judged(run.record(), []).stuck.map(({ reason }) => reason);

  it('of a requester that asked twice is double, once the other one is decided', () => {
    const run = new RecordedRun();
    run.cores.order('1', 'a', 'Nespresso', 'force');
    run.cores.order('1', 'b', 'Tea', 'force');
    run.cores.settle();
    assert.deepEqual(reasons(run), ['double']);
  });

  it('that votes differ on is split', () => {
    const run = new RecordedRun({
      onCopy: (_, message, to) =>
        message.kind === 'sensor' && ['2', '3', '4'].includes(to) && (message as { value?: number }).value === 29
          ? null
          : message,
    });
    run.buy('1', 'a');
    run.wait(PATIENCE_MS);
    assert.deepEqual(reasons(run), ['split']);
  });

  it('that nobody is paid for is unfunded', () => {
    const run = new RecordedRun({ units: 5 });
    run.cores.order('1', 'a', 'Nespresso', 'force');
    run.wait(PATIENCE_MS);
    assert.deepEqual(reasons(run), ['unfunded']);
  });

  it('whose votes one node did not hear is lost there, and the next one is stale there', () => {
    let deaf = true;
    const run = new RecordedRun({
      onCopy: (_, message, to) => (deaf && message.kind === 'vote' && to === '8' ? null : message),
    });
    run.buy('1', 'a');
    deaf = false;
    run.buy('1', 'b');
    run.wait(PATIENCE_MS);
    const { stuck } = judged(run.record(), []);
    assert.deepEqual(
      stuck.map(({ reason, undecidedAt }) => [reason, undecidedAt]),
      [
        ['lost', ['8']],
        ['stale', ['8']],
      ],
    );
  });

  it('that too few are left to vote for is lost', () => {
    const run = new RecordedRun({
      seats: Object.fromEntries(['6', '7', '8'].map((seat) => [seat, { role: 'silent' }])),
      onCopy: (from, message) => (message.kind === 'vote' && ['6', '7', '8'].includes(from) ? null : message),
    });
    run.buy('1', 'a');
    run.wait(PATIENCE_MS);
    const { stuck } = judged(run.record(), []);
    assert.deepEqual(
      stuck.map(({ reason }) => reason),
      ['lost'],
    );
  });

  it('is unexplained only where a node broke the rules: it could vote, and did not', () => {
    const run = new RecordedRun({ onCopy: (_, message) => (message.kind === 'vote' ? null : message) });
    run.buy('1', 'a');
    run.wait(PATIENCE_MS);
    const history = new Map(
      run.plan.seats.map(({ seat }) => [
        seat,
        run.lines
          .filter((line) => line.seat === seat && !line.observation.event.startsWith('vote.'))
          .map(({ observation }) => observation),
      ]),
    );
    const [request] = stuckRequests(trackRequests(history), {
      members: run.plan.seats.map(({ seat }) => seat),
      quorum: 5,
      dcoinRate: 5,
      wallets: new Map([...run.record().finals].map(([seat, { wallets }]) => [seat, wallets])),
    });
    assert.equal(request!.reason, 'unexplained');
  });
});
