/**
 * What a large network is asked to do, and what it answers, in the terms of both engines: the one that delivers each
 * message to a core of its own (delivery-network.ts) and the one without either (large-network.ts).
 *
 * The model: no loss, no crash, nobody Byzantine, no sensor transaction; wallets are funded at the start. A node either
 * takes no time but for its nonces, and seeks any number of them at once; or it does one thing at a time, as a node of
 * the simulated runtime does (orchestrator/simulated/simulated-node.ts), and what comes meanwhile waits.
 */
import type { PaperProfile } from '../protocol/paper-profile.ts';
import type { KeyedLatency } from './keyed-latency.ts';
import type { Pace } from './pace.ts';
import { onGrid } from './time-grid.ts';

/** An order to buy, given to a node in mode `wait`: kept until it can be paid and nothing of the node's is undecided. */
export interface PlannedPurchase {
  /** Number of the member that buys, from 0. */
  readonly requester: number;
  /** Milliseconds since the beginning. */
  readonly atMs: number;
  /** In the catalogue, at this price. */
  readonly service: string;
  readonly priceDcoins: number;
}

/**
 * One thing at a time: a delivery takes `deliveryMs`, a nonce its hashes, a transaction of the store `commitMs`, and what
 * follows from it leaves the node when all that is done. Up to difficulty {@link INLINE_DIFFICULTY_MAX} the node is at its
 * nonces meanwhile, above it a thread of its own is, one after another.
 */
export interface SerialWork extends Pick<Pace, 'deliveryMs' | 'commitMs'> {
  /** `changes`: whatever is stored, each vote too, is a transaction with its delivery; `decisions`: these alone are. */
  readonly commits: 'changes' | 'decisions';
}

/** As nodes do by default (node/host/sealer.ts). */
export const INLINE_DIFFICULTY_MAX = 2;

export interface PurchasePlan {
  readonly profile: PaperProfile;
  /** Units of each member at the start, in the order of the members. */
  readonly fundUnits: Int32Array;
  readonly purchases: readonly PlannedPurchase[];
  readonly latency: KeyedLatency;
  /** A nonce tried, milliseconds. */
  readonly hashMs: number;
  /** Null: nothing but nonces takes time, and these not that of one another. */
  readonly serial: SerialWork | null;
  /** `drawn`: nonces have the length of a search and no work, so votes and requests are not checked. */
  readonly work: 'searched' | 'drawn';
  /** Smallest nonce for a preimage; null: there is none. */
  readonly seekNonce: (prefix: string, difficulty: number) => number | null;
  /** The beginning, Unix milliseconds. */
  readonly unixMs: number;
}

/** One node's decision. */
export interface SeenDecision {
  readonly node: number;
  /** Number of the purchase in the plan. */
  readonly purchase: number;
  /** It is stored, and what follows from it leaves the node. */
  readonly timeMs: number;
  readonly newState: string;
  readonly remainingUnits: number;
  /** Numbers of the rewarded voters, in order of arrival. */
  readonly rewarded: readonly number[];
}

/** The plan with all its times on the grid (time-grid.ts), which waiting needs: sums of them are exact. */
export function planOnGrid(plan: PurchasePlan): PurchasePlan {
  const { serial } = plan;
  if (serial === null) return plan;
  return {
    ...plan,
    purchases: plan.purchases.map((purchase) => ({ ...purchase, atMs: onGrid(purchase.atMs) })),
    hashMs: onGrid(plan.hashMs),
    serial: { ...serial, deliveryMs: onGrid(serial.deliveryMs), commitMs: onGrid(serial.commitMs) },
  };
}
