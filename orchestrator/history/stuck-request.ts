/**
 * Why a request was not decided where it should be. The classes are those that the rules make possible; the first that
 * fits, in this order, is given:
 *
 *   double    another request was made on the same State: the votes are divided between the two, or all for the other
 *   split     enough nodes voted, but for different remaining balances: no group of equal votes reaches the quorum
 *   unfunded  the requester's balance did not cover the price where it was looked at, so no vote was due
 *   stale     nodes hold another State of the requester, and their votes or their decisions are missing
 *   lost      messages did not arrive: a request, votes that were cast, or votes of nodes that were silent or away; or not
 *             yet, when the run ended
 *
 * `unexplained` is left for what the rules do not allow: a node that heard a request, could vote and did not, or counted
 * a quorum and did not decide. It means a bug, or a record that is not true. Pure.
 */
import type { WalletView } from '../../node/host/control-protocol.ts';
import { decidedByWallets, type RequestTrack, type VoteSeen } from './request-track.ts';

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
  /** Seats; where nothing else is said, a seat is its node. */
  readonly members: readonly string[];
  readonly quorum: number;
  readonly dcoinRate: number;
  /** Wallets as each seat held them at the end, by seat. */
  readonly wallets: ReadonlyMap<string, readonly WalletView[]>;
  /** Seats that must decide this request; default: all members. */
  readonly obliged?: (track: RequestTrack) => readonly string[];
  readonly nodeOf?: (seat: string) => string;
  /** Equal votes that a seat needs according to its own view; default: `quorum`. */
  readonly quorumAt?: (seat: string) => number;
  /** Seats that are not correct: that they did not vote explains itself. */
  readonly faulty?: ReadonlySet<string>;
  /** Other requests on the same State that anybody heard of; default: among `tracks`. */
  readonly rivals?: (track: RequestTrack) => readonly string[];
  /** Stored rows age out, and counts of open requests are lost at a restart, as in the reference codes. */
  readonly forgetful?: boolean;
  /** When the run ended, and for how long a request may be silent and still be under way; default: never. */
  readonly underWay?: { readonly endedAtMs: number; readonly silentMsMax: number };
}

