/** Choices from a stream of pseudo-random numbers, in the words of whoever draws something. */
import type { Prng } from '../../node/simulation/prng.ts';

export class Dice {
  readonly #draws: Prng;

  constructor(draws: Prng) {
    this.#draws = draws;
  }

  /** Both ends included. */
  integer(min: number, max: number): number {
    return this.#draws.integer(min, max);
  }

  chance(probability: number): boolean {
    return this.#draws.float() < probability;
  }

  /** One of at least one. */
  one<T>(items: readonly T[]): T {
    return items[this.#draws.integer(0, items.length - 1)]!;
  }

  /** So many of them, or all, in their order. */
  some<T>(items: readonly T[], count: number): readonly T[] {
    const chosen = new Set<number>();
    const wanted = Math.min(count, items.length);
    while (chosen.size < wanted) chosen.add(this.#draws.integer(0, items.length - 1));
    return items.filter((_, index) => chosen.has(index));
  }

  /** Each with this probability; one where none was chosen. */
  mix<T>(items: readonly T[], probability: number): readonly T[] {
    const chosen = items.filter(() => this.chance(probability));
    return chosen.length > 0 ? chosen : [this.one(items)];
  }
}
