/**
 * Building blocks for the shape of a hand-written file, on top of zod: every leaf says in words what it expects, so
 * that a problem reads `path: expected X, got Y`, and scalars arrive as the text that was written. Each also knows its
 * JSON Schema, for editors; that one speaks of values as YAML types them.
 */
import { z } from 'zod';
import type { Path } from './yaml-source.ts';

/** Where a value does not fit its shape, and what would. */
export interface Finding {
  readonly path: Path;
  readonly expected: string;
  /** For a key that is not known: those that are. */
  readonly known?: readonly string[];
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is written is text for us, and often a number for JSON Schema. */
const SCALAR: JsonSchema = { type: ['string', 'number', 'boolean', 'null'] };

/**
 * A scalar that `read` turns into a value; undefined from `read` means: not what is `expected`. `json` is its JSON
 * Schema.
 */
export function leaf<T>(expected: string, read: (found: unknown) => T | undefined, json: JsonSchema = SCALAR) {
  const shape = z.unknown().transform((found, context): T => {
    const value = read(found);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: expected, input: found });
    return z.NEVER;
  });
  return shape.meta({ ...json, description: expected });
}

export function text(expected: string, accepts: (found: string) => boolean, json?: JsonSchema) {
  return leaf(expected, (found) => (typeof found === 'string' && accepts(found) ? found : undefined), json);
}

const INTEGER = /^-?(?:0|[1-9][0-9]{0,15})$/;

export function integer(min: number, max: number) {
  return leaf(
    `integer ${min}..${max}`,
    (found) => {
      if (typeof found !== 'string' || !INTEGER.test(found)) return undefined;
      const value = Number(found);
      return value >= min && value <= max ? value : undefined;
    },
    { type: 'integer', minimum: min, maximum: max },
  );
}

export function oneOf<const T extends string>(...values: readonly T[]) {
  const json = {
    enum: values.flatMap((value): unknown[] => (value === '1' || value === '0' ? [Number(value), value] : [value])),
  };
  return leaf(`one of ${values.join(', ')}`, (found) => values.find((value) => value === found), json);
}

export function truth() {
  const read = (found: unknown) => (found === 'true' ? true : found === 'false' ? false : undefined);
  return leaf('true or false', read, { type: 'boolean' });
}

const KEYS = /^one of (.*)$/;

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
  return oneShapeOf([scalar, compound], (found): S | C =>
    typeof found === 'object' && found !== null ? compound : scalar,
  );
}

/** `scalar` for anything but a map or list, `list` for a list, `map` for a map. */
export function anyForm<S extends z.ZodType, L extends z.ZodType, M extends z.ZodType>(scalar: S, list: L, map: M) {
  return oneShapeOf([scalar, list, map], (found): S | L | M =>
    Array.isArray(found) ? list : typeof found === 'object' && found !== null ? map : scalar,
  );
}

/** The shape that `choose` says; `alternatives` are all that it may say. */
export function oneShapeOf<T extends z.ZodType>(
  alternatives: readonly z.ZodType[],
  choose: (found: unknown) => T | { readonly expected: string },
) {
  const shape = z.unknown().transform((found, context): z.output<T> => {
    const chosen = choose(found);
    if (!('safeParse' in chosen)) {
      context.issues.push({ code: 'custom', message: chosen.expected, input: found });
      return z.NEVER;
    }
    const result = chosen.safeParse(found);
    if (result.success) return result.data;
    for (const { path, expected, known } of findingsOf(result.error)) {
      context.issues.push({ code: 'custom', message: expected, path: [...path], input: found, params: { known } });
    }
    return z.NEVER;
  });
  return shape.meta({ alternatives });
}

export function findingsOf(error: z.ZodError): Finding[] {
  return error.issues.flatMap((issue): Finding[] => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
    const { message } = issue;
    if (issue.code === 'unrecognized_keys') {
      const known = KEYS.exec(message)?.[1]?.split(', ') ?? [];
      return issue.keys.map((key) => ({ path: [...path, key], expected: message, known }));
    }
    if (issue.code === 'invalid_key') return [{ path, expected: issue.issues[0]?.message ?? message }];
    const known = issue.code === 'custom' ? (issue.params?.known as readonly string[] | undefined) : undefined;
    return [{ path, expected: message, ...(known === undefined ? {} : { known }) }];
  });
}

/** The JSON Schema (draft 2020-12) of a file of this shape. */
export function jsonSchemaOf(shape: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const { alternatives } = jsonSchema as { alternatives?: readonly z.ZodType[] };
      if (alternatives === undefined) return;
      delete jsonSchema.alternatives;
      jsonSchema.anyOf = alternatives.map(jsonSchemaOf) as typeof jsonSchema.anyOf & object;
    },
  });
  return schema;
}

/**
 * A map in which one key says what it is: exactly one of `shapes`, beside any of `common`. Reads as
 * `{ kind, body, ...common }`.
 */
export function keyed<const S extends z.ZodRawShape, const C extends z.ZodRawShape>(
  what: string,
  shapes: S,
  common: C,
) {
  const kinds = Object.keys(shapes) as (keyof S & string)[];
  const records = new Map(kinds.map((kind) => [kind as string, record({ [kind]: shapes[kind]!, ...common })]));
  const kindsOf = (found: unknown): string[] =>
    typeof found === 'object' && found !== null ? kinds.filter((kind) => Object.hasOwn(found, kind)) : [];
  return oneShapeOf([...records.values()], (found) => {
    const [kind, ...others] = kindsOf(found);
    if (kind !== undefined && others.length === 0) return records.get(kind)!;
    return { expected: `${what} with exactly one of ${kinds.join(', ')}` };
  }).transform((found): Keyed<S, C> => {
    const kind = kindsOf(found)[0]!;
    const { [kind]: body, ...rest } = found as Record<string, unknown>;
    return { kind, body, ...rest } as Keyed<S, C>;
  });
}

export type Keyed<S extends z.ZodRawShape, C extends z.ZodRawShape> = {
  [K in keyof S & string]: { readonly kind: K; readonly body: z.output<S[K]> } & z.output<z.ZodObject<C>>;
}[keyof S & string];

/** A map that may be left empty, since all of its keys are optional. */
export function optionalRecord<const T extends z.ZodRawShape>(shape: T) {
  const map = record(shape);
  const nothing = leaf('nothing, or a map', (found) => (isNothing(found) ? map.parse({}) : undefined), {
    type: 'null',
  });
  return either(nothing, map);
}

function isNothing(found: unknown): boolean {
  return found === '' || found === '~' || found === 'null';
}

/** `steps[3].request.time`; an empty key is shown as `""`. */
export function pathText(path: Path): string {
  const parts = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key === '' ? '""' : key}`));
  return parts.join('').replace(/^\./, '');
}
