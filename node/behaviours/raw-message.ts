/**
 * Bytes that no codec would make, as a message: what a hostile node puts on the wire. Only ever sent; receivers decode
 * bytes and never see this kind.
 */
import type { Codec } from '../protocol/codec.ts';
import type { MessageHead } from '../protocol/message.ts';

export interface RawMessage extends MessageHead {
  readonly kind: 'raw';
  readonly bytes: Uint8Array;
}

/** `codec`, and raw messages as they are. */
export function codecWithRaw(codec: Codec): Codec {
  return {
    name: codec.name,
    decode: (bytes, channel) => codec.decode(bytes, channel),
    encode: (message) => (message.kind === 'raw' ? (message as RawMessage).bytes : codec.encode(message)),
  };
}
