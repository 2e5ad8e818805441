/** A small judge of values by JSON Schema: the keywords that the project's own schemas use, and no others. */

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = ['$schema', '$defs', 'title', 'description', 'default', 'examples'];

/** Where and why `value` does not fit; empty when it does. Throws on a keyword that it does not know. */
export function schemaFaults(schema: Schema, value: unknown, root: Schema = schema, path = ''): string[] {
  const faults: string[] = [];
  const fault = (text: string): void => void faults.push(`${path || '(root)'}: ${text}`);
  const inner = (shape: unknown, found: unknown, at: string): string[] =>
    schemaFaults(shape as Schema, found, root, `${path}${at}`);
  for (const [keyword, rule] of Object.entries(schema)) {
    if (ANNOTATIONS.includes(keyword)) continue;
    switch (keyword) {
      case '$ref': {
        const name = String(rule).replace('#/$defs/', '');
        const definition = (root.$defs as Record<string, Schema>)[name];
        if (definition === undefined) throw new Error(`${String(rule)} is not defined`);
        faults.push(...inner(definition, value, ''));
        break;
      }
      case 'type': {
        const types = Array.isArray(rule) ? (rule as string[]) : [String(rule)];
        if (!types.some((type) => isOfType(value, type))) fault(`not of type ${types.join(', ')}`);
        break;
      }
      case 'enum':
        if (!(rule as unknown[]).includes(value)) fault('not in enum');
        break;
      case 'const':
        if (value !== rule) fault('not the constant');
        break;
      case 'not':
        if (schemaFaults(rule as Schema, value, root).length === 0) fault('fits what it must not');
        break;
      case 'anyOf': {
        const all = (rule as Schema[]).map((shape) => inner(shape, value, ''));
        if (!all.some((found) => found.length === 0)) fault(`fits none of ${all.length}: ${all.flat().join('; ')}`);
        break;
      }
      case 'pattern':
        if (typeof value === 'string' && !new RegExp(String(rule)).test(value)) fault(`does not match ${String(rule)}`);
        break;
      case 'minimum':
        if (typeof value === 'number' && value < Number(rule)) fault(`below ${String(rule)}`);
        break;
      case 'maximum':
        if (typeof value === 'number' && value > Number(rule)) fault(`above ${String(rule)}`);
        break;
      case 'minItems':
        if (Array.isArray(value) && value.length < Number(rule)) fault(`fewer than ${String(rule)}`);
        break;
      case 'maxItems':
        if (Array.isArray(value) && value.length > Number(rule)) fault(`more than ${String(rule)}`);
        break;
      case 'items':
        if (Array.isArray(value)) value.forEach((item, index) => void faults.push(...inner(rule, item, `[${index}]`)));
        break;
      case 'required':
        for (const key of rule as string[]) if (isMap(value) && !Object.hasOwn(value, key)) fault(`${key} is missing`);
        break;
      case 'propertyNames':
        for (const key of isMap(value) ? Object.keys(value) : []) faults.push(...inner(rule, key, `.${key}`));
        break;
      case 'properties':
        for (const [key, shape] of Object.entries(rule as Record<string, Schema>)) {
          if (isMap(value) && Object.hasOwn(value, key)) faults.push(...inner(shape, value[key], `.${key}`));
        }
        break;
      case 'additionalProperties':
        for (const key of isMap(value) ? Object.keys(value) : []) {
          if (Object.hasOwn((schema.properties ?? {}) as object, key)) continue;
          if (rule === false) fault(`${key} is not known`);
          else faults.push(...inner(rule, (value as Record<string, unknown>)[key], `.${key}`));
        }
        break;
      default:
        throw new Error(`the keyword ${keyword} at ${path} is not known here`);
    }
  }
  return faults;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isMap(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      throw new Error(`the type ${type} is not known here`);
  }
}
