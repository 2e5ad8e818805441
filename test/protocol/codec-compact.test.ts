/** The compact wire to the byte; what it adds to the paper: D-02, D-05. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Decoded } from '../../node/protocol/codec.ts';
import { compactCodec } from '../../node/protocol/codec-compact.ts';
import { sha256Hex } from '../../node/protocol/hash.ts';
import type { Channel, MessageHead, SensorTransaction, Vote } from '../../node/protocol/message.ts';
import { makeRequest, makeVote } from '../../node/protocol/paper-messages.ts';
import { anyRequest, anySensorTransaction, anyVote } from '../support/arbitrary-messages.ts';

const SEED = 144_096_072;
const WIDTHS = [8, 16, 32] as const;
const STATE = '69a5f0d9edbdfdebd8481b6dc0cb993c0da5796837521552a370df0e7c5be879';
const INT32_MIN = -2_147_483_648;

const codec = (idBytes: 8 | 16 | 32, timeMin = 0, hexCase: 'lower' | 'upper' = 'lower') =>
  compactCodec({ idBytes, timeMin, hexCase, hash: sha256Hex });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (...parts: string[]): Uint8Array => new Uint8Array(Buffer.from(parts.join(''), 'hex'));

const BODY = { requester: 'b-2', service: 'Thé', priceDcoins: 2, time: 1_600_000_000, state: STATE };
const REQUEST = makeRequest(BODY, 35, sha256Hex);
const VOTE = makeVote('A1', BODY, -7, 2_147_483_647, sha256Hex);
const SENSOR: SensorTransaction = {
  kind: 'sensor',
  publisher: 'A1',
  topic: 'co2',
  value: -2.5,
  position: { stream: 0xfffffffe, sequence: 258 },
};

/** The three names of a vote, the two of a sensor transaction, padded by hand for each width. */
const NAMES = {
  8: {
    voter: '4131000000000000',
    requester: '622d320000000000',
    service: '5468c3a900000000',
    topic: '636f320000000000',
  },
  16: {
    voter: '41310000000000000000000000000000',
    requester: '622d3200000000000000000000000000',
    service: '5468c3a9000000000000000000000000',
    topic: '636f3200000000000000000000000000',
  },
  32: {
    voter: '4131000000000000000000000000000000000000000000000000000000000000',
    requester: '622d320000000000000000000000000000000000000000000000000000000000',
    service: '5468c3a900000000000000000000000000000000000000000000000000000000',
    topic: '636f320000000000000000000000000000000000000000000000000000000000',
  },
} as const;
const PRICE = '00000002';
const TIME = '5f5e1000';

for (const [width, voteBytes, requestBytes, sensorBytes] of [
  [32, 144, 108, 80],
  [16, 96, 76, 48],
  [8, 72, 60, 32],
] as const) {
  const { voter, requester, service, topic } = NAMES[width];

  test(`ids of ${width} bytes: a vote is ${voteBytes} bytes in the paper's order of fields`, () => {
    const wire = bytes(voter, requester, service, STATE, PRICE, TIME, '7fffffff', 'fffffff9');
    assert.equal(wire.length, voteBytes);
    assert.equal(hex(codec(width).encode(VOTE)), hex(wire));
    assert.deepEqual(codec(width).decode(wire, 'consensus'), { ok: true, message: VOTE });
  });

  test(`ids of ${width} bytes: a request is ${requestBytes} bytes, a vote without voter and balance`, () => {
    const wire = bytes(requester, service, STATE, PRICE, TIME, '00000023');
    assert.equal(wire.length, requestBytes);
    assert.equal(hex(codec(width).encode(REQUEST)), hex(wire));
    assert.deepEqual(codec(width).decode(wire, 'consensus'), { ok: true, message: REQUEST });
  });

  test(`ids of ${width} bytes: a sensor transaction is ${sensorBytes} bytes`, () => {
    const wire = bytes(voter, topic, 'fffffffe', '00000102', 'c004000000000000');
    assert.equal(wire.length, sensorBytes);
    assert.equal(hex(codec(width).encode(SENSOR)), hex(wire));
    assert.deepEqual(codec(width).decode(wire, 'sensor'), { ok: true, message: SENSOR });
  });
}

test('a name that fills its width has no padding', () => {
  const body = { ...BODY, requester: 'b2345678', service: '12345é7' };
  const wire = codec(8).encode(makeVote('v2345678', body, 0, 0, sha256Hex));
  assert.equal(hex(wire.subarray(0, 24)), '7632333435363738' + '6232333435363738' + '3132333435c3a937');
});

test('the digits of a State take the case of the profile, its bytes do not change', () => {
  const upper = makeRequest({ ...BODY, state: STATE.toUpperCase() }, 35, sha256Hex);
  const wire = codec(16, 0, 'upper').encode(upper);
  assert.deepEqual(codec(16, 0, 'upper').decode(wire, 'consensus'), { ok: true, message: upper });
  assert.equal(hex(wire), hex(codec(16).encode(REQUEST)));
});

