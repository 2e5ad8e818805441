/** So many changes at once, and so many a second after that. Pure: the caller has the clock. */
import { LIMITS } from './limits.ts';

export class ChangeRate {
  #left: number = LIMITS.changesAtOnce;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** False where it is one too many. */
  take(nowMs: number): boolean {
    const earned = (Math.max(0, nowMs - this.#atMs) / 1000) * LIMITS.changesPerSecond;
    this.#left = Math.min(LIMITS.changesAtOnce, this.#left + earned);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
