/**
 * The fabric as a port, declared by its consumer, the host. Implementations: mqtt-transport.ts (a broker) and
 * in-process-transport.ts; one contract suite covers both.
 *
 * Delivery contract: every published payload reaches every attached node, the publisher included, and is acknowledged
 * to the fabric only after the handler has returned; a payload whose handler did not return is delivered again when
 * the node attaches again under its seat. A redelivery is possible at any time and must be harmless.
 */
import type { Channel } from '../protocol/message.ts';

export interface Delivery {
  /** Identity that the fabric vouches for: only this node can publish under it. */
  readonly sender: string;
  readonly channel: Channel;
  readonly payload: Uint8Array;
}

export interface Transport {
  /** Attaches; resolves when subscribed. `handler` is called for one delivery at a time and must not throw. */
  attach(handler: (delivery: Delivery) => void): Promise<void>;
  /** Resolves when the fabric has taken the payload; stays pending while disconnected, resumes by itself. */
  publish(channel: Channel, payload: Uint8Array): Promise<void>;
  /** Like `publish`, to one peer only. */
  send(to: string, channel: Channel, payload: Uint8Array): Promise<void>;
  readonly connected: boolean;
  /** Detaches; what the handler has not seen is kept for the seat. */
  close(): Promise<void>;
}
