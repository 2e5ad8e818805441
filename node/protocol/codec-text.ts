/**
 * The text wire, which the authors' nodes speak: fields in ASCII decimal, separated by `_`.
 *
 *   request, vote   subscriber_publisher_service_price_time_state_dcoin_nonce
 *   sensor          S_publisher_value
 *
 * The subscriber is the voter and the publisher the requester; when they are equal it is a request, and its DCoin is
 * -1. So a vote of a node for itself does not exist here. The balance is printed as the profile prints it into hashes,
 * and only that spelling is read: two spellings of one balance would be one vote with two works.
 *
 * Narrower than the compact wire: names hold no `_`, a sensor transaction has neither topic nor position (each delivery
 * counts). Stricter than the authors' parsers, which skip empty fields, ignore what follows a number and crash on fewer
 * than eight fields. Source: R-14, D-05, D-07, D-14.
 */
import { byteSlab } from './byte-slab.ts';
import { type Codec, type Decoded, malformed, PAYLOAD_BYTES_MAX } from './codec.ts';
import { expectedId, expectedName, isId, isInt32, isName } from './field-bounds.ts';
import type { Sha256Hex } from './hash.ts';
import { invariant } from './invariant.ts';
import type { Channel, MessageHead, Request, RequestBody, SensorTransaction, Vote } from './message.ts';
import { INT32_MAX, INT32_MIN } from './message.ts';
import { makeRequest, makeVote } from './paper-messages.ts';
import type { Parameters } from './parameters.ts';
import { dcoinText, NO_DCOIN } from './preimage.ts';
import { printable } from './rejection.ts';
import { decodeUtf8, encodeUtf8, utf8Bytes } from './utf8.ts';

export interface TextCodecOptions {
  /** Longest id, service and topic, bytes. */
  readonly idBytes: Parameters['idBytes'];
  /** Earliest time a message may carry, Unix seconds. */
  readonly timeMin: number;
  /** Gives the decoded request's identity. */
  readonly hash: Sha256Hex;
  readonly parameters: Pick<Parameters, 'dcoinText' | 'dcoinRate' | 'hexCase'>;
}

const SEPARATOR = '_';
const FIELDS = 8;
const SENSOR_PREFIX = 'S';
/** Topic of every sensor transaction read from this wire, which carries none. */
export const TEXT_TOPIC = 'sensor';

const INTEGER = /^(?:0|-?[1-9][0-9]{0,9})$/;
const DECIMAL = /^-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,20})?$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$/;
const STATE = { lower: /^[0-9a-f]{64}$/, upper: /^[0-9A-F]{64}$/ } as const;

/** True for a service's name that this wire can carry, given that its length is in bounds. */
export function expressibleInText(name: string): boolean {
  return !name.includes(SEPARATOR);
}

