/** The text wire to the character; the spellings of a balance: D-07; stricter than the reference: D-14. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Decoded } from '../../node/protocol/codec.ts';
import { expressibleInText, TEXT_TOPIC, type TextCodecOptions, textCodec } from '../../node/protocol/codec-text.ts';
import { sha256Hex } from '../../node/protocol/hash.ts';
import type { Channel, MessageHead, SensorTransaction } from '../../node/protocol/message.ts';
import { makeRequest, makeVote } from '../../node/protocol/paper-messages.ts';
import { anyRequest, anySensorTransaction, anyVote } from '../support/arbitrary-messages.ts';

const SEED = 8_000_010;
const STATE = '69a5f0d9edbdfdebd8481b6dc0cb993c0da5796837521552a370df0e7c5be879';
const INT32_MIN = -2_147_483_648;
const INT32_MAX = 2_147_483_647;

const DCOINS = { dcoinText: 'dcoins', dcoinRate: 5, hexCase: 'lower' } as const;
const DECIMAL = { dcoinText: 'decimal', dcoinRate: 5, hexCase: 'lower' } as const;
const UNITS = { dcoinText: 'units', dcoinRate: 5, hexCase: 'lower' } as const;

const codec = (parameters: TextCodecOptions['parameters'] = DCOINS, options: Partial<TextCodecOptions> = {}) =>
  textCodec({ idBytes: 32, timeMin: 0, hash: sha256Hex, parameters, ...options });
const ascii = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const BODY = { requester: '3', service: 'Nespresso', priceDcoins: 2, time: 1_600_000_000, state: STATE };
const REQUEST = makeRequest(BODY, 39, sha256Hex);
const VOTE = makeVote('5', BODY, 90, 35, sha256Hex);
const SENSOR: SensorTransaction = { kind: 'sensor', publisher: '3', topic: TEXT_TOPIC, value: 17, position: null };

function reads(
  wire: string,
  channel: Channel,
  message: MessageHead,
  parameters?: TextCodecOptions['parameters'],
): void {
  assert.equal(ascii(codec(parameters).encode(message)), wire);
  assert.deepEqual(codec(parameters).decode(Buffer.from(wire), channel), { ok: true, message });
}

test('a vote is subscriber, publisher, service, price, time, State, DCoin and nonce', () => {
  reads(`5_3_Nespresso_2_1600000000_${STATE}_18_35`, 'consensus', VOTE);
});

test('a request names its requester twice and has DCoin -1', () => {
  reads(`3_3_Nespresso_2_1600000000_${STATE}_-1_39`, 'consensus', REQUEST);
});

test('a sensor transaction is S, publisher and value; it has no position, and the topic of all', () => {
  reads('S_3_17', 'sensor', SENSOR);
  reads('S_3_-2.5', 'sensor', { ...SENSOR, value: -2.5 } as SensorTransaction);
  reads('S_3_1e-7', 'sensor', { ...SENSOR, value: 1e-7 } as SensorTransaction);
  const positioned = { ...SENSOR, topic: 'co2', position: { stream: 1, sequence: 2 } };
  assert.equal(ascii(codec().encode(positioned)), 'S_3_17');
});

test('a node may be called S: the channel tells a vote from sensor data', () => {
  reads(`S_3_Nespresso_2_1600000000_${STATE}_18_35`, 'consensus', makeVote('S', BODY, 90, 35, sha256Hex));
});

test('a service may hold any character but the separator', () => {
  reads(
    `5_3_Thé ☕'; --_2_1600000000_${STATE}_18_35`,
    'consensus',
    makeVote('5', { ...BODY, service: "Thé ☕'; --" }, 90, 35, sha256Hex),
  );
  assert.equal(expressibleInText("Thé ☕'; --"), true);
  assert.equal(expressibleInText('a_b'), false);
});

for (const [parameters, units, printed] of [
  [DCOINS, 0, '0'],
  [DCOINS, -10, '-2'],
  [DCOINS, 2_147_483_645, '429496729'],
  [DECIMAL, 0, '0'],
  [DECIMAL, 13, '2.6'],
  [DECIMAL, 10, '2'],
  [DECIMAL, -1, '-0.2'],
  [DECIMAL, INT32_MAX, '429496729.4'],
  [DECIMAL, INT32_MIN, '-429496729.6'],
  [{ ...DECIMAL, dcoinRate: 3 }, 1, '0.3333333333333333'],
  [{ ...DECIMAL, dcoinRate: 1_000_000 }, 1, '0.000001'],
  [UNITS, 13, '13'],
  [UNITS, INT32_MIN, '-2147483648'],
] satisfies [TextCodecOptions['parameters'], number, string][]) {
  test(`${units} units at rate ${parameters.dcoinRate} are printed as ${parameters.dcoinText}: ${printed}`, () => {
    reads(
      `5_3_Nespresso_2_1600000000_${STATE}_${printed}_35`,
      'consensus',
      makeVote('5', BODY, units, 35, sha256Hex),
      parameters,
    );
  });
}

function refusal(decoded: Decoded): string {
  assert.ok(!decoded.ok, 'the message was accepted');
  const { code, where, expected, found } = decoded.malformed;
  return `${code} ${where}: expected ${expected}, found ${found}`;
}

for (const [what, wire, channel, expected] of [
  ['nothing', '', 'consensus', 'malformed bytes: expected 8 fields separated by _, found 1 fields'],
  [
    "the five bytes that crash the authors' node",
    'a_b_c',
    'consensus',
    'malformed bytes: expected 8 fields separated by _, found 3 fields',
  ],
  [
    'nine fields',
    `5_3_Tea_2_1_${STATE}_18_35_`,
    'consensus',
    'malformed bytes: expected 8 fields separated by _, found 9 fields',
  ],
  [
    'a service with a separator',
    `5_3_T_ea_2_1_${STATE}_18_35`,
    'consensus',
    'malformed bytes: expected 8 fields separated by _, found 9 fields',
  ],
  [
    'sensor data on the consensus channel',
    'S_3_17',
    'consensus',
    'malformed bytes: expected 8 fields separated by _, found 3 fields',
  ],
  [
    'a vote on the sensor channel',
    `5_3_Tea_2_1_${'0'.repeat(64)}_18_35`,
    'sensor',
    `malformed bytes: expected S_publisher_value, found 5_3_Tea_2_1_${'0'.repeat(64)}_...`,
  ],
  ['sensor data without a value', 'S_3', 'sensor', 'malformed bytes: expected S_publisher_value, found S_3'],
  [
    'sensor data without the prefix',
    '3_SENSOR_17',
    'sensor',
    'malformed bytes: expected S_publisher_value, found 3_SENSOR_17',
  ],
  ['4097 bytes', 'a'.repeat(4097), 'consensus', 'oversized bytes: expected at most 4096 bytes, found 4097 bytes'],
  [
    '4096 separators',
    '_'.repeat(4096),
    'consensus',
    'malformed bytes: expected 8 fields separated by _, found 4097 fields',
  ],
] satisfies [string, string, Channel, string][]) {
  test(`refused as a whole: ${what}`, () => {
    assert.equal(refusal(codec().decode(Buffer.from(wire), channel)), expected);
  });
}

test('refused as a whole: bytes that are not UTF-8, wherever they are', () => {
  const wire = Buffer.from(`5_3_Tea_2_1_${STATE}_18_35`);
  for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x98]]) {
    for (const at of [0, 4, 40, wire.length]) {
      const input = Buffer.concat([wire.subarray(0, at), Buffer.from(bad), wire.subarray(at)]);
      assert.equal(
        refusal(codec().decode(input, 'consensus')),
        `malformed bytes: expected UTF-8, found ${input.length} bytes that are not`,
      );
    }
  }
});

const FIELDS = ['subscriber', 'publisher', 'service', 'price', 'time', 'state', 'dcoin', 'nonce'] as const;
const GOOD = {
  subscriber: '5',
  publisher: '3',
  service: 'Tea',
  price: '2',
  time: '1600000000',
  state: STATE,
  dcoin: '18',
  nonce: '35',
};
const AN_ID = 'expected an id of 1..32 of [A-Za-z0-9-]';
const A_NAME = 'expected 1..32 bytes of UTF-8 without NUL';
const AN_INTEGER = 'expected integer 0..2147483647';
const A_STATE = 'expected 64 lower-case hexadecimal digits';
const A_BALANCE = 'expected integer -429496729..429496729';

for (const [field, value, expected] of [
  ['subscriber', '', `voter: ${AN_ID}, found ""`],
  ['subscriber', "O'Brien", `voter: ${AN_ID}, found "O'Brien"`],
  ['subscriber', 'a'.repeat(33), `voter: ${AN_ID}, found "${'a'.repeat(33)}"`],
  ['publisher', '', `requester: ${AN_ID}, found ""`],
  ['publisher', "1'; DROP TABLE", `requester: ${AN_ID}, found "1'; DROP TABLE"`],
  ['publisher', 'café', `requester: ${AN_ID}, found "café"`],
  ['service', '', `service: ${A_NAME}, found ""`],
  ['service', 'a\0', `service: ${A_NAME}, found "a\\u0000"`],
  ['service', `${'☕'.repeat(10)}abc`, `service: ${A_NAME}, found "${'☕'.repeat(10)}abc"`],
  ['price', '-2', `priceDcoins: ${AN_INTEGER}, found "-2"`],
  ['price', '2147483648', `priceDcoins: ${AN_INTEGER}, found "2147483648"`],
  ['price', '', `priceDcoins: ${AN_INTEGER}, found ""`],
  ['price', '02', `priceDcoins: ${AN_INTEGER}, found "02"`],
  ['price', '+2', `priceDcoins: ${AN_INTEGER}, found "+2"`],
  ['price', ' 2', `priceDcoins: ${AN_INTEGER}, found " 2"`],
  ['price', '2\n', `priceDcoins: ${AN_INTEGER}, found "2\\n"`],
  ['price', '2.0', `priceDcoins: ${AN_INTEGER}, found "2.0"`],
  ['price', '1e3', `priceDcoins: ${AN_INTEGER}, found "1e3"`],
  ['price', '0x2', `priceDcoins: ${AN_INTEGER}, found "0x2"`],
  ['price', '-0', `priceDcoins: ${AN_INTEGER}, found "-0"`],
  ['price', '٢', `priceDcoins: ${AN_INTEGER}, found "٢"`],
  ['time', '-1', `time: ${AN_INTEGER}, found "-1"`],
  ['time', '99999999999', `time: ${AN_INTEGER}, found "99999999999"`],
  ['time', 'now', `time: ${AN_INTEGER}, found "now"`],
  ['state', '', `state: ${A_STATE}, found ""`],
  ['state', STATE.slice(1), `state: ${A_STATE}, found "${STATE.slice(1)}"`],
  ['state', STATE.toUpperCase(), `state: ${A_STATE}, found "${STATE.toUpperCase()}"`],
  ['state', `g${STATE.slice(1)}`, `state: ${A_STATE}, found "g${STATE.slice(1)}"`],
  ['dcoin', '2.6', `remainingUnits: ${A_BALANCE}, found "2.6"`],
  ['dcoin', '', `remainingUnits: ${A_BALANCE}, found ""`],
  ['dcoin', '-429496730', `remainingUnits: ${A_BALANCE}, found "-429496730"`],
  ['dcoin', '-2147483648', `remainingUnits: ${A_BALANCE}, found "-2147483648"`],
  ['nonce', '-1', `nonce: ${AN_INTEGER}, found "-1"`],
  ['nonce', '35\0', `nonce: ${AN_INTEGER}, found "35\\u0000"`],
  ['nonce', '', `nonce: ${AN_INTEGER}, found ""`],
] satisfies [(typeof FIELDS)[number], string, string][]) {
  test(`a vote is refused by its ${field} ${JSON.stringify(value)}`, () => {
    const fields = { ...GOOD, [field]: value };
    const wire = FIELDS.map((name) => fields[name]).join('_');
    assert.equal(refusal(codec().decode(Buffer.from(wire), 'consensus')), `bad-field ${expected}`);
  });
}

test('a request is refused by any DCoin but -1', () => {
  for (const dcoin of ['0', '1', '-2', '', '-1.0']) {
    const wire = `3_3_Tea_2_1600000000_${STATE}_${dcoin}_35`;
    assert.equal(
      refusal(codec().decode(Buffer.from(wire), 'consensus')),
      `bad-field remainingUnits: expected -1 in a request, found "${dcoin}"`,
    );
  }
});

test('a decimal balance is refused unless it is spelled as hashes spell it, exact to a unit', () => {
  for (const dcoin of [
    '2.0',
    '2.60',
    '2.62.62.6',
    '2.5',
    '.6',
    '2.',
    '-0',
    '02',
    '2,6',
    '1e0',
    '429496729.5',
    '0.30000000000000004',
    'NaN',
    'Infinity',
  ]) {
    const wire = `5_3_Tea_2_1600000000_${STATE}_${dcoin}_35`;
    assert.equal(
      refusal(codec(DECIMAL).decode(Buffer.from(wire), 'consensus')),
      `bad-field remainingUnits: expected decimal -429496729..429496729 in steps of 1/5, shortest spelling, found "${dcoin}"`,
    );
  }
});

test('sensor data is refused by its publisher and by a value that is no finite decimal number', () => {
  assert.equal(refusal(codec().decode(Buffer.from('S__17'), 'sensor')), `bad-field publisher: ${AN_ID}, found ""`);
  assert.equal(refusal(codec().decode(Buffer.from("S_'_17"), 'sensor')), `bad-field publisher: ${AN_ID}, found "'"`);
  for (const value of ['', 'NaN', 'Infinity', '1e999', '0x1', ' 1', '1 ', '+1', '01', '1.', '.5', '1e1234']) {
    assert.equal(
      refusal(codec().decode(Buffer.from(`S_3_${value}`), 'sensor')),
      `bad-field value: expected a finite decimal number, found "${value}"`,
    );
  }
});

test('a time before 1970 is read where the profile allows any int32', () => {
  const message = makeVote('5', { ...BODY, time: INT32_MIN }, 90, 35, sha256Hex);
  const wide = codec(DCOINS, { timeMin: INT32_MIN });
  assert.deepEqual(wide.decode(wide.encode(message), 'consensus'), { ok: true, message });
});

const bounds = { idBytes: 32, timeMin: INT32_MIN, banned: '_' } as const;
for (const [parameters, units] of [
  [DCOINS, fc.integer({ min: -429_496_729, max: 429_496_729 }).map((dcoins) => dcoins * 5)],
  [DECIMAL, fc.integer({ min: INT32_MIN, max: INT32_MAX })],
  [{ ...DECIMAL, dcoinRate: 7, hexCase: 'upper' }, fc.integer({ min: INT32_MIN, max: INT32_MAX })],
  [UNITS, fc.integer({ min: INT32_MIN, max: INT32_MAX })],
] satisfies [TextCodecOptions['parameters'], fc.Arbitrary<number>][]) {
  const { dcoinText, dcoinRate, hexCase } = parameters;
  test(`balances as ${dcoinText} at rate ${dcoinRate}: every message within bounds comes back as it went`, () => {
    const wire = codec(parameters, { timeMin: INT32_MIN });
    const any = { ...bounds, hexCase };
    const returns = (channel: Channel) => (message: MessageHead) => {
      assert.deepEqual(wire.decode(wire.encode(message), channel), { ok: true, message });
    };
    const vote = anyVote(any, units).filter(({ voter, requester }) => voter !== requester);
    fc.assert(fc.property(vote, returns('consensus')), { seed: SEED, numRuns: 1000 });
    fc.assert(fc.property(anyRequest(any), returns('consensus')), { seed: SEED, numRuns: 300 });
    const sensor = anySensorTransaction(any).map((message) => ({
      ...message,
      topic: TEXT_TOPIC,
      // The text of minus zero is that of zero.
      value: message.value + 0,
      position: null,
    }));
    fc.assert(fc.property(sensor, returns('sensor')), { seed: SEED, numRuns: 300 });
  });
}

test('random text is a value, and what is accepted as a vote has one spelling', () => {
  const wire = codec(DECIMAL);
  const piece = fc.constantFrom(
    '5',
    '3',
    '-',
    "'",
    'Tea',
    '\0',
    '2',
    '2.6',
    '-1',
    '007',
    '1600000000',
    STATE,
    'S',
    ' ',
    '2147483648',
    '\u00ff',
  );
  const fields = fc.array(piece, { minLength: 1, maxLength: 9 }).map((parts) => Buffer.from(parts.join('_')));
  const integer = fc.constantFrom('0', '2', '35', '2147483647', '2147483648', '-1', '007');
  const dcoin = fc.constantFrom('-1', '2.6', '2.0', '18', '-0.2');
  const shaped = fc
    .tuple(
      fc.constantFrom('5', '3', "'"),
      fc.constantFrom('3', '4'),
      piece,
      integer,
      integer,
      fc.constant(STATE),
      dcoin,
      integer,
    )
    .map((parts) => Buffer.from(parts.join('_')));
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 200 }), fields, shaped),
      fc.constantFrom<Channel>('consensus', 'sensor'),
      (input, channel) => {
        const decoded = wire.decode(input, channel);
        if (!decoded.ok) {
          assert.ok(decoded.malformed.found.length <= 120 && decoded.malformed.expected !== '');
        } else if (channel === 'consensus') {
          accepted++;
          assert.equal(ascii(wire.encode(decoded.message)), Buffer.from(input).toString('utf8'));
        }
      },
    ),
    { seed: SEED, numRuns: 50_000 },
  );
  assert.ok(accepted > 500, `only ${accepted} of 50,000 were accepted`);
});

const changed = (message: MessageHead, fields: Record<string, unknown>): MessageHead => ({ ...message, ...fields });

for (const [what, message, expected] of [
  ['a service with the separator', changed(VOTE, { service: 'a_b' }), /service is 1\.\.32 bytes .* or _/],
  ['an id with a quote', changed(REQUEST, { requester: "O'Brien" }), /voter is an id/],
  ['a publisher with a separator', changed(SENSOR, { publisher: 'a_b' }), /publisher is an id/],
  ['a vote of a node for itself', changed(VOTE, { voter: '3' }), /no vote of 3 for itself/],
  [
    'a balance that whole DCoins cannot say',
    changed(VOTE, { remainingUnits: 91 }),
    /remainingUnits is integer .*, got 91/,
  ],
  [
    'a State in the other case',
    changed(VOTE, { state: STATE.toUpperCase(), slot: STATE.toUpperCase() }),
    /state is 64 lower-case/,
  ],
  ['a slot that is not the State', changed(VOTE, { slot: 'elsewhere' }), /slot is the state/],
  ['a negative price', changed(REQUEST, { priceDcoins: -1 }), /priceDcoins is an integer/],
  ['a nonce past int32', changed(REQUEST, { nonce: 2 ** 31 }), /nonce is an integer/],
  ['a value that is not finite', changed(SENSOR, { value: Number.POSITIVE_INFINITY }), /value is a finite number/],
  ['another kind', { kind: 'digest' }, /no message of kind "digest"/],
] satisfies [string, MessageHead, RegExp][]) {
  test(`encoding ${what} is a bug of the caller`, () => {
    assert.throws(() => codec().encode(message), expected);
  });
}
