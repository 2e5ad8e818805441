/**
 * Looks at the machine and says what it found: a list of findings, good, bad, or worth a note. Nothing is changed and
 * nothing is started but short-lived child processes.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { cpus, freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../failure.ts';
import { PROJECT_ROOT, programFile } from '../project.ts';

export interface Finding {
  readonly subject: string;
  /** `bad`: a lab of processes does not work without. */
  readonly verdict: 'good' | 'note' | 'bad';
  readonly text: string;
  /** What to do about it; null where nothing needs to be done. */
  readonly remedy: string | null;
}

const MEBIBYTE = 1024 * 1024;
/** A lab of eight nodes, its broker and a run directory. */
const DISK_BYTES_MIN = 200 * MEBIBYTE;
/** A node process takes about 80 MB, the two brokers and the lab process as much again. */
const NODE_BYTES = 80 * MEBIBYTE;
const MEMORY_BYTES_MIN = 8 * NODE_BYTES;
const NAPI_MIN = 10;
const PORTS_TRIED = 4;
const PROBE_MS_MAX = 10_000;

/** All findings, in the order in which things are needed. `home` is where labs are kept. */
export async function examine(home: string): Promise<readonly Finding[]> {
  return [
    nodeFinding(process.versions),
    await sqliteFinding(),
    buildFinding(),
    await portsFinding(),
    diskFinding(home),
    memoryFinding(),
    processorFinding(),
    await engineFinding(DOCKER_SOCKET),
    await mosquittoFinding(),
  ];
}

/** `versions` as in `process.versions`. */
export function nodeFinding(versions: {
  readonly node: string;
  readonly napi?: string | undefined;
  readonly modules?: string | undefined;
}): Finding {
  const major = Number(versions.node.split('.')[0]);
  const napi = Number(versions.napi ?? 0);
  if (major >= 24 && napi >= NAPI_MIN) return good('Node', `Node.js ${versions.node}, Node-API ${napi}`);
  const lack = major < 24 ? 'Node.js 24 or later is needed' : `Node-API ${NAPI_MIN} is needed, this has ${napi}`;
  return bad('Node', `Node.js ${versions.node}: ${lack}`, 'npm ci brings it along; start commands with npx or npm run');
}

async function sqliteFinding(): Promise<Finding> {
  // In a process of its own: a binary that does not fit ends the process without a word.
  const probe =
    "const D=(await import('better-sqlite3')).default;const d=new D(':memory:');" +
    "console.log(d.prepare('select sqlite_version() v').get().v);d.close()";
  const outcome = await runProbe(process.execPath, ['--input-type=module', '-e', probe], PROJECT_ROOT);
  if (outcome.ok) return good('SQLite', `SQLite ${outcome.stdout.trim()} loads (better-sqlite3)`);
  return bad(
    'SQLite',
    `the SQLite binary does not load: ${outcome.reason}`,
    'npm ci, and a glibc of 2.34 or later on Linux',
  );
}

function buildFinding(): Finding {
  const nodeMain = programFile('node/host/main');
  if (!nodeMain.built)
    return note('Build', 'not built: nodes start from TypeScript, slower and 20 MB larger each', 'npm run build');
  const source = join(PROJECT_ROOT, 'node/host/main.ts');
  if (existsSync(source) && statSync(source).mtimeMs > statSync(nodeMain.file).mtimeMs) {
    return note('Build', 'older than the source: nodes run the old code', 'npm run build');
  }
  return good('Build', 'built JavaScript is there');
}

async function portsFinding(): Promise<Finding> {
  try {
    const servers = await Promise.all(Array.from({ length: PORTS_TRIED }, listenAnywhere));
    await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    return good('Ports', 'free ports on 127.0.0.1 can be bound');
  } catch (error) {
    return bad(
      'Ports',
      `no free port on 127.0.0.1 can be bound: ${messageOf(error)}`,
      'a lab needs the loopback interface',
    );
  }
}