export function textCodec(options: TextCodecOptions): Codec {
  const { idBytes, timeMin, hash, parameters } = options;
  const { dcoinRate, hexCase } = parameters;
  const statePattern = STATE[hexCase];
  const expectedState = `64 ${hexCase}-case hexadecimal digits`;
  const expectedUnits = expectedBalance(parameters);
  const reserve = byteSlab();

  /** Units of a printed balance; null when it is not the print of an int32 number of units. */
  function unitsOf(text: string): number | null {
    let units: number;
    if (parameters.dcoinText === 'decimal') {
      if (!DECIMAL.test(text)) return null;
      units = Math.round(Number(text) * dcoinRate);
      if (dcoinText(units, parameters) !== text) return null;
    } else {
      if (!INTEGER.test(text)) return null;
      units = Number(text) * (parameters.dcoinText === 'dcoins' ? dcoinRate : 1);
    }
    return isInt32(units) ? units : null;
  }

  function decodePurchase(text: string): Decoded {
    const fields = text.split(SEPARATOR);
    if (fields.length !== FIELDS) {
      return malformed('malformed', 'bytes', `${FIELDS} fields separated by ${SEPARATOR}`, `${fields.length} fields`);
    }
    const [subscriber, requester, service, priceText, timeText, state, dcoin, nonceText] = fields as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if (!isId(subscriber, idBytes)) return refused('voter', expectedId(idBytes), subscriber);
    if (!isId(requester, idBytes)) return refused('requester', expectedId(idBytes), requester);
    if (!isName(service, idBytes)) return refused('service', expectedName(idBytes), service);
    const priceDcoins = integer(priceText, 0);
    if (priceDcoins === null) return refused('priceDcoins', expectedInteger(0), priceText);
    const time = integer(timeText, timeMin);
    if (time === null) return refused('time', expectedInteger(timeMin), timeText);
    if (!statePattern.test(state)) return refused('state', expectedState, state);
    const isRequest = subscriber === requester;
    const remainingUnits = isRequest ? 0 : unitsOf(dcoin);
    if (isRequest && dcoin !== NO_DCOIN) return refused('remainingUnits', `${NO_DCOIN} in a request`, dcoin);
    if (remainingUnits === null) return refused('remainingUnits', expectedUnits, dcoin);
    const nonce = integer(nonceText, 0);
    if (nonce === null) return refused('nonce', expectedInteger(0), nonceText);

    const body: RequestBody = { requester, service, priceDcoins, time, state };
    const message = isRequest
      ? makeRequest(body, nonce, hash)
      : makeVote(subscriber, body, remainingUnits, nonce, hash);
    return { ok: true, message };
  }

  function decodeSensor(text: string): Decoded {
    const [prefix, publisher, number, ...more] = text.split(SEPARATOR);
    if (prefix !== SENSOR_PREFIX || publisher === undefined || number === undefined || more.length > 0) {
      return malformed('malformed', 'bytes', 'S_publisher_value', printable(text));
    }
    if (!isId(publisher, idBytes)) return refused('publisher', expectedId(idBytes), publisher);
    const value = NUMBER.test(number) ? Number(number) : Number.NaN;
    if (!Number.isFinite(value)) return refused('value', 'a finite decimal number', number);
    const message: SensorTransaction = { kind: 'sensor', publisher, topic: TEXT_TOPIC, value, position: null };
    return { ok: true, message };
  }

  function decode(bytes: Uint8Array, channel: Channel): Decoded {
    const size = bytes.length;
    if (size > PAYLOAD_BYTES_MAX) {
      return malformed('oversized', 'bytes', `at most ${PAYLOAD_BYTES_MAX} bytes`, `${size} bytes`);
    }
    const text = decodeUtf8(bytes, 0, size);
    if (text === null) return malformed('malformed', 'bytes', 'UTF-8', `${size} bytes that are not`);
    return channel === 'sensor' ? decodeSensor(text) : decodePurchase(text);
  }

  function purchase(subscriber: string, message: Request | Vote, dcoin: string): string {
    const { requester, service, priceDcoins, time, state, slot, nonce } = message;
    invariant(slot === state, () => `slot is the state ${state}, got ${slot}`);
    invariant(isId(subscriber, idBytes), () => `voter is ${expectedId(idBytes)}, got ${JSON.stringify(subscriber)}`);
    invariant(isId(requester, idBytes), () => `requester is ${expectedId(idBytes)}, got ${JSON.stringify(requester)}`);
    invariant(
      isName(service, idBytes) && expressibleInText(service),
      () => `service is ${expectedName(idBytes)} or ${SEPARATOR}, got ${JSON.stringify(service)}`,
    );
    invariant(isInt32(priceDcoins, 0), () => `priceDcoins is an ${expectedInteger(0)}, got ${priceDcoins}`);
    invariant(isInt32(time, timeMin), () => `time is an ${expectedInteger(timeMin)}, got ${time}`);
    invariant(statePattern.test(state), () => `state is ${expectedState}, got ${JSON.stringify(state)}`);
    invariant(isInt32(nonce, 0), () => `nonce is an ${expectedInteger(0)}, got ${nonce}`);
    return `${subscriber}_${requester}_${service}_${priceDcoins}_${time}_${state}_${dcoin}_${nonce}`;
  }

  function textOf(message: MessageHead): string {
    switch (message.kind) {
      case 'request': {
        const request = message as Request;
        return purchase(request.requester, request, NO_DCOIN);
      }
      case 'vote': {
        const vote = message as Vote;
        const { voter, requester, remainingUnits } = vote;
        invariant(voter !== requester, () => `the text wire has no vote of ${voter} for itself`);
        const dcoin = dcoinText(remainingUnits, parameters);
        invariant(unitsOf(dcoin) === remainingUnits, () => `remainingUnits is ${expectedUnits}, got ${remainingUnits}`);
        return purchase(voter, vote, dcoin);
      }
      case 'sensor': {
        const { publisher, value } = message as SensorTransaction;
        invariant(
          isId(publisher, idBytes),
          () => `publisher is ${expectedId(idBytes)}, got ${JSON.stringify(publisher)}`,
        );
        invariant(Number.isFinite(value), () => `value is a finite number, got ${value}`);
        return `${SENSOR_PREFIX}_${publisher}_${value}`;
      }
      default:
        invariant(false, `the text wire has no message of kind ${JSON.stringify(message.kind)}`);
    }
  }

  function encode(message: MessageHead): Uint8Array {
    const text = textOf(message);
    const bytes = reserve(utf8Bytes(text)!);
    encodeUtf8(text, bytes, 0);
    return bytes;
  }

  return { name: 'text', decode, encode };
}

/** Decimal int32 of at least `min`, without plus, spaces or leading zeros; null for anything else. */
function integer(text: string, min: number): number | null {
  if (!INTEGER.test(text)) return null;
  const value = Number(text);
  return isInt32(value, min) ? value : null;
}

function expectedInteger(min: number): string {
  return `integer ${min}..${INT32_MAX}`;
}

function expectedBalance({ dcoinText: print, dcoinRate }: TextCodecOptions['parameters']): string {
  if (print === 'units') return `integer ${INT32_MIN}..${INT32_MAX}`;
  const bounds = `${Math.trunc(INT32_MIN / dcoinRate)}..${Math.trunc(INT32_MAX / dcoinRate)}`;
  return print === 'dcoins' ? `integer ${bounds}` : `decimal ${bounds} in steps of 1/${dcoinRate}, shortest spelling`;
}

function refused(where: string, expected: string, found: string): Decoded {
  return malformed('bad-field', where, expected, printable(JSON.stringify(found)));
}
