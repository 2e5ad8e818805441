/**
 * The end of the load: waits until nothing is under way any more and all nodes hold the same, or for so long as a run
 * may take to settle. What is not settled then is a finding of the run, not an error here.
 */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { walletDifferences } from '../history/wallet-agreement.ts';
import type { Lab } from '../lab/lab.ts';

export interface Settled {
  /** True when it came to rest in time. */
  readonly quiet: boolean;
  readonly tookMs: number;
  /** Final reports, by node; of the nodes that answered. */
  readonly reports: ReadonlyMap<string, NodeReport>;
  /** What it was still waiting for; empty when quiet. */
  readonly waitingFor: readonly string[];
}

const LOOK_AGAIN_MS = 100;

export interface SettleOptions {
  readonly msMax: number;
  /** Sensor transactions that every node must have seen; null: sensors never fall silent. */
  readonly sensorTransactions: number | null;
  readonly signal: AbortSignal;
}

export async function settle(lab: Lab, options: SettleOptions): Promise<Settled> {
  const begunMs = performance.now();
  for (;;) {
    const reports = await lab.reports();
    const waitingFor = unsettled(lab, reports, options.sensorTransactions);
    const tookMs = performance.now() - begunMs;
    if (waitingFor.length === 0 || tookMs >= options.msMax || options.signal.aborted) {
      return { quiet: waitingFor.length === 0, tookMs, reports, waitingFor };
    }
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}

function unsettled(lab: Lab, reports: ReadonlyMap<string, NodeReport>, sensorTransactions: number | null): string[] {
  const waitingFor: string[] = [];
  const silent = lab.plan.seats.map(({ node }) => node).filter((node) => !reports.has(node));
  if (silent.length > 0) waitingFor.push(`nodes ${silent.join(', ')} to answer`);
  for (const { node, pendingOrders, sensorTransactions: seen } of reports.values()) {
    const open = pendingOrders.filter(({ phase }) => phase !== 'queued').length;
    if (open > 0) waitingFor.push(`node ${node}: the decision on ${open} of its requests`);
    if (sensorTransactions !== null && seen < sensorTransactions) {
      waitingFor.push(`node ${node}: ${sensorTransactions - seen} sensor transactions`);
    }
  }
  const different = walletDifferences(new Map([...reports].map(([node, { wallets }]) => [node, wallets])));
  if (different.length > 0) waitingFor.push(`agreement on wallets ${different.map(({ wallet }) => wallet).join(', ')}`);
  return waitingFor;
}
