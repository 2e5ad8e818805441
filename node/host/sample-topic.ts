/**
 * Samples from an MQTT topic, on the fabric or on a broker of the devices' own, over a connection of its own. A payload
 * holds one sample or several, a line each. A sample without a topic is named after the last level of the MQTT topic.
 *
 * QoS 0 and a clean session: a value that was lost is a value fewer, a value delivered twice would be money made from
 * nothing. For the same reason a retained payload is passed over: the broker repeats it at every reconnect.
 */
import { connect as connectSocket } from 'node:net';
import mqttClientModule from 'mqtt/lib/client';
import { isName } from '../protocol/field-bounds.ts';
import { printable } from '../protocol/rejection.ts';
import type { BrokerAccess } from './config.ts';
import { LineSplitter } from './line-splitter.ts';
import { NAME_BYTES_MAX } from './record-reader.ts';
import { SAMPLE_LINE_BYTES_MAX, type SampleIntake } from './sample-intake.ts';

/** CommonJS: the default export arrives as a property. Loaded directly, it leaves WebSockets out. */
const MqttClient = mqttClientModule.default;

const PAYLOAD_BYTES_MAX = 65_536;
const RECONNECT_MS = 1000;
const CLOSE_MS_MAX = 1000;

export interface SampleTopicOptions {
  readonly broker: BrokerAccess;
  readonly clientId: string;
  /** MQTT topic filter. */
  readonly filter: string;
  readonly intake: SampleIntake;
}

export interface SampleTopic {
  readonly connected: boolean;
  close(): Promise<void>;
}

/**
 * Resolves when subscribed for the first time, however long that takes; `signal` gives up. It reconnects by itself, and
 * says in the intake's reports why it cannot.
 */
export async function openSampleTopic(options: SampleTopicOptions, signal?: AbortSignal): Promise<SampleTopic> {
  const { broker, clientId, filter, intake } = options;
  const { hostname, port } = new URL(broker.url);
  const client = new MqttClient(() => connectSocket({ host: hostname, port: Number(port), noDelay: true }) as never, {
    clientId,
    ...(broker.username === '' ? {} : { username: broker.username }),
    ...(broker.password === null ? {} : { password: broker.password.reveal() }),
    clean: true,
    protocolVersion: 4,
    reconnectPeriod: RECONNECT_MS,
    reconnectOnConnackError: true,
    resubscribe: false,
    writeCache: false,
    log: () => {},
  });
  client.handleMessage = (packet, done) => {
    takePayload(packet, intake).then(
      () => done(),
      () => done(),
    );
  };
  client.on('error', (error) => intake.refuse(broker.url, 'a connection', error.message));
  let subscribed = false;
  client.on('close', () => {
    subscribed = false;
  });
  const close = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => client.stream.destroy(), CLOSE_MS_MAX);
      client.end(!client.connected, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  await new Promise<void>((resolve) => {
    signal?.addEventListener('abort', () => resolve(), { once: true });
    if (signal?.aborted === true) resolve();
    client.on('connect', () => {
      client.subscribe(filter, { qos: 0 }, (error) => {
        if (error !== null) {
          intake.refuse(`topic ${filter}`, 'a subscription', error.message);
          return;
        }
        subscribed = true;
        resolve();
      });
    });
  });
  if (signal?.aborted === true) await close();
  return {
    get connected() {
      return subscribed;
    },
    close,
  };
}

interface Packet {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly retain: boolean;
}

async function takePayload(packet: Packet, intake: SampleIntake): Promise<void> {
  if (packet.retain) return;
  const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
  const place = `topic ${printable(packet.topic)}`;
  if (payload.length > PAYLOAD_BYTES_MAX) {
    intake.refuse(place, `a payload of at most ${PAYLOAD_BYTES_MAX} bytes`, `${payload.length} bytes`);
    return;
  }
  const level = packet.topic.slice(packet.topic.lastIndexOf('/') + 1);
  const topic = isName(level, NAME_BYTES_MAX) ? level : undefined;
  const splitter = new LineSplitter(SAMPLE_LINE_BYTES_MAX);
  for (const lines of [splitter.push(payload), splitter.flush()]) {
    for (const line of lines) {
      if (line.kind === 'fault') intake.refuse(`${place} line ${line.number}`, line.expected, line.found);
      else {
        const taken = intake.line(line.text, `${place} line ${line.number}`, topic);
        if (taken !== undefined) await taken;
      }
    }
  }
}
