/**
 * How many nonces a vote takes, and how long that is: the search of a node (native-search.ts) over votes as the
 * protocol makes them, each another one, all drawn from the seed.
 */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { INT32_MAX } from '../../node/protocol/message.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { hashRates } from '../bench/hashing.ts';
import { Failure, throwIfInterrupted } from '../failure.ts';
import { distributionOf, median } from '../history/distribution.ts';
import { meanInterval } from '../history/interval.ts';
import type { RawData } from './measurement.ts';

export interface WorkOptions {
  /** 0..7. */
  readonly difficulty: number;
  /** Solutions to find, 1 and more. */
  readonly solutions: number;
  readonly seed: string;
  readonly signal: AbortSignal;
}

const MEMBERS = Array.from({ length: 8 }, (_, index) => `node-${index + 1}`);
const SERVICE = 'Nespresso';
const PRICE_DCOINS = 2;
const UNITS_MAX = 10_000;
/** 2020-09-13, Unix seconds. */
const TIME = 1_600_000_000;
/** Between two looks at the process's own business, a tenth of a second. */
const HASHES_A_BATCH = 100_000;
const WARM_UP_SOLUTIONS = 20_000;

/** Rejects with a Failure when interrupted. */
export async function measureWork({ difficulty, solutions, seed, signal }: WorkOptions): Promise<RawData> {
  const prefixOf = votePrefixes(difficulty, seed);
  const warmUp = votePrefixes(0, `${seed}/warm-up`);
  for (let i = 0; i < WARM_UP_SOLUTIONS; i++) searchNonceNatively(warmUp(i % MEMBERS.length), 0);

  const perBatch = Math.max(1, Math.floor(HASHES_A_BATCH / 16 ** difficulty));
  const tried: number[] = [];
  let searchMs = 0;
  const cpu = { user: 0, system: 0 };
  while (tried.length < solutions) {
    throwIfInterrupted(signal);
    const count = Math.min(perBatch, solutions - tried.length);
    const prefixes = Array.from({ length: count }, (_, index) => prefixOf(tried.length + index));
    const before = process.cpuUsage();
    const begunMs = performance.now();
    const nonces = prefixes.map((prefix) => searchNonceNatively(prefix, difficulty));
    searchMs += performance.now() - begunMs;
    const { user, system } = process.cpuUsage(before);
    cpu.user += user;
    cpu.system += system;
    for (const nonce of nonces) {
      if (nonce === null)
        throw new Failure('environment', `no nonce of 0..${INT32_MAX} satisfies difficulty ${difficulty}`);
      // The search begins with 0.
      tried.push(nonce + 1);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const hashes = tried.reduce((sum, value) => sum + value, 0);
  return {
    difficulty,
    solutions,
    hashes,
    tried: distributionOf(tried),
    triedMeanInterval: meanInterval(tried),
    searchMs,
    msEach: searchMs / solutions,
    cpuMsEach: (cpu.user + cpu.system) / 1000 / solutions,
    millionHashesPerSecond: hashes / searchMs / 1000,
    triedEach: tried,
  };
}

/** Work preimages of votes without their nonce, by number: real requests on wallets that have real States. */
function votePrefixes(difficulty: number, seed: string): (number: number) => string {
  const catalogue = new Map([[SERVICE, PRICE_DCOINS]]);
  const named = namedProfile({
    profile: 'paper',
    parameters: { difficulty },
    members: MEMBERS,
    catalogue,
    hash: nativeSha256Hex,
  });
  if (!named.ok) throw Failure.ofProblems('votes to find work for', named.problems);
  const { requests, votes } = named.profile;
  const draws = Prng.seeded(seed).stream(`work/${difficulty}`);
  return (number) => {
    const requester = MEMBERS[number % MEMBERS.length]!;
    const voter = MEMBERS[(number + draws.integer(1, MEMBERS.length - 1)) % MEMBERS.length]!;
    const wallet = {
      id: requester,
      units: draws.integer(PRICE_DCOINS * 5, UNITS_MAX),
      stateHash: nativeSha256Hex(`${seed} ${draws.uint32()} ${number}`),
      previousStateHash: null,
      decidedRequestId: null,
    };
    const request = requests.draft(requester, wallet, SERVICE, PRICE_DCOINS, TIME + number);
    return votes.workPrefix(votes.cast(request, wallet, voter));
  };
}

/** Rates of the hash implementations, in turn within this process; medians over `turns`. */
export async function measureHashing(turns: number): Promise<RawData> {
  // A line of progress may be on its way to the terminal.
  await new Promise<void>((resolve) => setImmediate(resolve));
  const { rates, hashesPerShortSearch } = hashRates(turns);
  const of = (values: readonly number[]) => ({
    millionHashesPerSecond: median(values) / 1e6,
    sharePercent: 100 * median(values.map((value, turn) => value / rates.bare[turn]!)),
    turns: values,
  });
  return {
    turns,
    hashesPerShortSearch,
    bare: of(rates.bare),
    long: of(rates.long),
    short: of(rates.short),
    plain: of(rates.plain),
    portable: of(rates.portable),
  };
}
