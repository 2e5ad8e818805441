/**
 * The messages of the protocol (paper IV.C and IV.D, Fig. 2) and the bounds of their fields.
 *
 * The union is open by `kind`: a profile may add kinds of its own (digests, pulls, certificates) and handles
 * them in its extension. The state machine reads the heads only; everything below a head belongs to the profile.
 * Source; the sensor transaction's stream and sequence: D-05.
 */

/** Fingerprint of a wallet: 64 hexadecimal digits. */
export type StateHash = string;

/** State of a wallet that no decision has touched yet. */
export const GENESIS: StateHash = '0'.repeat(64);

/** Largest value of the wire's signed 32-bit fields. */
export const INT32_MAX = 2_147_483_647;
export const INT32_MIN = -2_147_483_648;

/** A node id: 1 to 32 of `[A-Za-z0-9-]` (the wire's id width may allow fewer). */
export const NODE_ID_PATTERN = /^[A-Za-z0-9-]{1,32}$/;

/** What the state machine reads of any message. */
export interface MessageHead {
  readonly kind: string;
}

/**
 * What the state machine reads of any request. A *slot* names the place in the requester's chain that the request
 * is made for: in the paper the current State, in other profiles perhaps a height.
 */
export interface RequestHead extends MessageHead {
  readonly kind: 'request';
  /** Identity of the request without its nonce: 64 hexadecimal digits. */
  readonly id: string;
  readonly requester: string;
  readonly slot: string;
}

/** What the state machine reads of any vote. Votes of one `group` are identical in everything but voter and nonce. */
export interface VoteHead extends MessageHead {
  readonly kind: 'vote';
  readonly voter: string;
  readonly requester: string;
  readonly slot: string;
  /** The request that is voted for. */
  readonly requestId: string;
  readonly group: string;
}

/** Fields of the paper's Request Transaction that are hashed into its identity. */
export interface RequestBody {
  readonly requester: string;
  /** The paper's smart contract: 1 to id-width bytes of UTF-8, no NUL. */
  readonly service: string;
  /** Whole DCoins, 0 .. 2^31-1. */
  readonly priceDcoins: number;
  /** Unix seconds, int32. */
  readonly time: number;
  /** The requester's current State when it asked. */
  readonly state: StateHash;
}

/** Request Transaction (Fig. 2 b). `slot` equals `state`. */
export interface Request extends RequestHead, RequestBody {
  /** LWPoW solution, 0 .. 2^31-1. */
  readonly nonce: number;
}

/** Consensus Transaction (Fig. 2 c), the vote. `slot` equals `state`. */
export interface Vote extends VoteHead, RequestBody {
  readonly voter: string;
  /** Balance left to the requester after the purchase, in units, int32. */
  readonly remainingUnits: number;
  readonly nonce: number;
}

/** Sensor Transaction (Fig. 2 a): data shared by `publisher`, worth one unit. */
export interface SensorTransaction extends MessageHead {
  readonly kind: 'sensor';
  readonly publisher: string;
  /** Name of the data topic, e.g. `temperature`: same bounds as a service's name. */
  readonly topic: string;
  /** Any finite number. */
  readonly value: number;
  /**
   * Position in the publisher's stream, so that a redelivery is credited once; null where the wire has none (the
   * text form), and then every delivery counts.
   */
  readonly position: StreamPosition | null;
}

/** Both are unsigned 32-bit integers; `stream` is drawn anew with each new database of the publisher. */
export interface StreamPosition {
  readonly stream: number;
  readonly sequence: number;
}

/** Topics of the paper's software architecture (V.A): sensor data apart from requests and votes. */
export type Channel = 'sensor' | 'consensus';

declare const verified: unique symbol;

/**
 * A message that `verify` let through: decoded, in bounds, with valid work, known service and matching sender.
 * The state machine takes nothing else.
 */
export type Verified<M extends MessageHead> = M & { readonly [verified]: true };
