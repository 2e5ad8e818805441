/**
 * The compact wire: fixed layouts, integers big-endian, ids and names zero-padded to w = `idBytes` bytes.
 *
 *   vote     voter w · requester w · service w · state 32 · price 4 · time 4 · nonce 4 · remaining 4   3w+48
 *   request            requester w · service w · state 32 · price 4 · time 4 · nonce 4                 2w+44
 *   sensor   publisher w · topic w · stream 4 · sequence 4 · value 8 (IEEE 754)                        2w+16
 *
 * For w = 32, 16, 8 a vote takes the paper's 144, 96, 72 bytes. Length and channel give the kind; the version is in the
 * topic. Source: R-14; the balance in units instead of the paper's float: D-02; stream and sequence: D-05.
 *
 * The bytes from requester to time say what is asked for, and lie together in both layouts. A network of n nodes sends
 * them n times (a request and its votes), so the last few are remembered with the request's identity, and hashed once.
 *
 * What a field means is not looked at here: a vote for itself or a negative balance passes.
 */
import { byteSlab } from './byte-slab.ts';
import { type Codec, type Decoded, malformed, PAYLOAD_BYTES_MAX } from './codec.ts';
import { expectedId, expectedName, isId, isInt32, isName } from './field-bounds.ts';
import type { Sha256Hex } from './hash.ts';
import { invariant } from './invariant.ts';
import type { Channel, MessageHead, Request, RequestBody, SensorTransaction, Vote } from './message.ts';
import { INT32_MAX } from './message.ts';
import { makeVote } from './paper-messages.ts';
import type { Parameters } from './parameters.ts';
import { requestId } from './preimage.ts';
import { printable } from './rejection.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

export interface CompactCodecOptions {
  /** Width of ids, services and topics, bytes. */
  readonly idBytes: Parameters['idBytes'];
  /** Earliest time a message may carry, Unix seconds. */
  readonly timeMin: number;
  /** Case of a State's digits in the decoded message; default `lower`. The bytes are the same. */
  readonly hexCase?: Parameters['hexCase'];
  /** Gives the decoded request's identity. */
  readonly hash: Sha256Hex;
}

type Refused = Extract<Decoded, { ok: false }>;

/** What request and vote share, with its identity. */
type Body = RequestBody & { readonly ok: true; readonly id: string };

const STATE_BYTES = 32;
/** Remembered bodies and ids; powers of two. A place is overwritten by the next body that falls on it. */
const BODIES_REMEMBERED = 64;
const IDS_REMEMBERED = 256;

const ID_BYTE = new Uint8Array(256);
for (let byte = 0; byte < 128; byte++) if (isId(String.fromCharCode(byte), 1)) ID_BYTE[byte] = 1;

const UPPER_DIGITS = '0123456789ABCDEF';

