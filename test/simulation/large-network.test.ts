/** A network without cores says what a network of real cores says, decision by decision, on the same latencies. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INLINE_DIFFICULTY_MAX as SEALED_INLINE_MAX } from '../../node/host/sealer.ts';
import { namedProfile, type ProfileName } from '../../node/protocol/profiles.ts';
import { largeNetworkProblems } from '../../node/simulation/large-network.ts';
import { NETWORKS } from '../../node/simulation/network.ts';
import { PACES } from '../../node/simulation/pace.ts';
import { INLINE_DIFFICULTY_MAX } from '../../node/simulation/purchase-plan.ts';
import { type Agreement, assertEqualNetworks, type DrawnPurchases, drawnPlan } from '../support/both-networks.ts';

const WIFI = NETWORKS['wifi-144'].latency;
/** Nodes fall decisions behind and hear of later ones first. */
const WILD = { fixedMs: 0.5, jitterMs: 6, msMax: null };
/** Everything ties. */
const CONSTANT = { fixedMs: 1, jitterMs: 0, msMax: null };

const EIGHT = { n: 8, purchases: 20, buyers: 5, spreadMs: 60, fundUnits: 60, latency: WIFI };

function parametersOf(profile: ProfileName) {
  const named = namedProfile({ profile, parameters: {}, members: ['a', 'b'], catalogue: null });
  if (!named.ok) throw new Error(JSON.stringify(named.problems));
  return named.profile.parameters;
}

function sum(seeds: number, options: Omit<DrawnPurchases, 'seed'>): Agreement {
  const runs = Array.from({ length: seeds }, (_, seed) =>
    assertEqualNetworks(drawnPlan({ ...options, seed: `${seed}` })),
  );
  const total = (pick: (run: Agreement) => number) => runs.reduce((count, run) => count + pick(run), 0);
  return {
    decisions: total((run) => run.decisions),
    undecided: total((run) => run.undecided),
    split: total((run) => run.split),
    chained: total((run) => run.chained),
    unsent: total((run) => run.unsent),
    queued: total((run) => run.queued),
  };
}

