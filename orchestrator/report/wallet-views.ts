/**
 * Wallets as the correct nodes hold them, looked at in equal distances of time. Nodes that are down are left out of a
 * look: what they held when they fell is nobody's view.
 */
import { byNumberThenText } from '../history/wallet-agreement.ts';
import type { RunEvent } from '../run/run-record.ts';

/** The same wallet, or all of them, as the correct nodes see it at one moment. */
export interface ViewSample {
  /** From the beginning of the load. */
  readonly atMs: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface WalletSeries {
  readonly wallet: string;
  /** Units. */
  readonly samples: readonly ViewSample[];
}

const LOOKS = 160;

/** Balances of every wallet at every correct seat, looked at `LOOKS` times. */
export class WalletViews {
  readonly #place: ReadonlyMap<string, number>;
  readonly #up: boolean[];
  readonly #units = new Map<string, Float64Array>();
  readonly #samples = new Map<string, ViewSample[]>();
  readonly #supply: ViewSample[] = [];
  readonly #comings: readonly RunEvent[];
  readonly #fromT: number;
  readonly #everyMs: number;
  readonly #loadT: number;
  #coming = 0;
  #looks = 0;

  constructor(seats: readonly string[], fromT: number, toT: number, loadT: number, events: readonly RunEvent[]) {
    this.#place = new Map(seats.map((seat, index) => [seat, index]));
    this.#up = seats.map(() => true);
    this.#fromT = fromT;
    this.#everyMs = (toT - fromT) / LOOKS;
    this.#loadT = loadT;
    this.#comings = events.filter(({ event }) => event === 'seat');
  }

  take(seat: string, wallet: string, units: number): void {
    const place = this.#place.get(seat);
    if (place === undefined || wallet === '') return;
    let held = this.#units.get(wallet);
    if (held === undefined) {
      held = new Float64Array(this.#place.size).fill(Number.NaN);
      this.#units.set(wallet, held);
    }
    held[place] = units;
  }

  /** Makes every look that is due before `t`. */
  advance(t: number): void {
    for (;;) {
      const lookT = this.#fromT + this.#looks * this.#everyMs;
      if (this.#looks > LOOKS || lookT > t) return;
      this.#note(lookT);
      this.#look(lookT);
      this.#looks++;
    }
  }

  wallets(): WalletSeries[] {
    return [...this.#samples]
      .map(([wallet, samples]) => ({ wallet, samples }))
      .sort((a, b) => byNumberThenText(a.wallet, b.wallet));
  }

  supply(): readonly ViewSample[] {
    return this.#supply;
  }

  #note(t: number): void {
    for (; this.#coming < this.#comings.length && this.#comings[this.#coming]!.t <= t; this.#coming++) {
      const event = this.#comings[this.#coming]!;
      const place = event.event === 'seat' ? this.#place.get(event.seat) : undefined;
      if (event.event === 'seat' && place !== undefined) this.#up[place] = event.state === 'ready';
    }
  }

  #look(t: number): void {
    const atMs = t - this.#loadT;
    const sums = new Float64Array(this.#place.size).fill(Number.NaN);
    for (const [wallet, held] of this.#units) {
      held.forEach((units, place) => {
        if (!Number.isNaN(units)) sums[place] = units + (Number.isNaN(sums[place]!) ? 0 : sums[place]!);
      });
      const sample = this.#sample(atMs, held);
      if (sample === null) continue;
      const samples = this.#samples.get(wallet) ?? [];
      samples.push(sample);
      this.#samples.set(wallet, samples);
    }
    const sample = this.#units.size === 0 ? null : this.#sample(atMs, sums);
    if (sample !== null) this.#supply.push(sample);
  }

  #sample(atMs: number, values: Float64Array): ViewSample | null {
    const known = values.filter((value, place) => this.#up[place] === true && !Number.isNaN(value)).sort();
    if (known.length === 0) return null;
    return { atMs, min: known[0]!, median: known[Math.floor((known.length - 1) / 2)]!, max: known.at(-1)! };
  }
}
