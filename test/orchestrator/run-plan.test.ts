import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { Failure } from '../../orchestrator/failure.ts';
import type { History, Observation } from '../../orchestrator/history/observation.ts';
import { continuedPlan, newPlan, runningDifferences } from '../../orchestrator/lab/kept-lab.ts';
import { planRun, type RunOptions, type RunPlan } from '../../orchestrator/run/run-plan.ts';
import { judgeRun } from '../../orchestrator/run/run-result.ts';

const OPTIONS: RunOptions = { lab: 'x', requested: { nodes: 4 }, seconds: 10, purchases: 8, seed: '3' };

test('a run plan follows from its options and seed alone', () => {
  assert.deepEqual(planRun(OPTIONS), planRun(OPTIONS));
  assert.notDeepEqual(planRun(OPTIONS).purchases, planRun({ ...OPTIONS, seed: '4' }).purchases);
});

test('everybody buys once before anybody buys twice, within the time of the load', () => {
  const { purchases, loadMs } = planRun(OPTIONS);
  assert.equal(purchases.length, 8);
  for (const half of [purchases.slice(0, 4), purchases.slice(4)]) {
    assert.deepEqual(half.map(({ node }) => node).sort(), ['1', '2', '3', '4']);
  }
  assert.ok(purchases.every(({ atMs }, index) => atMs >= (purchases[index - 1]?.atMs ?? 0) && atMs <= loadMs * 0.9));
});

const STATE = 's0';

function report(node: string, units: number, state: string): NodeReport {
  return {
    reportId: 'r',
    node,
    boot: 'b',
    wallets: [{ id: '1', units, stateHash: state, decidedRequestId: null }],
    storedRequests: 0,
    storedVotes: 0,
    locks: [],
    pendingOrders: [],
    n: 2,
    quorum: 1,
    dcoinRate: 5,
    rejections: {},
    services: [],
    decisions: 1,
    sensorTransactions: 9,
    rssBytes: 0,
    databaseBytes: 0,
    cpuMs: 0,
    fabricConnected: true,
    conditions: NORMAL_CONDITIONS,
  };
}

function plan(): RunPlan {
  return planRun({ ...OPTIONS, requested: { nodes: 2 } });
}

function line(node: string, seq: number, t: number, event: string, fields: object): Observation {
  return { seq, t, at: t, node, event, ...fields };
}

const REQUEST = { reqId: 'A', R: '1', prevState: STATE, service: 'Tea', price: 1 };
const DECIDE = { ...REQUEST, newState: 's1', remU: 5 };
const BOUGHT: History = new Map([
  [
    '1',
    [
      line('1', 1, 10, 'req.tx', REQUEST),
      line('1', 2, 14, 'decide', DECIDE),
      line('1', 3, 15, 'svc.end', { phase: 'ended' }),
    ],
  ],
  ['2', [line('2', 1, 12, 'vote.tx', { ...REQUEST, voter: '2', remU: 5 }), line('2', 2, 17, 'decide', DECIDE)]],
]);

const judge = (
  history: History,
  reports: readonly NodeReport[],
  died: readonly { node: string; reason: string }[] = [],
) => judgeRun({ plan: plan(), orders: [], history, reports: new Map(reports.map((r) => [r.node, r])), died });

test('a run passes when all hold the same and something was decided everywhere', () => {
  const result = judge(BOUGHT, [report('1', 5, 's1'), report('2', 5, 's1')]);
  assert.equal(result.verdict, 'pass');
  assert.deepEqual(result.reasons, []);
  assert.equal(result.latencyMs.requester?.p50, 4);
  assert.equal(result.latencyMs.all?.p50, 7);
  assert.equal(result.servicesEnded, 1);
});

test('a run in which nothing was decided is inconclusive, not passed', () => {
  const result = judge(
    new Map([
      ['1', []],
      ['2', []],
    ]),
    [report('1', 5, STATE), report('2', 5, STATE)],
  );
  assert.equal(result.verdict, 'inconclusive');
});

test('a run fails on wallets that differ, a node without a report, a death, and a stuck request', () => {
  const differing = judge(BOUGHT, [report('1', 5, 's1'), report('2', 6, 's1')]);
  assert.deepEqual([differing.verdict, differing.reasons], ['failed', ['nodes hold different wallets: 1']]);
  const silent = judge(BOUGHT, [report('1', 5, 's1')]);
  assert.deepEqual([silent.verdict, silent.reasons], ['failed', ['nodes 2 gave no final report']]);
  const died = judge(BOUGHT, [report('1', 5, 's1'), report('2', 5, 's1')], [{ node: '2', reason: 'x' }]);
  assert.deepEqual([died.verdict, died.reasons], ['failed', ['node 2 died: x']]);
  const stuck = judge(
    new Map([
      ['1', BOUGHT.get('1')!.slice(0, 1)],
      ['2', []],
    ]),
    [report('1', 9, STATE), report('2', 9, STATE)],
  );
  assert.equal(stuck.verdict, 'failed');
  assert.deepEqual(
    stuck.stuck.map(({ reason }) => reason),
    ['lost'],
  );
});

test('a kept lab goes on with what it had; what nodes share cannot change under its wallets', () => {
  const kept = newPlan('lab', {
    nodes: 4,
    parameters: { difficulty: 2 },
    services: [{ name: 'x', priceDcoins: 1, program: { kind: 'command', file: 'true' } }],
  });
  assert.deepEqual(continuedPlan(kept, {}), kept);
  const other = continuedPlan(kept, { sensors: [], durability: 'power', parameters: { difficulty: 2 } });
  assert.equal(other.configurationHash, kept.configurationHash);
  assert.deepEqual([other.sensors, other.durability], [[], 'power']);
  assert.throws(
    () => continuedPlan(kept, { nodes: 8 }),
    (error) => error instanceof Failure && /nodes: 4, asked for 8/.test(error.message),
  );
  assert.throws(() => continuedPlan(kept, { parameters: { dcoinRate: 7 } }), /dcoinRate: 5, asked for 7/);
});

test('a running lab tells every difference to what is asked for, and only to that', () => {
  const running = newPlan('lab', { nodes: 4, durability: 'power' });
  assert.deepEqual(runningDifferences(running, {}), []);
  assert.deepEqual(runningDifferences(running, { nodes: 4 }), []);
  assert.deepEqual(runningDifferences(running, { nodes: 5, durability: 'process', qos: 0 }), [
    'nodes: 4, asked for 5',
    'durability: "power", asked for "process"',
    'qos: 1, asked for 0',
  ]);
});
