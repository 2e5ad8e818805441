import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import type { NodeReport, NodeState, NodeStatus } from '../../node/host/control-protocol.ts';

/** A status as a node in this state has it. */
export function statusOf(seat: string, state: NodeState, boot = `boot of ${seat}`): NodeStatus {
  return {
    state,
    seat,
    node: seat,
    pid: 4711,
    boot,
    profile: 'paper',
    configurationHash: 'c'.repeat(64),
    at: 1_790_000_000_000,
    readyMs: state === 'ready' ? 123 : null,
    databaseEmpty: true,
    http: null,
    detail: null,
  };
}

/** A report of a node with this many wallets. */
export function reportOf(node: string, reportId: string, wallets: number): NodeReport {
  return {
    reportId,
    node,
    boot: `boot of ${node}`,
    wallets: Array.from({ length: wallets }, (_, i) => ({
      id: String(i + 1),
      units: i,
      stateHash: '0'.repeat(64),
      decidedRequestId: null,
    })),
    storedRequests: 0,
    storedVotes: 0,
    locks: [],
    pendingOrders: [],
    n: wallets,
    quorum: Math.ceil((wallets * 2) / 3),
    dcoinRate: 5,
    rejections: { late: 3 },
    services: [],
    decisions: 0,
    sensorTransactions: 0,
    rssBytes: 1,
    databaseBytes: 1,
    cpuMs: 1.5,
    fabricConnected: true,
    conditions: NORMAL_CONDITIONS,
  };
}
