/**
 * A profile: the rules of one reading of the protocol, as a record of strategies over plain values. The state machine
 * (ledger-node.ts) asks them and holds no rule itself, so a new profile needs no edit there, and a driver without the
 * class (a simulator of ten thousand nodes) can call the same functions.
 *
 * W is the wallet record, R the request, V the vote. Hosts and stores treat all three as opaque.
 */
import type { Codec } from './codec.ts';
import type { MessageHead, RequestHead, Verified, VoteHead } from './message.ts';
import type { Parameters } from './parameters.ts';
import type { Rejection } from './rejection.ts';
import type { Effect } from './step.ts';

/** Price list: service name to price in whole DCoins. Null: any service at any price in bounds. */
export type Catalogue = ReadonlyMap<string, number> | null;

/** Who counts. `configured`: members from the configuration, all with a wallet from the start. */
export interface Membership {
  readonly kind: 'configured' | 'wallets';
  readonly members: readonly string[];
}

export interface WalletRules<W> {
  /** The wallet of a node that nobody has heard of: no units, GENESIS. */
  open(id: string): W;
  /** Place in the chain that the next request of this wallet is made for. */
  slot(wallet: W): string;
  /** The place before, whose messages are `late`; null: none is known. */
  previousSlot(wallet: W): string | null;
  units(wallet: W): number;
  stateHash(wallet: W): string;
  decidedRequestId(wallet: W): string | null;
  /** The wallet with `units` more: the reward of a vote, the worth of shared data. */
  earn(wallet: W, units: number): W;
}

export interface RequestRules<W, R> {
  /** A request of `requester` for its wallet's current slot, without a valid nonce yet. `time` in Unix seconds. */
  draft(requester: string, wallet: W, service: string, priceDcoins: number, time: number): R;
  /** False when the wire cannot carry such a request, whatever the price list says. */
  expressible(service: string, priceDcoins: number): boolean;
  workPrefix(request: R): string;
  solved(request: R, nonce: number): R;
  /** Whether a request for the current slot may be voted for now, or waits (it has no timeout). */
  acceptability(request: R, wallet: W): 'accept' | 'wait';
  /** True for a request that stops the scan without being used (the reference's time -1). */
  blocksScan(request: R): boolean;
}

export interface VoteRules<W, R, V> {
  /** The vote of `voter` for `request`: the remaining rule is in here. Without a valid nonce yet. */
  cast(request: R, wallet: W, voter: string): V;
  workPrefix(vote: V): string;
  solved(vote: V, nonce: number): V;
  remainingUnits(vote: V): number;
  /** Order in which groups that have a quorum are settled. */
  compareGroups(a: V, b: V): number;
  /** True for a group that stops the process without being settled (the reference's time -1). */
  blocksConsensus(vote: V): boolean;
}

/** What a second vote of one voter for one slot is worth at a receiver. */
export type DuplicatePolicy = Parameters['duplicateVotes'];

export interface Settlement<W> {
  readonly wallet: W;
  readonly service: string;
  readonly priceDcoins: number;
  readonly time: number;
  /** Names the purchase: the service is started at most once per key. */
  readonly serviceKey: string;
  readonly serviceArgument: string;
}

export interface Retention {
  /** Requests of a requester that its stored rows survive; null: no ageing. */
  readonly outdate: number | null;
  /** Most votes kept per (voter, requester), most requests per requester; null: no bound and no `late`. */
  readonly rowsPerPair: number | null;
}

/** A step of processing. `generate-counted` votes at most once, while requests are counted as open. */
export type Stage = 'consensus' | 'generate-all' | 'generate-until-own' | 'generate-counted' | 'recount';

export interface Schedule {
  /** Stages after a message of `kind` was delivered and stored (or refused as late, duplicate, conflicting). */
  afterMessage(kind: string): readonly Stage[];
  readonly afterStart: readonly Stage[];
  readonly period: {
    readonly ms: number;
    /** `silence`: counted from the last message; `fixed`: from the last period. */
    readonly from: 'fixed' | 'silence';
    readonly stages: readonly Stage[];
  } | null;
}

/** What an extension may see and change of the node that runs it. Changes are persisted with the step. */
export interface LedgerAccess<W> {
  readonly self: string;
  readonly members: readonly string[];
  wallet(id: string): W | undefined;
  setWallet(id: string, wallet: W): void;
}

/** Handles what the paper's protocol has not: other kinds of message, timers of its own, misplaced votes. */
export interface Extension<W> {
  onStart?(ledger: LedgerAccess<W>, nowMs: number): readonly Effect[];
  onMessage?(
    message: Verified<MessageHead>,
    sender: string | null,
    ledger: LedgerAccess<W>,
    nowMs: number,
  ): readonly Effect[];
  onWake?(name: string, ledger: LedgerAccess<W>, nowMs: number): readonly Effect[];
  /** A request or vote for a slot that is neither current nor the one before. */
  onMisplaced?(message: RequestHead | VoteHead, ledger: LedgerAccess<W>, nowMs: number): readonly Effect[];
}

export interface Profile<W, R extends RequestHead, V extends VoteHead> {
  readonly name: string;
  /** Version of the durable records; a store with another one is refused. */
  readonly schema: number;
  readonly parameters: Parameters;
  readonly membership: Membership;
  readonly catalogue: Catalogue;
  readonly codec: Codec;
  /** Checks that need no ledger: fields, sender, membership, catalogue, work. Returns null when all hold. */
  check(message: MessageHead, sender: string | null): Rejection | null;
  readonly wallets: WalletRules<W>;
  readonly requests: RequestRules<W, R>;
  readonly votes: VoteRules<W, R, V>;
  /** Votes that settle a request in a network of `n`. */
  quorum(n: number): number;
  /** Voters to reward, given the winning group's voters in order of arrival (repeats included). */
  rewarded(votersByArrival: readonly string[], n: number): readonly string[];
  /** Wallet after the decision; null when the request itself is needed and unknown. */
  settle(wallet: W, vote: V, request: R | null): Settlement<W> | null;
  readonly voteLock: boolean;
  readonly duplicates: DuplicatePolicy;
  readonly retention: Retention;
  readonly schedule: Schedule;
  readonly extension: Extension<W> | null;
}

/** For hosts, which look inside none of the three. */
// biome-ignore lint/suspicious/noExplicitAny: the three type parameters are invariant; `any` is the only top here
export type AnyProfile = Profile<any, any, any>;