function refusal(decoded: Decoded): string {
  assert.equal(decoded.ok, false, 'the message was accepted');
  assert.ok(!decoded.ok);
  const { code, where, expected, found } = decoded.malformed;
  return `${code} ${where}: expected ${expected}, found ${found}`;
}

for (const [what, wire, channel, expected] of [
  ['nothing', '', 'consensus', 'malformed bytes: expected 60 bytes (request) or 72 bytes (vote), found 0 bytes'],
  [
    'a byte short',
    '00'.repeat(71),
    'consensus',
    'malformed bytes: expected 60 bytes (request) or 72 bytes (vote), found 71 bytes',
  ],
  [
    'a byte long',
    '00'.repeat(73),
    'consensus',
    'malformed bytes: expected 60 bytes (request) or 72 bytes (vote), found 73 bytes',
  ],
  [
    'a vote of another width',
    '00'.repeat(144),
    'consensus',
    'malformed bytes: expected 60 bytes (request) or 72 bytes (vote), found 144 bytes',
  ],
  [
    'sensor data on the consensus channel',
    '00'.repeat(32),
    'consensus',
    'malformed bytes: expected 60 bytes (request) or 72 bytes (vote), found 32 bytes',
  ],
  [
    'a vote on the sensor channel',
    '00'.repeat(72),
    'sensor',
    'malformed bytes: expected 32 bytes (sensor transaction), found 72 bytes',
  ],
  [
    'the longest that is looked at',
    '00'.repeat(4096),
    'sensor',
    'malformed bytes: expected 32 bytes (sensor transaction), found 4096 bytes',
  ],
  ['more than that', '00'.repeat(4097), 'sensor', 'oversized bytes: expected at most 4096 bytes, found 4097 bytes'],
  ['64 kB', 'ff'.repeat(65_536), 'consensus', 'oversized bytes: expected at most 4096 bytes, found 65536 bytes'],
] satisfies [string, string, Channel, string][]) {
  test(`refused by its length: ${what}`, () => {
    assert.equal(refusal(codec(8).decode(bytes(wire), channel)), expected);
  });
}

const FIELDS_OF_VOTE = ['voter', 'requester', 'service', 'state', 'price', 'time', 'nonce', 'remaining'] as const;
const GOOD_VOTE = {
  voter: '4131000000000000',
  requester: '622d320000000000',
  service: '5468c3a900000000',
  state: STATE,
  price: PRICE,
  time: TIME,
  nonce: '00000023',
  remaining: '0000005a',
};
const AN_ID = 'expected an id of 1..8 of [A-Za-z0-9-]';
const A_NAME = 'expected 1..8 bytes of UTF-8 without NUL';
const AN_INTEGER = 'expected integer 0..2147483647';

for (const [what, field, value, expected] of [
  ['empty', 'voter', '0000000000000000', `voter: ${AN_ID}, found ""`],
  ['with a quote', 'voter', '4f27427269656e00', `voter: ${AN_ID}, found "O'Brien"`],
  ['with a separator', 'voter', '615f620000000000', `voter: ${AN_ID}, found "a_b"`],
  ['with a space', 'requester', '6120620000000000', `requester: ${AN_ID}, found "a b"`],
  ['with a letter that is not ASCII', 'requester', '636166c3a9000000', `requester: ${AN_ID}, found "café"`],
  ['not UTF-8', 'requester', 'ffffffffffffffff', `requester: ${AN_ID}, found bytes ffffffffffffffff`],
  ['that goes on after a zero', 'voter', '4131003100000000', `voter: ${AN_ID}, found "A1\\u00001"`],
  ['with a zero in front', 'requester', '0031000000000000', `requester: ${AN_ID}, found "\\u00001"`],
  [
    'with a byte at the very end',
    'voter',
    '4131000000000001',
    `voter: ${AN_ID}, found "A1\\u0000\\u0000\\u0000\\u0000\\u0000\\u0001"`,
  ],
  ['empty', 'service', '0000000000000000', `service: ${A_NAME}, found ""`],
  [
    'with a NUL inside',
    'service',
    '5465000000000061',
    `service: ${A_NAME}, found "Te\\u0000\\u0000\\u0000\\u0000\\u0000a"`,
  ],
  ['an overlong slash', 'service', 'c0af000000000000', `service: ${A_NAME}, found bytes c0af`],
  ['half of a surrogate pair', 'service', 'eda0800000000000', `service: ${A_NAME}, found bytes eda080`],
  ['a cut sequence', 'service', '6561e29800000000', `service: ${A_NAME}, found bytes 6561e298`],
  ['past the last code point', 'service', 'f490808000000000', `service: ${A_NAME}, found bytes f4908080`],
  ['-1', 'price', 'ffffffff', `priceDcoins: ${AN_INTEGER}, found -1`],
  ['-1', 'time', 'ffffffff', `time: ${AN_INTEGER}, found -1`],
  ['the smallest int32', 'time', '80000000', `time: ${AN_INTEGER}, found -2147483648`],
  ['the smallest int32', 'nonce', '80000000', `nonce: ${AN_INTEGER}, found -2147483648`],
] satisfies [string, (typeof FIELDS_OF_VOTE)[number], string, string][]) {
  test(`refused by its ${field}: ${what}`, () => {
    const fields = { ...GOOD_VOTE, [field]: value };
    const wire = bytes(...FIELDS_OF_VOTE.map((name) => fields[name]));
    assert.equal(refusal(codec(8).decode(wire, 'consensus')), `bad-field ${expected}`);
    if (field === 'voter') return;
    const request = bytes(
      ...FIELDS_OF_VOTE.filter((name) => name !== 'voter' && name !== 'remaining').map((name) => fields[name]),
    );
    assert.equal(refusal(codec(8).decode(request, 'consensus')), `bad-field ${expected}`);
  });
}

