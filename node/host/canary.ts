/**
 * The probe of a link: a small payload that a node publishes on the fabric when the lab tells it to, and that every node
 * notes when it arrives. Link rules apply to it as to everything else, so a fault of the network can be seen to work
 * without waiting for the protocol to send something. It is no part of the protocol.
 */
import { NODE_ID_PATTERN } from '../protocol/message.ts';
import { isPlainText } from './record-reader.ts';

export interface Canary {
  /** Chosen by whoever asks for it: 1..64 bytes. */
  readonly id: string;
  /** The seat that sent it, by its own account: twins publish under one identity. */
  readonly seat: string;
}

export const CANARY_ID_BYTES_MAX = 64;
const PAYLOAD_BYTES_MAX = 256;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function encodeCanary({ id, seat }: Canary): string {
  return JSON.stringify({ id, seat });
}

/** Null for everything that is none. Never throws. */
export function readCanary(payload: Uint8Array): Canary | null {
  if (payload.length > PAYLOAD_BYTES_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(payload));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { id, seat } = value as Partial<Record<string, unknown>>;
  const fits =
    typeof id === 'string' &&
    isPlainText(id, CANARY_ID_BYTES_MAX) &&
    typeof seat === 'string' &&
    NODE_ID_PATTERN.test(seat);
  return fits ? { id, seat } : null;
}
