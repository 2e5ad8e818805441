#!/usr/bin/env node
// Launcher of the `wallance` command. Plain JavaScript, so that an older Node can still run it and say what it needs.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `wallance needs Node.js 24 or later, this is ${process.version}.\n` +
      'In a clone of the project, `npm ci` brings it along and `npx wallance` uses it.\n',
  );
  process.exit(4);
}

const SOURCES_MAX = 5000;

/** A source below `directory` that was changed after `builtMs`, or null; looks at so many files at the most. */
function newerSource(directory, builtMs, seen = { files: 0 }) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      const newer = newerSource(path, builtMs, seen);
      if (newer !== null) return newer;
    } else if (entry.name.endsWith('.ts')) {
      if (++seen.files > SOURCES_MAX) return null;
      if (statSync(path).mtimeMs > builtMs) return path;
    }
  }
  return null;
}

/** In a clone somebody may have changed the sources since they were built: a package and an image have no such doubt. */
function tellIfStale(built) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  if (!existsSync(join(root, '.git')) || !existsSync(join(root, 'orchestrator', 'main.ts'))) return;
  try {
    const stamp = join(root, 'dist', '.tsbuildinfo');
    const builtMs = statSync(existsSync(stamp) ? stamp : built).mtimeMs;
    const newer = newerSource(join(root, 'node'), builtMs) ?? newerSource(join(root, 'orchestrator'), builtMs);
    if (newer === null) return;
    process.stderr.write(
      `wallance: dist is older than ${newer.slice(root.length)}; \`npm run build\` brings it up to date\n`,
    );
  } catch {
    // A file that went away meanwhile: whatever it was, it keeps nobody from running.
  }
}

const built = new URL('../dist/orchestrator/main.js', import.meta.url);
const isBuilt = existsSync(built);
if (isBuilt) tellIfStale(fileURLToPath(built));
await import(isBuilt ? built.href : new URL('./main.ts', import.meta.url).href);
