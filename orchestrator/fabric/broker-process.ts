/** An EmbeddedBroker in its own process: the parent's side. The process ends when the parent does. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BrokerDialogue, type BrokerStart } from './broker-dialogue.ts';
import type { FromBroker, ToBroker } from './broker-messages.ts';
import type { BrokerOptions } from './embedded-broker.ts';
import { RemoteBroker } from './remote-broker.ts';
import type { RunningBroker } from './running-broker.ts';

const START_MS_MAX = 10_000;
/** Of what the process writes to its standard error, kept to explain its end. */
const STDERR_CHARACTERS_MAX = 4000;

/** The program beside this file, as written or as built. */
const PROGRAM = fileURLToPath(
  new URL(`./broker-main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

export class BrokerProcess extends RemoteBroker implements RunningBroker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    dialogue: BrokerDialogue,
    host: string,
    port: number,
    exited: Promise<string>,
  ) {
    super(dialogue, exited);
    this.#child = child;
    this.port = port;
    this.url = `mqtt://${host}:${port}`;
    this.pid = child.pid ?? 0;
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

  async pause(): Promise<void> {
    this.#child.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}
