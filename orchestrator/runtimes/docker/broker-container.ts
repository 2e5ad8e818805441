/**
 * The fabric's broker in a container: the same program as in a process, and the same messages, as JSON lines on the
 * container's standard streams. Passwords reach it there and nowhere else.
 */
import { createInterface } from 'node:readline';
import { BrokerDialogue, type BrokerStart } from '../../fabric/broker-dialogue.ts';
import type { FromBroker, ToBroker } from '../../fabric/broker-messages.ts';
import { RemoteBroker } from '../../fabric/remote-broker.ts';
import type { ContainerSpec, Engine } from './engine.ts';

const START_MS_MAX = 20_000;
const STDERR_CHARACTERS_MAX = 4000;
const PROGRAM = ['tini', '--', 'node', '/app/dist/orchestrator/fabric/broker-main.js'];
export const BROKER_PORT = 1883;

export class BrokerContainer extends RemoteBroker {
  /** On 127.0.0.1. */
  readonly hostPort: number;
  /** Of the container. */
  readonly id: string;
  readonly #engine: Engine;

  private constructor(engine: Engine, id: string, dialogue: BrokerDialogue, hostPort: number, exited: Promise<string>) {
    super(dialogue, exited);
    this.#engine = engine;
    this.id = id;
    this.hostPort = hostPort;
  }

  /** Resolves when it listens. Rejects with a DockerFailure, or BrokerError `start-failed`. */
  static async start(
    engine: Engine,
    spec: Omit<ContainerSpec, 'entrypoint' | 'env' | 'healthCheck' | 'publish'>,
    hostPort: number,
    { options, beginning, onJournal }: BrokerStart,
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
    }, onJournal);
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
    const inside = { ...options, host: '0.0.0.0', port: BROKER_PORT };
    await dialogue.start({ options: inside, ...(beginning === undefined ? {} : { beginning }) }, START_MS_MAX);
    const state = await engine.state(id);
    return new BrokerContainer(engine, id, dialogue, state?.hostPort ?? 0, exited);
  }

  async pause(): Promise<void> {
    await this.#engine.pause(this.id);
  }

  async resume(): Promise<void> {
    await this.#engine.unpause(this.id);
  }

  async kill(): Promise<void> {
    await this.#engine.kill(this.id);
    // What is frozen dies when it is let go.
    await this.#engine.unpause(this.id);
    await this.exited;
  }
}
