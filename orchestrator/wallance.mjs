#!/usr/bin/env node
// Launcher of the `wallance` command. Plain JavaScript, so that an older Node can still run it and say what it needs.
import { existsSync } from 'node:fs';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `wallance needs Node.js 24 or later, this is ${process.version}.\n` +
      'In a clone of the project, `npm ci` brings it along and `npx wallance` uses it.\n',
  );
  process.exit(4);
}
const built = new URL('../dist/orchestrator/main.js', import.meta.url);
await import(existsSync(built) ? built.href : new URL('./main.ts', import.meta.url).href);
