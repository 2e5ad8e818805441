/**
 * Where a lab keeps what it must find again: `<home>/labs/<name>/`. Two records are told apart: lab.json is the plan
 * and where the nodes are, kept as long as the wallets are; running.json is there while a lab process runs, and afterwards only if that was
 * killed.
 */

import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { DEFAULT_PLACEMENT, type Placement } from '../runtimes/placement.ts';
import { LAB_NAME_PATTERN, type LabPlan } from './lab-plan.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { writeAtomically } from './write-atomically.ts';

/** What is written down about a running lab, for whoever finds it later. */
export interface RunningRecord {
  readonly process: ProcessIdentity;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Where the lab process takes commands. */
  readonly socket: string;
  /** By seat; null where the node is stopped. */
  readonly nodes: Readonly<Record<string, ProcessIdentity | null>>;
}

export interface NodeFiles {
  /** The node's data directory. */
  readonly directory: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longest path of a Unix socket that every system takes. */
const SOCKET_PATH_MAX = 100;

export class LabDirectory {
  readonly lab: string;
  readonly root: string;

  /** `lab` must match LAB_NAME_PATTERN: it names a directory. */
  constructor(home: string, lab: string) {
    if (!LAB_NAME_PATTERN.test(lab))
      throw new Failure('usage', `lab: expected 1..32 of a-z, 0-9 and -, got ${JSON.stringify(lab)}`);
    this.lab = lab;
    this.root = join(home, 'labs', lab);
  }

  get exists(): boolean {
    return existsSync(this.#planFile);
  }

  get logFile(): string {
    return join(this.root, 'lab.log');
  }

  get lockFile(): string {
    return join(this.root, 'lab.lock');
  }

  get credentials(): string {
    return join(this.root, 'credentials');
  }

  /** What changes over HTTP need where that is bound to more than loopback. */
  get dashboardToken(): string {
    return join(this.root, 'dashboard-token');
  }

  /** The port that the page had last. */
  get dashboardPort(): string {
    return join(this.root, 'dashboard-port');
  }

  /** The token that changes over HTTP need; null where they need none. */
  readToken(): string | null {
    return existsSync(this.dashboardToken) ? readFileSync(this.dashboardToken, 'utf8').trim() : null;
  }

  get #planFile(): string {
    return join(this.root, 'lab.json');
  }

  get #runningFile(): string {
    return join(this.root, 'running.json');
  }

  /** Beside the other files, or where paths are short when that one is too long for a socket. */
  get socket(): string {
    const beside = join(this.root, 'lab.sock');
    if (Buffer.byteLength(beside) <= SOCKET_PATH_MAX) return beside;
    return join(tmpdir(), `wallance-${hash('sha256', this.root, 'hex').slice(0, 16)}.sock`);
  }

  create(): void {
    try {
      mkdirSync(this.root, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new Failure('environment', `cannot create ${this.root}: ${messageOf(cause)}`, { cause });
    }
  }

  nodeFiles(seat: string): NodeFiles {
    const directory = join(this.root, 'nodes', seat);
    return { directory, stdout: join(directory, 'stdout.log'), stderr: join(directory, 'stderr.log') };
  }

  /** Null when there is no such lab. */
  readPlan(): LabPlan | null {
    const plan = readRecord<LabPlan>(this.#planFile);
    if (plan !== null && plan.schema !== 1) {
      throw new Failure(
        'environment',
        `${this.#planFile} was written by another version (schema ${plan.schema}, expected 1)`,
      );
    }
    return plan;
  }

  /** Where the nodes of the lab are; null when there is no such lab. */
  readPlacement(): Placement | null {
    const kept = readRecord<{ readonly placement?: Placement }>(this.#planFile);
    return kept === null ? null : { ...DEFAULT_PLACEMENT, ...kept.placement };
  }

  writePlan(plan: LabPlan, placement: Placement = DEFAULT_PLACEMENT): void {
    writeAtomically(this.#planFile, `${JSON.stringify({ ...plan, placement }, null, 2)}\n`);
  }

  readRunning(): RunningRecord | null {
    return readRecord<RunningRecord>(this.#runningFile);
  }

  writeRunning(record: RunningRecord): void {
    writeAtomically(this.#runningFile, `${JSON.stringify(record, null, 2)}\n`);
  }

  removeRunning(): void {
    rmSync(this.#runningFile, { force: true });
  }

  /** Removes the lab with its wallets. */
  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Names of the labs below `home`, in order. */
export function labNames(home: string): string[] {
  const directory = join(home, 'labs');
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => LAB_NAME_PATTERN.test(name) && existsSync(join(directory, name, 'lab.json')))
    .sort();
}

function readRecord<T>(file: string): T | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Failure('environment', `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new Failure('environment', `${file} is not JSON: ${messageOf(cause)}`, { cause });
  }
}
