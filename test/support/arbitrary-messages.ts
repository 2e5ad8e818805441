/**
 * Messages within the bounds of the wire, at random: for properties that must hold for every one of them.
 */
import fc from 'fast-check';
import { sha256Hex } from '../../node/protocol/hash.ts';
import type { Request, RequestBody, SensorTransaction, Vote } from '../../node/protocol/message.ts';
import { makeRequest, makeVote } from '../../node/protocol/paper-messages.ts';

const ID_CHARACTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'];
const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

export interface MessageBounds {
  readonly idBytes: number;
  readonly timeMin: number;
  readonly hexCase: 'lower' | 'upper';
  /** Characters that names must not hold, beside NUL. */
  readonly banned: string;
}

export function anyId(idBytes: number): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...ID_CHARACTERS), { minLength: 1, maxLength: idBytes })
    .map((characters) => characters.join(''));
}

/** Any code points but surrogates, at most `idBytes` of UTF-8. */
export function anyName({ idBytes, banned }: MessageBounds): fc.Arbitrary<string> {
  const fits = (name: string): boolean =>
    name !== '' &&
    Buffer.byteLength(name) <= idBytes &&
    ![...`\0${banned}`].some((character) => name.includes(character));
  const any = fc.string({ unit: 'binary', minLength: 1, maxLength: Math.ceil(idBytes / 2) });
  const ascii = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: idBytes });
  return fc
    .oneof(any, ascii)
    .map((name) => {
      const points = [...name].filter((character) => !`\0${banned}`.includes(character));
      while (Buffer.byteLength(points.join('')) > idBytes) points.pop();
      return points.join('');
    })
    .filter(fits);
}

export function anyBody(bounds: MessageBounds): fc.Arbitrary<RequestBody> {
  return fc.record({
    requester: anyId(bounds.idBytes),
    service: anyName(bounds),
    priceDcoins: fc.integer({ min: 0, max: INT32_MAX }),
    time: fc.integer({ min: bounds.timeMin, max: INT32_MAX }),
    state: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
      const hex = Buffer.from(bytes).toString('hex');
      return bounds.hexCase === 'upper' ? hex.toUpperCase() : hex;
    }),
  });
}

const anyNonce = fc.integer({ min: 0, max: INT32_MAX });

export function anyRequest(bounds: MessageBounds): fc.Arbitrary<Request> {
  return fc.tuple(anyBody(bounds), anyNonce).map(([body, nonce]) => makeRequest(body, nonce, sha256Hex));
}

/** `units` default: any int32. */
export function anyVote(
  bounds: MessageBounds,
  units: fc.Arbitrary<number> = fc.integer({ min: INT32_MIN, max: INT32_MAX }),
): fc.Arbitrary<Vote> {
  return fc
    .tuple(anyId(bounds.idBytes), anyBody(bounds), units, anyNonce)
    .map(([voter, body, remainingUnits, nonce]) => makeVote(voter, body, remainingUnits, nonce, sha256Hex));
}

export function anySensorTransaction(bounds: MessageBounds): fc.Arbitrary<SensorTransaction> {
  const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  return fc.record(
    {
      kind: fc.constant('sensor' as const),
      publisher: anyId(bounds.idBytes),
      topic: anyName(bounds),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      position: fc.record({ stream: uint32, sequence: uint32 }, { noNullPrototype: true }),
    },
    { noNullPrototype: true },
  );
}
