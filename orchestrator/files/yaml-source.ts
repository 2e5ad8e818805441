/**
 * YAML text as plain values, with the line that each of them came from, so that a problem of a file can name it.
 *
 * Values are read twice: `value` keeps every scalar as the text that was written (so that an id 01, a hash 12345678 or
 * a service called 2 stay what they are), `typed` reads numbers, booleans and null as YAML means them. No schema is
 * known here.
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Problem } from '../../node/protocol/parameters.ts';

/** Longest file that is read. */
export const YAML_BYTES_MAX = 1024 * 1024;

export type Path = readonly (string | number)[];

/** A problem of a file; `line` counts from 1. */
export interface FileProblem extends Problem {
  readonly line: number;
}

export interface YamlSource {
  /** Maps, lists and text. */
  readonly value: unknown;
  /** What stands at `path`, numbers and booleans as such; undefined where nothing does. */
  typed(path: Path): unknown;
  /** Line of the key or list item at `path`, or of the nearest thing round it. */
  lineOf(path: Path): number;
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** Never throws; text that is no single, unambiguous YAML document is returned as problems. */
export function readYaml(text: string): YamlResult {
  if (text.length > YAML_BYTES_MAX) {
    return syntax([{ line: 1, found: `${text.length} characters` }], `at most ${YAML_BYTES_MAX} characters`);
  }
  const lines = new LineCounter();
  try {
    const plain = parseDocument(text, { schema: 'failsafe', lineCounter: lines, logLevel: 'error' });
    const faults = [...plain.errors, ...plain.warnings];
    if (faults.length > 0) {
      return syntax(
        faults.map(({ pos, message }) => ({
          line: Math.max(1, lines.linePos(pos[0]).line),
          found: message.split(/ at line |:?\n/)[0]!,
        })),
      );
    }
    const value: unknown = plain.toJS();
    const typed: unknown = parseDocument(text, { logLevel: 'error' }).toJS();
    return {
      ok: true,
      source: { value, typed: (path) => at(typed, path), lineOf: (path) => lineOf(plain, lines, path) },
    };
  } catch (error) {
    // The library throws on two kinds of hostile text only: aliases that multiply, and nesting deeper than the stack.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return syntax([{ line: 1, found: error.message }]);
  }
}

/** Maps, lists and scalars that a program has made, as if they had been read from a file of one line. */
export function sourceOf(value: unknown): YamlSource {
  return { value: asText(value), typed: (path) => at(value, path), lineOf: () => 1 };
}

function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object') return String(value);
  if (value === null) return '';
  return Object.fromEntries(Object.entries(value).map(([key, found]) => [key, asText(found)]));
}

function syntax(faults: readonly { line: number; found: string }[], expected = 'one YAML document'): YamlResult {
  return { ok: false, problems: faults.map(({ line, found }) => ({ path: 'file', expected, found, line })) };
}

function at(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return Math.max(1, lines.linePos(offset).line);
}
