/**
 * Arguments of a command as a declarative table: from it come parsing, the types of the values, the help text and the
 * problems, which are collected and never thrown one by one.
 */
import { parseArgs } from 'node:util';
import { nearestName } from '../../node/host/nearest-name.ts';
import { type Problem, shown } from '../../node/protocol/parameters.ts';

interface FlagBase {
  readonly help: string;
}

export type Flag = FlagBase &
  (
    | { readonly type: 'switch' }
    | {
        readonly type: 'integer';
        readonly min: number;
        readonly max: number;
        readonly default: number | null;
        readonly value: string;
      }
    | {
        readonly type: 'number';
        readonly min: number;
        readonly max: number;
        readonly default: number | null;
        readonly value: string;
      }
    | {
        readonly type: 'text';
        readonly pattern: RegExp;
        readonly expected: string;
        readonly default: string | null;
        readonly value: string;
      }
    | { readonly type: 'choice'; readonly choices: readonly string[]; readonly default: string | null }
    /** `name=value`, any number of times. */
    | { readonly type: 'settings'; readonly value: string }
  );

/** By name without the dashes. A name that begins with `_` is for the program itself and not shown in help. */
export type FlagTable = Readonly<Record<string, Flag>>;

export interface Positional {
  readonly name: string;
  readonly help: string;
  readonly required: boolean;
  /** Only for the last one: any number of them. */
  readonly many?: true;
}

type Nullable<F, T> = F extends { readonly default: null } ? T | null : T;

type FlagValue<F extends Flag> = F extends { readonly type: 'switch' }
  ? boolean
  : F extends { readonly type: 'integer' | 'number' }
    ? Nullable<F, number>
    : F extends { readonly type: 'choice'; readonly choices: readonly (infer C extends string)[] }
      ? Nullable<F, C>
      : F extends { readonly type: 'text' }
        ? Nullable<F, string>
        : F extends { readonly type: 'settings' }
          ? readonly Setting[]
          : never;

export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: FlagValue<T[K]> };

export interface Setting {
  readonly name: string;
  readonly value: string;
}

export interface ParsedArguments<T extends FlagTable> {
  readonly flags: FlagValues<T>;
  /** As many as are declared, or more where the last takes many; null where an optional one is absent. */
  readonly positionals: readonly (string | null)[];
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
}

export type ParseResult<T extends FlagTable> =
  | { readonly ok: true; readonly parsed: ParsedArguments<T> }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Parses `args`, or returns every problem in them. */
export function parseArguments<const T extends FlagTable>(
  args: readonly string[],
  flags: T,
  positionals: readonly Positional[],
): ParseResult<T> {
  const problems: Problem[] = [];
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [
        name,
        { type: flag.type === 'switch' ? 'boolean' : 'string', multiple: true } as const,
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const texts = new Map<string, string[]>();
  const found: string[] = [];
  let afterUnknown = -1;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      // What follows an unknown option was most likely meant as its value: one problem, not two.
      if (token.index !== afterUnknown) found.push(token.value);
    } else if (token.kind === 'option') {
      const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
      if (flag === undefined) {
        problems.push({ path: token.rawName, expected: known(flags, token.name), found: 'an unknown option' });
        if (token.value === undefined) afterUnknown = token.index + 1;
      } else if (flag.type === 'switch') {
        if (token.value !== undefined)
          problems.push({ path: token.rawName, expected: 'no value', found: shown(token.value) });
        texts.set(token.name, ['']);
      } else if (token.value === undefined || (!token.inlineValue && /^--?[a-z]/i.test(token.value))) {
        problems.push({ path: token.rawName, expected: expectation(flag), found: 'no value' });
      } else {
        texts.set(token.name, [...(texts.get(token.name) ?? []), token.value]);
      }
    }
  }

  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags))
    values[name] = flagValue(name, flag, texts.get(name) ?? [], problems);

  positionals.forEach(({ name, required }, index) => {
    if (required && found[index] === undefined)
      problems.push({ path: name.toUpperCase(), expected: 'to be given', found: 'nothing' });
  });
  const many = positionals.at(-1)?.many === true;
  for (const extra of many ? [] : found.slice(positionals.length)) {
    const expected =
      positionals.length === 0 ? 'no arguments' : `only ${positionals.map((p) => p.name.toUpperCase()).join(' ')}`;
    problems.push({ path: 'arguments', expected, found: shown(extra) });
  }
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    parsed: {
      flags: values as FlagValues<T>,
      positionals: Array.from(
        { length: many ? Math.max(found.length, positionals.length) : positionals.length },
        (_, index) => found[index] ?? null,
      ),
      given: new Set(texts.keys()),
    },
  };
}

/** The arguments as they could be typed again, defaults left out. */
export function argumentTexts<T extends FlagTable>(
  { flags, given, positionals }: ParsedArguments<T>,
  except: readonly string[] = [],
): string[] {
  const texts = positionals.filter((text) => text !== null);
  for (const name of given) {
    if (except.includes(name)) continue;
    const value: unknown = flags[name];
    if (value === true) texts.push(`--${name}`);
    else if (Array.isArray(value))
      for (const { name: key, value: text } of value as Setting[]) texts.push(`--${name}=${key}=${text}`);
    else texts.push(`--${name}=${String(value)}`);
  }
  return texts;
}

function flagValue(name: string, flag: Flag, texts: readonly string[], problems: Problem[]): unknown {
  const path = `--${name}`;
  if (flag.type === 'switch') return texts.length > 0;
  if (flag.type === 'settings') return texts.map((text) => setting(path, text, problems)).filter((s) => s !== null);
  if (texts.length === 0) return flag.default;
  if (texts.length > 1) problems.push({ path, expected: 'to be given once', found: texts.map(shown).join(' and ') });
  const text = texts.at(-1)!;
  const value = read(flag, text);
  if (value === undefined) problems.push({ path, expected: expectation(flag), found: shown(text) });
  return value;
}

function read(flag: Exclude<Flag, { type: 'switch' | 'settings' }>, text: string): number | string | undefined {
  switch (flag.type) {
    case 'integer':
    case 'number': {
      if (!(flag.type === 'integer' ? /^-?\d{1,15}$/ : /^-?\d{1,15}(\.\d{1,9})?$/).test(text)) return undefined;
      const value = Number(text);
      return value >= flag.min && value <= flag.max ? value : undefined;
    }
    case 'text':
      return flag.pattern.test(text) ? text : undefined;
    case 'choice':
      return flag.choices.includes(text) ? text : undefined;
  }
}

function setting(path: string, text: string, problems: Problem[]): Setting | null {
  const at = text.indexOf('=');
  if (at > 0) return { name: text.slice(0, at), value: text.slice(at + 1) };
  problems.push({ path, expected: 'NAME=VALUE', found: shown(text) });
  return null;
}

/** What a flag takes, for problems and help. */
export function expectation(flag: Flag): string {
  switch (flag.type) {
    case 'switch':
      return 'no value';
    case 'integer':
      return `integer ${flag.min}..${flag.max}`;
    case 'number':
      return `number ${flag.min}..${flag.max}`;
    case 'text':
      return flag.expected;
    case 'choice':
      return `one of ${flag.choices.join(', ')}`;
    case 'settings':
      return 'NAME=VALUE';
  }
}

function known(flags: FlagTable, name: string): string {
  const names = Object.keys(flags).filter((flag) => !flag.startsWith('_'));
  const nearest = nearestName(name, names);
  const list = names.length === 0 ? 'no options' : `one of ${names.map((flag) => `--${flag}`).join(', ')}`;
  return nearest === null ? list : `${list} (nearest: --${nearest})`;
}
