import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestTrack } from '../../../orchestrator/history/request-track.ts';
import { throughputId, throughputPart } from '../../../orchestrator/paper/parts/throughput.ts';
import { measureThroughput, stretches, type ThroughputData } from '../../../orchestrator/paper/throughput-run.ts';
import {
  cellsOf,
  FULL_OPTIONS,
  measureContext,
  measuredRecord,
  presented,
  QUICK_OPTIONS,
  unmeasuredRecord,
} from '../../support/paper-section.ts';

function decidedAt(sentBy: string, at: number | null): RequestTrack {
  return {
    requestId: `${sentBy}-${at}`,
    requester: sentBy,
    previousState: '0',
    service: 'Tea',
    priceDcoins: 2,
    sentBy,
    sentAtMs: 0,
    receivedBy: new Set(),
    cast: [],
    counted: new Map(),
    evictedAt: new Set(),
    decidedAtMs: new Map(at === null ? [] : [[sentBy, at]]),
    lastAtMs: 0,
    newState: null,
  };
}

const every = (sentBy: string, stepMs: number, count: number): readonly RequestTrack[] =>
  Array.from({ length: count }, (_, index) => decidedAt(sentBy, (index + 1) * stepMs));

function throughput(nodes: number, load: 'one' | 'all', perSecond: number, stuck = 0): ThroughputData {
  const cost = {
    decisions: 100,
    elapsedMs: 1000,
    nodesCpuMs: 900,
    brokerCpuMs: 100,
    hashesTried: 12_800,
    hashesChecked: 6400,
    sent: { messages: 800, payloadBytes: 110_000 },
    delivered: { messages: 6400, payloadBytes: 880_000 },
  };
  return {
    nodes,
    load,
    runtime: 'processes',
    durability: 'process',
    ordered: 133,
    stuck,
    perSecond,
    interval: { low: perSecond - 5, high: perSecond + 5 },
    perSecondByStretch: [perSecond],
    everywhereMs: { count: 100, min: 4, p50: 8, p95: 12, p99: 14, max: 20, mean: 9 },
    cost,
  };
}

describe('throughput, measured', () => {
  it('of two real nodes that both buy: everything is decided, each hash and message is counted', async () => {
    const wanted = { nodes: 2, load: 'all', orders: 60 } as const;
    const data = await measureThroughput(wanted, measureContext());
    assert.equal(data.ordered, 80);
    assert.equal(data.stuck, 0);
    assert.ok(data.perSecond! > 1);
    assert.ok(data.interval!.low <= data.perSecond! && data.perSecond! <= data.interval!.high);
    const { cost } = data;
    assert.equal(cost.decisions, 60);
    // A request and the other node's vote, each published once and heard by both.
    assert.equal(cost.sent.messages, 120);
    assert.equal(cost.delivered.messages, 240);
    assert.equal(cost.hashesChecked, 240);
    assert.ok(cost.hashesTried > 120 * 8 && cost.hashesTried < 120 * 32, String(cost.hashesTried));
    assert.ok(cost.nodesCpuMs > 0);
  });

  it('rates are taken after the last order was taken and until the first buyer has nothing left to buy', () => {
    const steady = every('1', 10, 101);
    assert.deepEqual(stretches(steady, 0, 1).map(Math.round), Array(10).fill(100));
    assert.equal(stretches(steady, 500, 1).length, 10);
    // The second goes on alone, and what it decides then does not count.
    const two = stretches([...every('1', 10, 50), ...every('2', 10, 500)], 0, 2);
    const mean = two.reduce((sum, rate) => sum + rate, 0) / two.length;
    assert.ok(mean > 180 && mean < 220, String(two));
    assert.deepEqual(stretches([decidedAt('1', 5), decidedAt('1', null)], 0, 1), []);
  });

  it('ends when it is interrupted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(measureThroughput({ nodes: 2, load: 'one', orders: 10 }, measureContext({ signal })));
  });
});

describe('throughput, presented', () => {
  it('sets the rates beside those of the authors’ node', () => {
    const records = new Map(
      ([2, 8, 16] as const).flatMap((nodes) => [
        measuredRecord(throughputId({ nodes, load: 'one' }), throughput(nodes, 'one', 1000 / nodes)),
        measuredRecord(
          throughputId({ nodes, load: 'all' }),
          throughput(nodes, 'all', 2000 / nodes, nodes === 16 ? 3 : 0),
        ),
      ]),
    );
    const section = presented(throughputPart, records);
    assert.match(section.finding, /125 with 8 nodes and one requester, 250 with 8 nodes and everybody at once/);
    assert.match(section.finding, /3 of 798 requests got stuck\.$/);
    const given = cellsOf(section).filter(({ kind }) => kind === 'given');
    assert.deepEqual(
      given.flatMap((cell) => (cell.kind === 'given' && cell.unit === '1/s' ? [cell.text] : [])),
      ['22', '89 to 115'],
    );
    assert.deepEqual(
      section.plots[0]!.series.map(({ name, points }) => [name, points.map(({ x }) => x)]),
      [
        ['one requester', [2, 8, 16]],
        ['everybody at once', [2, 8, 16]],
      ],
    );
  });

  it('says why a case is missing', () => {
    const id = throughputId({ nodes: 8, load: 'all' });
    const section = presented(throughputPart, new Map([unmeasuredRecord(id, 'no engine')]), QUICK_OPTIONS);
    const reasons = cellsOf(section).flatMap((cell) => (cell.kind === 'missing' ? [cell.reason] : []));
    assert.equal(reasons.filter((reason) => reason === 'no engine').length, 5);
    assert.equal(reasons.filter((reason) => reason === 'not measured yet').length, 5);
    assert.equal(section.finding, 'Not measured.');
  });

  it('measures each case apart, only eight nodes when quick', () => {
    const ids = throughputPart.measurements(FULL_OPTIONS).map(({ id }) => id);
    assert.equal(ids.length, 6);
    assert.deepEqual(
      throughputPart.measurements(QUICK_OPTIONS).map(({ id }) => id),
      ['throughput-one-8', 'throughput-all-8'],
    );
  });
});