for (const [what, wire, expected] of [
  [
    'publisher',
    ['4f27427269656e00', '636f320000000000', '0000000000000000', '4004000000000000'],
    `publisher: ${AN_ID}, found "O'Brien"`,
  ],
  [
    'topic',
    ['4131000000000000', '0000000000000000', '0000000000000000', '4004000000000000'],
    `topic: ${A_NAME}, found ""`,
  ],
  [
    'value: infinite',
    ['4131000000000000', '636f320000000000', '0000000000000000', 'fff0000000000000'],
    'value: expected a finite number, found -Infinity',
  ],
  [
    'value: not a number',
    ['4131000000000000', '636f320000000000', '0000000000000000', '7ff8000000000001'],
    'value: expected a finite number, found NaN',
  ],
] satisfies [string, string[], string][]) {
  test(`a sensor transaction is refused by its ${what}`, () => {
    assert.equal(refusal(codec(8).decode(bytes(...wire), 'sensor')), `bad-field ${expected}`);
  });
}

test("any int32 is a balance, and a time where the profile says so: their meaning is not the wire's business", () => {
  const vote = makeVote('A1', { ...BODY, time: INT32_MIN }, INT32_MIN, 0, sha256Hex);
  const wire = codec(8, INT32_MIN).encode(vote);
  assert.deepEqual(codec(8, INT32_MIN).decode(wire, 'consensus'), { ok: true, message: vote });
});

const bounds = { timeMin: INT32_MIN, banned: '' };
for (const idBytes of WIDTHS) {
  test(`ids of ${idBytes} bytes: every message within bounds comes back as it went`, () => {
    for (const hexCase of ['lower', 'upper'] as const) {
      const wire = codec(idBytes, INT32_MIN, hexCase);
      const any = { ...bounds, idBytes, hexCase };
      const returns = (channel: Channel) => (message: MessageHead) => {
        assert.deepEqual(wire.decode(wire.encode(message), channel), { ok: true, message });
      };
      fc.assert(fc.property(anyVote(any), returns('consensus')), { seed: SEED, numRuns: 300 });
      fc.assert(fc.property(anyRequest(any), returns('consensus')), { seed: SEED, numRuns: 300 });
      fc.assert(fc.property(anySensorTransaction(any), returns('sensor')), { seed: SEED, numRuns: 300 });
    }
  });
}

test('random bytes of any length are a value, and what is accepted has one encoding', () => {
  const wire = codec(8, INT32_MIN);
  const id = fc.constantFrom('4131000000000000', '6232333435363738', '4131000000000001', '0041000000000000');
  const name = fc.constantFrom('5468c3a900000000', '0a00000000000000', 'c328000000000000', '5468000000000041');
  const integer = fc.constantFrom('00000000', '7fffffff', '80000000', 'ffffffff');
  const state = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hex);
  const request = fc.tuple(id, name, state, integer, integer, integer);
  const pieces = fc.oneof(
    request,
    fc.tuple(
      id,
      request.map((parts) => parts.join('')),
      integer,
    ),
  );
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 160 }),
    pieces.map((parts) => bytes(...parts)),
    fc
      .tuple(id, name, integer, integer, fc.uint8Array({ minLength: 8, maxLength: 8 }).map(hex))
      .map((parts) => bytes(...parts)),
  );
  let accepted = 0;
  fc.assert(
    fc.property(any, fc.constantFrom<Channel>('consensus', 'sensor'), (input, channel) => {
      const before = hex(input);
      const decoded = wire.decode(input, channel);
      assert.equal(hex(input), before, 'decoding wrote into its input');
      if (decoded.ok) {
        accepted++;
        assert.equal(hex(wire.encode(decoded.message)), before);
      } else {
        assert.ok(decoded.malformed.found.length <= 120 && decoded.malformed.expected !== '');
      }
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  assert.ok(accepted > 200, `only ${accepted} of 20,000 were accepted`);
});

test('what is remembered of earlier messages changes nothing', () => {
  const wire = codec(8);
  // More bodies than places to remember them, each byte of them changed in turn.
  const base = wire.encode(VOTE);
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < base.length; at++) {
      for (const flip of [1, 2, 0x80]) {
        const input = Uint8Array.from(base);
        input[at] = input[at]! ^ flip;
        const fresh = codec(8).decode(input, 'consensus');
        assert.deepEqual(wire.decode(input, 'consensus'), fresh, `byte ${at}`);
        assert.deepEqual(wire.decode(base, 'consensus'), { ok: true, message: VOTE });
      }
    }
  }
});

