/**
 * The wallet of the paper (Fig. 1): id, balance, State. One record per node id; nothing else of the past is kept but
 * the State before the current one, by which a late message is known, and the request that led to the current one.
 * Source; balances in integer units: D-02.
 */
import { GENESIS, INT32_MAX, type StateHash } from './message.ts';

export interface Wallet {
  readonly id: string;
  /** Balance in units, 0 .. 2^31-1 (`ref-*`: may be negative); `units / dcoinRate` DCoins. */
  readonly units: number;
  readonly stateHash: StateHash;
  /** State before the last decision; null while the wallet is at GENESIS. */
  readonly previousStateHash: StateHash | null;
  /** Id of the request last decided on this wallet; null while the wallet is at GENESIS. */
  readonly decidedRequestId: string | null;
}

export function openWallet(id: string, units: number): Wallet {
  return { id, units, stateHash: GENESIS, previousStateHash: null, decidedRequestId: null };
}

/** `units` more, saturating at 2^31-1: the most that a vote's Remaining field can carry. */
export function credited(wallet: Wallet, units: number): Wallet {
  return { ...wallet, units: Math.min(INT32_MAX, wallet.units + units) };
}

/** The wallet after a decision: balance set, not changed by a difference; State chained. */
export function settledWallet(wallet: Wallet, remainingUnits: number, newState: StateHash, requestId: string): Wallet {
  return {
    id: wallet.id,
    units: remainingUnits,
    stateHash: newState,
    previousStateHash: wallet.stateHash,
    decidedRequestId: requestId,
  };
}
