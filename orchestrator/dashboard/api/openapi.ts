/** The API as an OpenAPI 3.1 document, made from the table of routes. Pure; docs/openapi.json is a copy of it. */
import { z } from 'zod';
import { COMPONENTS } from './component.ts';
import { REFUSAL } from './refusal-shape.ts';
import { ROUTES, type Route } from './route-table.ts';

type Json = Readonly<Record<string, unknown>>;

/** That an integer is one which JSON can carry goes without saying. */
const WRITTEN = {
  unrepresentable: 'any',
  override: ({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  },
} as const;

/** `version` of the project. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [operationId, route] of Object.entries<Route>(ROUTES)) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = operation(operationId, route);
  }
  const components = z.toJSONSchema(COMPONENTS, { io: 'output', uri: reference, ...WRITTEN });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Wallance Lab',
      version,
      description:
        'One lab, live: what runs, purchases on behalf of nodes, faults by hand, kept runs. What changes something is POST or DELETE with `content-type: application/json` from this origin; where the lab is bound to more than loopback it also wants the token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(components.schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
      ),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(operationId: string, route: Route): Json {
  const parameters = [
    ...Object.entries(route.parameters ?? {}).map(([name, shape]) => ({
      name,
      in: 'path',
      required: true,
      schema: schemaOf(shape, 'input'),
    })),
    ...Object.entries(route.query?.shape ?? {}).map(([name, shape]) => ({
      name,
      in: 'query',
      required: false,
      schema: schemaOf(shape as z.ZodType, 'input'),
    })),
    ...(route.idempotent === true
      ? [
          {
            name: 'Idempotency-Key',
            in: 'header',
            required: true,
            schema: { type: 'string', pattern: '^[\\x21-\\x7e]{8,128}$' },
          },
        ]
      : []),
  ];
  const { body, answer, status, mediaType = 'application/json' } = route;
  const schema = answer === undefined ? { type: 'string' } : schemaOf(answer, 'output');
  return {
    operationId,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: {
      [status]: { description: 'Done', content: { [mediaType]: { schema } } },
      default: {
        description: 'Not done, and why',
        content: { 'application/json': { schema: schemaOf(REFUSAL, 'output') } },
      },
    },
    ...(route.method === 'GET' ? {} : { security: [{ token: [] }, {}] }),
  };
}

function reference(id: string): string {
  return `#/components/schemas/${id}`;
}

/** A reference to its component, or the schema itself where it has no name. */
function schemaOf(shape: z.ZodType, io: 'input' | 'output'): Json {
  const named = COMPONENTS.get(shape);
  // Bodies have defaults: what may be left out there is always in what comes out.
  if (named !== undefined && io === 'output') return { $ref: reference(named.id) };
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, ...WRITTEN });
  return schema;
}
