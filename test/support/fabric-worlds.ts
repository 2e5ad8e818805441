/** The implementations of the fabric that one contract covers, each as a world of its own with real brokers. */
import { InProcessFabric } from '../../node/host/in-process-transport.ts';
import { MqttTransport } from '../../node/host/mqtt-transport.ts';
import type { Delivery, Transport } from '../../node/host/transport.ts';
import type { Account } from '../../orchestrator/fabric/access.ts';
import { BrokerProcess } from '../../orchestrator/fabric/broker-process.ts';
import { MosquittoBroker } from '../../orchestrator/fabric/mosquitto-broker.ts';
import type { RunningBroker } from '../../orchestrator/fabric/running-broker.ts';
import { eventually } from './waiting.ts';

export const LAB = 'contract';

export function nodeAccounts(count: number): Account[] {
  return Array.from({ length: count }, (_, index) => {
    const seat = `n${index + 1}`;
    return { seat, identity: seat, password: `password of ${seat}`, role: 'node' };
  });
}

/** Two seats with one identity. */
export const TWIN: Account = { seat: 'n1-twin', identity: 'n1', password: 'password of the twin', role: 'node' };

export interface FabricWorld {
  /** A transport for one of the seats n1..n8, or for `n1-twin`, which speaks as n1. */
  transport(seat: string): Transport;
  close(): Promise<void>;
}

export interface BrokerWorld extends FabricWorld {
  readonly url: string;
  transport(seat: string): MqttTransport;
  /** Ends the broker without a word; `up` starts it anew on the same port, with no memory. */
  crash(): Promise<void>;
  up(): Promise<void>;
}

export async function inProcessWorld(): Promise<FabricWorld> {
  const fabric = new InProcessFabric();
  const made: Transport[] = [];
  return {
    transport(seat) {
      const transport = fabric.transport(seat, seat === TWIN.seat ? TWIN.identity : seat);
      made.push(transport);
      return transport;
    },
    async close() {
      for (const transport of made) await transport.close();
    },
  };
}

async function brokerWorld(start: (port: number | undefined) => Promise<RunningBroker>): Promise<BrokerWorld> {
  let broker = await start(undefined);
  const made: Transport[] = [];
  return {
    url: broker.url,
    transport(seat) {
      const account = [...nodeAccounts(8), TWIN].find((one) => one.seat === seat)!;
      const transport = new MqttTransport({
        url: broker.url,
        lab: LAB,
        seat,
        node: account.identity,
        password: account.password,
        reconnectMsMin: 20,
        reconnectMsMax: 100,
      });
      made.push(transport);
      return transport;
    },
    crash: () => broker.kill(),
    async up() {
      broker = await start(broker.port);
    },
    async close() {
      for (const transport of made) await transport.close();
      await broker.stop();
    },
  };
}

const accounts = [...nodeAccounts(8), TWIN];

export const embeddedWorld = (): Promise<BrokerWorld> =>
  brokerWorld((port) => BrokerProcess.start({ kind: 'fabric', lab: LAB, accounts, port }));

/** Why mosquitto's tests are left out on this machine; false where they run. In CI they are never left out. */
export const mosquittoMissing: string | false = (() => {
  try {
    MosquittoBroker.program();
    return false;
  } catch (error) {
    return process.env.CI === undefined ? (error as Error).message : false;
  }
})();

export const mosquittoWorld = (): Promise<BrokerWorld> =>
  brokerWorld((port) => MosquittoBroker.start({ lab: LAB, accounts, port }));

/** Keeps what one transport delivered, as text. */
export class Inbox {
  readonly seen: { readonly sender: string; readonly channel: string; readonly text: string }[] = [];

  readonly take = (delivery: Delivery): void => {
    this.seen.push({
      sender: delivery.sender,
      channel: delivery.channel,
      text: Buffer.from(delivery.payload).toString(),
    });
  };

  get texts(): string[] {
    return this.seen.map(({ text }) => text);
  }

  async whenTexts(count: number): Promise<string[]> {
    await eventually(() => this.seen.length >= count, `${count} deliveries; there are ${this.seen.length}`);
    return this.texts;
  }

  async whenHeard(text: string): Promise<void> {
    await eventually(() => this.seen.some((one) => one.text === text), `a delivery of ${text}`);
  }
}
