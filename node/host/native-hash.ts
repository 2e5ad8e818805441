/**
 * The protocol's hash by Node's own SHA-256 (OpenSSL, with the processor's SHA instructions where it has some): five to
 * eight times the rate of the portable one in protocol/hash.ts, which stays the default of the core and the oracle.
 */
import { hash } from 'node:crypto';
import type { Sha256Hex } from '../protocol/hash.ts';

/**
 * SHA-256 of the UTF-8 bytes of `text`, 64 lower-case hexadecimal digits. Like the oracle it turns each lone
 * surrogate into U+FFFD (EF BF BD) before hashing, so texts that differ in such a half only have one hash. No message
 * holds one: codecs accept valid UTF-8 alone.
 */
export const nativeSha256Hex: Sha256Hex = (text) => hash('sha256', text, 'hex');
