/** The `wallance` command as a person uses it: its own process, its own home, nothing of this one's environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../orchestrator/wallance.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLineSettings {
  readonly env?: Readonly<Record<string, string>>;
  /** Program and arguments that are to start the command. */
  readonly through?: readonly string[];
}

export class CommandLine {
  readonly home: string;

  readonly #settings: CommandLineSettings;

  constructor(home: string = mkdtempSync(join(tmpdir(), 'wallance-home-')), settings: CommandLineSettings = {}) {
    this.home = home;
    this.#settings = settings;
  }

  /** Runs a command to its end. */
  async run(...args: readonly string[]): Promise<Ended> {
    const child = this.start(...args);
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (part: string) => {
        text[name] += part;
      });
    }
    const code = await new Promise<number | null>((done) => child.once('close', done));
    return { code, ...text };
  }

  /** A command that must succeed; returns what it printed. */
  async ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`wallance ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T;
  }

  /** Starts a command and leaves it running. */
  start(...args: readonly string[]): ChildProcess {
    const { env = {}, through = [] } = this.#settings;
    const [program, ...rest] = [...through, process.execPath, LAUNCHER, ...args];
    return spawn(program!, rest, {
      cwd: this.home,
      env: { PATH: process.env.PATH ?? '', WALLANCE_HOME: this.home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
