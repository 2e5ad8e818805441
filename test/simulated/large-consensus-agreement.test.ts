/** The large network charges a node's time as the simulated runtime does: equal presets, equal times to consensus. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { largeConsensus } from '../../node/simulation/large-consensus.ts';
import { NETWORKS } from '../../node/simulation/network.ts';
import { PACES, serialWork } from '../../node/simulation/pace.ts';
import { simulateRun } from '../../orchestrator/simulated/simulation.ts';
import { planOf } from '../support/scenario-text.ts';

const REQUESTS = 20;

/** Medians, milliseconds from the order until a node begins with the vote that makes it decide, as a record has it. */
interface Times {
  readonly requesterMs: number;
  readonly everywhereMs: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function inRuntime(nodes: number): Times {
  const orders = Array.from({ length: REQUESTS }, (_, i) => `${2 * i + 2}s`);
  const text = `
name: one-buyer
nodes: ${nodes}
requires: [virtual-time]
simulation: { network: wifi-144, broker: independent, pace: pi3bplus }
workload:
  duration: ${2 * REQUESTS + 10}s
  sensors: none
  funds: ${10 * REQUESTS}
  purchases:
    - { at: [${orders.join(', ')}], buyers: 1, service: espresso }
`;
  const asked: number[] = [];
  const decided = new Map<string, { ms: number[]; requesterMs: number }>();
  let requester = '';
  simulateRun(planOf(text, { seed: 'agreement' }), {
    onObservation: (_seat, { event, node, t, reqId }) => {
      if (event === 'req.tx') {
        requester = node;
        asked.push(t);
        decided.set(String(reqId), { ms: [], requesterMs: Number.NaN });
      }
      const request = event === 'decide' ? decided.get(String(reqId)) : undefined;
      if (request === undefined) return;
      const tookMs = t - asked.at(-1)!;
      request.ms.push(tookMs);
      if (node === requester) request.requesterMs = tookMs;
    },
  });
  const each = [...decided.values()];
  assert.equal(each.length, REQUESTS);
  for (const { ms } of each) assert.equal(ms.length, nodes);
  return {
    requesterMs: median(each.map(({ requesterMs }) => requesterMs)),
    everywhereMs: median(each.map(({ ms }) => Math.max(...ms))),
  };
}

function inLargeNetwork(n: number): Times {
  const result = largeConsensus({
    n,
    profile: 'paper',
    requests: REQUESTS,
    requesters: 1,
    latency: NETWORKS['wifi-144'].latency,
    hashUs: PACES.pi3bplus.hashMs * 1000,
    serial: serialWork(PACES.pi3bplus),
    seed: 'agreement',
    hash: nativeSha256Hex,
    seekNonce: searchNonceNatively,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const voteMs = PACES.pi3bplus.deliveryMs + PACES.pi3bplus.commitMs;
  return {
    requesterMs: median(result.times.map(({ decidedAtRequesterMs }) => decidedAtRequesterMs!)) - voteMs,
    everywhereMs: median(result.times.map(({ decidedEverywhereMs }) => decidedEverywhereMs!)) - voteMs,
  };
}

describe('time to consensus in the large network and in the simulated runtime', () => {
  for (const n of [8, 48]) {
    it(`is the same for ${n} boards, but for draws of their own`, (test) => {
      const [runtime, large] = [inRuntime(n), inLargeNetwork(n)];
      const says = JSON.stringify({ runtime, large });
      test.diagnostic(says);
      assert.ok(Math.abs(large.requesterMs / runtime.requesterMs - 1) < 0.1, says);
      assert.ok(Math.abs(large.everywhereMs / runtime.everywhereMs - 1) < 0.1, says);
    });
  }
});
