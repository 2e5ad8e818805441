/**
 * Puts the page together, after tsc has compiled it: `node orchestrator/dashboard/assemble-page.ts`. Modules are served
 * as they are, without a bundler; the policy of the page forbids an import map, so names of packages become paths here.
 * index.html names all modules, so that a browser asks for them at once instead of one import after another.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { Failure } from '../failure.ts';
import { PROJECT_ROOT } from '../project.ts';

const SOURCE = join(PROJECT_ROOT, 'orchestrator', 'dashboard', 'page');
const MODULES = join(PROJECT_ROOT, 'dist', 'page-modules');
const COMPILED = join(MODULES, 'page');
const TARGET = join(PROJECT_ROOT, 'dist', 'page');

/** By what is imported: the file, and its path in the page. */
const PACKAGES: Readonly<Record<string, readonly [file: string, path: string]>> = {
  preact: ['preact/dist/preact.mjs', 'preact/preact.js'],
  'preact/hooks': ['preact/hooks/dist/hooks.mjs', 'preact/hooks.js'],
  'preact/jsx-runtime': ['preact/jsx-runtime/dist/jsxRuntime.mjs', 'preact/jsx-runtime.js'],
};

const SPECIFIER = /(\bfrom\s*|\bimport\s*)(["'])([\w@./-]+)\2/g;

function withPaths(module: string, path: string): string {
  return module
    .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
    .replace(SPECIFIER, (whole, keyword: string, quote: string, name: string) => {
      if (name.startsWith('.')) return whole;
      const found = PACKAGES[name];
      if (found === undefined)
        throw new Failure('environment', `${path} imports ${name}, which the page does not have`);
      const to = relative(dirname(path), found[1]).split(sep).join('/');
      return `${keyword}${quote}${to.startsWith('.') ? to : `./${to}`}${quote}`;
    });
}

rmSync(TARGET, { recursive: true, force: true });
const modules = new Map<string, string>();
for (const entry of readdirSync(COMPILED, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
  const file = join(entry.parentPath, entry.name);
  modules.set(relative(COMPILED, file).split(sep).join('/'), readFileSync(file, 'utf8'));
}
for (const [file, path] of Object.values(PACKAGES))
  modules.set(path, readFileSync(join(PROJECT_ROOT, 'node_modules', file), 'utf8'));
for (const [path, text] of modules) {
  const file = join(TARGET, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, withPaths(text, path).trimEnd());
}
cpSync(join(SOURCE, 'style.css'), join(TARGET, 'style.css'));
const links = [...modules.keys()].sort().map((path) => `<link rel="modulepreload" href="/assets/${path}">`);
const index = readFileSync(join(SOURCE, 'index.html'), 'utf8').replace('<!-- modules -->', links.join('\n'));
writeFileSync(join(TARGET, 'index.html'), index);
// The contract of the API was compiled along with it, for its types.
rmSync(MODULES, { recursive: true });
