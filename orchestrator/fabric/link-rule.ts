/**
 * A rule of the emulated network, as data: what happens to the copies of messages from some seats to others. The broker
 * applies it (link-rules.ts), since in a star of one broker only the broker sees pairs of nodes. Pure data, resolved:
 * no selectors, no randomness.
 *
 * All rules that match a copy apply, in the order of the list: delays add up, one drop is enough. What is drawn is drawn
 * from the stream of (rule, sender, recipient, class), one draw for each message of that class: adding a rule or a node
 * changes no other decision, and neither does the order in which messages of different pairs arrive.
 */

/** `canary`: the probe of a fault; every rule applies to it whatever its `classes`, so that it can be seen to work. */
export type MessageClass = 'sensor' | 'request' | 'vote' | 'other' | 'canary';

export const MESSAGE_CLASSES = ['sensor', 'request', 'vote', 'other'] as const satisfies readonly MessageClass[];

/** Milliseconds beside the fixed part of a delay. `pareto`: `ms` is the scale (its smallest value), shape 1.5. */
export interface Jitter {
  readonly kind: 'uniform' | 'exponential' | 'pareto';
  readonly ms: number;
}

export interface LinkRule {
  /** 1..64 characters, unique among the rules in force. */
  readonly id: string;
  /** Seats; null: all. */
  readonly from: readonly string[] | null;
  readonly to: readonly string[] | null;
  /** Null: all. */
  readonly classes: readonly MessageClass[] | null;
  /** Whether a node's copy of its own message is on a link as well. */
  readonly self: boolean;
  /** Probability 0..1 that a copy is dropped. */
  readonly drop: number;
  readonly delay: { readonly ms: number; readonly jitter: Jitter | null } | null;
  /** With this probability a copy is sent so many times more. */
  readonly duplicate: { readonly probability: number; readonly copies: number } | null;
  /** With this probability a copy is held back so long that later ones overtake it; without, a pair stays in order. */
  readonly reorder: { readonly probability: number; readonly holdMs: number } | null;
  /** Probability 0..1 that one byte of the payload is changed. */
  readonly corrupt: number;
  /** A pair passes so many messages a second, the others wait in line for it. */
  readonly ratePerSecond: number | null;
  /** The rule is in force for `onMs`, then not for `offMs`, and so on; null: always. */
  readonly flapping: { readonly onMs: number; readonly offMs: number } | null;
}

/** What one rule did to one ordered pair since it came into force. */
export interface LinkCount {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  /** Copies that the rule was applied to. */
  readonly matched: number;
  readonly dropped: number;
  readonly delayed: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
}

/** A rule that changes nothing: what a written one is completed with. */
export const IDLE_RULE: Omit<LinkRule, 'id'> = {
  from: null,
  to: null,
  classes: null,
  self: false,
  drop: 0,
  delay: null,
  duplicate: null,
  reorder: null,
  corrupt: 0,
  ratePerSecond: null,
  flapping: null,
};
