/**
 * The same purchases in a network of real cores and in one without: everything that either says, side by side.
 * Wallets are funded, latencies keyed, orders drawn from the seed.
 */
import assert from 'node:assert/strict';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { DeliveryNetwork } from '../../node/simulation/delivery-network.ts';
import { KeyedLatency, type Paths } from '../../node/simulation/keyed-latency.ts';
import { LargeNetwork } from '../../node/simulation/large-network.ts';
import type { Latency } from '../../node/simulation/network.ts';
import { Prng } from '../../node/simulation/prng.ts';
import type { PurchasePlan, SeenDecision, SerialWork } from '../../node/simulation/purchase-plan.ts';

export interface DrawnPurchases {
  readonly seed: string;
  readonly n: number;
  readonly purchases: number;
  readonly buyers: number;
  /** Orders are given at moments drawn over so long. */
  readonly spreadMs: number;
  /** Each wallet is drawn between the two; least by default 0. */
  readonly fundUnitsMin?: number;
  readonly fundUnits: number;
  readonly latency: Latency;
  readonly paths?: Paths;
  readonly hashMs?: number;
  /** Default: nodes are never busy. */
  readonly serial?: SerialWork;
  readonly parameters?: Record<string, unknown>;
}

const SERVICES = [
  ['Nespresso', 2],
  ['Tea', 1],
  ['Feast', 7],
] as const;

export function drawnPlan(options: DrawnPurchases): PurchasePlan {
  const { seed, n, buyers, spreadMs, latency, paths = 'own', hashMs = 0.046, serial = null, parameters = {} } = options;
  const prng = Prng.seeded(seed);
  const members = Array.from({ length: n }, (_, i) => `node-${i + 1}`);
  const catalogue = new Map(SERVICES);
  const named = namedProfile({ profile: 'paper', parameters, members, catalogue, hash: nativeSha256Hex });
  if (!named.ok) throw new Error(JSON.stringify(named.problems));
  const draws = prng.stream('purchases');
  return {
    profile: named.profile,
    fundUnits: Int32Array.from(members, () => draws.integer(options.fundUnitsMin ?? 0, options.fundUnits)),
    purchases: Array.from({ length: options.purchases }, () => {
      const [service, priceDcoins] = SERVICES[draws.integer(0, SERVICES.length - 1)]!;
      return { requester: draws.integer(0, buyers - 1), atMs: draws.float() * spreadMs, service, priceDcoins };
    }),
    latency: new KeyedLatency({ latency, prng, paths }),
    hashMs,
    serial,
    work: 'searched',
    seekNonce: searchNonceNatively,
    unixMs: 1_790_000_000_000,
  };
}

export interface Agreement {
  readonly decisions: number;
  readonly undecided: number;
  /** Purchases for which nodes voted differently. */
  readonly split: number;
  /** Decisions made at the moment of another one of the same wallet: votes for a State to come had waited. */
  readonly chained: number;
  /** Votes taken back: the voter decided before its nonce was found. */
  readonly unsent: number;
  /** Orders that waited. */
  readonly queued: number;
}

/**
 * Runs both and asserts that they are equal; returns what the runs had in them. `order`: of the deliveries to the cores.
 */
export function assertEqualNetworks(plan: PurchasePlan, order: 'by-time' | 'by-node' = 'by-time'): Agreement {
  const byCores = new Map<string, SeenDecision>();
  const sent = new Map<number, { votes: number; bytes: number; times: number[] }>();
  const published = (purchase: number) => {
    const found = sent.get(purchase) ?? { votes: 0, bytes: 0, times: [] };
    sent.set(purchase, found);
    return found;
  };
  const cores = new DeliveryNetwork(
    plan,
    (decision) => byCores.set(`${decision.node}/${decision.purchase}`, decision),
    ({ purchase, message, timeMs }) => {
      const count = published(purchase);
      count.bytes += plan.profile.codec.encode(message).length;
      if (message.kind === 'request') count.times.push(timeMs);
      else count.votes++;
    },
  );
  cores.run(order);

  const decisions: SeenDecision[] = [];
  const large = new LargeNetwork(plan, (decision) => decisions.push(decision));
  large.run();

  for (const decision of decisions) {
    const name = `${decision.node}/${decision.purchase}`;
    assert.deepEqual(decision, byCores.get(name), name);
    byCores.delete(name);
  }
  assert.deepEqual([...byCores.values()], []);

  const buyers = [...new Set(plan.purchases.map(({ requester }) => requester))];
  for (const [number, core] of cores.nodes.entries()) {
    for (const buyer of buyers) {
      assert.deepEqual(large.walletAt(number, buyer), core.wallet(plan.profile.membership.members[buyer]!));
    }
  }

  const chained = new Set<string>();
  let together = 0;
  for (const { node, purchase, timeMs } of decisions) {
    const moment = `${node}/${plan.purchases[purchase]!.requester}/${timeMs}`;
    if (chained.has(moment)) together++;
    chained.add(moment);
  }
  const outcomes = plan.purchases.map((_, purchase) => large.outcome(purchase));
  for (const [purchase, { votes, bytes, publishedMs }] of outcomes.entries()) {
    const count = published(purchase);
    assert.deepEqual([votes, bytes, publishedMs], [count.votes, count.bytes, count.times[0] ?? null], `${purchase}`);
  }
  const voters = large.n - 1;
  return {
    decisions: decisions.length,
    undecided: outcomes.filter(({ decided }) => decided < large.n).length,
    split: outcomes.filter(({ groups }) => groups > 1).length,
    chained: together,
    unsent: outcomes.filter(({ decided, votes }) => decided === large.n && votes < voters).length,
    queued: outcomes.filter(({ issuedMs }, i) => issuedMs !== null && issuedMs > plan.purchases[i]!.atMs).length,
  };
}
