/**
 * F28: payloads that are no message, or a message with poison in its fields: random bytes, nothing, too much, the right
 * length with the wrong contents, a message cut short or with one byte changed, and texts that programs have been seen
 * to trip over (quotes, separators, NUL, numbers that are none, deep nesting).
 */
import { PAYLOAD_BYTES_MAX } from '../protocol/codec.ts';
import { type Channel, GENESIS, type SensorTransaction } from '../protocol/message.ts';
import { encodeUtf8, utf8Bytes } from '../protocol/utf8.ts';
import type { Prng } from '../simulation/prng.ts';
import { type Conduct, type ConductContext, publication } from './conduct.ts';
import { atRate } from './false-sensors.ts';
import type { RawMessage } from './raw-message.ts';

/** Lengths that the compact wire knows, for its three widths. */
const KNOWN_LENGTHS = [144, 96, 72, 108, 76, 60, 80, 48, 32];

const TEXTS = [
  `1'; DROP TABLE WALLET; --_1_espresso_2_1000_${GENESIS}_-1_0`,
  `1_1_$(reboot)_2_1000_${GENESIS}_-1_0`,
  '1_1_espresso',
  `1_1_espresso_2e9_1000_${GENESIS}_-1_0`,
  `1_1_espresso_99999999999999999999_-1_${GENESIS}_NaN_Infinity`,
  `\u0000_1_espresso_2_1000_${'Z'.repeat(64)}_-1_0`,
  'S_1_NaN',
  'S__',
  "S_1'--_1",
  'S_1_1e999',
  '_'.repeat(200),
  '['.repeat(2000),
  '{"__proto__":{"kind":"vote"}}',
];

export function hostilePayloads(context: ConductContext, perSecond: number): Conduct {
  const { prng, profile, self } = context;

  const valid = (): Uint8Array => {
    const message: SensorTransaction = {
      kind: 'sensor',
      publisher: self,
      topic: 'virtual',
      value: 0,
      position: { stream: prng.uint32(), sequence: 0 },
    };
    return profile.codec.encode(message).slice();
  };

  const payload = (): { readonly what: string; readonly bytes: Uint8Array } => {
    switch (prng.integer(0, 5)) {
      case 0:
        return { what: 'random bytes', bytes: randomBytes(prng, prng.integer(0, 300)) };
      case 1:
        return { what: 'right length', bytes: randomBytes(prng, KNOWN_LENGTHS[prng.integer(0, 8)]!) };
      case 2:
        return { what: 'too long', bytes: randomBytes(prng, PAYLOAD_BYTES_MAX + prng.integer(1, 1000)) };
      case 3: {
        const bytes = valid();
        return { what: 'cut short', bytes: bytes.slice(0, prng.integer(0, bytes.length - 1)) };
      }
      case 4: {
        const bytes = valid();
        // The publisher comes first: whatever else it is then, it is not this node's.
        bytes[0] = bytes[0]! ^ prng.integer(1, 255);
        return { what: 'changed byte', bytes };
      }
      default:
        return { what: 'poisonous text', bytes: utf8(TEXTS[prng.integer(0, TEXTS.length - 1)]!) };
    }
  };

  return {
    begins() {
      atRate(context, perSecond, (count) => {
        const kinds = new Set<string>();
        for (let i = 0; i < count; i++) {
          const { what, bytes } = payload();
          const channel: Channel = prng.integer(0, 1) === 0 ? 'sensor' : 'consensus';
          const message: RawMessage = { kind: 'raw', bytes };
          kinds.add(what);
          context.emit({ ...publication(message), channel });
        }
        context.deviated('hostile payloads', null, `${count}: ${[...kinds].join(', ')}`);
      });
    },
  };
}

function randomBytes(prng: Prng, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = prng.integer(0, 255);
  return bytes;
}

function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Bytes(text)!);
  encodeUtf8(text, bytes, 0);
  return bytes;
}
