/**
 * What a Byzantine node can be told to do, as data: part of a scenario, of a node's configuration, of a command over
 * the control channel. The code is in the files beside this one (conduct-of.ts lists it); reading and checking outside
 * input is read-conditions.ts of the host. Ids are member ids, durations milliseconds, amounts units of the ledger.
 *
 * A behaviour acts in addition to the unmodified core, or changes what the core wants to send. Several may act at once:
 * each sees the effects that the ones before it in the list let through.
 *
 * Source: the fault catalogue F16..F31 of the project's protocol notes.
 */

/** Two sets of receivers that are told different things; members in neither hear both. */
export interface Sides {
  readonly left: readonly string[];
  readonly right: readonly string[];
}

export type Behaviour =
  /** F16: never sends a vote. */
  | { readonly kind: 'silent-voter' }
  /** Votes at once for every request that it hears, whatever the wallet holds or the State is. */
  | { readonly kind: 'always-yes' }
  /** Votes that nothing was bought: Remaining is the balance before the purchase. */
  | { readonly kind: 'always-no' }
  /** F17: Remaining is off by this much; negative or positive, not 0. */
  | { readonly kind: 'wrong-remaining'; readonly byUnits: number }
  /**
   * F18: a different vote for each side. Where two requests on one State are known, each side gets the vote for the
   * one it was told of (left: the first in order of request id); with one request, the right side's Remaining is off
   * by `byUnits`.
   */
  | { readonly kind: 'equivocating-voter'; readonly sides: Sides; readonly byUnits: number }
  /** Sends each vote so many times more, `everyMs` apart. */
  | { readonly kind: 'repeated-vote'; readonly copies: number; readonly everyMs: number }
  /**
   * F19: asks twice on one State. With `sides` each side hears of one request only; without, all hear both,
   * `gapMs` apart. The second is for `service` (another one than the first; null: another Time).
   */
  | {
      readonly kind: 'double-spender';
      readonly sides: Sides | null;
      readonly gapMs: number;
      readonly service: string | null;
      /** With `sides`: both get both, in opposite order (schedule A2 of the notes). */
      readonly crossed: boolean;
    }
  /** F20: asks for `service` although its wallet cannot pay, every `everyMs`. */
  | { readonly kind: 'overspender'; readonly service: string; readonly everyMs: number }
  /** F21: sends each vote once more in the name of each of these voters. */
  | { readonly kind: 'forged-voter'; readonly voters: readonly string[] }
  /** F22: shares sensor data in the names of `count` wallets that nobody has heard of. */
  | { readonly kind: 'sybil-wallets'; readonly count: number; readonly everyMs: number }
  /** F23. */
  | { readonly kind: 'sensor-spam'; readonly perSecond: number }
  /** F25: sends the first vote that it hears for a request as its own, without checking it. */
  | { readonly kind: 'vote-copier' }
  /** F26: sends everything of the others that it could send itself, and its own messages, again. */
  | { readonly kind: 'replayer'; readonly afterMs: number; readonly copies: number }
  /** Votes and requests whose LWPoW misses the difficulty. */
  | { readonly kind: 'weak-work' }
  /** Requests and votes on the State before the current one. */
  | { readonly kind: 'stale-state' }
  /** F30: requests, votes or both reach these members only. */
  | {
      readonly kind: 'selective-sender';
      readonly messages: 'requests' | 'votes' | 'both';
      readonly to: readonly string[];
    }
  /** F28: bytes that are no message, or a message with poison in its fields. */
  | { readonly kind: 'hostile-payloads'; readonly perSecond: number }
  /** Keeps each vote back for so long. */
  | { readonly kind: 'withholding'; readonly delayMs: number }
  /** F24: votes at once, unchecked, for requests of the ring, for nobody else, and buys `service` whenever it can pay. */
  | { readonly kind: 'reward-ring'; readonly ring: readonly string[]; readonly service: string };

export type BehaviourKind = Behaviour['kind'];

export const BEHAVIOUR_KINDS = [
  'silent-voter',
  'always-yes',
  'always-no',
  'wrong-remaining',
  'equivocating-voter',
  'repeated-vote',
  'double-spender',
  'overspender',
  'forged-voter',
  'sybil-wallets',
  'sensor-spam',
  'vote-copier',
  'replayer',
  'weak-work',
  'stale-state',
  'selective-sender',
  'hostile-payloads',
  'withholding',
  'reward-ring',
] as const satisfies readonly BehaviourKind[];
