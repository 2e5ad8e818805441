/**
 * The sensor's input, open to streams from outside: standard input, a file, HTTP, an MQTT topic. This file holds what
 * they have in common: the form of a sample, its bounds, and what happens to what is none.
 *
 * A sample is a line: a number in decimal notation, or a JSON object `{"topic": "...", "value": n}` whose other members
 * are ignored (devices send their units and times along). Without a topic the source's own name for it is used. Empty
 * lines mean nothing. A bad line is counted, reported with its place, and otherwise skipped; nothing here throws.
 */
import { isName } from '../protocol/field-bounds.ts';
import { printable } from '../protocol/rejection.ts';
import { NAME_BYTES_MAX } from './record-reader.ts';

/** Longest line that is looked at, bytes. */
export const SAMPLE_LINE_BYTES_MAX = 1024;

export interface Sample {
  readonly topic: string;
  readonly value: number;
}

/** Takes a sample over; a promise asks the source to wait for it before it gives the next. */
export type SampleSink = (sample: Sample) => void | Promise<void>;

export interface SampleProblem {
  /** E.g. `stdin`, `file /tmp/values`, `mqtt devices/#`. */
  readonly source: string;
  /** E.g. `line 7`, `byte 1024`, `topic devices/1`. */
  readonly place: string;
  readonly expected: string;
  readonly found: string;
  /** Problems of this source since the last report that were only counted. */
  readonly unreported: number;
}

export type SampleLine =
  | { readonly ok: true; readonly sample: Sample }
  | { readonly ok: false; readonly expected: string; readonly found: string };

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const FORM = 'a number, or {"topic": "...", "value": n}';

/** Reads one line that is not empty; `topic` is used where it names none. */
export function parseSampleLine(line: string, topic: string): SampleLine {
  const text = line.trim();
  if (DECIMAL.test(text)) return finite(topic, Number(text), text);
  if (!text.startsWith('{')) return { ok: false, expected: FORM, found: printable(text) };
  let parsed: { readonly topic?: unknown; readonly value?: unknown };
  try {
    parsed = JSON.parse(text);
  } catch {
    return { ok: false, expected: FORM, found: printable(text) };
  }
  const named = Object.hasOwn(parsed, 'topic') ? parsed.topic : topic;
  if (typeof named !== 'string' || !isName(named, NAME_BYTES_MAX)) {
    return { ok: false, expected: `a topic of 1..${NAME_BYTES_MAX} bytes of UTF-8 without NUL`, found: foundIn(named) };
  }
  const value = Object.hasOwn(parsed, 'value') ? parsed.value : undefined;
  return typeof value === 'number'
    ? finite(named, value, text)
    : { ok: false, expected: 'a finite number as value', found: foundIn(value) };
}

function finite(topic: string, value: number, text: string): SampleLine {
  if (Number.isFinite(value)) return { ok: true, sample: { topic, value } };
  return { ok: false, expected: 'a finite number as value', found: printable(text) };
}

function foundIn(value: unknown): string {
  return value === undefined ? 'nothing' : printable(JSON.stringify(value));
}

export interface SampleIntakeOptions {
  readonly source: string;
  /** Topic of samples that name none. */
  readonly topic: string;
  readonly sink: SampleSink;
  readonly report: (problem: SampleProblem) => void;
  /** Milliseconds from any fixed point, never going back. */
  readonly nowMs: () => number;
}

/** Between two reports of one source. */
const REPORT_INTERVAL_MS = 1000;

/** One source's way into the node. */
export class SampleIntake {
  readonly #options: SampleIntakeOptions;
  #accepted = 0;
  #refused = 0;
  #unreported = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #last: Omit<SampleProblem, 'unreported'> | null = null;

  constructor(options: SampleIntakeOptions) {
    this.#options = options;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Takes a line over, or refuses it. Wait for the promise, if there is one, before the next. */
  line(text: string, place: string, topic: string = this.#options.topic): void | Promise<void> {
    if (text.trim() === '') return undefined;
    const parsed = parseSampleLine(text, topic);
    if (parsed.ok) return this.sample(parsed.sample);
    this.refuse(place, parsed.expected, parsed.found);
    return undefined;
  }

  /** Takes over what has been read and checked already. */
  sample(sample: Sample): void | Promise<void> {
    this.#accepted++;
    return this.#options.sink(sample);
  }

  /** Counts a problem, and reports it unless one was reported less than a second ago. */
  refuse(place: string, expected: string, found: string): void {
    this.#refused++;
    this.#last = { source: this.#options.source, place, expected, found };
    const now = this.#options.nowMs();
    if (now - this.#reportedMs < REPORT_INTERVAL_MS) {
      this.#unreported++;
      return;
    }
    this.#reportedMs = now;
    this.#options.report({ ...this.#last, unreported: this.#unreported });
    this.#unreported = 0;
  }

  /** Reports the last problem that was only counted, so that none goes unsaid. */
  close(): void {
    if (this.#unreported > 0 && this.#last !== null)
      this.#options.report({ ...this.#last, unreported: this.#unreported - 1 });
    this.#unreported = 0;
  }
}
