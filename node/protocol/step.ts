/**
 * Inputs and effects of the state machine: plain values, so that one step is a line of a trace
 * (now, input, effects). Source: R-17.
 */
import type { Change } from './durable.ts';
import type { Channel, MessageHead, StateHash, Verified } from './message.ts';
import type { Rejection } from './rejection.ts';

/** How an order to buy treats a node that cannot pay yet or has a request under way. */
export type OrderMode =
  /** Refuse it. */
  | 'strict'
  /** Keep it, durably, until the node can. */
  | 'wait'
  /** Send the request all the same: the network leaves it pending, or sees a double request. */
  | 'force';

export interface Order {
  /** Chosen by whoever orders; the same id twice is one order. 1..64 characters. */
  readonly orderId: string;
  readonly service: string;
  readonly priceDcoins: number;
  readonly mode: OrderMode;
}

export type Input =
  /** The node has started, for the first time or again: sends what was persisted and not acknowledged. */
  | { readonly kind: 'start' }
  /** A message delivered by the fabric; `sender` is the authenticated identity, null where there is none. */
  | { readonly kind: 'message'; readonly sender: string | null; readonly message: Verified<MessageHead> }
  /** Input that `decode` or `verify` refused: reported, nothing else. */
  | { readonly kind: 'refused'; readonly rejection: Rejection }
  | { readonly kind: 'order'; readonly order: Order }
  /** A value from the node's own sensor, to be shared. */
  | { readonly kind: 'sample'; readonly topic: string; readonly value: number }
  /** Answer to a `seek` effect; `nonce` null when the int32 range holds no solution. */
  | { readonly kind: 'nonce-found'; readonly ticket: string; readonly nonce: number | null }
  /** The fabric has taken what was published under this receipt. */
  | { readonly kind: 'acknowledged'; readonly receipt: string }
  /** A wake-up asked for by a `wake` effect. */
  | { readonly kind: 'wake'; readonly name: string };

/** A settled request as one node sees it. Lists are in order of arrival at that node. */
export interface Decision {
  readonly requester: string;
  readonly requestId: string;
  readonly service: string;
  readonly priceDcoins: number;
  readonly time: number;
  readonly slot: string;
  readonly previousState: StateHash;
  readonly newState: StateHash;
  readonly remainingUnits: number;
  /** Distinct voters of the winning group present when the node decided. */
  readonly voters: readonly string[];
  readonly rewarded: readonly string[];
  readonly rewardUnits: number;
  readonly n: number;
  readonly quorum: number;
}

export const ORDER_REFUSALS = [
  'insufficient-funds',
  'request-pending',
  'unknown-service',
  'wrong-price',
  'unknown-requester',
] as const;

export type OrderRefusal = (typeof ORDER_REFUSALS)[number];

export type OrderOutcome =
  | { readonly outcome: 'refused'; readonly reason: OrderRefusal; readonly detail: string }
  | { readonly outcome: 'queued'; readonly reason: 'insufficient-funds' | 'request-pending' }
  | { readonly outcome: 'requested'; readonly requestId: string; readonly slot: string };

export type Effect =
  /** One transaction. It comes first in a step's effects: what follows may leave the node only after it. */
  | { readonly kind: 'persist'; readonly changes: readonly Change[] }
  /** Find a nonce for `prefix` at `difficulty`, answer with `nonce-found`. */
  | { readonly kind: 'seek'; readonly ticket: string; readonly prefix: string; readonly difficulty: number }
  /** Send to all, the node itself included. `receipt`: wants `acknowledged` once the fabric has it. */
  | {
      readonly kind: 'publish';
      readonly channel: Channel;
      readonly message: MessageHead;
      readonly receipt: string | null;
    }
  /** Send to one peer. */
  | { readonly kind: 'send'; readonly to: string; readonly channel: Channel; readonly message: MessageHead }
  /** Start the purchased service, at most once per `key`; `argument` as in the reference: Requester_State_Time. */
  | { readonly kind: 'execute'; readonly key: string; readonly argument: string; readonly decision: Decision }
  | { readonly kind: 'settled'; readonly decision: Decision }
  /** A vote was cast: its lock is in this step's persist. */
  | {
      readonly kind: 'voted';
      readonly requester: string;
      readonly requestId: string;
      readonly slot: string;
      readonly remainingUnits: number;
    }
  /** A request or vote was stored, or a sensor transaction counted. */
  | { readonly kind: 'accepted'; readonly sender: string | null; readonly message: MessageHead }
  | { readonly kind: 'credited'; readonly wallet: string; readonly units: number; readonly cause: 'sensor' | 'reward' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | ({ readonly kind: 'order'; readonly orderId: string } & OrderOutcome)
  /** Wake the node with this name at `atMs`, in place of any earlier wake-up of that name; null cancels it. */
  | { readonly kind: 'wake'; readonly name: string; readonly atMs: number | null };
