/**
 * The known figures of how often the paper's rules lock a wallet, from a simulation of others, against this one. The
 * model is theirs but for three things: a locked wallet is not revived, so rates are taken where that matters least
 * (of the first request of each wallet, where votes are counted at once; of the requests made while half of the wallets
 * live, where they are counted every 2 s and balances take longer to drift apart); the work takes 0.74 ms x Exp(1) and
 * not x (0.2 + Exp(0.8)); and a node's request stays in order with its sensor data.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { livenessFigures, outOfPhase } from '../support/liveness-figures.ts';

const FACTOR = 1.5;
const MINUTE_MS = 60_000;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Says both in any case. */
function within(test: TestContext, what: string, known: number, found: number): void {
  const says = `${what}: known ${percent(known)}, found ${percent(found)}`;
  test.diagnostic(says);
  assert.ok(found >= known / FACTOR && found <= known * FACTOR, says);
}

function assertRising(rates: readonly number[]): void {
  assert.deepEqual(
    [...rates].sort((a, b) => a - b),
    rates,
    'the more nodes, the more locks',
  );
}

describe('wallets that lock by themselves', () => {
  it('are as many as known where votes are counted at once', (test) => {
    const small = livenessFigures({ scenario: 'liveness', nodes: 4, seeds: 5 });
    assert.equal(small.locked, 0, 'four nodes: all three voters are rewarded, and none locks');
    assert.ok(small.requests > 200);
    const eight = livenessFigures({ scenario: 'liveness', seeds: 60, loadMs: 3 * MINUTE_MS });
    const sixteen = livenessFigures({ scenario: 'liveness', nodes: 16, seeds: 8, loadMs: 4 * MINUTE_MS });
    const many = livenessFigures({ scenario: 'liveness', nodes: 48, seeds: 3, loadMs: 3 * MINUTE_MS });
    within(test, 'locks per request, 8 nodes', 0.146, eight.perFirstRequest);
    within(test, 'locks per request, 16 nodes', 0.283, sixteen.perFirstRequest);
    within(test, 'locks per request, 48 nodes', 0.439, many.perFirstRequest);
    assertRising([0, eight.perFirstRequest, sixteen.perFirstRequest, many.perFirstRequest]);
    const long = livenessFigures({ scenario: 'liveness', seeds: 12 });
    within(test, 'wallets locked after 10 min, 8 nodes', 0.73, long.lockedShare);
  });

  it('are as many as known where votes are counted every 2 s', (test) => {
    const polling = { scenario: 'liveness', parameters: { schedule: 'period' }, change: outOfPhase };
    const four = livenessFigures({ ...polling, nodes: 4, seeds: 16 });
    const eight = livenessFigures({ ...polling, seeds: 16 });
    const sixteen = livenessFigures({ ...polling, nodes: 16, seeds: 5, loadMs: 7 * MINUTE_MS });
    const many = livenessFigures({ ...polling, nodes: 48, seeds: 1, loadMs: 5 * MINUTE_MS });
    within(test, 'locks per request, 4 nodes', 0.069, four.perEarlyRequest);
    within(test, 'locks per request, 8 nodes', 0.058, eight.perEarlyRequest);
    within(test, 'locks per request, 16 nodes', 0.136, sixteen.perEarlyRequest);
    within(test, 'locks per request, 48 nodes', 0.255, many.perEarlyRequest);
    // Four nodes need all their voters: they lock more than eight.
    assert.ok(four.perEarlyRequest > eight.perEarlyRequest);
    assertRising([eight.perEarlyRequest, sixteen.perEarlyRequest, many.perEarlyRequest]);
    within(test, 'wallets locked after 10 min, 8 nodes', 0.5, eight.lockedShare);
  });

  it('are none where all hear all messages in one order, their own included', () => {
    for (const { nodes, seeds, loadMs } of [
      { nodes: 8, seeds: 5, loadMs: 11 * MINUTE_MS },
      { nodes: 48, seeds: 1, loadMs: 3 * MINUTE_MS },
    ]) {
      const { locked, requests } = livenessFigures({ scenario: 'liveness-total-order', nodes, seeds, loadMs });
      assert.equal(locked, 0, `${nodes} nodes`);
      assert.ok(requests > 150, `${requests} requests`);
    }
  });
});

describe('a wallet from which two things are asked at once', () => {
  it('locks as often as a fair split says', (test) => {
    const rates = [
      { nodes: 4, known: 0.75 },
      { nodes: 8, known: 0.547 },
      { nodes: 16, known: 0.88 },
      { nodes: 48, known: 0.98 },
    ].map(({ nodes, known }) => {
      const { locked, requests, wallets } = livenessFigures({
        scenario: 'liveness-double-request',
        nodes,
        seeds: nodes === 48 ? 25 : 120,
      });
      assert.equal(requests, (2 * wallets) / nodes);
      // Of two requests at most one is decided: the wallet is locked where neither is.
      const rate = (2 * locked) / requests - 1;
      within(test, `double request among ${nodes} nodes`, known, rate);
      return rate;
    });
    const [four, eight, sixteen, many] = rates as [number, number, number, number];
    assertRising([eight, four, sixteen, many]);
  });
});

describe('a wallet that asks during a partition of five and three', () => {
  it('locks, each of them', () => {
    const { locked, wallets, requests } = livenessFigures({ scenario: 'liveness-partition', seeds: 5 });
    assert.equal(locked, wallets, 'all of them ask within five minutes');
    assert.ok(requests > 2 * locked, 'and before it they were served');
  });
});
