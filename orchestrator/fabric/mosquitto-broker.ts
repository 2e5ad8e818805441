/**
 * Eclipse Mosquitto as the fabric: the same accounts and the same rights as the embedded broker, written as its
 * configuration, password file and access list. It is not shipped with the project; Debian and others have it.
 *
 * Its defaults are not those of a lab: without `set_tcp_nodelay` each hop takes 40 ms more, 20 packets in flight
 * stretch a burst, and 1000 queued messages silently cut it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labPrefix, nodeFilters } from '../../node/host/fabric-topics.ts';
import type { Account } from './access.ts';
import { BrokerError, type RunningBroker } from './running-broker.ts';

export interface MosquittoOptions {
  readonly lab: string;
  readonly accounts: readonly Account[];
  /** Default 0: one that is free. */
  readonly port?: number;
  /** The program; by default the usual places are searched. */
  readonly program?: string;
  /** Directory for sessions that are to survive a restart; null (default): they end with the process. */
  readonly sessionsDirectory?: string | null;
}

const PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/sbin'];
const START_MS_MAX = 10_000;
const STOP_MS_MAX = 3000;
const STDERR_CHARACTERS_MAX = 4000;
/** What it logs (as information) once it listens. A connection would not tell whose port it is. */
const RUNNING = /mosquitto version \S+ running/;
/** As mosquitto_passwd writes it: type 7 is PBKDF2 with SHA-512. */
const HASH_ITERATIONS = 101;

export class MosquittoBroker implements RunningBroker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(child: ChildProcess, port: number, directory: string, exited: Promise<string>) {
    this.#child = child;
    this.#directory = directory;
    this.port = port;
    this.url = `mqtt://127.0.0.1:${port}`;
    this.pid = child.pid ?? 0;
    this.exited = exited;
  }

  /** Path of the installed program. Throws {@link BrokerError} `not-installed`, with what to do about it. */
  static program(): string {
    const found = PLACES.map((place) => join(place, 'mosquitto')).find((file) => existsSync(file));
    if (found !== undefined) return found;
    throw new BrokerError(
      'not-installed',
      `mosquitto is in none of ${PLACES.join(', ')}: install it with \`apt-get install mosquitto\` (Debian, Ubuntu) or \`brew install mosquitto\` (macOS)`,
    );
  }

  /** Resolves when it accepts connections. Rejects with {@link BrokerError} `not-installed` or `start-failed`. */
  static async start(options: MosquittoOptions): Promise<MosquittoBroker> {
    const program = options.program ?? MosquittoBroker.program();
    const directory = await mkdtemp(join(tmpdir(), 'wallance-mosquitto-'));
    const port = options.port ?? (await freePort());
    await writeConfiguration(directory, port, options);
    const child = spawn(program, ['-c', join(directory, 'mosquitto.conf')], {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    const running = new Promise<null>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(-STDERR_CHARACTERS_MAX);
        if (RUNNING.test(stderr)) resolve(null);
      });
    });
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) =>
        resolve([signal ?? `exit code ${code}`, stderr.trim()].filter(Boolean).join(': ')),
      );
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`not ready within ${START_MS_MAX} ms`), START_MS_MAX);
    });
    const failure = await Promise.race([running, exited, late]);
    clearTimeout(timer);
    if (failure !== null) {
      child.kill('SIGKILL');
      await rm(directory, { recursive: true, force: true });
      throw new BrokerError('start-failed', `mosquitto did not start: ${failure}`);
    }
    return new MosquittoBroker(child, port, directory, exited);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await this.exited;
    clearTimeout(timer);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function writeConfiguration(directory: string, port: number, options: MosquittoOptions): Promise<void> {
  const passwordFile = join(directory, 'passwords');
  const aclFile = join(directory, 'acl');
  const sessions = options.sessionsDirectory ?? null;
  if (sessions !== null) await mkdir(sessions, { recursive: true });
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous false',
    `password_file ${passwordFile}`,
    `acl_file ${aclFile}`,
    // A session belongs to its seat: nobody else can take it over under the seat's client id. The price: an account
    // has one connection here, none beside it (access.ts).
    'use_username_as_clientid true',
    'set_tcp_nodelay true',
    'max_inflight_messages 0',
    'max_queued_messages 100000',
    'message_size_limit 65536',
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    'log_type information',
    ...(sessions === null
      ? ['persistence false']
      : ['persistence true', `persistence_location ${sessions}/`, 'autosave_interval 1']),
    // Started by root it would become another user, who cannot read these files.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  const secret = { mode: 0o600 };
  await writeFile(
    passwordFile,
    options.accounts.map((account) => `${account.seat}:${passwordHash(account.password)}\n`).join(''),
    secret,
  );
  await writeFile(aclFile, options.accounts.map((account) => accessList(options.lab, account)).join('\n'), secret);
  await writeFile(join(directory, 'mosquitto.conf'), `${lines.join('\n')}\n`, secret);
}

function passwordHash(password: string): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, HASH_ITERATIONS, 64, 'sha512');
  return `$7$${HASH_ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function accessList(lab: string, account: Account): string {
  const prefix = labPrefix(lab);
  const own = `${prefix}${account.identity}`;
  const rights = {
    lab: [`readwrite ${prefix}#`],
    observer: [`read ${prefix}#`],
    node: [
      ...['sensor', 'consensus', 'canary', 'device/+', 'peer/+/sensor', 'peer/+/consensus'].map(
        (topic) => `write ${own}/${topic}`,
      ),
      ...[...nodeFilters(lab, account.identity), `${own}/device/+`].map((filter) => `read ${filter}`),
    ],
  }[account.role];
  return [`user ${account.seat}`, ...rights.map((right) => `topic ${right}`), ''].join('\n');
}

/** Free at this moment: mosquitto cannot choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
