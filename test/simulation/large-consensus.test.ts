/** Time to consensus by size of network. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { drawnNonce } from '../../node/simulation/drawn-nonce.ts';
import {
  type ConsensusTimes,
  type LargeConsensusOptions,
  largeConsensus,
} from '../../node/simulation/large-consensus.ts';
import { NETWORKS } from '../../node/simulation/network.ts';
import { PACES } from '../../node/simulation/pace.ts';

const PI: LargeConsensusOptions = {
  n: 48,
  profile: 'paper',
  requests: 3,
  latency: NETWORKS['wifi-144'].latency,
  pace: PACES.hashing,
  seed: 'pi',
  hash: nativeSha256Hex,
  seekNonce: searchNonceNatively,
};

function times(options: LargeConsensusOptions): readonly ConsensusTimes[] {
  const result = largeConsensus(options);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.times;
}

describe('time to consensus', () => {
  it('is a request and its votes: quorum, requester, everybody, in this order', () => {
    for (const { quorumMs, decidedAtRequesterMs, decidedEverywhereMs, messages, bytes } of times({
      ...PI,
      requesters: 1,
    })) {
      assert.ok(quorumMs! > 1.41 && decidedAtRequesterMs! > quorumMs! && decidedEverywhereMs! >= decidedAtRequesterMs!);
      assert.ok(decidedEverywhereMs! < 60);
      assert.ok(messages > 32 && messages <= 48);
      assert.equal(bytes, 108 + (messages - 1) * 144);
    }
  });

  it('is the same twice and another with another seed', () => {
    assert.deepEqual(times(PI), times(PI));
    assert.notDeepEqual(times(PI), times({ ...PI, seed: 'other' }));
  });

  it('is the same with portable hashing', () => {
    const { hash: _, seekNonce: __, ...portable } = PI;
    assert.deepEqual(times(portable), times(PI));
  });

  it('grows with difficulty, also where nonces are drawn', () => {
    const at = (difficulty: number) => times({ ...PI, requests: 1, parameters: { difficulty } })[0]!.quorumMs!;
    const [one, two, three] = [at(1), at(2), at(3)];
    assert.ok(two > 4 * one && three > 8 * two, `${one}, ${two}, ${three} ms`);
  });

  it('is unknown for a profile of another kind, and says why', () => {
    const result = largeConsensus({ ...PI, profile: 'ref-dds' });
    assert.ok(!result.ok && result.problems.some(({ path }) => path === 'parameters.schedule'));
  });
});

describe('a drawn nonce', () => {
  it('is as long as a search on average, keyed by what it is for', () => {
    for (const [difficulty, mean] of [
      [1, 15],
      [2, 255],
      [3, 4095],
    ] as const) {
      let sum = 0;
      for (let i = 0; i < 4000; i++) sum += drawnNonce(`prefix ${i}`, difficulty, nativeSha256Hex);
      assert.ok(Math.abs(sum / 4000 / mean - 1) < 0.06, `difficulty ${difficulty}: ${sum / 4000}`);
    }
    assert.equal(drawnNonce('x', 0, nativeSha256Hex), 0);
    assert.equal(drawnNonce('x', 3, nativeSha256Hex), drawnNonce('x', 3, nativeSha256Hex));
  });
});