test('ids that fall on one remembered place are told apart', () => {
  const wire = codec(8);
  // Equal under the decoder's mixing: 31 * 65 + 97 = 31 * 66 + 66.
  for (const voter of ['Aa', 'BB', 'Aa', 'AaBB', 'BBAa', 'AaAa']) {
    const message = makeVote(voter, BODY, 0, 0, sha256Hex);
    assert.deepEqual(wire.decode(wire.encode(message), 'consensus'), { ok: true, message });
  }
});

test('a decoded message outlives its bytes, and an encoded one the next encodings', () => {
  const wire = codec(32);
  const encoded = wire.encode(VOTE);
  const before = hex(encoded);
  const input = Uint8Array.from(encoded);
  const decoded = wire.decode(input, 'consensus');
  input.fill(0xff);
  for (let i = 0; i < 1000; i++) wire.encode({ ...VOTE, voter: `n${i}` } as Vote);
  assert.deepEqual(decoded, { ok: true, message: VOTE });
  assert.deepEqual(wire.decode(encoded, 'consensus'), { ok: true, message: VOTE });
  assert.equal(hex(encoded), before);
});

const changed = (message: MessageHead, fields: Record<string, unknown>): MessageHead => ({ ...message, ...fields });

for (const [what, message, expected] of [
  ['an id with a quote', changed(VOTE, { voter: "O'Brien" }), /voter is an id of 1\.\.8/],
  ['an id too long', changed(REQUEST, { requester: '123456789' }), /requester is an id of 1\.\.8/],
  ['an empty service', changed(REQUEST, { service: '' }), /service is 1\.\.8 bytes/],
  ['a service too long in bytes', changed(REQUEST, { service: '☕☕☕' }), /service is 1\.\.8 bytes/],
  ['a service with NUL', changed(REQUEST, { service: 'a\0b' }), /service is 1\.\.8 bytes/],
  ['half a surrogate pair', changed(REQUEST, { service: '\ud800' }), /service is 1\.\.8 bytes/],
  ['a State cut short', changed(REQUEST, { state: STATE.slice(1), slot: STATE.slice(1) }), /state is 64/],
  [
    'a State in the other case',
    changed(REQUEST, { state: STATE.toUpperCase(), slot: STATE.toUpperCase() }),
    /state is 64 lower-case/,
  ],
  [
    'a State with a letter past f',
    changed(REQUEST, { state: `g${STATE.slice(1)}`, slot: `g${STATE.slice(1)}` }),
    /state is 64/,
  ],
  [
    'a State with a letter past ASCII',
    changed(REQUEST, { state: `\u0130${STATE.slice(1)}`, slot: `\u0130${STATE.slice(1)}` }),
    /state is 64/,
  ],
  ['a slot that is not the State', changed(VOTE, { slot: 'elsewhere' }), /slot is the state/],
  ['a negative price', changed(REQUEST, { priceDcoins: -1 }), /priceDcoins is an integer 0\.\./],
  ['a fraction of a second', changed(REQUEST, { time: 1.5 }), /time is an integer/],
  ['a nonce past int32', changed(REQUEST, { nonce: 2 ** 31 }), /nonce is an integer/],
  ['a balance past int32', changed(VOTE, { remainingUnits: -(2 ** 31) - 1 }), /remainingUnits is an integer/],
  ['a value that is not finite', changed(SENSOR, { value: Number.NaN }), /value is a finite number/],
  ['no position', changed(SENSOR, { position: null }), /has a position/],
  ['a sequence past uint32', changed(SENSOR, { position: { stream: 0, sequence: 2 ** 32 } }), /sequence is an integer/],
  ['another kind', { kind: 'digest' }, /no message of kind "digest"/],
] satisfies [string, MessageHead, RegExp][]) {
  test(`encoding ${what} is a bug of the caller`, () => {
    assert.throws(() => codec(8).encode(message), expected);
  });
}
