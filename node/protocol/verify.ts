/**
 * The gate before the state machine: bytes become a verified message or a rejection with its evidence. Nothing here
 * depends on a ledger, so a simulator verifies each distinct message once. Never throws on input. Source.
 */
import type { Channel, MessageHead, Verified } from './message.ts';
import type { AnyProfile } from './profile.ts';
import { type Rejection, rejection } from './rejection.ts';

export type Verification =
  | { readonly ok: true; readonly message: Verified<MessageHead> }
  | { readonly ok: false; readonly rejection: Rejection };

/** Checks a decoded message. `sender`: the identity the transport vouches for, null where it vouches for none. */
export function verifyMessage(profile: AnyProfile, message: MessageHead, sender: string | null): Verification {
  const refusal = profile.check(message, sender);
  if (refusal !== null) return { ok: false, rejection: refusal };
  return { ok: true, message: message as Verified<MessageHead> };
}

/** Decodes and checks what the fabric delivered. */
export function verify(
  profile: AnyProfile,
  payload: Uint8Array,
  channel: Channel,
  sender: string | null,
): Verification {
  const decoded = profile.codec.decode(payload, channel);
  if (decoded.ok) return verifyMessage(profile, decoded.message, sender);
  const { code, where, expected, found } = decoded.malformed;
  return { ok: false, rejection: rejection(code, 'unknown', sender, where, expected, found) };
}
