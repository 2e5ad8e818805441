/**
 * A thousand votes reach a node within milliseconds, and it needs a second for them: once it has some backlog it cannot
 * be idle again before the last one. So of q votes the first few tell when it begins with the q-th, and the others only
 * count.
 *
 * Why it cannot be: the i-th vote to arrive (from 0) is there no later than the i-th to be sent takes at the longest, so
 * if a node is not done with its first g votes before `s(i) + msMax - (i - g) * voteMs` for any i from g to q - 1, it
 * finds each of them waiting. Where that does not hold the caller sorts all arrivals; nothing here is a guess that
 * could be wrong, only one that could be useless.
 */

/** Votes to look at beyond the least number, in standard deviations of what comes by a certain moment. */
const SPARE_DEVIATIONS = 4;
const SPARE_EXTRA = 4;

export class VoteRush {
  /** One vote, milliseconds. */
  readonly voteMs: number;
  /** Votes before this moment are looked at; -Infinity: not known yet. */
  untilMs = Number.NEGATIVE_INFINITY;
  readonly #quorum: number;
  /** By g: until when the node must be busy with g votes, plus `g * voteMs` taken off: see {@link restMs}. */
  readonly #latestMs: Float64Array;
  /** Votes that are enough even where the first comes as early as it can; `quorum` and more: none are. */
  readonly #enough: number;

  /** `sendMs`: of the votes for one group, in order, `quorum` of them at least. */
  constructor(sendMs: Float64Array, quorum: number, voteMs: number, msMin: number, msMax: number) {
    this.voteMs = voteMs;
    this.#quorum = quorum;
    this.#latestMs = new Float64Array(quorum + 1).fill(Number.NEGATIVE_INFINITY);
    for (let i = quorum - 1; i >= 0; i--) {
      this.#latestMs[i] = Math.max(this.#latestMs[i + 1]!, sendMs[i]! + msMax - i * voteMs);
    }
    let enough = 0;
    while (enough < quorum && this.#latestMs[enough]! > sendMs[0]! + msMin) enough++;
    this.#enough = enough;
  }

  /**
   * What the votes from the `seen`-th on take, without that which completes the quorum, if the node is done with the
   * first `seen` at `freeMs` and surely not idle before it begins with the last; null: it may be.
   */
  restMs(seen: number, freeMs: number): number | null {
    if (seen >= this.#quorum || freeMs - seen * this.voteMs < this.#latestMs[seen]!) return null;
    return (this.#quorum - 1 - seen) * this.voteMs;
  }

  /** Sets `untilMs` by what one node saw: `count` arrivals, the `rank`-th (from 0) at `arrivalMs(rank)`. */
  learn(count: number, arrivalMs: (rank: number) => number): void {
    const rank = this.#enough + Math.ceil(SPARE_DEVIATIONS * Math.sqrt(this.#enough)) + SPARE_EXTRA;
    if (rank < count) this.untilMs = arrivalMs(rank);
  }
}
