/**
 * What a run showed: from the nodes' own records and their final reports to figures and a verdict. Pure, so that an old
 * run can be judged again.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { type Distribution, distributionOf } from '../history/distribution.ts';
import { latencyOf } from '../history/latency.ts';
import type { History } from '../history/observation.ts';
import { decidedByWallets, trackRequests } from '../history/request-track.ts';
import { type SecondVote, secondVotes } from '../history/single-vote.ts';
import { type StuckRequest, stuckRequests } from '../history/stuck-request.ts';
import { type WalletDifference, walletDifferences } from '../history/wallet-agreement.ts';
import type { PlacedOrder } from './load.ts';
import type { RunPlan } from './run-plan.ts';

export type RunVerdict = 'pass' | 'failed' | 'inconclusive';

export interface RunResult {
  readonly verdict: RunVerdict;
  /** Why it is not `pass`, a line each. */
  readonly reasons: readonly string[];
  readonly orders: {
    readonly placed: number;
    readonly requested: number;
    /** Still waiting for funds or an earlier request when the run ended. */
    readonly queued: number;
    readonly refused: number;
    /** Not answered by the node. */
    readonly lost: number;
  };
  readonly requests: number;
  readonly decidedEverywhere: number;
  readonly latencyMs: { readonly requester: Distribution | null; readonly all: Distribution | null };
  readonly stuck: readonly StuckRequest[];
  readonly secondVotes: readonly SecondVote[];
  readonly differences: readonly WalletDifference[];
  readonly servicesEnded: number;
  readonly servicesFailed: number;
  readonly votesCast: number;
  readonly sensorTransactions: number;
}

export interface RunEvidence {
  readonly plan: RunPlan;
  readonly orders: readonly PlacedOrder[];
  readonly history: History;
  /** Final reports, by node. */
  readonly reports: ReadonlyMap<string, NodeReport>;
  /** Nodes that ended during the run, and how. */
  readonly died: readonly { readonly node: string; readonly reason: string }[];
}

export function judgeRun({ plan, orders, history, reports, died }: RunEvidence): RunResult {
  const members = plan.lab.seats.map(({ node }) => node);
  const wallets = new Map([...reports].map(([node, report]) => [node, report.wallets]));
  const tracks = trackRequests(history);
  const anyReport = [...reports.values()][0];
  const stuck = stuckRequests(tracks, {
    members,
    quorum: anyReport?.quorum ?? members.length,
    dcoinRate: plan.lab.parameters.dcoinRate,
    wallets,
  });
  const latencies = tracks.map((track) => latencyOf(track, members));
  const byWallets = members.map((member) => decidedByWallets(tracks, wallets.get(member) ?? []));
  const decidedEverywhere = tracks.filter((track) =>
    members.every((member, index) => track.decidedAtMs.has(member) || byWallets[index]!.has(track.requestId)),
  ).length;
  const differences = walletDifferences(wallets);
  const second = plan.lab.parameters.votesPerState === 'one' ? secondVotes(history).found : [];
  const services = [...history.values()].flatMap((lines) => lines.filter(({ event }) => event === 'svc.end'));
  const count = (outcome: PlacedOrder['outcome']): number => orders.filter((order) => order.outcome === outcome).length;

  const reasons: string[] = [];
  const silent = members.filter((member) => !reports.has(member));
  for (const { node, reason } of died) reasons.push(`node ${node} died: ${reason}`);
  if (silent.length > 0) reasons.push(`nodes ${silent.join(', ')} gave no final report`);
  if (differences.length > 0)
    reasons.push(`nodes hold different wallets: ${differences.map(({ wallet }) => wallet).join(', ')}`);
  if (stuck.length > 0) reasons.push(`${stuck.length} of ${tracks.length} requests are not decided on every node`);
  if (second.length > 0) reasons.push(`${second.length} second votes on one State`);
  const failed = reasons.length > 0;
  if (decidedEverywhere === 0) reasons.push('no purchase was decided on every node');
  return {
    verdict: failed ? 'failed' : decidedEverywhere === 0 ? 'inconclusive' : 'pass',
    reasons,
    orders: {
      placed: orders.length,
      requested: count('requested'),
      queued: count('queued'),
      refused: count('refused'),
      lost: count('lost'),
    },
    requests: tracks.length,
    decidedEverywhere,
    latencyMs: {
      requester: distributionOf(latencies.flatMap(({ requesterMs }) => (requesterMs === null ? [] : [requesterMs]))),
      all: distributionOf(latencies.flatMap(({ allMs }) => (allMs === null ? [] : [allMs]))),
    },
    stuck,
    secondVotes: second,
    differences,
    servicesEnded: services.filter(({ phase }) => phase === 'ended').length,
    servicesFailed: services.filter(({ phase }) => phase !== 'ended').length,
    votesCast: tracks.reduce((sum, track) => sum + track.cast.length, 0),
    sensorTransactions: anyReport?.sensorTransactions ?? 0,
  };
}
