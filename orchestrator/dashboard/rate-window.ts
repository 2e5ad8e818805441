/** Events a second over the last moments, of a clock that the caller reads. Pure, and bounded whatever comes. */

const BUCKET_MS = 250;
const BUCKETS = 8;

export class RateWindow {
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  readonly #times = new Array<number>(BUCKETS).fill(-1);

  add(nowMs: number): void {
    const time = Math.floor(nowMs / BUCKET_MS);
    const at = time % BUCKETS;
    if (this.#times[at] !== time) {
      this.#times[at] = time;
      this.#counts[at] = 0;
    }
    this.#counts[at]!++;
  }

  /** Over the last two seconds. */
  perSecond(nowMs: number): number {
    const now = Math.floor(nowMs / BUCKET_MS);
    let sum = 0;
    for (let at = 0; at < BUCKETS; at++) if (now - this.#times[at]! < BUCKETS) sum += this.#counts[at]!;
    return sum / ((BUCKETS * BUCKET_MS) / 1000);
  }
}
