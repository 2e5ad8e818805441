/**
 * A lab as processes of this machine: one for the fabric's broker, one a node. Nothing but this process keeps them
 * alive: each node holds a pipe to it as standard input and stops in good order when that ends, the broker ends with
 * its IPC channel. Nodes are in sessions of their own, so an interrupt from the terminal reaches the lab alone, which
 * still wants to read from them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BrokerProcess } from '../fabric/broker-process.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import type { FabricControl } from '../fabric/fabric-control.ts';
import { LastingFabric } from '../fabric/lasting-fabric.ts';
import { Failure, messageOf } from '../failure.ts';
import { identify, type ProcessIdentity } from '../lab/process-identity.ts';
import { programFile } from '../project.ts';
import { isDatabase } from './database-files.ts';
import { environmentFailure, fabricOptions } from './fabric-options.ts';
import { lastLines } from './file-tail.ts';
import { NODE_OPTIONS, nodeEnvironment, underConditions } from './node-environment.ts';
import type { CollectedFiles, FabricRestart, NodeExit, NodeStart, Runtime, RuntimeOptions } from './runtime.ts';

interface Running {
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity;
  readonly ended: Promise<void>;
  asked: boolean;
  paused: boolean;
}

const COMPLAINT_LINES = 12;
/** A node that was asked to end with the lab. */
const DISPOSE_GRACE_MS = 5000;

export class ProcessRuntime implements Runtime {
  readonly name = 'processes';
  readonly readyMsMax = 30_000;
  readonly #options: RuntimeOptions;
  readonly #program = programFile('node/host/main').file;
  readonly #nodes = new Map<string, Running>();
  readonly #lasting: LastingFabric<BrokerProcess>;
  #disposed = false;

  /** `fabricPort` 0: any. */
  constructor(options: RuntimeOptions, fabricPort = 0) {
    this.#options = options;
    this.#lasting = new LastingFabric({
      options: fabricOptions(options),
      start: ({ options: asked, ...more }, before) =>
        BrokerProcess.start({ ...asked, port: before?.port ?? fabricPort }, more),
      onJournal: options.journal,
      onExit: (reason) => {
        if (!this.#disposed) options.onFabricExit(reason);
      },
    });
  }

  get fabricUrl(): string | null {
    return this.#lasting.broker?.url ?? null;
  }

  get fabric(): FabricControl | null {
    return this.#lasting.broker === null ? null : this.#lasting;
  }

  async startFabric(): Promise<void> {
    await environmentFailure(() => this.#lasting.start());
    if (this.#disposed) await this.#lasting.stop();
  }

  fabricStats(): Promise<BrokerStats | null> {
    return this.#lasting.stats();
  }

  restartFabric({ sessions, downMs }: FabricRestart): Promise<void> {
    return environmentFailure(() => this.#lasting.restart(sessions, downMs));
  }

  pauseFabric(): Promise<void> {
    return environmentFailure(() => this.#lasting.pause());
  }

  resumeFabric(): Promise<void> {
    return environmentFailure(() => this.#lasting.resume());
  }

  async startNode(seat: string, { conditions }: NodeStart = { conditions: null }): Promise<void> {
    const { plan, directory, credentials, controlPort, inherited } = this.#options;
    const place = underConditions(plan.seats.find((candidate) => candidate.seat === seat)!, conditions);
    const files = directory.nodeFiles(seat);
    mkdirSync(files.directory, { recursive: true, mode: 0o700 });
    const env = {
      ...inherited,
      ...nodeEnvironment(plan, place, {
        fabricUrl: this.fabricUrl!,
        fabricPasswordFile: credentials.fabric.get(seat)!.file,
        controlUrl: `mqtt://127.0.0.1:${controlPort}`,
        controlPasswordFile: credentials.control.get(seat)!.file,
        dataDirectory: files.directory,
      }),
      WALLANCE_PARENT_PIPE: 'true',
      WALLANCE_HTTP_PORT: '0',
    };
    const stdout = openSync(files.stdout, 'a', 0o600);
    const stderr = openSync(files.stderr, 'a', 0o600);
    let child: ChildProcess;
    try {
      child = spawn(process.execPath, [...NODE_OPTIONS, this.#program], {
        env,
        detached: true,
        stdio: ['pipe', stdout, stderr],
      });
      await new Promise<void>((done, fail) => child.once('spawn', done).once('error', fail));
    } catch (cause) {
      throw new Failure('environment', `cannot start node ${place.node}: ${messageOf(cause)}`, { cause });
    } finally {
      closeSync(stdout);
      closeSync(stderr);
    }
    // It is gone before it was ever identified: its exit follows.
    const identity = identify(child.pid!) ?? { pid: child.pid!, started: '' };
    const ended = new Promise<void>((done) => {
      child.once('exit', (code, signal) => {
        this.#nodes.delete(seat);
        this.#options.onNodeExit(seat, { code, signal, asked: running.asked } satisfies NodeExit);
        done();
      });
    });
    // Writing to it fails when the node has ended, and nothing is ever written.
    child.stdin?.on('error', () => {});
    const running: Running = { child, identity, ended, asked: false, paused: false };
    this.#nodes.set(seat, running);
    if (this.#disposed) await this.killNode(seat);
  }

  async stopNode(seat: string, graceMs: number): Promise<void> {
    const running = this.#nodes.get(seat);
    if (running === undefined) return;
    running.asked = true;
    running.child.kill('SIGTERM');
    if (running.paused) running.child.kill('SIGCONT');
    const late = setTimeout(() => running.child.kill('SIGKILL'), graceMs);
    await running.ended;
    clearTimeout(late);
  }

  async killNode(seat: string): Promise<void> {
    const running = this.#nodes.get(seat);
    if (running === undefined) return;
    running.asked = true;
    running.child.kill('SIGKILL');
    await running.ended;
  }

  async pauseNode(seat: string): Promise<void> {
    const running = this.#nodes.get(seat);
    if (running === undefined) return;
    running.paused = true;
    running.child.kill('SIGSTOP');
  }

  async resumeNode(seat: string): Promise<void> {
    const running = this.#nodes.get(seat);
    if (running === undefined) return;
    running.paused = false;
    running.child.kill('SIGCONT');
  }

  async eraseNode(seat: string): Promise<void> {
    if (this.#nodes.has(seat)) throw new Failure('environment', `seat ${seat} runs: its database is in use`);
    const { directory } = this.#options.directory.nodeFiles(seat);
    const names = existsSync(directory) ? readdirSync(directory) : [];
    for (const name of names) if (isDatabase(name)) rmSync(join(directory, name));
  }

  nodeProcess(seat: string): ProcessIdentity | null {
    return this.#nodes.get(seat)?.identity ?? null;
  }

  async nodeComplaint(seat: string): Promise<string> {
    return lastLines(this.#options.directory.nodeFiles(seat).stderr, COMPLAINT_LINES).join('\n');
  }

  async collectNode(seat: string): Promise<CollectedFiles> {
    return this.#options.directory.nodeFiles(seat);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#nodes.keys()].map((seat) => this.stopNode(seat, DISPOSE_GRACE_MS)));
    await this.#lasting.stop();
  }
}
