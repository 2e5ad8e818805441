/**
 * Why a request was not decided on every node. The classes are those that the paper's rules make possible; the first
 * that fits, in this order, is given:
 *
 *   double    the requester asked twice on one State: the votes are divided between the two
 *   split     votes for different remaining balances: no group of equal votes reaches the quorum
 *   unfunded  the requester's balance did not cover the price where it was looked at, so no vote was due
 *   stale     some nodes hold another State of the requester, and their votes were missing
 *   lost      a quorum of equal votes was cast, or would have been, but messages did not arrive everywhere
 *
 * `unexplained` says that none fits: worth a look at the history. Pure.
 */
import type { WalletView } from '../../node/host/control-protocol.ts';
import { decidedByWallets, type RequestTrack } from './request-track.ts';

export const STUCK_REASONS = ['double', 'split', 'unfunded', 'stale', 'lost', 'unexplained'] as const;

export type StuckReason = (typeof STUCK_REASONS)[number];

export interface StuckRequest {
  readonly requestId: string;
  readonly requester: string;
  readonly service: string;
  readonly reason: StuckReason;
  readonly detail: string;
  /** Members that did not decide it. */
  readonly undecidedAt: readonly string[];
}

export interface StuckContext {
  readonly members: readonly string[];
  readonly quorum: number;
  readonly dcoinRate: number;
  /** Wallets as each node held them at the end, by node. */
  readonly wallets: ReadonlyMap<string, readonly WalletView[]>;
}

/** Requests that are not decided on every member, whether by its own record or by the wallets it holds. */
export function stuckRequests(tracks: readonly RequestTrack[], context: StuckContext): readonly StuckRequest[] {
  const byWallets = new Map(
    context.members.map((member) => [member, decidedByWallets(tracks, context.wallets.get(member) ?? [])]),
  );
  return tracks.flatMap((track) => {
    const undecidedAt = context.members.filter(
      (member) => !track.decidedAtMs.has(member) && byWallets.get(member)?.has(track.requestId) !== true,
    );
    if (undecidedAt.length === 0) return [];
    const { requestId, requester, service } = track;
    return [{ requestId, requester, service, ...classify(track, undecidedAt, tracks, context), undecidedAt }];
  });
}

interface Classified {
  readonly reason: StuckReason;
  readonly detail: string;
}

function classify(
  track: RequestTrack,
  undecidedAt: readonly string[],
  tracks: readonly RequestTrack[],
  context: StuckContext,
): Classified {
  const { members, quorum, dcoinRate, wallets } = context;
  const { requester, previousState, requestId } = track;
  const walletAt = (member: string): WalletView | undefined =>
    wallets.get(member)?.find((wallet) => wallet.id === requester);

  const twin = tracks.find(
    (other) => other.requestId !== requestId && other.requester === requester && other.previousState === previousState,
  );
  if (twin !== undefined)
    return { reason: 'double', detail: `request ${twin.requestId.slice(0, 8)} was made on the same State` };

  const groups = votesByRemaining(track);
  const largest = Math.max(0, ...groups.values());
  if (groups.size > 1 && largest < quorum) {
    const parts = [...groups].map(([units, votes]) => `${votes} for ${units} u`).join(', ');
    return { reason: 'split', detail: `${parts}; ${quorum} equal votes are needed` };
  }

  const voters = members.filter((member) => member !== requester);
  const priceUnits = track.priceDcoins * dcoinRate;
  const poor = voters.filter((member) => {
    const wallet = walletAt(member);
    return wallet !== undefined && wallet.stateHash === previousState && wallet.units < priceUnits;
  });
  if (largest < quorum && voters.length - poor.length < quorum) {
    return { reason: 'unfunded', detail: `${poor.length} nodes hold less than ${priceUnits} u for node ${requester}` };
  }

  const elsewhere = undecidedAt.filter((member) => {
    const state = walletAt(member)?.stateHash;
    return state !== undefined && state !== previousState;
  });
  if (elsewhere.length > 0) {
    return { reason: 'stale', detail: `nodes ${elsewhere.join(', ')} hold another State of node ${requester}` };
  }

  const deaf = undecidedAt.filter((member) => (track.counted.get(member)?.length ?? 0) < quorum);
  if (largest >= quorum && deaf.length > 0) {
    return {
      reason: 'lost',
      detail: `${largest} equal votes were cast, nodes ${deaf.join(', ')} counted fewer than ${quorum}`,
    };
  }
  const missed = members.filter((member) => !track.receivedBy.has(member));
  if (missed.length > 0) return { reason: 'lost', detail: `nodes ${missed.join(', ')} did not receive the request` };
  return {
    reason: 'unexplained',
    detail: `${track.cast.length} votes cast, ${track.decidedAtMs.size} of ${members.length} nodes decided`,
  };
}

/** How many cast each remaining balance. */
function votesByRemaining(track: RequestTrack): Map<number, number> {
  const groups = new Map<number, number>();
  for (const { remainingUnits } of track.cast) groups.set(remainingUnits, (groups.get(remainingUnits) ?? 0) + 1);
  return groups;
}
