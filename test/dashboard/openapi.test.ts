/** The API's contract as a document: complete, and no other than the one that is committed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApiDocument } from '../../orchestrator/dashboard/api/openapi.ts';
import { ROUTES, type Route } from '../../orchestrator/dashboard/api/route-table.ts';
import { PROJECT_ROOT, PROJECT_VERSION } from '../../orchestrator/project.ts';

const document = openApiDocument(PROJECT_VERSION);

test('docs/openapi.json is what the routes say (npm run openapi:generate)', () => {
  const committed: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, 'docs', 'openapi.json'), 'utf8'));
  assert.deepEqual(committed, JSON.parse(JSON.stringify(document)));
});

test('every reference in the document leads somewhere, and every path parameter is declared', () => {
  const text = JSON.stringify(document);
  const { schemas } = (document as { components: { schemas: Record<string, unknown> } }).components;
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1]!);
  assert.ok(references.length > 30);
  assert.deepEqual(
    references.filter((name) => !Object.hasOwn(schemas, name)),
    [],
  );
  assert.doesNotMatch(text, /"\$ref":"(?!#\/components\/schemas\/)/);
  for (const route of Object.values<Route>(ROUTES)) {
    const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    assert.deepEqual(named, Object.keys(route.parameters ?? {}), route.path);
  }
});

test('what changes something is no GET, and takes a body or is a DELETE', () => {
  for (const { method, path, body } of Object.values<Route>(ROUTES)) {
    assert.equal(method === 'POST', body !== undefined, path);
  }
});
