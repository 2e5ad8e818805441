/**
 * SHA-256 as the protocol uses it: text in, 64 lower-case hexadecimal digits out.
 *
 * The function is a parameter of everything that hashes: hosts pass a native one, which is about five times
 * faster; this one (@noble/hashes) is the default and the oracle the others are tested against.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** Hashes the UTF-8 bytes of `text`; returns 64 lower-case hexadecimal digits. */
export type Sha256Hex = (text: string) => string;

export const sha256Hex: Sha256Hex = (text) => bytesToHex(sha256(utf8ToBytes(text)));
