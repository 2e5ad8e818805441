/**
 * The protocol of Table II: a node sends its vote, hears it back from the fabric, measures what lay between, and sends
 * the next one. One message is under way at a time. Making the message is not part of the time.
 */
import type { Transport } from '../../node/host/transport.ts';

export interface RoundTripOptions {
  readonly transport: Transport;
  /** The payload of each message; no two in succession may be equal. */
  readonly payload: (number: number) => Uint8Array;
  readonly samples: number;
  /** Messages before the first sample: code is still being compiled, buffers are growing. */
  readonly warmUp: number;
}

/** Milliseconds of each sample, in order. Attaches the transport and leaves it attached; rejects when it is closed. */
export function measureRoundTrips({ transport, payload, samples, warmUp }: RoundTripOptions): Promise<number[]> {
  const latenciesMs: number[] = [];
  let number = 0;
  let sent = new Uint8Array();
  let sentMs = 0;
  return new Promise((resolve, reject) => {
    const next = (): void => {
      sent = payload(number) as Uint8Array<ArrayBuffer>;
      sentMs = performance.now();
      transport.publish('consensus', sent).catch(reject);
    };
    const hear = (heard: Uint8Array): void => {
      const heardMs = performance.now();
      // After a reconnect an older message may come once more.
      if (Buffer.compare(heard, sent) !== 0) return;
      if (number++ >= warmUp) latenciesMs.push(heardMs - sentMs);
      if (latenciesMs.length === samples) resolve(latenciesMs);
      // Not from within the delivery: its acknowledgement leaves first, as it does in a node.
      else setImmediate(next);
    };
    transport.attach(({ payload: heard }) => hear(heard)).then(next, reject);
  });
}
