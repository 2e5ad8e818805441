/**
 * Time to consensus by size of network: a number of purchases in a network of n, and what each took. Members, funds and
 * purchases are made here, so that a caller says no more than it varies. Pure: the caller may pass native hashing.
 */
import { type Sha256Hex, sha256Hex } from '../protocol/hash.ts';
import type { Parameters, Problem } from '../protocol/parameters.ts';
import { namedProfile, type ProfileName } from '../protocol/profiles.ts';
import { searchNonce } from '../protocol/work.ts';
import { drawnNonce } from './drawn-nonce.ts';
import { KeyedLatency, type Paths } from './keyed-latency.ts';
import { LargeNetwork, largeNetworkProblems } from './large-network.ts';
import type { Latency } from './network.ts';
import type { Pace } from './pace.ts';
import { Prng } from './prng.ts';
import type { PurchasePlan, SerialWork } from './purchase-plan.ts';

export interface LargeConsensusOptions {
  /** Nodes, 2 and more. */
  readonly n: number;
  readonly profile: ProfileName;
  /** Overrides of the profile's parameters; default none. */
  readonly parameters?: Partial<Parameters>;
  /** Purchases, 1 and more, one each `everyMs`. */
  readonly requests: number;
  /** Members that buy in turn, 1..n; default as many as there are requests, and n at most. */
  readonly requesters?: number;
  /** Default 1000, which is one after another. */
  readonly everyMs?: number;
  /** Publisher to receiver. */
  readonly latency: Latency;
  readonly paths?: Paths;
  /** How fast nodes are, which do one thing at a time: one of pace.ts, for instance. */
  readonly pace: Pick<Pace, 'hashMs' | 'deliveryMs' | 'commitMs'>;
  /** What a commit is charged for: default `changes`, which is what nodes do. */
  readonly commits?: SerialWork['commits'];
  readonly seed: string;
  /** Default: the portable one. */
  readonly hash?: Sha256Hex;
  /** Default: the portable search by `hash`. */
  readonly seekNonce?: PurchasePlan['seekNonce'];
}

/** Milliseconds from the order; null where it did not happen. A decision has happened when it is stored. */
export interface ConsensusTimes {
  readonly decidedAtRequesterMs: number | null;
  /** The q-th vote of the group that won was sent. */
  readonly quorumMs: number | null;
  /** The last node decided. */
  readonly decidedEverywhereMs: number | null;
  /** Publications: the request and the votes that were sent. Each goes to n receivers. */
  readonly messages: number;
  /** Payloads of those, once each. */
  readonly bytes: number;
}

export type LargeConsensus =
  | { readonly ok: true; readonly times: readonly ConsensusTimes[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const SERVICE = 'Nespresso';
const PRICE_DCOINS = 2;
/** Above it nonces are drawn: a search takes 16 times as long with each step. */
const SEARCHED_DIFFICULTY_MAX = 2;
/** 2026-01-01, Unix milliseconds: part of what is hashed. */
const UNIX_MS = 1_767_225_600_000;

/** Runs the purchases; the same options give the same times. */
export function largeConsensus(options: LargeConsensusOptions): LargeConsensus {
  const { n, requests, latency, pace, seed, hash = sha256Hex, everyMs = 1000, paths = 'own' } = options;
  const { deliveryMs, commitMs } = pace;
  const { commits = 'changes', requesters = Math.min(n, requests) } = options;
  const members = Array.from({ length: n }, (_, number) => `node-${number + 1}`);
  const catalogue = new Map([[SERVICE, PRICE_DCOINS]]);
  const named = namedProfile({ profile: options.profile, parameters: options.parameters, members, catalogue, hash });
  if (!named.ok) return named;
  const { profile } = named;
  const { dcoinRate, difficulty } = profile.parameters;
  const problems = largeNetworkProblems(profile.parameters);
  if (problems.length > 0) return { ok: false, problems };

  const drawn = difficulty > SEARCHED_DIFFICULTY_MAX;
  const search = options.seekNonce ?? ((prefix: string, zeros: number) => searchNonce(prefix, zeros, hash));
  const network = new LargeNetwork({
    profile,
    fundUnits: new Int32Array(n).fill(Math.ceil(requests / requesters) * PRICE_DCOINS * dcoinRate),
    purchases: Array.from({ length: requests }, (_, number) => ({
      requester: number % requesters,
      atMs: number * everyMs,
      service: SERVICE,
      priceDcoins: PRICE_DCOINS,
    })),
    latency: new KeyedLatency({ latency, prng: Prng.seeded(seed), paths }),
    hashMs: pace.hashMs,
    serial: { deliveryMs, commitMs, commits },
    work: drawn ? 'drawn' : 'searched',
    seekNonce: drawn ? (prefix, zeros) => drawnNonce(prefix, zeros, hash) : search,
    unixMs: UNIX_MS,
  });
  network.run();

  const times = Array.from({ length: requests }, (_, number): ConsensusTimes => {
    const orderedMs = number * everyMs;
    const { issuedMs, quorumSentMs, decidedMs, decided, votes, bytes } = network.outcome(number);
    const atRequesterMs = decidedMs?.[number % requesters] ?? Number.NaN;
    return {
      decidedAtRequesterMs: Number.isNaN(atRequesterMs) ? null : atRequesterMs - orderedMs,
      quorumMs: quorumSentMs === null ? null : quorumSentMs - orderedMs,
      decidedEverywhereMs: decidedMs === null || decided < n ? null : latest(decidedMs) - orderedMs,
      messages: issuedMs === null ? 0 : 1 + votes,
      bytes,
    };
  });
  return { ok: true, times };
}

function latest(times: Float64Array): number {
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const timeMs of times) if (timeMs > latestMs) latestMs = timeMs;
  return latestMs;
}
