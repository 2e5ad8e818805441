/** Whether nodes hold the same wallets, and where they do not. Pure. */
import type { WalletView } from '../../node/host/control-protocol.ts';

export interface WalletDifference {
  readonly wallet: string;
  /** Each distinct view and the nodes that hold it, most nodes first; `units` null where a node lacks the wallet. */
  readonly views: readonly {
    readonly units: number | null;
    readonly stateHash: string | null;
    readonly nodes: readonly string[];
  }[];
}

/** Wallets that are not equal in balance and State on all nodes. `views`: by node. */
export function walletDifferences(views: ReadonlyMap<string, readonly WalletView[]>): readonly WalletDifference[] {
  const ids = new Set<string>();
  for (const wallets of views.values()) for (const { id } of wallets) ids.add(id);
  const differences: WalletDifference[] = [];
  for (const id of [...ids].sort(byNumberThenText)) {
    const groups = new Map<string, { units: number | null; stateHash: string | null; nodes: string[] }>();
    for (const [node, wallets] of views) {
      const wallet = wallets.find((candidate) => candidate.id === id);
      const key = wallet === undefined ? 'none' : `${wallet.units}/${wallet.stateHash}`;
      const group = groups.get(key) ?? {
        units: wallet?.units ?? null,
        stateHash: wallet?.stateHash ?? null,
        nodes: [],
      };
      group.nodes.push(node);
      groups.set(key, group);
    }
    if (groups.size > 1) {
      differences.push({ wallet: id, views: [...groups.values()].sort((a, b) => b.nodes.length - a.nodes.length) });
    }
  }
  return differences;
}

/** Ids in the order people expect: 2 before 10. */
export function byNumberThenText(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  if (!Number.isNaN(difference) && difference !== 0) return difference;
  return a < b ? -1 : a > b ? 1 : 0;
}
