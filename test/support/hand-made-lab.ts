/** A lab of containers without an orchestrator: both brokers in one container of the lab's image, and nodes. */
import type { TestContext } from 'node:test';
import type { Account } from '../../orchestrator/fabric/access.ts';
import type { BrokerOptions } from '../../orchestrator/fabric/embedded-broker.ts';
import { docker, EngineWorld, eventuallyInside } from './engine.ts';

const LAB_IMAGE = 'wallance-lab:local';
const FABRIC_PORT = 1883;
const CONTROL_PORT = 1884;

/** What a container of the project needs of its engine: less than that is granted. */
export const HARDENED = [
  '--read-only',
  ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '64'],
] as const;

/** Runs brokers; its argument is a JSON list of BrokerOptions. */
const BROKERS = `
  const { EmbeddedBroker } = await import('/app/dist/orchestrator/fabric/embedded-broker.js');
  for (const options of JSON.parse(process.argv[1])) await new EmbeddedBroker(options).start();
  process.on('SIGTERM', () => process.exit(0));
  console.log('listening');`;

const password = (seat: string): string => `password of ${seat}`;

export class HandMadeLab {
  readonly lab = 'hand-made';
  readonly #world: EngineWorld;
  readonly #network: string;
  readonly #members: readonly string[];

  private constructor(world: EngineWorld, network: string, members: readonly string[]) {
    this.#world = world;
    this.#network = network;
    this.#members = members;
  }

  /** On a network of its own; nothing runs yet. It is removed after the test. */
  static async create(t: TestContext, members: readonly string[]): Promise<HandMadeLab> {
    const world = new EngineWorld(t);
    return new HandMadeLab(world, await world.network(), members);
  }

  /** Resolves with the container's id when both listen. */
  async startBrokers(): Promise<string> {
    const nodes = this.#members.map((seat): Account => {
      return { seat, identity: seat, password: password(seat), role: 'node' };
    });
    const { username } = this.labAccount;
    const accounts: Account[] = [
      ...nodes,
      { seat: username, identity: username, password: password(username), role: 'lab' },
    ];
    const options: BrokerOptions[] = [
      { kind: 'fabric', lab: this.lab, accounts, host: '0.0.0.0', port: FABRIC_PORT },
      { kind: 'control', lab: this.lab, accounts, host: '0.0.0.0', port: CONTROL_PORT },
    ];
    const id = await this.#world.start(
      ...['--network', this.#network, '--network-alias', 'broker', '--publish', `127.0.0.1::${CONTROL_PORT}`],
      ...[...HARDENED, '--entrypoint', 'node', LAB_IMAGE, '--input-type=module', '--eval', BROKERS],
      JSON.stringify(options),
    );
    await eventuallyInside(async () => (await docker('logs', id)) === 'listening', 'the brokers listening');
    return id;
  }

  readonly labAccount = { username: 'lab', password: password('lab') };

  /** Of the control broker, for a client outside the network. */
  async controlUrl(brokers: string): Promise<string> {
    return `mqtt://${await docker('port', brokers, `${CONTROL_PORT}/tcp`)}`;
  }

  /** Resolves with the container's id when its process has been started. `args` go to `docker run`. */
  startNode(seat: string, image: string, ...args: readonly string[]): Promise<string> {
    const variables = {
      WALLANCE_NODE: seat,
      WALLANCE_LAB: this.lab,
      WALLANCE_MEMBERS: this.#members.join(','),
      WALLANCE_SENSORS: 'none',
      WALLANCE_FABRIC_URL: `mqtt://broker:${FABRIC_PORT}`,
      WALLANCE_FABRIC_PASSWORD: password(seat),
      WALLANCE_CONTROL_URL: `mqtt://broker:${CONTROL_PORT}`,
      WALLANCE_CONTROL_PASSWORD: password(seat),
    };
    const environment = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    return this.#world.start('--network', this.#network, ...HARDENED, ...environment, ...args, image);
  }
}
