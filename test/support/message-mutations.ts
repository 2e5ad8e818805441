/**
 * Ways in which a message goes wrong between two nodes, or is made wrong by one: pure, and reproducible from one seed.
 */

/** A seeded source of integers (mulberry32). */
export type Dice = (below: number) => number;

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const HOSTILE = [
  '_',
  "'",
  "'; DROP TABLE WALLET; --",
  '"',
  ';',
  '$(reboot)',
  '\0',
  '\0\0\0\0\0\0\0\0',
  '\n',
  ' ',
  '',
  '-',
  'S_',
  '-1',
  '-0',
  '00',
  '+1',
  '1e3',
  '2.6',
  '2147483647',
  '2147483648',
  '-2147483648',
  '99999999999999999999',
  'NaN',
  '__proto__',
  '{"a":'.repeat(50),
  '[[[[[[[[[[[[[[[[[[[[',
  'é',
  '☕',
  '\u{1f980}',
  '\u202e',
].map((text) => Buffer.from(text));
const NOT_UTF8 = [
  [0xff],
  [0xfe, 0xff],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0x80],
  [0xe2, 0x98],
].map((bytes) => Buffer.from(bytes));
const INTEGERS = ['00000000', '00000001', '7fffffff', '80000000', 'ffffffff', '00ffffff'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/** Places where a field of the message begins or ends: after each separator, or at the layout's boundaries. */
export type Boundaries = (message: Buffer) => readonly number[];

export type Mutation = (message: Buffer, other: Buffer, roll: Dice, boundaries: Boundaries) => Buffer;

function pick<T>(list: readonly T[], roll: Dice): T {
  return list[roll(list.length)]!;
}

function spliced(message: Buffer, from: number, to: number, insert: Uint8Array): Buffer {
  return Buffer.concat([message.subarray(0, from), insert, message.subarray(to)]);
}

/** Start and end of a field picked at random. */
function anyField(message: Buffer, roll: Dice, boundaries: Boundaries): [number, number] {
  const places = boundaries(message);
  const at = roll(Math.max(1, places.length - 1));
  return [places[at] ?? 0, places[at + 1] ?? message.length];
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  untouched: (message) => message,
  'one bit': (message, _other, roll) => flip(message, 1, roll),
  'several bits': (message, _other, roll) => flip(message, 2 + roll(14), roll),
  'a byte replaced': (message, _other, roll) => {
    const copy = Buffer.from(message);
    if (copy.length > 0) copy[roll(copy.length)] = roll(256);
    return copy;
  },
  'cut short': (message, _other, roll) => message.subarray(0, roll(message.length + 1)),
  'cut in front': (message, _other, roll) => message.subarray(roll(message.length + 1)),
  'a piece lost': (message, _other, roll) => {
    const from = roll(message.length + 1);
    return spliced(message, from, Math.min(message.length, from + 1 + roll(8)), Buffer.alloc(0));
  },
  extended: (message, _other, roll) => Buffer.concat([message, Buffer.alloc(1 + roll(80), roll(256))]),
  'said twice': (message) => Buffer.concat([message, message]),
  'two messages spliced': (message, other, roll) => {
    const at = roll(Math.min(message.length, other.length) + 1);
    return Buffer.concat([message.subarray(0, at), other.subarray(at)]);
  },
  "another message's field": (message, other, roll, boundaries) => {
    const [from, to] = anyField(message, roll, boundaries);
    const places = boundaries(other);
    const index = Math.max(0, boundaries(message).indexOf(from));
    return spliced(message, from, to, other.subarray(places[index] ?? 0, places[index + 1] ?? other.length));
  },
  'hostile text over a field': (message, _other, roll, boundaries) => {
    const [from, to] = anyField(message, roll, boundaries);
    const text = pick(HOSTILE, roll).subarray(0, to - from);
    return spliced(message, from, from + text.length, text);
  },
  'hostile text for a field': (message, _other, roll, boundaries) =>
    spliced(message, ...anyField(message, roll, boundaries), pick(HOSTILE, roll)),
  'hostile text inserted': (message, _other, roll) => {
    const at = roll(message.length + 1);
    return spliced(message, at, at, pick(HOSTILE, roll));
  },
  'invalid UTF-8 over a place': (message, _other, roll) => {
    const at = roll(message.length + 1);
    const bytes = pick(NOT_UTF8, roll);
    return spliced(message, at, Math.min(message.length, at + bytes.length), bytes.subarray(0, message.length - at));
  },
  'a field of one byte': (message, _other, roll, boundaries) => {
    const copy = Buffer.from(message);
    const [from, to] = anyField(copy, roll, boundaries);
    copy.fill(pick([0x00, 0xff, 0x5f, 0x27, 0x20, 0x30, 0x41], roll), from, to);
    return copy;
  },
  'an integer at its limits': (message, _other, roll, boundaries) => {
    const [from] = anyField(message, roll, boundaries);
    return spliced(
      message,
      from,
      Math.min(message.length, from + 4),
      pick(INTEGERS, roll).subarray(0, message.length - from),
    );
  },
  noise: (_message, _other, roll) => Buffer.from(Array.from({ length: roll(200) }, () => roll(256))),
  'noise of the right length': (message, _other, roll) => Buffer.from(Array.from(message, () => roll(256))),
  '64 kB': (message, _other, roll) => Buffer.concat([message, Buffer.alloc(65_536 - message.length, roll(256))]),
};

function flip(message: Buffer, count: number, roll: Dice): Buffer {
  const copy = Buffer.from(message);
  for (let i = 0; i < count && copy.length > 0; i++) {
    const at = roll(copy.length);
    copy[at] = copy[at]! ^ (1 << roll(8));
  }
  return copy;
}
