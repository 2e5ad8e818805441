/**
 * The fabric's broker in a container: the same program as in a process, and the same messages, as JSON lines on the
 * container's standard streams. Passwords reach it there and nowhere else.
 */
import { createInterface } from 'node:readline';
import { BrokerDialogue } from '../../fabric/broker-dialogue.ts';
import type { FromBroker, ToBroker } from '../../fabric/broker-messages.ts';
import type { BrokerOptions, BrokerStats } from '../../fabric/embedded-broker.ts';
import type { ContainerSpec, Engine } from './engine.ts';

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 3000;
const STDERR_CHARACTERS_MAX = 4000;
const PROGRAM = ['tini', '--', 'node', '/app/dist/orchestrator/fabric/broker-main.js'];
export const BROKER_PORT = 1883;

export class BrokerContainer {
  readonly hostPort: number;
  readonly exited: Promise<string>;
  readonly #engine: Engine;
  readonly #id: string;
  readonly #dialogue: BrokerDialogue;

  private constructor(engine: Engine, id: string, dialogue: BrokerDialogue, hostPort: number, exited: Promise<string>) {
    this.#engine = engine;
    this.#id = id;
    this.#dialogue = dialogue;
    this.hostPort = hostPort;
    this.exited = exited;
  }

  /** Resolves when it listens. Rejects with a DockerFailure, or BrokerError `start-failed`. */
  static async start(
    engine: Engine,
    spec: Omit<ContainerSpec, 'entrypoint' | 'env' | 'healthCheck' | 'publish'>,
    hostPort: number,
    options: BrokerOptions,
  ): Promise<BrokerContainer> {
    const id = await engine.createContainer({
      ...spec,
      entrypoint: PROGRAM,
      env: {},
      publish: { port: BROKER_PORT, hostPort },
      healthCheck: false,
    });
    const { stdin, stdout, stderr } = await engine.attach(id);
    const dialogue = new BrokerDialogue((message: ToBroker) => {
      if (stdin.writable) stdin.write(`${JSON.stringify(message)}\n`);
    });
    createInterface({ input: stdout }).on('line', (line) => dialogue.take(JSON.parse(line) as FromBroker));
    let said = '';
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-STDERR_CHARACTERS_MAX);
    });
    try {
      await engine.start(id, 'the container of the fabric');
    } catch (error) {
      // Attached to a container that never runs: nobody else would ever end that.
      stdin.destroy();
      throw error;
    }
    const exited = engine.untilStopped(id).then(
      (state) => {
        const how =
          state === null
            ? 'its container was removed'
            : state.outOfMemory
              ? 'the kernel killed it for memory'
              : `exit code ${state.exitCode}`;
        return [how, said.trim()].filter(Boolean).join(': ');
      },
      (error: Error) => error.message,
    );
    void exited.then((why) => dialogue.end(why));
    await dialogue.start({ ...options, host: '0.0.0.0', port: BROKER_PORT }, START_MS_MAX);
    const state = await engine.state(id);
    return new BrokerContainer(engine, id, dialogue, state?.hostPort ?? 0, exited);
  }

  /** Rejects with BrokerError `exited` or `no-answer`. */
  stats(): Promise<BrokerStats> {
    return this.#dialogue.stats();
  }

  async stop(): Promise<void> {
    this.#dialogue.stop();
    const timer = setTimeout(() => void this.#engine.kill(this.#id).catch(() => {}), STOP_MS_MAX);
    await this.exited;
    clearTimeout(timer);
  }
}
