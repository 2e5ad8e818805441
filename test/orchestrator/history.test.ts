import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WalletView } from '../../node/host/control-protocol.ts';
import { distributionOf } from '../../orchestrator/history/distribution.ts';
import { latencyOf } from '../../orchestrator/history/latency.ts';
import { type History, type Observation, parseObservations } from '../../orchestrator/history/observation.ts';
import { decidedByWallets, trackRequests } from '../../orchestrator/history/request-track.ts';
import { stuckRequests } from '../../orchestrator/history/stuck-request.ts';
import { walletDifferences } from '../../orchestrator/history/wallet-agreement.ts';
import { secondVotes } from '../support/second-votes.ts';

const MEMBERS = ['1', '2', '3', '4'];
const QUORUM = 3;

/** Lines of a node as [t, event, fields]. */
type Line = readonly [t: number, event: string, fields?: Record<string, unknown>];

function history(nodes: Readonly<Record<string, readonly Line[]>>): History {
  return new Map(
    Object.entries(nodes).map(([node, lines]) => [
      node,
      lines.map(
        ([t, event, fields], index): Observation => ({ seq: index + 1, t, at: 1000 + t, node, event, ...fields }),
      ),
    ]),
  );
}

const REQUEST = { reqId: 'A', R: '1', prevState: 's0', service: 'tea', price: 1 };
const vote = (voter: string, remU = 5) => ({ reqId: 'A', R: '1', prevState: 's0', voter, remU });
const counted = (...voters: string[]): Line[] =>
  voters.map((voter) => [3, 'vote.rx', { ...vote(voter), counted: true }]);
const decide = { reqId: 'A', R: '1', prevState: 's0', newState: 's1' };

function wallets(view: Readonly<Record<string, readonly [units: number, state: string]>>): WalletView[] {
  return Object.entries(view).map(([id, [units, stateHash]]) => ({ id, units, stateHash, decidedRequestId: null }));
}

function sameEverywhere(view: Parameters<typeof wallets>[0]): Map<string, WalletView[]> {
  return new Map(MEMBERS.map((member) => [member, wallets(view)]));
}

function stuck(nodes: Parameters<typeof history>[0], views: ReadonlyMap<string, readonly WalletView[]>) {
  return stuckRequests(trackRequests(history(nodes)), {
    members: MEMBERS,
    quorum: QUORUM,
    dcoinRate: 5,
    wallets: views,
  });
}

test('latency runs from sending to the commit at the requester and at the last node', () => {
  const tracks = trackRequests(
    history({
      '1': [[10, 'req.tx', REQUEST], ...counted('2', '3', '4'), [14, 'decide', decide]],
      '2': [
        [11, 'req.rx', { ...REQUEST, ok: true }],
        [13, 'decide', decide],
      ],
      '3': [[19.5, 'decide', decide]],
      '4': [[15, 'decide', decide]],
    }),
  );
  assert.equal(tracks.length, 1);
  assert.deepEqual(latencyOf(tracks[0]!, MEMBERS), { requestId: 'A', requesterMs: 4, allMs: 9.5 });
});

test('a request that one node did not decide has no latency to all', () => {
  const tracks = trackRequests(
    history({
      '1': [
        [10, 'req.tx', REQUEST],
        [14, 'decide', decide],
      ],
      '2': [[13, 'decide', decide]],
      '3': [],
      '4': [],
    }),
  );
  assert.deepEqual(latencyOf(tracks[0]!, MEMBERS), { requestId: 'A', requesterMs: 4, allMs: null });
});

test('a request sent again after a restart is timed from its first sending', () => {
  const tracks = trackRequests(
    history({
      '1': [
        [10, 'req.tx', REQUEST],
        [40, 'req.tx', REQUEST],
        [44, 'decide', decide],
      ],
    }),
  );
  assert.equal(tracks[0]!.sentAtMs, 10);
});

test('percentiles are measured values, by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  const { count, min, p50, p95, p99, max, mean } = distributionOf(values)!;
  assert.deepEqual(
    { count, min, p50, p95, p99, max, mean },
    { count: 100, min: 1, p50: 50, p95: 95, p99: 99, max: 100, mean: 50.5 },
  );
  assert.equal(distributionOf([]), null);
});

test('a decision whose line was lost in a crash is known by the State that the node holds', () => {
  const nodes = {
    '1': [
      [10, 'req.tx', REQUEST],
      [14, 'decide', decide],
    ],
    '2': [[13, 'decide', decide]],
    '3': [[13, 'decide', decide]],
    '4': [],
  } as const;
  assert.deepEqual(stuck(nodes, sameEverywhere({ '1': [5, 's1'] })), []);
  const tracks = trackRequests(history(nodes));
  assert.deepEqual([...decidedByWallets(tracks, wallets({ '1': [5, 's1'] }))], ['A']);
  assert.deepEqual([...decidedByWallets(tracks, wallets({ '1': [5, 's0'] }))], []);
});

