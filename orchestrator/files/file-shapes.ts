/**
 * Building blocks for the shape of a hand-written file, on top of zod: every leaf says in words what it expects, so
 * that a problem reads `path: expected X, got Y`, and scalars arrive as the text that was written.
 */
import { z } from 'zod';
import type { Path } from './yaml-source.ts';

/** Where a value does not fit its shape, and what would. */
export interface Finding {
  readonly path: Path;
  readonly expected: string;
}

/** A scalar that `read` turns into a value; undefined from `read` means: not what is `expected`. */
export function leaf<T>(expected: string, read: (found: unknown) => T | undefined) {
  return z.unknown().transform((found, context): T => {
    const value = read(found);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: expected, input: found });
    return z.NEVER;
  });
}

export function text(expected: string, accepts: (found: string) => boolean) {
  return leaf(expected, (found) => (typeof found === 'string' && accepts(found) ? found : undefined));
}

const INTEGER = /^-?(?:0|[1-9][0-9]{0,15})$/;

export function integer(min: number, max: number) {
  return leaf(`integer ${min}..${max}`, (found) => {
    if (typeof found !== 'string' || !INTEGER.test(found)) return undefined;
    const value = Number(found);
    return value >= min && value <= max ? value : undefined;
  });
}

export function oneOf<const T extends string>(...values: readonly T[]) {
  return leaf(`one of ${values.join(', ')}`, (found) => values.find((value) => value === found));
}

/** A map with these keys and no others. */
export function record<const T extends z.ZodRawShape>(shape: T) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `one of ${keys}` : `a map with keys of ${keys}`),
  });
}

/** A map from keys that `isKey` accepts. */
export function mapOf<T extends z.ZodType>(key: string, isKey: (key: string) => boolean, value: T) {
  return z.record(z.string().refine(isKey, { error: `a key that is ${key}` }), value, {
    error: `a map with keys that are ${key}`,
  });
}

export function listOf<T extends z.ZodType>(expected: string, item: T, min = 1) {
  const list = z.array(item, { error: `a list of ${expected}` });
  return min === 0 ? list : list.min(min, { error: `a list of at least ${min} ${expected}` });
}

/** `compound` for a map or list, `scalar` for anything else: one of two shapes, so that problems stay where they are. */
export function either<S extends z.ZodType, C extends z.ZodType>(scalar: S, compound: C) {
  return z.unknown().transform((found, context): z.output<S> | z.output<C> => {
    const result = (typeof found === 'object' && found !== null ? compound : scalar).safeParse(found);
    if (result.success) return result.data as z.output<S> | z.output<C>;
    for (const { path, expected } of findingsOf(result.error)) {
      context.issues.push({ code: 'custom', message: expected, path: [...path], input: found });
    }
    return z.NEVER;
  });
}

export function findingsOf(error: z.ZodError): Finding[] {
  return error.issues.flatMap((issue): Finding[] => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key], expected: issue.message }));
    }
    if (issue.code === 'invalid_key') return [{ path, expected: issue.issues[0]?.message ?? issue.message }];
    return [{ path, expected: issue.message }];
  });
}

/** `steps[3].request.time`; an empty key is shown as `""`. */
export function pathText(path: Path): string {
  const parts = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key === '' ? '""' : key}`));
  return parts.join('').replace(/^\./, '');
}