describe('a network without cores equals one of cores', () => {
  it('with 8 nodes on WiFi, purchases queued, split, stuck, and votes taken back', () => {
    const found = sum(100, EIGHT);
    assert.ok(found.decisions > 2000 && found.undecided > 50 && found.split > 50, JSON.stringify(found));
    assert.ok(found.unsent > 50 && found.queued > 50, JSON.stringify(found));
  });

  it('with 8 nodes and latencies so uneven that votes for a State to come wait for it', () => {
    const found = sum(200, { ...EIGHT, latency: WILD });
    assert.ok(found.chained > 2 && found.split > 100, JSON.stringify(found));
  });

  it('where one fabric delivers to all at once: balances agree and nothing splits', () => {
    const found = sum(50, { ...EIGHT, paths: 'shared' });
    assert.ok(found.decisions > 2000 && found.queued > 50, JSON.stringify(found));
    assert.equal(found.split, 0);
  });

  it('where everything arrives at the same few moments', () => {
    assert.ok(sum(50, { ...EIGHT, latency: CONSTANT, hashMs: 0.25 }).decisions > 1000);
    assert.ok(sum(50, { ...EIGHT, latency: CONSTANT, hashMs: 0 }).decisions > 1000);
  });

  it('with other parameters of the same kind: rewards for a part of the voters, truncated balances', () => {
    const parameters = {
      rewarded: 'first-share',
      remaining: 'truncated',
      majorityThreshold: { numerator: 4, denominator: 5 },
    };
    assert.ok(sum(50, { ...EIGHT, parameters }).split > 10);
  });

  it('whether the cores are worked off by time or window by window', () => {
    const serial = { ...PACES.pi3bplus, commits: 'changes' } as const;
    for (const latency of [WIFI, WILD, CONSTANT]) {
      for (let seed = 0; seed < 30; seed++) {
        const plan = drawnPlan({ ...EIGHT, latency, seed: `order ${seed}`, ...(seed % 2 === 0 ? {} : { serial }) });
        assert.deepEqual(assertEqualNetworks(plan, 'by-node'), assertEqualNetworks(plan, 'by-time'));
      }
    }
  });

  for (const commits of ['changes', 'decisions'] as const) {
    const serial = { deliveryMs: 0.1, commitMs: 0.2, commits };

    it(`with 8 nodes that do one thing at a time, committing ${commits}`, () => {
      for (const latency of [WIFI, WILD, CONSTANT]) {
        const found = sum(40, { ...EIGHT, latency, serial });
        assert.ok(found.decisions > 1000 && found.undecided > 10 && found.queued > 20, JSON.stringify(found));
      }
    });

    it(`with 100 nodes that do one thing at a time, committing ${commits}`, () => {
      for (const [spreadMs, latency] of [
        [200, WIFI],
        [2, WIFI],
        [200, WILD],
      ] as const) {
        const found = sum(1, { n: 100, purchases: 12, buyers: 6, spreadMs, fundUnits: 80, latency, serial });
        assert.ok(found.decisions > 100, JSON.stringify(found));
      }
    });
  }

  it('with 48 nodes', () => {
    for (const latency of [WIFI, WILD]) {
      const found = sum(6, { n: 48, purchases: 20, buyers: 8, spreadMs: 80, fundUnits: 80, latency });
      assert.ok(found.decisions > 1000 && found.split > 10, JSON.stringify(found));
    }
  });

  it('with 200 nodes', () => {
    const found = sum(2, { n: 200, purchases: 10, buyers: 5, spreadMs: 40, fundUnits: 80, latency: WIFI });
    assert.ok(found.decisions > 1000, JSON.stringify(found));
  });

  it('that seek long nonces beside their other work', () => {
    const serial = { deliveryMs: 0.1, commitMs: 0.2, commits: 'changes' } as const;
    const long = { n: 5, purchases: 6, buyers: 3, spreadMs: 300, fundUnits: 60, parameters: { difficulty: 3 } };
    for (const latency of [WIFI, WILD]) {
      const found = sum(8, { ...long, latency, serial });
      assert.ok(found.decisions > 30 && found.queued > 3, JSON.stringify(found));
    }
  });

  // Four million deliveries: by node they take a third of the time.
  const ONE = { n: 2000, purchases: 1, buyers: 1, spreadMs: 1, fundUnits: 80, fundUnitsMin: 50, latency: WIFI };

  it('in one decision among 2,000', () => {
    assert.equal(assertEqualNetworks(drawnPlan({ ...ONE, seed: 'one' }), 'by-node').decisions, 2000);
  });

  it('in one decision among 2,000 that do one thing at a time, so slow or so fast', () => {
    for (const [n, pace, commits] of [
      [2000, 'pi3bplus', 'changes'],
      [500, 'desktop', 'decisions'],
    ] as const) {
      const plan = drawnPlan({ ...ONE, n, serial: { ...PACES[pace], commits }, seed: 'one' });
      assert.equal(assertEqualNetworks(plan, 'by-node').decisions, n);
    }
  });
});

describe('a node of a large network', () => {
  it('seeks the nonces inline that a real node seeks inline', () => {
    assert.equal(INLINE_DIFFICULTY_MAX, SEALED_INLINE_MAX);
  });
});

describe('profiles for a network without cores', () => {
  it('are event driven with one vote per State; others are refused by what they lack', () => {
    assert.deepEqual(largeNetworkProblems(parametersOf('paper')), []);
    assert.deepEqual(
      largeNetworkProblems(parametersOf('ref-c')).map(({ path }) => path),
      [
        'parameters.schedule',
        'parameters.networkSize',
        'parameters.votesPerState',
        'parameters.duplicateVotes',
        'parameters.outdate',
        'parameters.timeMinusOneBlocks',
      ],
    );
  });
});
