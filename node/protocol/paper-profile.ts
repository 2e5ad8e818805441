/**
 * Builds the profile that a set of parameters describes: the paper's reading and the three reference codes are all
 * points in this space. Source: R-06..R-13, R-15; time -1: D-16; each knob's deviation is cited in parameters.ts and PROTOCOL.md.
 */
import { paperCheck } from './check.ts';
import type { Codec } from './codec.ts';
import { compactCodec } from './codec-compact.ts';
import { expressibleInText, textCodec } from './codec-text.ts';
import { isInt32, isName } from './field-bounds.ts';
import type { Sha256Hex } from './hash.ts';
import { sha256Hex } from './hash.ts';
import type { Request, Vote } from './message.ts';
import { makeRequest, makeVote } from './paper-messages.ts';
import type { Parameters } from './parameters.ts';
import { dcoinText, NO_DCOIN, nextState, workPrefix } from './preimage.ts';
import type { Catalogue, Profile, Schedule } from './profile.ts';
import { quorum } from './quorum.ts';
import { credited, openWallet, settledWallet, type Wallet } from './wallet.ts';

/** Version of the durable records below: Wallet, Request, Vote rows. */
const SCHEMA = 1;

export type PaperProfile = Profile<Wallet, Request, Vote>;

export interface ProfileOptions {
  readonly name: string;
  readonly parameters: Parameters;
  /** Ids of all members, in the order of the configuration; 2..512 for a live lab. */
  readonly members: readonly string[];
  readonly catalogue: Catalogue;
  /** Default: the pure one. Hosts pass a native one. */
  readonly hash?: Sha256Hex;
}

export function paperProfile(options: ProfileOptions): PaperProfile {
  const { name, parameters, members, catalogue, hash = sha256Hex } = options;
  const { dcoinRate } = parameters;
  const membership = { kind: parameters.networkSize, members };
  const remainingUnits = remainingRule(parameters);
  const dcoin = (units: number): string => dcoinText(units, parameters);

  return {
    name,
    schema: SCHEMA,
    parameters,
    membership,
    catalogue,
    codec: codecOf(parameters, hash),
    check: paperCheck({ parameters, membership, catalogue, hash }),
    wallets: {
      open: (id) => openWallet(id, 0),
      slot: (wallet) => wallet.stateHash,
      previousSlot: (wallet) => wallet.previousStateHash,
      units: (wallet) => wallet.units,
      stateHash: (wallet) => wallet.stateHash,
      decidedRequestId: (wallet) => wallet.decidedRequestId,
      earn: credited,
    },
    requests: {
      draft: (requester, wallet, service, priceDcoins, time) =>
        makeRequest({ requester, service, priceDcoins, time, state: wallet.stateHash }, 0, hash),
      expressible: (service, priceDcoins) =>
        isName(service, parameters.idBytes) &&
        isInt32(priceDcoins, 0) &&
        (parameters.codec === 'compact' || expressibleInText(service)),
      workPrefix: (request) => workPrefix(request.requester, request, NO_DCOIN),
      solved: (request, nonce) => ({ ...request, nonce }),
      acceptability: (request, wallet) => (request.priceDcoins * dcoinRate <= wallet.units ? 'accept' : 'wait'),
      blocksScan: (request) => parameters.timeMinusOneBlocks && request.time === -1,
    },
    votes: {
      cast: (request, wallet, voter) =>
        makeVote(voter, request, remainingUnits(wallet.units, request.priceDcoins), 0, hash, request.id),
      workPrefix: (vote) => workPrefix(vote.voter, vote, dcoin(vote.remainingUnits)),
      solved: (vote, nonce) => ({ ...vote, nonce }),
      remainingUnits: (vote) => vote.remainingUnits,
      compareGroups,
      blocksConsensus: (vote) => parameters.timeMinusOneBlocks && vote.time === -1,
    },
    quorum: (n) => quorum(parameters.majorityThreshold, n, parameters.quorumRounding),
    rewarded: parameters.rewarded === 'present' ? (voters) => [...new Set(voters)] : firstShare,
    settle: (wallet, vote) => {
      const newState = nextState(vote, dcoin(vote.remainingUnits), parameters.hexCase, hash);
      return {
        wallet: settledWallet(wallet, vote.remainingUnits, newState, vote.requestId),
        service: vote.service,
        priceDcoins: vote.priceDcoins,
        time: vote.time,
        serviceKey: newState,
        serviceArgument: `${vote.requester}_${vote.state}_${vote.time}`,
      };
    },
    voteLock: parameters.votesPerState === 'one',
    duplicates: parameters.duplicateVotes,
    retention: { outdate: parameters.outdate, rowsPerPair: parameters.rowsPerPair },
    schedule: scheduleOf(parameters),
    extension: null,
  };
}

/** Units left after a purchase: exact, or cut to whole DCoins with the rest burnt. Source: R-09, D-02. */
export function remainingRule(
  parameters: Pick<Parameters, 'remaining' | 'dcoinRate'>,
): (units: number, priceDcoins: number) => number {
  const { dcoinRate } = parameters;
  if (parameters.remaining === 'exact') return (units, price) => units - dcoinRate * price;
  return (units, price) => dcoinRate * (Math.trunc(units / dcoinRate) - price);
}

/** The first 67 % of n rows, half up; a repeated vote takes a place and earns once. Source: D-11. */
function firstShare(votersByArrival: readonly string[], n: number): readonly string[] {
  return [...new Set(votersByArrival.slice(0, Math.floor((67 * n + 50) / 100)))];
}

/** Ascending by the fields of a group, as SQLite's GROUP BY delivers them in the reference. Source: R-11. */
function compareGroups(a: Vote, b: Vote): number {
  return (
    compareText(a.requester, b.requester) ||
    compareText(a.service, b.service) ||
    a.priceDcoins - b.priceDcoins ||
    a.time - b.time ||
    compareText(a.state, b.state) ||
    a.remainingUnits - b.remainingUnits
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function codecOf(parameters: Parameters, hash: Sha256Hex): Codec {
  const { idBytes, timeMin, hexCase } = parameters;
  return parameters.codec === 'compact'
    ? compactCodec({ idBytes, timeMin, hexCase, hash })
    : textCodec({ idBytes, timeMin, hash, parameters });
}

/** Source: R-15 (order of processing per schedule). */
function scheduleOf(parameters: Parameters): Schedule {
  const ms = parameters.consensusPeriodMs;
  switch (parameters.schedule) {
    case 'event':
      return { afterMessage: () => EVENT_STAGES, afterStart: EVENT_STAGES, period: null };
    case 'period':
      return { afterMessage: () => [], afterStart: [], period: { ms, from: 'fixed', stages: EVENT_STAGES } };
    case 'reference-loop':
      return {
        afterMessage: (kind) => (kind === 'vote' ? LOOP_VOTE_STAGES : LOOP_STAGES),
        afterStart: [],
        period: { ms, from: 'silence', stages: LOOP_STAGES },
      };
    case 'reference-period':
      return {
        afterMessage: () => [],
        afterStart: [],
        period: { ms, from: 'fixed', stages: ['generate-all', 'consensus'] },
      };
    case 'reference-period-until-own':
      return {
        afterMessage: () => [],
        afterStart: [],
        period: { ms, from: 'fixed', stages: ['generate-until-own', 'consensus'] },
      };
  }
}

const EVENT_STAGES = ['consensus', 'generate-all'] as const;
const LOOP_STAGES = ['generate-counted'] as const;
const LOOP_VOTE_STAGES = ['generate-counted', 'consensus', 'recount'] as const;
