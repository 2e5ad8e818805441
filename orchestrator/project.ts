/** Where this project's own files are, whether it runs as written (`.ts`) or as built (`dist/`), and which version it is. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '../node/protocol/invariant.ts';

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function packageAt(directory: string): PackageFile | null {
  const file = join(directory, 'package.json');
  if (!existsSync(file)) return null;
  const parsed = JSON.parse(readFileSync(file, 'utf8')) as Partial<PackageFile>;
  return parsed.name === 'wallance-lab' ? (parsed as PackageFile) : null;
}

function findRoot(): { directory: string; file: PackageFile } {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = dirname(directory)) {
    const file = packageAt(directory);
    if (file !== null) return { directory, file };
    invariant(dirname(directory) !== directory, () => `no package.json of wallance-lab above ${start}`);
  }
}

const root = findRoot();

/** Absolute path of the project. */
export const PROJECT_ROOT = root.directory;

export const PROJECT_VERSION = root.file.version;

/** Runtime dependencies with their versions. */
export const PROJECT_DEPENDENCIES = root.file.dependencies;

/**
 * A program of the project, e.g. `node/host/main`: the built JavaScript where there is some (a node process then takes
 * 20 MB less and starts sooner), else the TypeScript.
 */
export function programFile(name: string): { readonly file: string; readonly built: boolean } {
  const built = join(PROJECT_ROOT, 'dist', `${name}.js`);
  return existsSync(built) ? { file: built, built: true } : { file: join(PROJECT_ROOT, `${name}.ts`), built: false };
}

/** Short commit id, with `+` when files differ from it; null outside a repository or without git. */
export function projectRevision(): string | null {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', PROJECT_ROOT, ...args], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    if (git('rev-parse', '--show-toplevel') !== PROJECT_ROOT) return null;
    return `${git('rev-parse', '--short=10', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`;
  } catch {
    return null;
  }
}