function diskFinding(home: string): Finding {
  let directory = home;
  while (!existsSync(directory)) directory = dirname(directory);
  try {
    accessSync(directory, constants.W_OK);
    // Mode bits say little as root or on a read-only mount: only a write shows it.
    rmSync(mkdtempSync(join(directory, '.wallance-probe-')), { recursive: true });
  } catch (error) {
    return bad(
      'Disk',
      `cannot write below ${directory}: ${messageOf(error)}`,
      'set WALLANCE_HOME to a directory of your own',
    );
  }
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const text = `${mebibytes(free)} free at ${directory}`;
  return free < DISK_BYTES_MIN
    ? bad('Disk', text, `a lab of eight wants ${mebibytes(DISK_BYTES_MIN)}`)
    : good('Disk', text);
}

function memoryFinding(): Finding {
  const free = freemem();
  const text = `${mebibytes(free)} of ${mebibytes(totalmem())} free: room for about ${Math.floor(free / NODE_BYTES)} nodes`;
  return free < MEMORY_BYTES_MIN
    ? note('Memory', text, 'eight nodes want 640 MiB: take fewer with --nodes')
    : good('Memory', text);
}

function processorFinding(): Finding {
  const cores = cpus();
  return good(
    'Processor',
    `${process.arch}, ${cores.length} cores, ${cores[0]?.model.trim() ?? 'unknown model'}, ${process.platform}`,
  );
}

const DOCKER_SOCKET = '/var/run/docker.sock';

/** Whether a Docker engine listens on `socket`. No lab needs one yet, so the finding is never bad. */
export async function engineFinding(socket: string): Promise<Finding> {
  const code = await connectError(socket);
  const without = 'labs of processes work without an engine';
  switch (code) {
    case null:
      return good('Docker', `an engine answers at ${socket}`);
    case 'ENOENT':
      return note('Docker', `no engine: ${socket} does not exist`, without);
    case 'EACCES':
    case 'EPERM':
      return note('Docker', `no permission to use ${socket}`, 'add yourself to its group (docker) and log in again');
    case 'ECONNREFUSED':
      return note('Docker', `${socket} exists and nobody listens: the engine is stopped`, without);
    default:
      return note('Docker', `${socket} cannot be reached (${code})`, without);
  }
}

async function mosquittoFinding(): Promise<Finding> {
  for (const file of [
    'mosquitto',
    '/usr/sbin/mosquitto',
    '/usr/local/sbin/mosquitto',
    '/opt/homebrew/sbin/mosquitto',
  ]) {
    // It prints its version with its usage, and ends with 3.
    const outcome = await runProbe(file, ['-h'], PROJECT_ROOT);
    const version = /mosquitto version ([\d.]+)/.exec(outcome.stdout)?.[1];
    if (version !== undefined) return good('mosquitto', `mosquitto ${version}: a second kind of broker to test with`);
  }
  return note('mosquitto', 'not installed: the embedded broker is used', null);
}

function listenAnywhere(): Promise<ReturnType<typeof createServer>> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => done(server));
  });
}

function connectError(path: string): Promise<string | null> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}

interface Probe {
  readonly ok: boolean;
  readonly stdout: string;
  readonly reason: string;
}

function runProbe(file: string, args: readonly string[], cwd: string): Promise<Probe> {
  return new Promise((done) => {
    execFile(file, [...args], { cwd, timeout: PROBE_MS_MAX }, (error, stdout, stderr) => {
      if (error === null) return done({ ok: true, stdout, reason: '' });
      const how = error.signal != null ? `ended by ${error.signal}` : `exit code ${error.code}`;
      const said = stderr.split('\n').find((line) => /error/i.test(line)) ?? '';
      done({ ok: false, stdout, reason: said.trim() === '' ? how : said.trim() });
    });
  });
}

function mebibytes(bytes: number): string {
  return bytes >= 10 * 1024 * MEBIBYTE
    ? `${Math.floor(bytes / 1024 / MEBIBYTE)} GiB`
    : `${Math.floor(bytes / MEBIBYTE)} MiB`;
}

function good(subject: string, text: string): Finding {
  return { subject, verdict: 'good', text, remedy: null };
}

function note(subject: string, text: string, remedy: string | null): Finding {
  return { subject, verdict: 'note', text, remedy };
}

function bad(subject: string, text: string, remedy: string): Finding {
  return { subject, verdict: 'bad', text, remedy };
}
