/**
 * How near the search for a nonce comes to the hash function itself. All candidates run in turn within one process,
 * over and over; figures are medians, shares are medians of the shares of each turn, so that a machine that is busy
 * for a while slows both sides of a share.
 */
import { hash } from 'node:crypto';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { sha256Hex } from '../../node/protocol/hash.ts';
import { searchNonce } from '../../node/protocol/work.ts';
import type { Figure } from './codec.ts';

const TURNS = 11;
const HASHES_PER_TURN = 200_000;
/** Five digits throughout, so that every preimage of the long search has the length of the bare loop's. */
const LONG_SEARCH_FROM = 100_000;
/** Never satisfied within {@link HASHES_PER_TURN} nonces of the prefix below. */
const LONG_SEARCH_DIFFICULTY = 7;
const SHORT_SEARCHES = 4000;
const SHARE_TARGET = '>= 85';

const STATE = '69a5f0d9edbdfdebd8481b6dc0cb993c0da5796837521552a370df0e7c5be879';
const votePrefix = (index: number) => `node-${index % 8}node-9Nespresso2${1_600_000_000 + index}${STATE}90`;

interface Candidate {
  /** Runs once. */
  readonly run: () => void;
  readonly hashes: number;
}

export interface HashRates {
  /** Hashes a second by candidate, one of each turn. */
  readonly rates: Readonly<Record<keyof ReturnType<typeof candidatesOf>, readonly number[]>>;
  readonly hashesPerShortSearch: number;
}

function candidatesOf() {
  return {
    /** `crypto.hash` of one text, again and again. */
    bare: bareLoop(),
    /** The portable hash of one text. */
    portable: portableLoop(),
    /** The search of a node, which finds nothing. */
    long: longSearch(),
    /** A search that joins prefix and nonce anew for each hash. */
    plain: plainSearch(),
    /** The search of a node at difficulty 1. */
    short: shortSearches(),
  };
}

/** All candidates in turn, `turns` times; takes a quarter of a second a turn, and stands in the way of all else. */
export function hashRates(turns: number): HashRates {
  const candidates = candidatesOf();
  const rates: Record<keyof typeof candidates, number[]> = { bare: [], portable: [], long: [], plain: [], short: [] };
  const names = Object.keys(candidates) as (keyof typeof candidates)[];
  // The first turn warms up.
  for (let turn = 0; turn <= turns; turn++) {
    for (const name of names) {
      const rate = hashesPerSecond(candidates[name]);
      if (turn > 0) rates[name].push(rate);
    }
  }
  return { rates, hashesPerShortSearch: candidates.short.hashes / SHORT_SEARCHES };
}

/** Hash and search rates and their shares; takes about three seconds. */
export async function benchHashing(): Promise<Figure[]> {
  const { rates, hashesPerShortSearch } = hashRates(TURNS);
  const millions = (name: string, values: readonly number[]): Figure => ({
    name,
    value: rounded(median(values) / 1e6),
    unit: 'M hashes/s',
  });
  const share = (name: string, values: readonly number[], target?: string): Figure => ({
    name,
    value: rounded(100 * median(values.map((value, turn) => value / rates.bare[turn]!))),
    unit: '%',
    ...(target === undefined ? {} : { target }),
  });
  return [
    millions('crypto.hash, bare loop', rates.bare),
    millions('portable hash, bare loop', rates.portable),
    millions('search for a nonce, long', rates.long),
    share('search for a nonce, long: share of the bare loop', rates.long, SHARE_TARGET),
    millions('search for a nonce, difficulty 1', rates.short),
    share('search for a nonce, difficulty 1: share of the bare loop', rates.short, SHARE_TARGET),
    share('search by joined strings, long: share of the bare loop', rates.plain),
    {
      name: 'time to a nonce, difficulty 1, mean',
      value: rounded((1e6 * hashesPerShortSearch) / median(rates.short)),
      unit: 'us',
    },
  ];
}

/** The bound of any search: one flat string of a preimage's length, hashed again and again. */
function bareLoop(): Candidate {
  const text = Buffer.from(`${votePrefix(0)}${LONG_SEARCH_FROM}`).toString('latin1');
  return {
    hashes: HASHES_PER_TURN,
    run: () => {
      let zeros = 0;
      for (let i = 0; i < HASHES_PER_TURN; i++) if (hash('sha256', text, 'hex').startsWith('0000000')) zeros++;
      if (zeros > 0) throw new Error('the bare loop hashes a text that was not to satisfy difficulty 7');
    },
  };
}

function portableLoop(): Candidate {
  const text = `${votePrefix(0)}${LONG_SEARCH_FROM}`;
  const hashes = HASHES_PER_TURN / 10;
  return {
    hashes,
    run: () => {
      for (let i = 0; i < hashes; i++) sha256Hex(text);
    },
  };
}

function longSearch(): Candidate {
  return {
    hashes: HASHES_PER_TURN,
    run: () => {
      requireNone(searchNonceNatively(votePrefix(0), LONG_SEARCH_DIFFICULTY, LONG_SEARCH_FROM, HASHES_PER_TURN));
    },
  };
}

function plainSearch(): Candidate {
  return {
    hashes: HASHES_PER_TURN,
    run: () => {
      requireNone(
        searchNonce(votePrefix(0), LONG_SEARCH_DIFFICULTY, nativeSha256Hex, LONG_SEARCH_FROM, HASHES_PER_TURN),
      );
    },
  };
}

function requireNone(nonce: number | null): void {
  if (nonce !== null) throw new Error(`the long search was to find nothing, it found ${nonce} and hashed less`);
}

/** What a node does: some seventeen hashes a search, another prefix each, its preparation included. */
function shortSearches(): Candidate {
  const prefixes = Array.from({ length: SHORT_SEARCHES }, (_, index) => votePrefix(index));
  const search = () => prefixes.reduce((hashes, prefix) => hashes + searchNonceNatively(prefix, 1)! + 1, 0);
  return { hashes: search(), run: search };
}

function hashesPerSecond({ run, hashes }: Candidate): number {
  const begunAtMs = performance.now();
  run();
  return (1000 * hashes) / (performance.now() - begunAtMs);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
