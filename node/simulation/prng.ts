/**
 * Randomness that can be named and repeated: one seed for a whole run, and a named sub-stream for each thing that
 * draws, so that adding a node or a fault does not shift what the others draw.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's Small Fast Counting generator, PractRand): 128 bits of state, 32-bit
 * arithmetic only, period at least 2^32 whatever the seed, 2^127 on average. Seeding: the *key* of the root is SHA-256 of
 * `wallance/prng/v1 seed <seed>`, the key of a sub-stream SHA-256 of `wallance/prng/v1 stream <key of parent> <name>`,
 * keys in hexadecimal; the first three big-endian 32-bit words of a key are a, b and c, the counter starts at 1, and 12
 * outputs are thrown away. A sub-stream depends on its parent's key and its name only, never on what was drawn before.
 *
 * Not for secrets: outputs can be predicted from outputs. Pure: no clock, no node modules.
 */
import { type Sha256Hex, sha256Hex } from '../protocol/hash.ts';
import { invariant } from '../protocol/invariant.ts';

const WARM_UP_DRAWS = 12;

export class Prng {
  readonly #key: string;
  readonly #hash: Sha256Hex;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  private constructor(key: string, hash: Sha256Hex) {
    this.#key = key;
    this.#hash = hash;
    this.#a = Number.parseInt(key.slice(0, 8), 16) | 0;
    this.#b = Number.parseInt(key.slice(8, 16), 16) | 0;
    this.#c = Number.parseInt(key.slice(16, 24), 16) | 0;
    for (let i = 0; i < WARM_UP_DRAWS; i++) this.uint32();
  }

  /**
   * The root stream of `seed`, which may be any text; equal texts give equal streams. `hash`: another implementation of
   * the same function, for programs that make many streams.
   */
  static seeded(seed: string, hash: Sha256Hex = sha256Hex): Prng {
    return new Prng(hash(`wallance/prng/v1 seed ${seed}`), hash);
  }

  /** The sub-stream `name` (by custom a path such as `sensor/3`), always from its beginning. */
  stream(name: string): Prng {
    return new Prng(this.#hash(`wallance/prng/v1 stream ${this.#key} ${name}`), this.#hash);
  }

  /** Uniform over 0 .. 2^32-1. */
  uint32(): number {
    const out = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) | 0;
    return out >>> 0;
  }

  /** Uniform over [0, 1), a multiple of 2^-53: two draws of 32 bits, the higher bits first. */
  float(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /**
   * Uniform over the integers `min` .. `max`, both included and at most 2^32 - 1 apart. Draws above the largest
   * multiple of the range are thrown away, so no value is favoured.
   */
  integer(min: number, max: number): number {
    const range = max - min + 1;
    invariant(
      Number.isSafeInteger(min) && Number.isSafeInteger(max) && range >= 1 && range <= 0x100000000,
      () => `integer draw of ${min}..${max}`,
    );
    const limit = 0x100000000 - (0x100000000 % range);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return min + (draw % range);
  }
}
