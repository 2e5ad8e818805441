/** Program: one node without a ledger that measures the way of its own votes, once, and ends. Told over IPC. */
import { InProcessFabric } from '../../node/host/in-process-transport.ts';
import { MqttTransport, type MqttTransportOptions } from '../../node/host/mqtt-transport.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { compactCodec } from '../../node/protocol/codec-compact.ts';
import { makeVote } from '../../node/protocol/paper-messages.ts';
import type { Parameters } from '../../node/protocol/parameters.ts';
import { messageOf } from '../failure.ts';
import { measureRoundTrips } from './round-trips.ts';

export interface LatencyTask {
  /** Null: the fabric in memory, within the program's own process. */
  readonly transport: MqttTransportOptions | null;
  readonly idBytes: Parameters['idBytes'];
  readonly samples: number;
  readonly warmUp: number;
}

export type LatencyAnswer =
  | {
      readonly ok: true;
      readonly latenciesMs: readonly number[];
      /** Of each payload. */
      readonly payloadBytes: number;
      /** Of this process while it measured, user and system. */
      readonly cpuMs: number;
    }
  | { readonly ok: false; readonly problem: string };

/** Ids and the service take their whole width; the nonce counts, for no receiver looks at the work here. */
function votes(idBytes: Parameters['idBytes']): (number: number) => Uint8Array {
  const codec = compactCodec({ idBytes, timeMin: 0, hash: nativeSha256Hex });
  const wide = (name: string): string => name.padEnd(idBytes, '0');
  const body = {
    requester: wide('node-2'),
    service: wide('espresso'),
    priceDcoins: 2,
    time: 1_600_000_000,
    state: nativeSha256Hex('state'),
  };
  return (number) => codec.encode(makeVote(wide('node-1'), body, 90, number, nativeSha256Hex));
}

async function measured(task: LatencyTask): Promise<LatencyAnswer> {
  const transport =
    task.transport === null ? new InProcessFabric().transport('node-1') : new MqttTransport(task.transport);
  try {
    const payload = votes(task.idBytes);
    const { samples, warmUp } = task;
    const before = process.cpuUsage();
    const latenciesMs = await measureRoundTrips({ transport, payload, samples, warmUp });
    const { user, system } = process.cpuUsage(before);
    return { ok: true, latenciesMs, payloadBytes: payload(0).length, cpuMs: (user + system) / 1000 };
  } finally {
    await transport.close();
  }
}

process.once('message', (task: LatencyTask) => {
  void measured(task)
    .catch((error: unknown): LatencyAnswer => ({ ok: false, problem: messageOf(error) }))
    .then((answer) => process.send?.(answer, () => process.disconnect()));
});
