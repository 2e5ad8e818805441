/**
 * What a large network is asked to do, and what it answers, in the terms of both engines: the one that delivers each
 * message to a core of its own (delivery-network.ts) and the one without either (large-network.ts).
 *
 * The model: no loss, no crash, nobody Byzantine, no sensor transaction; wallets are funded at the start. A node takes no
 * time but for its nonces, and seeks any number of them at once.
 */
import type { PaperProfile } from '../protocol/paper-profile.ts';
import type { KeyedLatency } from './keyed-latency.ts';

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

export interface PurchasePlan {
  readonly profile: PaperProfile;
  /** Units of each member at the start, in the order of the members. */
  readonly fundUnits: Int32Array;
  readonly purchases: readonly PlannedPurchase[];
  readonly latency: KeyedLatency;
  /** A nonce tried, milliseconds. */
  readonly hashMs: number;
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
  readonly timeMs: number;
  readonly newState: string;
  readonly remainingUnits: number;
  /** Numbers of the rewarded voters, in order of arrival. */
  readonly rewarded: readonly number[];
}
