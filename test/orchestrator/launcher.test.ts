/** The launcher beside a build: it says when the sources have changed since, and starts what is built all the same. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../orchestrator/wallance.mjs', import.meta.url));

/** Seconds since 1970. */
const BUILT_AT = 1_700_000_000;
const SOURCE = join('node', 'host', 'node-host.ts');

interface Tree {
  readonly files?: readonly string[];
  /** When {@link SOURCE} was changed. */
  readonly changedAt?: number;
}

const CLONE = [join('.git', 'HEAD'), join('dist', '.tsbuildinfo')];

/** Runs the launcher in a tree of its own. */
function launch(t: TestContext, { files = CLONE, changedAt = BUILT_AT - 1 }: Tree) {
  const root = mkdtempSync(join(tmpdir(), 'wallance-launcher-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (path: string, text: string, at: number): void => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    utimesSync(file, at, at);
  };
  for (const path of files) write(path, '', BUILT_AT);
  write(join('orchestrator', 'main.ts'), "console.log('from sources');", BUILT_AT - 1);
  write(SOURCE, '', changedAt);
  write(join('dist', 'orchestrator', 'main.js'), "console.log('as built');", BUILT_AT);
  const launcher = join(root, 'orchestrator', 'wallance.mjs');
  copyFileSync(LAUNCHER, launcher);
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'as built\n');
  return stderr;
}

describe('the launcher of a clone', () => {
  it('names a source that is newer than the build, and what brings it up to date', (t) => {
    const told = `wallance: dist is older than ${SOURCE}; \`npm run build\` brings it up to date\n`;
    assert.equal(launch(t, { changedAt: BUILT_AT + 1 }), told);
    assert.equal(launch(t, { files: [join('.git', 'HEAD')], changedAt: BUILT_AT + 1 }), told);
  });

  it('says nothing where all sources are older', (t) => {
    assert.equal(launch(t, {}), '');
  });
});

it('the launcher says nothing outside a clone', (t) => {
  assert.equal(launch(t, { files: [join('dist', '.tsbuildinfo')], changedAt: BUILT_AT + 1 }), '');
});
