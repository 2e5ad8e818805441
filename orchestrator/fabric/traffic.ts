/**
 * What a broker counts: messages and payload bytes by class of topic, what it dropped and what it refused, each by
 * reason. Plain numbers, so that a broker in another process can report them.
 */
import { parseFabricTopic } from '../../node/host/fabric-topics.ts';

export const TRAFFIC_CLASSES = ['sensor', 'consensus', 'peer', 'control', 'other'] as const;
export type TrafficClass = (typeof TRAFFIC_CLASSES)[number];

/** Why a copy for one recipient was dropped. */
export const DROP_REASONS = [
  /** The seat's queue holds its maximum; the newest is dropped, so what is kept has no hole before its end. */
  'queue-full',
  /** QoS 0 for a seat that is not connected or does not read. */
  'unsent',
  /** A link rule wanted it so. */
  'link-rule',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Why something that a client asked for was not done. */
export const REFUSAL_REASONS = [
  /** Credentials. The connection is refused. */
  'unknown-seat',
  'wrong-password',
  'client-id-mismatch',
  'too-many-connections',
  /** A publish. It is acknowledged, as MQTT 3.1.1 wants it, and goes nowhere. */
  'publish-foreign-identity',
  'publish-unknown-topic',
  'publish-read-only',
  'payload-too-large',
  /** A subscription, answered with the failure code. */
  'subscribe-forbidden',
  /** A packet so long, or bytes so wrong, that the connection was ended. */
  'packet-too-large',
  'protocol-violation',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface TrafficCount {
  messages: number;
  payloadBytes: number;
}

export interface TrafficCounters {
  readonly received: Record<TrafficClass, TrafficCount>;
  readonly delivered: Record<TrafficClass, TrafficCount>;
  /** Sent once more because a session ended before they were acknowledged; not part of `delivered`. */
  redelivered: number;
  readonly dropped: Record<DropReason, number>;
  readonly refused: Record<RefusalReason, number>;
}

export function newTrafficCounters(): TrafficCounters {
  const zero = <K extends string, V>(keys: readonly K[], value: () => V): Record<K, V> =>
    Object.fromEntries(keys.map((key) => [key, value()])) as Record<K, V>;
  const count = (): TrafficCount => ({ messages: 0, payloadBytes: 0 });
  return {
    received: zero(TRAFFIC_CLASSES, count),
    delivered: zero(TRAFFIC_CLASSES, count),
    redelivered: 0,
    dropped: zero(DROP_REASONS, () => 0),
    refused: zero(REFUSAL_REASONS, () => 0),
  };
}

/** What two brokers counted, one after the other. */
export function addedTraffic(a: TrafficCounters, b: TrafficCounters): TrafficCounters {
  const counts = (x: TrafficCounters['received'], y: TrafficCounters['received']) =>
    Object.fromEntries(
      TRAFFIC_CLASSES.map((name) => [
        name,
        { messages: x[name].messages + y[name].messages, payloadBytes: x[name].payloadBytes + y[name].payloadBytes },
      ]),
    ) as TrafficCounters['received'];
  const numbers = <K extends string>(x: Record<K, number>, y: Record<K, number>): Record<K, number> =>
    Object.fromEntries((Object.keys(x) as K[]).map((name) => [name, x[name] + y[name]])) as Record<K, number>;
  return {
    received: counts(a.received, b.received),
    delivered: counts(a.delivered, b.delivered),
    redelivered: a.redelivered + b.redelivered,
    dropped: numbers(a.dropped, b.dropped),
    refused: numbers(a.refused, b.refused),
  };
}

/** `prefix` as of `labPrefix`. */
export function trafficClass(prefix: string, topic: string): TrafficClass {
  const parsed = parseFabricTopic(prefix, topic);
  if (parsed?.kind === 'channel') return parsed.channel;
  if (parsed?.kind === 'peer') return 'peer';
  return topic.startsWith(`${prefix}control/`) ? 'control' : 'other';
}
