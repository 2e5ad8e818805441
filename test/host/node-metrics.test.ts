/** What a node counts, and the text it is told in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram, type MetricTable, metricsText } from '../../node/host/metrics-text.ts';
import { NodeTally } from '../../node/host/node-tally.ts';
import type { MessageHead } from '../../node/protocol/message.ts';
import { rejection } from '../../node/protocol/rejection.ts';
import type { Decision } from '../../node/protocol/step.ts';

const request = (id: string, requester: string): MessageHead =>
  ({ kind: 'request', id, requester, slot: 'a' }) as MessageHead;

const settled = (requestId: string, requester: string) =>
  ({ kind: 'settled', decision: { requestId, requester } as Decision }) as const;

test('text is as Prometheus reads it: labels escaped, buckets cumulative', () => {
  const table = {
    a: { type: 'gauge', help: 'A \\ and\na line.', labels: ['name'] },
    b: { type: 'counter', help: 'B.', labels: [] },
    c: { type: 'histogram', help: 'C.', labels: ['scope'] },
    d: { type: 'counter', help: 'D.', labels: ['none'] },
  } as const satisfies MetricTable;
  const latency = new LatencyHistogram();
  for (const seconds of [0.001, 0.0011, 59, 61]) latency.observe(seconds);
  const lines = metricsText(table, { a: [[['"\\\n'], 1.5]], b: 0, c: [[['all'], latency]], d: [] }).split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(lines.slice(0, 5), [
    '# HELP a A \\\\ and\\na line.',
    '# TYPE a gauge',
    'a{name="\\"\\\\\\n"} 1.5',
    '# HELP b B.',
    '# TYPE b counter',
  ]);
  assert.equal(lines[5], 'b 0');
  const buckets = lines.filter((line) => line.startsWith('c_bucket'));
  assert.equal(buckets[0], 'c_bucket{scope="all",le="0.001"} 1');
  assert.equal(buckets[1], 'c_bucket{scope="all",le="0.0025"} 2');
  assert.deepEqual(buckets.slice(-2), ['c_bucket{scope="all",le="60"} 3', 'c_bucket{scope="all",le="+Inf"} 4']);
  assert.deepEqual(lines.slice(-4), [
    `c_sum{scope="all"} ${0.001 + 0.0011 + 59 + 61}`,
    'c_count{scope="all"} 4',
    '# HELP d D.',
    '# TYPE d counter',
  ]);
});

test('own requests are timed from their first publication to the decision, those of others are not', () => {
  let nowMs = 1000;
  const tally = new NodeTally('1', () => nowMs);
  tally.countSent(request('x', '1'), 100);
  nowMs = 1500;
  tally.countSent(request('x', '1'), 100);
  tally.countSent(request('y', '2'), 100);
  assert.deepEqual([tally.requestsSubmitted, tally.openRequests, tally.oldestOpenSeconds], [1, 1, 0.5]);
  assert.deepEqual(tally.sent.request, { messages: 3, payloadBytes: 300 });
  nowMs = 3000;
  for (const effect of [settled('y', '2'), settled('x', '1'), settled('z', '1')]) tally.countEffect(effect);
  assert.deepEqual([tally.decisions, tally.requestsDecided, tally.openRequests, tally.oldestOpenSeconds], [3, 2, 0, 0]);
  assert.equal(tally.latency.sumSeconds, 2, 'a request of an earlier life is not timed');
});

test('a node that floods itself with requests times the last 256', () => {
  const tally = new NodeTally('1', () => 0);
  for (let i = 0; i < 1000; i++) tally.countSent(request(String(i), '1'), 1);
  assert.deepEqual([tally.requestsSubmitted, tally.openRequests], [1000, 256]);
});

test('votes are told apart by what became of them, and no stranger names a class', () => {
  const tally = new NodeTally('1', () => 0);
  const refused = (code: Parameters<typeof rejection>[0], kind: string) =>
    tally.countEffect({ kind: 'rejected', rejection: rejection(code, kind, null, 'x', 'y', 'z') });
  tally.countEffect({ kind: 'accepted', sender: '2', message: { kind: 'vote' } });
  tally.countEffect({ kind: 'accepted', sender: '2', message: request('x', '2') });
  for (const code of ['duplicate', 'late', 'late', 'conflicting', 'evicted', 'work-insufficient'] as const)
    refused(code, 'vote');
  refused('duplicate', 'request');
  refused('malformed', 'unknown');
  refused('bad-field', 'constructor');
  tally.countReceived('__proto__', 7);
  assert.deepEqual(tally.votes, { counted: 1, duplicate: 1, late: 2, conflicting: 1, evicted: 1, invalid: 1 });
  assert.deepEqual([tally.refused.other.malformed, tally.refused.other['bad-field']], [1, 1]);
  assert.deepEqual(tally.received.other, { messages: 1, payloadBytes: 7 });
  const { rejections } = tally.counters;
  assert.deepEqual([rejections.duplicate, rejections.late, rejections['self-vote']], [2, 2, undefined]);
});
