/** Runs one large network as told by its argument, and prints what that cost: started by large.ts. */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { DeliveryNetwork } from '../../node/simulation/delivery-network.ts';
import { KeyedLatency } from '../../node/simulation/keyed-latency.ts';
import { LargeNetwork } from '../../node/simulation/large-network.ts';
import { NETWORKS } from '../../node/simulation/network.ts';
import { PACES } from '../../node/simulation/pace.ts';
import { Prng } from '../../node/simulation/prng.ts';
import type { PurchasePlan } from '../../node/simulation/purchase-plan.ts';
import type { LargeRun, LargeTask } from './large.ts';

const SERVICE = 'Nespresso';
const PRICE_DCOINS = 2;

const { engine, n, requests, everyMs, busy } = JSON.parse(process.argv[2]!) as LargeTask;
const members = Array.from({ length: n }, (_, i) => `node-${i + 1}`);
const catalogue = new Map([[SERVICE, PRICE_DCOINS]]);
const named = namedProfile({ profile: 'paper', parameters: {}, members, catalogue, hash: nativeSha256Hex });
if (!named.ok) throw new Error(JSON.stringify(named.problems));
const plan: PurchasePlan = {
  profile: named.profile,
  fundUnits: new Int32Array(n).fill(100),
  purchases: Array.from({ length: requests }, (_, i) => ({
    requester: i,
    atMs: i * everyMs,
    service: SERVICE,
    priceDcoins: PRICE_DCOINS,
  })),
  latency: new KeyedLatency({ latency: NETWORKS['wifi-144'].latency, prng: Prng.seeded('bench') }),
  hashMs: PACES.pi3bplus.hashMs,
  serial: busy ? { ...PACES.pi3bplus, commits: 'changes' } : null,
  work: 'searched',
  seekNonce: searchNonceNatively,
  unixMs: 1_790_000_000_000,
};

let decisions = 0;
const begunMs = performance.now();
if (engine === 'cores') {
  const network = new DeliveryNetwork(plan);
  network.run('by-node');
  decisions = network.decisions;
} else {
  const network = new LargeNetwork(plan);
  network.run();
  for (let i = 0; i < requests; i++) decisions += network.outcome(i).decided;
}
const seconds = (performance.now() - begunMs) / 1000;
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const run: LargeRun = { seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, rssMb: maxRSS / 1024, decisions };
process.stdout.write(JSON.stringify(run));
