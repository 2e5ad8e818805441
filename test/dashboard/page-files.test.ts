/** The page's files: kept for ever under a name that changes with them, and none that lead out of the folder. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readPage } from '../../orchestrator/dashboard/page-files.ts';

function built(t: TestContext, script: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-page-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'views'));
  writeFileSync(join(directory, 'index.html'), '<script type="module" src="/assets/main.js"></script>');
  writeFileSync(join(directory, 'main.js'), script);
  writeFileSync(join(directory, 'views', 'lab.js'), 'export {}');
  writeFileSync(join(directory, 'notes.txt'), 'not a part of a page');
  return directory;
}

test('files are served below a folder that is named by all of them, and the index names it', (t) => {
  const page = readPage(built(t, "import './views/lab.js'"));
  const [folder] = [...page.keys()].flatMap((path) => /^(\/assets\/[0-9a-f]{16}\/)main\.js$/.exec(path)?.[1] ?? []);
  assert.deepEqual([...page.keys()].sort(), ['/', `${folder}main.js`, `${folder}views/lab.js`]);
  assert.equal(page.get('/')!.bytes.toString(), `<script type="module" src="${folder}main.js"></script>`);
  assert.deepEqual([page.get('/')!.immutable, page.get(`${folder}main.js`)!.immutable], [false, true]);
  const other = readPage(built(t, "import './views/lab.js';"));
  assert.equal(other.has(`${folder}main.js`), false);
  assert.notEqual(other.get('/')!.etag, page.get('/')!.etag);
});

test('without a built page there is one that points to the API', () => {
  const page = readPage('/nowhere');
  assert.deepEqual([...page.keys()], ['/']);
  assert.match(page.get('/')!.bytes.toString(), /href="\/api\/openapi\.json"/);
});
