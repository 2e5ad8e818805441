/**
 * An evaluation as it goes, for people: a bar over its expected time where there is a terminal, otherwise a line at the
 * beginning and one at the end of each measurement.
 */
import type { Terminal } from '../cli/terminal.ts';
import type { Measurement, RawRecord } from './measurement.ts';
import type { PaperListener } from './perform-paper.ts';

const REDRAW_MS = 250;
const BAR_CHARACTERS = 30;

export class PaperProgress implements PaperListener {
  readonly #terminal: Terminal;
  #all: readonly Measurement[] = [];
  #doneIds = new Set<string>();
  #current: Measurement | null = null;
  #currentSinceMs = 0;
  #note = '';
  /** Seconds that were expected of what has been measured in this turn, and what it took. */
  #expectedS = 0;
  #tookS = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  planned(all: readonly Measurement[], kept: ReadonlySet<string>): void {
    this.#all = all;
    this.#doneIds = new Set(kept);
    const left = all.filter(({ id }) => !kept.has(id));
    const about = minutesText(left.reduce((sum, { seconds }) => sum + seconds, 0));
    const before = kept.size === 0 ? '' : `, ${kept.size} are there already`;
    this.#terminal.line(`${all.length} measurements${before}; ${left.length} to make, about ${about}`);
    if (this.#terminal.interactive) {
      this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
      this.#timer.unref();
    }
  }

  started(measurement: Measurement): void {
    this.#current = measurement;
    this.#currentSinceMs = performance.now();
    this.#note = '';
    if (this.#terminal.interactive) this.#draw();
    else this.#terminal.line(`${this.#place()} ${measurement.title}`);
  }

  note(text: string): void {
    this.#note = text;
    if (this.#terminal.interactive) this.#draw();
  }

  ended(measurement: Measurement, record: RawRecord): void {
    const place = this.#place();
    this.#doneIds.add(measurement.id);
    this.#current = null;
    const tookS = record.tookMs / 1000;
    if (record.outcome === 'measured') {
      this.#expectedS += measurement.seconds;
      this.#tookS += tookS;
    }
    const outcome = record.outcome === 'measured' ? `${tookS.toFixed(1)} s` : `not measured: ${record.reason}`;
    this.#terminal.line(`${place} ${measurement.title}: ${outcome}`);
  }

  /** Takes the bar away. Idempotent. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#terminal.live([]);
  }

  #place(): string {
    const width = String(this.#all.length).length;
    return `[${String(this.#doneIds.size + 1).padStart(width)}/${this.#all.length}]`;
  }

  #draw(): void {
    const seconds = (chosen: readonly Measurement[]): number => chosen.reduce((sum, { seconds: s }) => sum + s, 0);
    const elapsedS = this.#current === null ? 0 : (performance.now() - this.#currentSinceMs) / 1000;
    // What a measurement takes here in place of what it takes elsewhere.
    const pace = this.#expectedS > 5 ? this.#tookS / this.#expectedS : 1;
    const currentS = this.#current === null ? 0 : Math.min(elapsedS / pace, this.#current.seconds);
    const doneS = seconds(this.#all.filter(({ id }) => this.#doneIds.has(id))) + currentS;
    const allS = seconds(this.#all);
    const share = allS === 0 ? 1 : doneS / allS;
    const filled = Math.round(share * BAR_CHARACTERS);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_CHARACTERS - filled)}`;
    const what = this.#current === null ? '' : `${this.#place()} ${this.#current.title}`;
    this.#terminal.live([
      `${bar} ${Math.floor(100 * share)} %, about ${minutesText((allS - doneS) * pace)} left`,
      `${what}, ${Math.floor(elapsedS)} s${this.#note === '' ? '' : `: ${this.#note}`}`,
    ]);
  }
}

function minutesText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
