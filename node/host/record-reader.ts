/**
 * Reads one JSON object of a configuration field by field and collects every problem instead of stopping at the first.
 * A field that is wrong reads as a harmless placeholder; the caller throws everything away when there is any problem.
 * Hand-made, because a schema library would cost a node process 20 MB.
 */
import { isName } from '../protocol/field-bounds.ts';
import { type Problem, shown } from '../protocol/parameters.ts';
import { utf8Bytes } from '../protocol/utf8.ts';
import { nearestName } from './nearest-name.ts';

/** Bounds of `topic` and service names: the widest id of the wire. */
export const NAME_BYTES_MAX = 32;

export class RecordReader {
  readonly path: string;
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #problems: Problem[];
  readonly #asked = new Set<string>();

  private constructor(record: Readonly<Record<string, unknown>>, path: string, problems: Problem[]) {
    this.#record = record;
    this.path = path;
    this.#problems = problems;
  }

  /** Null, and a problem, when `value` is not an object. */
  static over(value: unknown, path: string, problems: Problem[]): RecordReader | null {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return new RecordReader(value as Record<string, unknown>, path, problems);
    }
    problems.push({ path, expected: 'an object', found: shown(value) });
    return null;
  }

  problem(name: string, expected: string, found: string): void {
    this.#problems.push({ path: `${this.path}.${name}`, expected, found });
  }

  /** Whether an optional field is there; counts as asked for. */
  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** The raw value, undefined when it is absent; counts as asked for. */
  raw(name: string): unknown {
    this.#asked.add(name);
    return Object.hasOwn(this.#record, name) ? this.#record[name] : undefined;
  }

  /** A whole number `min` .. `max`. A field with a `fallback` may be absent; that holds for all readers below. */
  integer(name: string, min: number, max: number, fallback?: number): number {
    return this.#read(name, `integer ${min}..${max}`, fallback ?? min, fallback !== undefined, (value) =>
      Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
        ? (value as number)
        : undefined,
    );
  }

  /** Any finite number, or one of `min` .. `max`. */
  number(name: string, fallback?: number, min = -Number.MAX_VALUE, max = Number.MAX_VALUE): number {
    const expected = min === -Number.MAX_VALUE ? 'a finite number' : `a number ${min}..${max}`;
    return this.#read(name, expected, fallback ?? 0, fallback !== undefined, (value) =>
      typeof value === 'number' && value >= min && value <= max ? value : undefined,
    );
  }

  truth(name: string, fallback: boolean): boolean {
    return this.#read(name, 'true or false', fallback, true, (value) =>
      typeof value === 'boolean' ? value : undefined,
    );
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    return this.#read(name, `one of ${choices.join(', ')}`, fallback ?? choices[0]!, fallback !== undefined, (value) =>
      choices.find((choice) => choice === value),
    );
  }

  /** Well-formed text without NUL of 1 .. `bytesMax` bytes of UTF-8. */
  text(name: string, bytesMax: number, fallback?: string): string {
    const expected = `text of 1..${bytesMax} bytes of UTF-8 without NUL`;
    return this.#read(name, expected, fallback ?? '', fallback !== undefined, (value) =>
      typeof value === 'string' && isPlainText(value, bytesMax) ? value : undefined,
    );
  }

  /** A service's or data topic's name. */
  name(name: string): string {
    const expected = `a name of 1..${NAME_BYTES_MAX} bytes of UTF-8 without NUL`;
    return this.#read(name, expected, '', false, (value) =>
      typeof value === 'string' && isName(value, NAME_BYTES_MAX) ? value : undefined,
    );
  }

  /** Call last: every field that was never asked for is a problem. */
  finish(): void {
    const known = [...this.#asked];
    for (const name of Object.keys(this.#record)) {
      if (this.#asked.has(name)) continue;
      this.problem(
        shownName(name),
        `one of ${known.join(', ')}`,
        `an unknown name (nearest: ${nearestName(name, known)})`,
      );
    }
  }

  #read<T>(
    name: string,
    expected: string,
    placeholder: T,
    optional: boolean,
    accept: (value: unknown) => T | undefined,
  ): T {
    const value = this.raw(name);
    if (value === undefined && optional) return placeholder;
    const accepted = accept(value);
    if (accepted !== undefined) return accepted;
    this.problem(name, expected, shown(value));
    return placeholder;
  }
}

export function isPlainText(text: string, bytesMax: number): boolean {
  if (text.length === 0 || text.length > bytesMax || text.includes('\0')) return false;
  const bytes = utf8Bytes(text);
  return bytes !== null && bytes <= bytesMax;
}

/** A name from outside as a path may show it. */
export function shownName(name: string): string {
  return /^[\w-]{1,40}$/.test(name) ? name : shown(name);
}

/** Elements of a list that must be an array of at most `lengthMax`; an empty list, and a problem, otherwise. */
export function readArray(value: unknown, path: string, lengthMax: number, problems: Problem[]): readonly unknown[] {
  if (Array.isArray(value) && value.length <= lengthMax) return value;
  const found = Array.isArray(value) ? `an array of ${value.length}` : shown(value);
  problems.push({ path, expected: `an array of at most ${lengthMax} elements`, found });
  return [];
}
