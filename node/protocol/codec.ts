/**
 * The wire as a port: bytes to message and back. Decoding never throws; what cannot be decoded is a value that says
 * why. Source: R-14. Implementations: codec-compact.ts (default), codec-text.ts (the reference's form).
 */
import type { Channel, MessageHead } from './message.ts';
import type { RejectionCode } from './rejection.ts';

/** Longest payload any codec looks at; longer ones are `oversized`. */
export const PAYLOAD_BYTES_MAX = 4096;

export interface Malformed {
  readonly code: Extract<RejectionCode, 'malformed' | 'oversized' | 'bad-field'>;
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

export type Decoded =
  | { readonly ok: true; readonly message: MessageHead }
  | { readonly ok: false; readonly malformed: Malformed };

export interface Codec {
  readonly name: string;
  /** Never throws, keeps no reference to `bytes`. */
  decode(bytes: Uint8Array, channel: Channel): Decoded;
  /** `message` must be in bounds: a field the wire cannot hold is a broken invariant. */
  encode(message: MessageHead): Uint8Array;
}

export function malformed(code: Malformed['code'], where: string, expected: string, found: string): Decoded {
  return { ok: false, malformed: { code, where, expected, found } };
}
