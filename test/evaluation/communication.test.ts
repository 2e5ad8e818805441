/** Messages and bytes of a decision: counted in small networks, and what is said of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../orchestrator/failure.ts';
import {
  measureLargeCommunication,
  measureSimulatedCommunication,
} from '../../orchestrator/paper/measure-communication.ts';
import { communicationPart } from '../../orchestrator/paper/parts/communication.ts';
import { recordsOf, rowsOf, shortly, tracedSection } from '../support/traced-section.ts';

const signal = new AbortController().signal;
const SIZES = [2, 4, 8, 16, 32, 48, 100, 1000, 10_000];
const REQUEST_BYTES = 108;
const VOTE_BYTES = 144;

interface PerDecision {
  readonly publishes: number;
  readonly deliveries: number;
  readonly payloadBytes: number;
  readonly deliveredBytes: number;
}

function byFormula(n: number): PerDecision {
  const payloadBytes = REQUEST_BYTES + (n - 1) * VOTE_BYTES;
  return { publishes: n, deliveries: n * n, payloadBytes, deliveredBytes: n * payloadBytes };
}

describe('a decision', () => {
  it('takes a request and a vote of everybody else, delivered to all, among simulated nodes', async () => {
    // Eight: with an order for each receiver one of these purchases is not decided.
    for (const n of [2, 5, 8]) {
      const data = await measureSimulatedCommunication({ n, decisions: 5, seed: 'paper', signal });
      assert.deepEqual(data.perDecision, byFormula(n));
    }
  });

  it('takes no more than that in a large network, each message with its bytes', async () => {
    const n = 60;
    const data = await measureLargeCommunication({ n, decisions: 4, seed: 'test', signal });
    const { publishes, deliveries, payloadBytes, deliveredBytes } = data.perDecision as PerDecision;
    // Whoever still searches for a nonce when the decision comes publishes no vote.
    assert.ok(publishes > 0.8 * n && publishes <= n, `${publishes} messages`);
    assert.equal(deliveries, n * publishes);
    assert.equal(payloadBytes, REQUEST_BYTES + (publishes - 1) * VOTE_BYTES);
    assert.equal(deliveredBytes, n * payloadBytes);
  });

  it('is not counted once that was interrupted', async () => {
    const options = { n: 5, decisions: 2, seed: 'test', signal: AbortSignal.abort() };
    for (const measured of [measureSimulatedCommunication, measureLargeCommunication]) {
      await assert.rejects(measured(options), (error) => error instanceof Failure && error.code === 'interrupted');
    }
  });
});

describe('communication of a decision', () => {
  const simulated = Object.fromEntries(
    SIZES.map((n) => [`communication-simulated-${n}`, { n, perDecision: byFormula(n) }]),
  );
  const live = { 'consensus-live-8': { messages: { publishes: 8, deliveries: 64, payloadBytes: 1116 } } };

  it('stands beside its formula, and beside live nodes where those were measured', () => {
    const section = tracedSection(communicationPart, recordsOf({ ...simulated, ...live }));
    const rows = rowsOf(section, 'communication-messages').map((row) => row.map(shortly));
    assert.deepEqual(rows[2], ['8', 8, 8, 8, 64, 64, 64]);
    assert.equal(rows[3]![3], 'not measured yet');
    assert.match(String(rows.at(-1)![3]), /not started on one machine/);
    const bytes = rowsOf(section, 'communication-bytes').map((row) => row.map(shortly));
    assert.deepEqual(bytes[2], ['8', 1116, 1116, 1116, 8928, 8928]);
    assert.match(section.finding, /holds exactly at every size/);
    assert.deepEqual(
      section.plots[0]!.series.filter(({ source }) => source === 'here').map(({ points }) => points),
      [[{ x: 8, y: 64 }], [{ x: 8, y: 8 }]],
    );
  });

  it('says where fewer messages are sent than the formula has', () => {
    const fewer = { n: 1000, perDecision: { ...byFormula(1000), publishes: 950 } };
    const section = tracedSection(
      communicationPart,
      recordsOf({ ...simulated, 'communication-simulated-1000': fewer }),
    );
    assert.match(section.finding, /exactly at 8 of the 9 sizes .* down to 95\s%/);
  });

  it('has the formula alone where nothing was measured', () => {
    const section = tracedSection(communicationPart, recordsOf({}));
    assert.deepEqual(rowsOf(section, 'communication-messages')[0]!.map(shortly).slice(0, 3), [
      '2',
      2,
      'not measured yet',
    ]);
    assert.match(section.finding, /not been counted/);
  });
});
