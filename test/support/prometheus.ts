/** Debian's Prometheus and promtool: the real ones, on a free port and over a directory of the test's own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from './waiting.ts';

const START_MS_MAX = 20_000;
const PLACES = (process.env.PATH ?? '').split(':').filter((place) => place !== '');

/** Null where it is not installed. */
export function programFile(program: 'prometheus' | 'promtool'): string | null {
  return PLACES.map((place) => join(place, program)).find((file) => existsSync(file)) ?? null;
}

/** Why the tests with Prometheus are left out on this machine; false where they run. In CI they are never left out. */
export const prometheusMissing: string | false =
  process.env.CI === undefined && (programFile('prometheus') === null || programFile('promtool') === null)
    ? 'prometheus is not installed: apt-get install --no-install-recommends prometheus'
    : false;

export interface PromtoolOutcome {
  readonly ok: boolean;
  readonly output: string;
}

export function promtool(args: readonly string[], input = ''): PromtoolOutcome {
  try {
    return { ok: true, output: execFileSync('promtool', args, { input, encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    return { ok: false, output: `${stdout}${stderr}` || message };
  }
}

export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Prometheus {
  readonly #url: string;

  /** One that runs, and whoever started it ends. `url`: `http://host:port`. */
  constructor(url: string) {
    this.#url = url;
  }

  /** Resolves when it answers. `config`: text of its configuration file. */
  static async start(t: TestContext, config: string): Promise<Prometheus> {
    const directory = mkdtempSync(join(tmpdir(), 'wallance-prometheus-'));
    const file = join(directory, 'prometheus.yml');
    writeFileSync(file, config);
    const port = await freePort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { cwd: directory, env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
    t.after(async () => {
      await ended(child);
      rmSync(directory, { recursive: true, force: true });
    });
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`);
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}:\n${said}`);
        return (await fetch(`${prometheus.#url}/-/ready`).catch(() => null))?.ok === true;
      },
      `prometheus being ready: ${said}`,
      START_MS_MAX,
      50,
    );
    return prometheus;
  }

  /** An instant query: what it gives now. */
  async query(expression: string): Promise<QueriedSeries[]> {
    const { result } = await this.#ask<{
      readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
    }>(`query?query=${encodeURIComponent(expression)}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** Sum over everything that the expression gives; null where that is nothing. */
  async sum(expression: string): Promise<number | null> {
    return (await this.query(`sum(${expression})`))[0]?.value ?? null;
  }

  /** Names of all metrics that it has heard of, with what was said of their type. */
  async metadata(): Promise<ReadonlyMap<string, string>> {
    const all = await this.#ask<Readonly<Record<string, readonly { readonly type: string }[]>>>('metadata');
    return new Map(Object.entries(all).map(([name, [first]]) => [name, first?.type ?? '']));
  }

  async rules(): Promise<readonly string[]> {
    const { groups } = await this.#ask<{
      readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[];
    }>('rules');
    return groups.flatMap(({ rules }) => rules.map(({ name, health }) => `${name} ${health}`));
  }

  async #ask<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${this.#url}/api/v1/${path}`)).json()) as {
      readonly status: string;
      readonly data: T;
      readonly error?: string;
    };
    if (answer.status !== 'success') throw new Error(`prometheus: ${answer.error}`);
    return answer.data;
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', () => done());
    child.kill('SIGTERM');
  });
}

/** Prometheus cannot choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { readonly port: number };
  await new Promise((done) => server.close(done));
  return port;
}
