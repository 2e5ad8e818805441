/**
 * The files of the page, read once when the server starts. Everything but index.html is served below a folder that is
 * named by the hash of all of them, so that a browser may keep it for ever and relative imports work; index.html names
 * that folder where it says `/assets/`. Without a built page there is a small one that points to the API.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { Failure } from '../failure.ts';
import { LIMITS } from './limits.ts';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
  /** It never changes under its path. */
  readonly immutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
};

const NO_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Wallance Lab</title>
<h1>Wallance Lab</h1>
<p>The page is not built. The API is here: <a href="/api/openapi.json">/api/openapi.json</a>, <a href="/api/lab">/api/lab</a>.</p>
</html>
`;

/** By path. `directory`: of the built page; need not be there. */
export function readPage(directory: string): ReadonlyMap<string, PageFile> {
  if (!existsSync(join(directory, 'index.html'))) return new Map([['/', file('.html', Buffer.from(NO_PAGE), false)]]);
  const found = new Map<string, Buffer>();
  let bytes = 0;
  for (const path of filesBelow(directory)) {
    if (TYPES[extname(path)] === undefined) continue;
    bytes += statSync(path).size;
    if (bytes > LIMITS.pageBytes)
      throw new Failure('environment', `${directory} is no page: more than ${LIMITS.pageBytes} bytes`);
    found.set(relative(directory, path).split(sep).join('/'), readFileSync(path));
  }
  const whole = createHash('sha256');
  for (const [name, content] of [...found].sort(([a], [b]) => (a < b ? -1 : 1)))
    whole.update(`${name}\0`).update(content);
  const folder = `/assets/${whole.digest('hex').slice(0, 16)}/`;
  const page = new Map<string, PageFile>();
  for (const [name, content] of found) {
    if (name !== 'index.html')
      page.set(`${folder}${name.replace(/^assets\//, '')}`, file(extname(name), content, true));
  }
  const index = found.get('index.html')!.toString('utf8').replaceAll('/assets/', folder);
  page.set('/', file('.html', Buffer.from(index), false));
  return page;
}

function file(extension: string, bytes: Buffer, immutable: boolean): PageFile {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { type: TYPES[extension]!, bytes, etag, immutable };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
