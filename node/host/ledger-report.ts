/** The part of a node's report that is its ledger, the same for a process, a simulated node and a recorded core. */
import type { LedgerSnapshot } from '../protocol/ledger-node.ts';
import type { Request, Vote } from '../protocol/message.ts';
import type { Wallet } from '../protocol/wallet.ts';
import type { NodeReport } from './control-protocol.ts';

type LedgerReport = Pick<
  NodeReport,
  'wallets' | 'storedRequests' | 'storedVotes' | 'locks' | 'pendingOrders' | 'n' | 'quorum'
>;

export function ledgerReport(snapshot: LedgerSnapshot<Wallet, Request, Vote>): LedgerReport {
  const { wallets, requests, votes, locks, orders, n, quorum } = snapshot;
  return {
    wallets: wallets.map(({ id, units, stateHash, decidedRequestId }) => ({ id, units, stateHash, decidedRequestId })),
    storedRequests: requests.length,
    storedVotes: votes.length,
    locks: locks.map(({ requester, lock }) => ({
      requester,
      slot: lock.slot,
      requestId: lock.requestId,
      remainingUnits: lock.vote.remainingUnits,
    })),
    pendingOrders: orders
      .filter(({ phase }) => phase !== 'done')
      .map(({ orderId, phase, request }) => ({ orderId, phase, requestId: request?.id ?? null })),
    n,
    quorum,
  };
}
