/**
 * A fresh clone of this tree and a compose project of its own, as somebody has them who just came by: only the files
 * that the repository holds, and nothing but docker. Removes what it made, images included.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { docker, dockerOutcome, isStuckNetwork } from './engine.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Building both images on a busy machine. */
const COMMAND_MS_MAX = 600_000;

export class ComposeProject {
  readonly name = `wallance-test-${randomBytes(4).toString('hex')}`;
  readonly directory = mkdtempSync(join(tmpdir(), 'wallance-clone-'));
  readonly #environment: Readonly<Record<string, string>>;
  readonly #images = ['node', 'lab'].map((target) => `wallance-${target}:${this.name}`) as [string, string];

  private constructor(variables: Readonly<Record<string, string>>) {
    const { PATH = '', HOME = '' } = process.env;
    const [node, lab] = this.#images;
    this.#environment = { PATH, HOME, ...variables, WALLANCE_NODE_IMAGE: node, WALLANCE_LAB_IMAGE: lab };
  }

  /** `variables`: of the file, beside those of the images that are built. */
  static async create(t: TestContext, variables: Readonly<Record<string, string>> = {}): Promise<ComposeProject> {
    const project = new ComposeProject({ ...(await localBase()), ...variables });
    t.after(() => project.#remove());
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    for (const file of files.split('\0').filter((name) => name !== '' && name !== 'node_modules')) {
      cpSync(join(ROOT, file), join(project.directory, file), { recursive: true });
    }
    return project;
  }

  /** `docker compose <args>` in the clone; its standard output. Rejects with everything it printed. */
  async compose(...args: readonly string[]): Promise<string> {
    try {
      const { stdout } = await run('docker', ['compose', '--project-name', this.name, ...args], {
        cwd: this.directory,
        env: this.#environment,
        timeout: COMMAND_MS_MAX,
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`docker compose ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
    }
  }

  /** `wallance <args>` in the lab's container. */
  async wallance(...args: readonly string[]): Promise<string> {
    return this.compose('exec', '--no-TTY', 'lab', 'wallance', ...args);
  }

  /** Everything that carries the project's label: kind and name. */
  async left(): Promise<string[]> {
    const label = ['--filter', `label=com.docker.compose.project=${this.name}`];
    const found = await Promise.all(
      [
        ['container', 'ls', '--all', '--format', 'container {{.Names}}'],
        ['network', 'ls', '--format', 'network {{.Name}}'],
        ['volume', 'ls', '--format', 'volume {{.Name}}'],
      ].map((args) => docker(...args, ...label)),
    );
    const lines = found.flatMap((text) => text.split('\n')).filter((line) => line !== '');
    const stuck = await Promise.all(lines.map(isStuck));
    return lines.filter((_, index) => stuck[index] === false);
  }

  /** Takes everything away; a network that the engine itself does not let go of is not held against it. */
  async down(...more: readonly string[]): Promise<void> {
    try {
      await this.compose('down', '--volumes', ...more);
    } catch (error) {
      if (!/has active endpoints/.test((error as Error).message) || (await this.left()).length > 0) throw error;
    }
  }

  async #remove(): Promise<void> {
    await this.down('--remove-orphans', '--timeout', '1');
    await dockerOutcome('image', 'rm', ...this.#images);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** On a machine that reaches no registry, the bases that docker/base has built. */
async function localBase(): Promise<Record<string, string>> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const [BASE_IMAGE, BUILD_IMAGE] = [`wallance-base:${architecture}`, `wallance-build:${architecture}`];
  const { code } = await dockerOutcome('image', 'inspect', BASE_IMAGE, BUILD_IMAGE);
  return code === 0 ? { BASE_IMAGE, BUILD_IMAGE } : {};
}

/** Of a line of `left`. */
async function isStuck(line: string): Promise<boolean> {
  const [kind, name] = line.split(' ');
  return kind === 'network' && (await isStuckNetwork(name!));
}
