/** An EmbeddedBroker in its own process: the parent's side. The process ends when the parent does. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromBroker, ToBroker } from './broker-messages.ts';
import type { BrokerOptions, BrokerStats } from './embedded-broker.ts';
import { BrokerError, type RunningBroker } from './running-broker.ts';

const START_MS_MAX = 10_000;
const STOP_MS_MAX = 3000;
const STATS_MS_MAX = 5000;
/** Of what the process writes to its standard error, kept to explain its end. */
const STDERR_CHARACTERS_MAX = 4000;

/** The program beside this file, as written or as built. */
const PROGRAM = fileURLToPath(
  new URL(`./broker-main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

export class BrokerProcess implements RunningBroker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #questions = new Map<number, (answer: BrokerStats | BrokerError) => void>();
  #ended: BrokerError | null = null;
  #lastQuestion = 0;

  private constructor(child: ChildProcess, host: string, port: number, exited: Promise<string>) {
    this.#child = child;
    this.port = port;
    this.url = `mqtt://${host}:${port}`;
    this.pid = child.pid ?? 0;
    this.exited = exited;
    child.on('message', (message: FromBroker) => {
      if (message.kind !== 'stats') return;
      this.#questions.get(message.id)?.(message.stats);
    });
    void exited.then((why) => {
      this.#ended = new BrokerError('exited', `the broker has ended: ${why}`);
      for (const settle of [...this.#questions.values()]) settle(this.#ended);
    });
  }

  /** Resolves when it listens. Rejects with {@link BrokerError} `start-failed`, e.g. when the port is taken. */
  static async start(options: BrokerOptions): Promise<BrokerProcess> {
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
    try {
      const port = await new Promise<number>((resolve, reject) => {
        const fail = (why: string): void => reject(new BrokerError('start-failed', `the broker did not start: ${why}`));
        const timer = setTimeout(() => fail(`not ready within ${START_MS_MAX} ms`), START_MS_MAX);
        child.once('message', (message: FromBroker) => {
          clearTimeout(timer);
          if (message.kind === 'ready') resolve(message.port);
          else fail(message.kind === 'failed' ? message.message : 'it answered something else');
        });
        void exited.then((why) => {
          clearTimeout(timer);
          fail(why);
        });
        child.send({ kind: 'start', options } satisfies ToBroker);
      });
      return new BrokerProcess(child, options.host ?? '127.0.0.1', port, exited);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Rejects with {@link BrokerError} `exited` or `no-answer`. */
  stats(): Promise<BrokerStats> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastQuestion;
      const settle = (answer: BrokerStats | BrokerError): void => {
        clearTimeout(timer);
        this.#questions.delete(id);
        if (answer instanceof BrokerError) reject(answer);
        else resolve(answer);
      };
      const timer = setTimeout(
        () => settle(new BrokerError('no-answer', `no stats within ${STATS_MS_MAX} ms`)),
        STATS_MS_MAX,
      );
      this.#questions.set(id, settle);
      if (this.#ended !== null) settle(this.#ended);
      else if (this.#child.connected) this.#child.send({ kind: 'stats', id } satisfies ToBroker, () => {});
    });
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.send({ kind: 'stop' } satisfies ToBroker, () => {});
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await this.exited;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
