/**
 * A JSON Schema in which shapes that occur several times stand once, under `$defs`: the same schema, a tenth as long.
 */
import type { JsonSchema } from './file-shapes.ts';

/** Shorter ones are easier to read where they are. */
const SHARED_CHARACTERS_MIN = 200;

export function withSharedDefinitions(schema: JsonSchema): JsonSchema {
  const counts = new Map<string, number>();
  eachShape(schema, (shape) => {
    const text = JSON.stringify(shape);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    // What is in a repeated shape is repeated with it.
    return count === 1;
  });
  const names = new Map<string, string>();
  for (const [text, count] of counts) {
    if (count > 1 && text.length >= SHARED_CHARACTERS_MIN) names.set(text, `shape-${names.size + 1}`);
  }
  const replaced = (shape: JsonSchema): JsonSchema => {
    const name = names.get(JSON.stringify(shape));
    return name === undefined ? inside(shape, replaced) : { $ref: `#/$defs/${name}` };
  };
  const definitions = [...names].map(([text, name]) => [name, inside(JSON.parse(text) as JsonSchema, replaced)]);
  return { ...inside(schema, replaced), $defs: Object.fromEntries(definitions) };
}

/** Calls `visit` for each shape in `schema`, itself excepted; what is in one is visited where it returns true. */
function eachShape(schema: JsonSchema, visit: (shape: JsonSchema) => boolean): void {
  inside(schema, (shape) => {
    if (visit(shape)) eachShape(shape, visit);
    return shape;
  });
}

/** `schema` with `change` applied to the shapes directly in it. */
function inside(schema: JsonSchema, change: (shape: JsonSchema) => JsonSchema): JsonSchema {
  const isShape = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;
  const changed = (key: string, value: unknown): unknown => {
    if (key === 'properties') {
      return Object.fromEntries(
        Object.entries(value as Record<string, JsonSchema>).map(([name, shape]) => [name, change(shape)]),
      );
    }
    if (key === 'anyOf') return (value as readonly JsonSchema[]).map(change);
    const single = key === 'items' || key === 'additionalProperties' || key === 'propertyNames';
    return single && isShape(value) ? change(value) : value;
  };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, changed(key, value)]));
}
