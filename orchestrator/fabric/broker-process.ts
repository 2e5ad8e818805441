/** An EmbeddedBroker in its own process: the parent's side. The process ends when the parent does. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BrokerDialogue, type BrokerStart } from './broker-dialogue.ts';
import type { FromBroker, ToBroker } from './broker-messages.ts';
import type { BrokerOptions, BrokerStats, HandOver } from './embedded-broker.ts';
import type { FabricBroker } from './lasting-fabric.ts';
import type { LinkCount, LinkRule } from './link-rule.ts';
import type { LinkState } from './link-rules.ts';
import type { RunningBroker } from './running-broker.ts';

const START_MS_MAX = 10_000;
const STOP_MS_MAX = 3000;
/** Of what the process writes to its standard error, kept to explain its end. */
const STDERR_CHARACTERS_MAX = 4000;

/** The program beside this file, as written or as built. */
const PROGRAM = fileURLToPath(
  new URL(`./broker-main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

export class BrokerProcess implements RunningBroker, FabricBroker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #dialogue: BrokerDialogue;

  private constructor(
    child: ChildProcess,
    dialogue: BrokerDialogue,
    host: string,
    port: number,
    exited: Promise<string>,
  ) {
    this.#child = child;
    this.#dialogue = dialogue;
    this.port = port;
    this.url = `mqtt://${host}:${port}`;
    this.pid = child.pid ?? 0;
    this.exited = exited;
  }

  /** Resolves when it listens. Rejects with {@link BrokerError} `start-failed`, e.g. when the port is taken. */
  static async start(options: BrokerOptions, more: Omit<BrokerStart, 'options'> = {}): Promise<BrokerProcess> {
    // An empty environment: nothing of the parent's matters to a broker, and extra certificates cost 40 ms at a start.
    const child = fork(PROGRAM, [], { env: {}, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARACTERS_MAX);
    });
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) =>
        resolve([signal ?? `exit code ${code}`, stderr.trim()].filter(Boolean).join(': ')),
      );
    });
    const dialogue = new BrokerDialogue((message: ToBroker) => {
      if (child.connected) child.send(message, () => {});
    }, more.onJournal);
    child.on('message', (message: FromBroker) => dialogue.take(message));
    void exited.then((why) => dialogue.end(why));
    try {
      const port = await dialogue.start({ options, ...more }, START_MS_MAX);
      return new BrokerProcess(child, dialogue, options.host ?? '127.0.0.1', port, exited);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  // Each of these rejects with BrokerError `exited`, `no-answer` or `refused`.

  stats(timeoutMs?: number): Promise<BrokerStats> {
    return this.#dialogue.stats(timeoutMs);
  }

  setLinks(rules: readonly LinkRule[]): Promise<void> {
    return this.#dialogue.setLinks(rules);
  }

  linkCounts(): Promise<readonly LinkCount[]> {
    return this.#dialogue.linkCounts();
  }

  setQueueLimit(messages: number | null): Promise<void> {
    return this.#dialogue.setQueueLimit(messages);
  }

  cut(seats: readonly string[]): Promise<readonly string[]> {
    return this.#dialogue.cut(seats);
  }

  linkState(timeoutMs?: number): Promise<LinkState> {
    return this.#dialogue.linkState(timeoutMs);
  }

  /** The process has ended when it resolves. */
  async handOver(): Promise<HandOver> {
    const handOver = await this.#dialogue.handOver();
    await this.stop();
    return handOver;
  }

  async pause(): Promise<void> {
    this.#child.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.#dialogue.stop();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await this.exited;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
