/**
 * Program: hears what bought services publish, and when. One connection a seat, as one of its devices: the only thing
 * about a purchase that anybody but the nodes can see once it is committed. Steered over IPC by harness.ts; a process of
 * its own, so that nothing else that the lab does delays its clock.
 */
import { labPrefix } from '../../node/host/fabric-topics.ts';
import { MqttConnection } from '../../node/host/mqtt-connection.ts';
import { monotonicMs } from '../../node/host/observations.ts';

export type ToWatcher =
  | {
      readonly kind: 'connect';
      readonly url: string;
      readonly lab: string;
      readonly seats: readonly { readonly seat: string; readonly node: string; readonly password: string }[];
    }
  /** Forget what was heard, and say so once `count` more have been heard. */
  | { readonly kind: 'expect'; readonly count: number }
  | { readonly kind: 'end' };

export type FromWatcher =
  | { readonly kind: 'ready' }
  /** CLOCK_MONOTONIC in milliseconds, and whose service it was, in the order of arrival. */
  | { readonly kind: 'heard'; readonly heard: readonly { readonly node: string; readonly t: number }[] };

const connections: MqttConnection[] = [];
let heard: { node: string; t: number }[] = [];
let expected = 0;

function tell(message: FromWatcher): void {
  process.send?.(message);
}

function connect(url: string, lab: string, seat: string, node: string, password: string): Promise<void> {
  const connection = new MqttConnection({
    url,
    clientId: `${seat}/watch`,
    username: seat,
    password,
    clean: true,
    filters: [`${labPrefix(lab)}${node}/device/+`],
    qos: 1,
  });
  connections.push(connection);
  return connection.open(() => {
    heard.push({ node, t: monotonicMs() });
    if (heard.length === expected) tell({ kind: 'heard', heard });
  });
}

async function end(): Promise<void> {
  await Promise.all(connections.map((connection) => connection.close()));
  if (process.connected) process.disconnect();
}

process.on('message', (message: ToWatcher) => {
  if (message.kind === 'connect') {
    const { url, lab, seats } = message;
    void Promise.all(seats.map(({ seat, node, password }) => connect(url, lab, seat, node, password))).then(() =>
      tell({ kind: 'ready' }),
    );
  } else if (message.kind === 'expect') {
    heard = [];
    expected = message.count;
  } else void end();
});
process.on('disconnect', () => void end());