export function compactCodec(options: CompactCodecOptions): Codec {
  const { idBytes: width, timeMin, hash, hexCase = 'lower' } = options;
  const bodyBytes = 2 * width + STATE_BYTES + 8;
  const requestBytes = bodyBytes + 4;
  const voteBytes = width + bodyBytes + 8;
  const sensorBytes = 2 * width + 16;

  const digits = hexCase === 'upper' ? UPPER_DIGITS : UPPER_DIGITS.toLowerCase();
  const highDigit = new Uint8Array(256);
  const lowDigit = new Uint8Array(256);
  const nibble = new Uint8Array(128).fill(0xff);
  for (let byte = 0; byte < 256; byte++) {
    highDigit[byte] = digits.charCodeAt(byte >> 4);
    lowDigit[byte] = digits.charCodeAt(byte & 15);
  }
  for (let value = 0; value < 16; value++) nibble[digits.charCodeAt(value)] = value;

  const reserve = byteSlab();
  const float = new DataView(new ArrayBuffer(8));
  const knownIds: (string | undefined)[] = new Array<string | undefined>(IDS_REMEMBERED).fill(undefined);
  const knownBodies: (Body | undefined)[] = new Array<Body | undefined>(BODIES_REMEMBERED).fill(undefined);
  const knownBodyBytes = new Uint8Array(BODIES_REMEMBERED * bodyBytes);

  /** Bytes before the first zero, at most `width`; -1 when another byte follows a zero. */
  function paddedLength(bytes: Uint8Array, at: number): number {
    let length = 0;
    while (length < width && bytes[at + length] !== 0) length++;
    for (let i = length; i < width; i++) if (bytes[at + i] !== 0) return -1;
    return length;
  }

  function found(bytes: Uint8Array, at: number): string {
    let end = at + width;
    while (end > at && bytes[end - 1] === 0) end--;
    const text = decodeUtf8(bytes, at, end);
    if (text !== null) return printable(JSON.stringify(text));
    let hex = '';
    for (let i = at; i < end; i++) hex += bytes[i]!.toString(16).padStart(2, '0');
    return `bytes ${hex}`;
  }

  function readId(bytes: Uint8Array, at: number, where: string): string | Refused {
    let mixed = 0;
    let length = 0;
    while (length < width) {
      const byte = bytes[at + length]!;
      if (ID_BYTE[byte] === 0) break;
      mixed = (mixed * 31 + byte) | 0;
      length++;
    }
    if (length === 0) return refused(where, expectedId(width), found(bytes, at));
    for (let i = length; i < width; i++) {
      if (bytes[at + i] !== 0) return refused(where, expectedId(width), found(bytes, at));
    }
    const place = mixed & (IDS_REMEMBERED - 1);
    const known = knownIds[place];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[at + i]) i++;
      if (i === length) return known;
    }
    const id = ascii(bytes, at, length);
    knownIds[place] = id;
    return id;
  }

  function readName(bytes: Uint8Array, at: number, where: string): string | Refused {
    const length = paddedLength(bytes, at);
    const name = length > 0 ? decodeUtf8(bytes, at, at + length) : null;
    return name ?? refused(where, expectedName(width), found(bytes, at));
  }

  function readState(bytes: Uint8Array, at: number): string {
    let state = '';
    // One call for eight bytes: twice as fast as a call or a lookup each.
    for (let i = at; i < at + STATE_BYTES; i += 8) {
      state += String.fromCharCode(
        highDigit[bytes[i]!]!,
        lowDigit[bytes[i]!]!,
        highDigit[bytes[i + 1]!]!,
        lowDigit[bytes[i + 1]!]!,
        highDigit[bytes[i + 2]!]!,
        lowDigit[bytes[i + 2]!]!,
        highDigit[bytes[i + 3]!]!,
        lowDigit[bytes[i + 3]!]!,
        highDigit[bytes[i + 4]!]!,
        lowDigit[bytes[i + 4]!]!,
        highDigit[bytes[i + 5]!]!,
        lowDigit[bytes[i + 5]!]!,
        highDigit[bytes[i + 6]!]!,
        lowDigit[bytes[i + 6]!]!,
        highDigit[bytes[i + 7]!]!,
        lowDigit[bytes[i + 7]!]!,
      );
    }
    return state;
  }

  /** Where a body is remembered. Any choice is correct; this one keeps requests of one moment apart. */
  function placeOf(bytes: Uint8Array, at: number): number {
    let mixed = 0;
    for (let i = 0; i < width && bytes[at + i] !== 0; i++) mixed = (mixed * 31 + bytes[at + i]!) | 0;
    const state = at + 2 * width;
    const price = state + STATE_BYTES;
    mixed = Math.imul(mixed, 31) + readInt32(bytes, state);
    mixed = Math.imul(mixed, 31) + readInt32(bytes, price) + readInt32(bytes, price + 4);
    return mixed & (BODIES_REMEMBERED - 1);
  }

  function readBody(bytes: Uint8Array, at: number): Body | Refused {
    const place = placeOf(bytes, at);
    const known = knownBodies[place];
    const kept = place * bodyBytes;
    if (known !== undefined) {
      let i = 0;
      while (i < bodyBytes && knownBodyBytes[kept + i] === bytes[at + i]) i++;
      if (i === bodyBytes) return known;
    }
    const requester = readId(bytes, at, 'requester');
    if (typeof requester !== 'string') return requester;
    const service = readName(bytes, at + width, 'service');
    if (typeof service !== 'string') return service;
    const state = readState(bytes, at + 2 * width);
    const priceDcoins = readInt32(bytes, at + 2 * width + STATE_BYTES);
    if (priceDcoins < 0) return outOfBounds('priceDcoins', 0, priceDcoins);
    const time = readInt32(bytes, at + 2 * width + STATE_BYTES + 4);
    if (time < timeMin) return outOfBounds('time', timeMin, time);
    const fields = { requester, service, priceDcoins, time, state };
    const body: Body = { ...fields, ok: true, id: requestId(fields, hash) };
    for (let i = 0; i < bodyBytes; i++) knownBodyBytes[kept + i] = bytes[at + i]!;
    knownBodies[place] = body;
    return body;
  }

  function decodeVote(bytes: Uint8Array): Decoded {
    const voter = readId(bytes, 0, 'voter');
    if (typeof voter !== 'string') return voter;
    const body = readBody(bytes, width);
    if (!body.ok) return body;
    const nonce = readInt32(bytes, width + bodyBytes);
    if (nonce < 0) return outOfBounds('nonce', 0, nonce);
    const remainingUnits = readInt32(bytes, width + bodyBytes + 4);
    const message = makeVote(voter, body, remainingUnits, nonce, hash, body.id);
    return { ok: true, message };
  }

  function decodeRequest(bytes: Uint8Array): Decoded {
    const body = readBody(bytes, 0);
    if (!body.ok) return body;
    const nonce = readInt32(bytes, bodyBytes);
    if (nonce < 0) return outOfBounds('nonce', 0, nonce);
    const { requester, service, priceDcoins, time, state, id } = body;
    const message: Request = { kind: 'request', id, slot: state, requester, service, priceDcoins, time, state, nonce };
    return { ok: true, message };
  }

  function decodeSensor(bytes: Uint8Array): Decoded {
    const publisher = readId(bytes, 0, 'publisher');
    if (typeof publisher !== 'string') return publisher;
    const topic = readName(bytes, width, 'topic');
    if (typeof topic !== 'string') return topic;
    const stream = readInt32(bytes, 2 * width) >>> 0;
    const sequence = readInt32(bytes, 2 * width + 4) >>> 0;
    for (let i = 0; i < 8; i++) float.setUint8(i, bytes[2 * width + 8 + i]!);
    const value = float.getFloat64(0);
    if (!Number.isFinite(value)) return refused('value', 'a finite number', String(value));
    const message: SensorTransaction = { kind: 'sensor', publisher, topic, value, position: { stream, sequence } };
    return { ok: true, message };
  }

  function decode(bytes: Uint8Array, channel: Channel): Decoded {
    const size = bytes.length;
    if (size > PAYLOAD_BYTES_MAX) {
      return malformed('oversized', 'bytes', `at most ${PAYLOAD_BYTES_MAX} bytes`, `${size} bytes`);
    }
    if (channel === 'sensor') {
      return size === sensorBytes
        ? decodeSensor(bytes)
        : malformed('malformed', 'bytes', `${sensorBytes} bytes (sensor transaction)`, `${size} bytes`);
    }
    if (size === voteBytes) return decodeVote(bytes);
    if (size === requestBytes) return decodeRequest(bytes);
    const expected = `${requestBytes} bytes (request) or ${voteBytes} bytes (vote)`;
    return malformed('malformed', 'bytes', expected, `${size} bytes`);
  }

  function writeId(into: Uint8Array, at: number, id: string, where: string): void {
    invariant(isId(id, width), () => `${where} is ${expectedId(width)}, got ${JSON.stringify(id)}`);
    for (let i = 0; i < id.length; i++) into[at + i] = id.charCodeAt(i);
  }

  function writeName(into: Uint8Array, at: number, name: string, where: string): void {
    invariant(isName(name, width), () => `${where} is ${expectedName(width)}, got ${JSON.stringify(name)}`);
    encodeUtf8(name, into, at);
  }

  function writeState(into: Uint8Array, at: number, state: string): void {
    let invalid = state.length === 2 * STATE_BYTES ? 0 : 0xff;
    for (let i = 0; i < STATE_BYTES; i++) {
      const high = state.charCodeAt(2 * i);
      const low = state.charCodeAt(2 * i + 1);
      if (high > 127 || low > 127) invalid = 0xff;
      invalid |= (nibble[high & 127]! | nibble[low & 127]!) & 0xf0;
      into[at + i] = (nibble[high & 127]! << 4) | nibble[low & 127]!;
    }
    invariant(invalid === 0, () => `state is 64 ${hexCase}-case hexadecimal digits, got ${JSON.stringify(state)}`);
  }

  function writeBody(into: Uint8Array, at: number, message: Request | Vote): void {
    invariant(message.slot === message.state, () => `slot is the state ${message.state}, got ${message.slot}`);
    writeId(into, at, message.requester, 'requester');
    writeName(into, at + width, message.service, 'service');
    writeState(into, at + 2 * width, message.state);
    writeInt32(into, at + 2 * width + STATE_BYTES, message.priceDcoins, 0, 'priceDcoins');
    writeInt32(into, at + 2 * width + STATE_BYTES + 4, message.time, timeMin, 'time');
    writeInt32(into, at + bodyBytes, message.nonce, 0, 'nonce');
  }

  function encode(message: MessageHead): Uint8Array {
    switch (message.kind) {
      case 'vote': {
        const vote = message as Vote;
        const bytes = reserve(voteBytes);
        writeId(bytes, 0, vote.voter, 'voter');
        writeBody(bytes, width, vote);
        writeInt32(bytes, width + bodyBytes + 4, vote.remainingUnits, -INT32_MAX - 1, 'remainingUnits');
        return bytes;
      }
      case 'request': {
        const bytes = reserve(requestBytes);
        writeBody(bytes, 0, message as Request);
        return bytes;
      }
      case 'sensor': {
        const { publisher, topic, value, position } = message as SensorTransaction;
        invariant(position !== null, 'a sensor transaction of the compact wire has a position');
        invariant(Number.isFinite(value), () => `value is a finite number, got ${value}`);
        const bytes = reserve(sensorBytes);
        writeId(bytes, 0, publisher, 'publisher');
        writeName(bytes, width, topic, 'topic');
        writeUint32(bytes, 2 * width, position.stream, 'stream');
        writeUint32(bytes, 2 * width + 4, position.sequence, 'sequence');
        float.setFloat64(0, value);
        for (let i = 0; i < 8; i++) bytes[2 * width + 8 + i] = float.getUint8(i);
        return bytes;
      }
      default:
        invariant(false, `the compact wire has no message of kind ${JSON.stringify(message.kind)}`);
    }
  }

  return { name: 'compact', decode, encode };
}

function refused(where: string, expected: string, found: string): Refused {
  return malformed('bad-field', where, expected, found) as Refused;
}

function outOfBounds(where: string, min: number, found: number): Refused {
  return refused(where, `integer ${min}..${INT32_MAX}`, String(found));
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let i = at; i < at + length; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeBits(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

function writeInt32(into: Uint8Array, at: number, value: number, min: number, where: string): void {
  invariant(isInt32(value, min), () => `${where} is an integer ${min}..${INT32_MAX}, got ${value}`);
  writeBits(into, at, value);
}

function writeUint32(into: Uint8Array, at: number, value: number, where: string): void {
  invariant(value >>> 0 === value, () => `${where} is an integer 0..${2 ** 32 - 1}, got ${value}`);
  writeBits(into, at, value);
}