/** Requests that are not decided where they must be, whether by the seat's own record or by the wallets it holds. */
export function stuckRequests(tracks: readonly RequestTrack[], context: StuckContext): readonly StuckRequest[] {
  const byWallets = new Map(
    context.members.map((member) => [member, decidedByWallets(tracks, context.wallets.get(member) ?? [])]),
  );
  return tracks.flatMap((track) => {
    const undecidedAt = (context.obliged?.(track) ?? context.members).filter(
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
  const { requester, previousState } = track;
  const nodeOf = context.nodeOf ?? ((seat) => seat);
  const walletAt = (member: string): WalletView | undefined =>
    wallets.get(member)?.find((wallet) => wallet.id === requester);

  const rival = context.rivals?.(track)[0] ?? rivalAmong(tracks, track);
  if (rival !== undefined)
    return { reason: 'double', detail: `request ${rival.slice(0, 8)} was made on the same State` };

  const groups = byRemaining(track.cast);
  const largest = Math.max(0, ...groups.values());
  const votedBy = new Set(track.cast.map(({ voter }) => voter));
  const parts = [...groups].map(([units, votes]) => `${votes} for ${units} u`).join(', ');
  if (groups.size > 1 && largest < quorum && votedBy.size >= quorum) {
    return { reason: 'split', detail: `${parts}; ${quorum} equal votes are needed` };
  }

  const voters = members.filter((member) => nodeOf(member) !== requester);
  const priceUnits = track.priceDcoins * dcoinRate;
  const silent = voters.filter((member) => !votedBy.has(nodeOf(member)));
  const poor = silent.filter((member) => {
    const wallet = walletAt(member);
    return wallet !== undefined && wallet.stateHash === previousState && wallet.units < priceUnits;
  });
  if (
    largest < quorum &&
    (voters.length - poor.length < quorum || (poor.length > 0 && largest + poor.length >= quorum))
  ) {
    return { reason: 'unfunded', detail: `${poor.length} nodes hold less than ${priceUnits} u for node ${requester}` };
  }

  const holdsAnother = (member: string): boolean => {
    const state = walletAt(member)?.stateHash;
    return state !== undefined && state !== previousState;
  };
  const elsewhere = undecidedAt.filter(holdsAnother);
  if (elsewhere.length > 0) {
    return { reason: 'stale', detail: `nodes ${elsewhere.join(', ')} hold another State of node ${requester}` };
  }

  const at = (member: string): readonly VoteSeen[] => track.counted.get(member) ?? [];
  const equalAt = (member: string): number => Math.max(0, ...byRemaining(at(member)).values());
  const divided = undecidedAt.filter(
    (member) => equalAt(member) < quorum && new Set(at(member).map(({ voter }) => voter)).size >= quorum,
  );
  if (divided.length > 0) {
    const seen = [...byRemaining(at(divided[0]!))].map(([units, votes]) => `${votes} for ${units} u`).join(', ');
    return { reason: 'split', detail: `node ${divided[0]} counted ${seen}; ${quorum} equal votes are needed` };
  }
  const deaf = undecidedAt.filter((member) => equalAt(member) < quorum);
  if (largest >= quorum && deaf.length > 0) {
    return {
      reason: 'lost',
      detail: `${largest} equal votes were cast, nodes ${deaf.join(', ')} counted fewer than ${quorum}`,
    };
  }
  const missed = members.filter((member) => !track.receivedBy.has(member));
  if (missed.length > 0) return { reason: 'lost', detail: `nodes ${missed.join(', ')} did not receive the request` };

  const demanding = undecidedAt.filter((member) => equalAt(member) < (context.quorumAt?.(member) ?? quorum));
  if (largest >= quorum && demanding.length > 0) {
    const asked = context.quorumAt?.(demanding[0]!);
    return {
      reason: 'lost',
      detail: `node ${demanding[0]} waits for ${asked} equal votes, of voters that are not there`,
    };
  }
  if (largest < quorum) {
    const behind = silent.filter(holdsAnother);
    if (behind.length > 0 && largest + behind.length >= quorum) {
      return {
        reason: 'stale',
        detail: `nodes ${behind.join(', ')} hold another State of node ${requester} and did not vote`,
      };
    }
    const away = silent.filter((member) => context.faulty?.has(member) === true || !wallets.has(member));
    if (away.length > 0) {
      return {
        reason: 'lost',
        detail: `nodes ${away.join(', ')} gave no vote; ${largest} of ${quorum} equal votes were cast`,
      };
    }
    if (groups.size > 1) return { reason: 'split', detail: `${parts}; ${quorum} equal votes are needed` };
    if (context.forgetful === true) {
      return { reason: 'lost', detail: `nodes ${silent.join(', ')} dropped the request before they voted` };
    }
  }
  const forgot = undecidedAt.filter((member) => track.evictedAt.has(member));
  if (forgot.length > 0) {
    return {
      reason: 'lost',
      detail: `nodes ${forgot.join(', ')} gave up votes for it, since more were kept for later States than are allowed`,
    };
  }
  const gone = undecidedAt.filter((member) => !wallets.has(member));
  if (gone.length > 0) return { reason: 'lost', detail: `nodes ${gone.join(', ')} gave no final report` };
  const { underWay } = context;
  if (underWay !== undefined && underWay.endedAtMs - track.lastAtMs <= underWay.silentMsMax) {
    return { reason: 'lost', detail: 'the run ended while it was under way' };
  }
  if (context.forgetful === true && equalAt(undecidedAt[0]!) >= quorum) {
    return { reason: 'lost', detail: `nodes ${undecidedAt.join(', ')} dropped votes before they had a quorum of them` };
  }
  return {
    reason: 'unexplained',
    detail: `${track.cast.length} votes cast, ${track.decidedAtMs.size} of ${members.length} nodes decided`,
  };
}

function rivalAmong(tracks: readonly RequestTrack[], track: RequestTrack): string | undefined {
  return tracks.find(
    (other) =>
      other.requestId !== track.requestId &&
      other.requester === track.requester &&
      other.previousState === track.previousState,
  )?.requestId;
}

/** How many voters stand for each remaining balance. */
function byRemaining(votes: readonly VoteSeen[]): Map<number, number> {
  const groups = new Map<number, number>();
  for (const { remainingUnits } of votes) groups.set(remainingUnits, (groups.get(remainingUnits) ?? 0) + 1);
  return groups;
}
