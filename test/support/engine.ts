/**
 * A container engine for tests, through its command line. Tests that need one are left out aloud where it is missing,
 * each with the reason; where the environment says CI they fail instead.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from './waiting.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** An emulated program on a busy machine takes seconds to start. */
const COMMAND_MS_MAX = 60_000;
/** Each look at a container is a program of its own. */
const LOOK_EVERY_MS = 100;

/** Standard output of `docker <args>`, trimmed. Rejects with what it wrote to standard error. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: OUTPUT_BYTES_MAX, timeout: COMMAND_MS_MAX });
  return stdout.trim();
}

/** Like {@link docker}, for commands whose failure is what is asked about. */
export async function dockerOutcome(...args: readonly string[]): Promise<{ code: number; text: string }> {
  try {
    const { stdout, stderr } = await run('docker', args, { maxBuffer: OUTPUT_BYTES_MAX, timeout: COMMAND_MS_MAX });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : -1, text: `${stdout ?? ''}${stderr ?? ''}` };
  }
}

/**
 * True for a network that the engine keeps although nothing is connected to it: engine 20.10 sometimes counts endpoints
 * that are not there (moby issue 42119) and lets it go only after its own restart. Nobody else can remove such a one.
 */
export async function isStuckNetwork(name: string): Promise<boolean> {
  const connected = await dockerOutcome('network', 'inspect', '--format', '{{len .Containers}}', name);
  if (connected.code !== 0 || connected.text.trim() !== '0') return false;
  const removal = await dockerOutcome('network', 'rm', name);
  return removal.code !== 0 && removal.text.includes('has active endpoints');
}

/** Waits for something about a container; as {@link eventually}, but gentle, and patient enough for an emulated one. */
export function eventuallyInside<T>(look: () => Promise<T>, what: string): Promise<NonNullable<T>> {
  return eventually(look, what, COMMAND_MS_MAX, LOOK_EVERY_MS);
}

function problemOf(...args: readonly string[]): string | null {
  try {
    execFileSync('docker', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: COMMAND_MS_MAX, encoding: 'utf8' });
    return null;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return (stderr ?? '').trim().split('\n')[0] || message;
  }
}

/** Null when an engine answers and has `images`, and can run that of another architecture among them. */
function missing(images: readonly string[]): string | null {
  const silence = problemOf('version', '--format', '{{.Server.Version}}');
  if (silence !== null) return `no engine answers: ${silence}`;
  for (const image of images) {
    if (problemOf('image', 'inspect', image) !== null)
      return `the engine has no image ${image}; docker/README.md tells how to build it`;
    const unable = problemOf('run', '--rm', '--network', 'none', '--entrypoint', 'true', image);
    if (unable !== null) return `the engine cannot run ${image}: ${unable}`;
  }
  return null;
}

/** `it` for tests that need an engine with `images`. */
export function engineTest(images: readonly string[]): (name: string, body: (t: TestContext) => Promise<void>) => void {
  const reason = missing(images);
  const mustRun = process.env.CI === 'true';
  return (name, body) => {
    it(name, { skip: reason !== null && !mustRun && reason }, async (t) => {
      if (reason !== null) throw new Error(reason);
      await body(t);
    });
  };
}

/** Containers, networks and volumes of one test; all of them are removed after it, known by their label. */
export class EngineWorld {
  readonly name = `wallance-test-${randomBytes(4).toString('hex')}`;
  readonly #label = `wallance.test=${this.name}`;

  constructor(t: TestContext) {
    t.after(() => this.#remove());
  }

  /** Starts a container in the background; its id. `args` are those of `docker run`, image included. */
  start(...args: readonly string[]): Promise<string> {
    return docker('run', '--detach', '--label', this.#label, ...args);
  }

  /** A network of its own; its name. */
  async network(): Promise<string> {
    await docker('network', 'create', '--label', this.#label, this.name);
    return this.name;
  }

  /** A new volume; its name. */
  volume(name: string): Promise<string> {
    return docker('volume', 'create', '--label', this.#label, `${this.name}-${name}`);
  }

  async #remove(): Promise<void> {
    const found = async (kind: string, ...args: readonly string[]) =>
      (await docker(kind, 'ls', '--quiet', ...args, '--filter', `label=${this.#label}`)).split('\n').filter(Boolean);
    const containers = await found('container', '--all');
    if (containers.length > 0) await docker('container', 'rm', '--force', '--volumes', ...containers);
    const networks = await found('network');
    if (networks.length > 0) await docker('network', 'rm', ...networks);
    const volumes = await found('volume');
    if (volumes.length > 0) await docker('volume', 'rm', ...volumes);
  }
}