test('votes for different balances are a split', () => {
  const found = stuck(
    {
      '1': [[10, 'req.tx', REQUEST]],
      '2': [[11, 'vote.cast', vote('2', 5)]],
      '3': [[11, 'vote.cast', vote('3', 5)]],
      '4': [[11, 'vote.cast', vote('4', 6)]],
    },
    sameEverywhere({ '1': [10, 's0'] }),
  );
  assert.equal(found[0]?.reason, 'split');
  assert.equal(found[0]?.detail, '2 for 5 u, 1 for 6 u; 3 equal votes are needed');
  assert.deepEqual(found[0]?.undecidedAt, MEMBERS);
});

test('a second request on the same State is double, whatever the votes', () => {
  const found = stuck(
    {
      '1': [
        [10, 'req.tx', REQUEST],
        [11, 'req.tx', { ...REQUEST, reqId: 'B' }],
      ],
      '2': [[12, 'vote.cast', vote('2')]],
      '3': [],
      '4': [],
    },
    sameEverywhere({ '1': [10, 's0'] }),
  );
  assert.deepEqual(
    found.map(({ requestId, reason }) => [requestId, reason]),
    [
      ['A', 'double'],
      ['B', 'double'],
    ],
  );
});

test('a request that the voters see no money for is unfunded', () => {
  const found = stuck(
    { '1': [[10, 'req.tx', REQUEST]], '2': [], '3': [], '4': [] },
    sameEverywhere({ '1': [4, 's0'] }),
  );
  assert.equal(found[0]?.reason, 'unfunded');
});

test('nodes on another State make it stale', () => {
  const views = sameEverywhere({ '1': [10, 's0'] });
  views.set('3', wallets({ '1': [10, 'sX'] }));
  const found = stuck(
    {
      '1': [[10, 'req.tx', REQUEST]],
      '2': [[12, 'vote.cast', vote('2')]],
      '3': [],
      '4': [[12, 'vote.cast', vote('4')]],
    },
    views,
  );
  assert.equal(found[0]?.reason, 'stale');
  assert.equal(found[0]?.detail, 'nodes 3 hold another State of node 1');
});

test('a quorum that was cast and not heard is lost', () => {
  const found = stuck(
    {
      '1': [[10, 'req.tx', REQUEST], ...counted('2', '3')],
      '2': [[11, 'vote.cast', vote('2')], ...counted('2', '3', '4'), [13, 'decide', decide]],
      '3': [[11, 'vote.cast', vote('3')], ...counted('2', '3', '4'), [13, 'decide', decide]],
      '4': [[11, 'vote.cast', vote('4')], ...counted('2', '3', '4'), [13, 'decide', decide]],
    },
    new Map(MEMBERS.map((member) => [member, wallets({ '1': member === '1' ? [10, 's0'] : [5, 's1'] })])),
  );
  assert.deepEqual(
    found.map(({ reason, undecidedAt }) => ({ reason, undecidedAt })),
    [{ reason: 'lost', undecidedAt: ['1'] }],
  );
  assert.equal(found[0]?.detail, '3 equal votes were cast, nodes 1 counted fewer than 3');
});

test('a request that nobody received is lost', () => {
  const found = stuck(
    {
      '1': [
        [10, 'req.tx', REQUEST],
        [11, 'req.rx', { ...REQUEST, ok: true }],
      ],
      '2': [],
      '3': [],
      '4': [],
    },
    sameEverywhere({ '1': [10, 's0'] }),
  );
  assert.equal(found[0]?.detail, 'nodes 2, 3, 4 did not receive the request');
});

test('wallets that differ are listed with who holds what', () => {
  const views = sameEverywhere({ '10': [1, 's0'], '2': [7, 's1'] });
  assert.deepEqual(walletDifferences(views), []);
  views.set('3', wallets({ '10': [2, 's0'] }));
  assert.deepEqual(walletDifferences(views), [
    {
      wallet: '2',
      views: [
        { units: 7, stateHash: 's1', nodes: ['1', '2', '4'] },
        { units: null, stateHash: null, nodes: ['3'] },
      ],
    },
    {
      wallet: '10',
      views: [
        { units: 1, stateHash: 's0', nodes: ['1', '2', '4'] },
        { units: 2, stateHash: 's0', nodes: ['3'] },
      ],
    },
  ]);
});

test('a vote repeated after a restart is one vote, a different one on the same State is two', () => {
  const repeated = history({
    '2': [
      [1, 'vote.cast', vote('2')],
      [2, 'vote.tx', vote('2')],
      [9, 'vote.tx', vote('2')],
    ],
  });
  assert.deepEqual(secondVotes(repeated), { found: [], votesChecked: 3 });
  const second = history({
    '2': [
      [1, 'vote.tx', vote('2')],
      [9, 'vote.cast', vote('2', 6)],
    ],
  });
  assert.deepEqual(secondVotes(second).found, [
    { voter: '2', requester: '1', previousState: 's0', votes: ['A/5', 'A/6'] },
  ]);
});

test('a line torn by a crash is counted and left out', () => {
  const line = '{"seq":1,"t":1.5,"at":2,"node":"1","event":"boot"}';
  const { observations, malformed } = parseObservations([line, '', '{"seq":2,"t":1', '[]', '{"seq":"3"}']);
  assert.equal(observations.length, 1);
  assert.equal(malformed, 3);
});
