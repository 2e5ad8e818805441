/**
 * Names of the topics of the fabric, built and read in one place: the transport subscribes and publishes with them,
 * a broker decides by them who may do what.
 *
 *   wallance/v1/<lab>/<node>/sensor                 to all
 *   wallance/v1/<lab>/<node>/consensus              to all
 *   wallance/v1/<lab>/<node>/peer/<to>/<channel>    to one peer
 *   wallance/v1/<lab>/<node>/device/<name>          what a purchased service drives; no part of the protocol
 *   wallance/v1/<lab>/<node>/canary                 to all: the probe of a link (canary.ts); no part of the protocol
 *
 * <node> is the identity a broker vouches for: nobody else can publish below it. The topics of the control channel
 * stand in control-protocol.ts.
 */
import { invariant } from '../protocol/invariant.ts';
import type { Channel } from '../protocol/message.ts';

export const CHANNELS: readonly Channel[] = ['sensor', 'consensus'];

/** One level of a topic: not empty, no separator, no wildcard, no NUL, not a broker's own name. */
export const TOPIC_LEVEL_PATTERN = /^[^$/+#\u0000][^/+#\u0000]{0,63}$/;

export type FabricTopic =
  | { readonly kind: 'channel'; readonly node: string; readonly channel: Channel }
  | { readonly kind: 'peer'; readonly node: string; readonly to: string; readonly channel: Channel }
  | { readonly kind: 'device'; readonly node: string; readonly name: string }
  | { readonly kind: 'canary'; readonly node: string };

/** What every topic of the lab starts with, the last slash included. `lab` must be one topic level. */
export function labPrefix(lab: string): string {
  invariant(TOPIC_LEVEL_PATTERN.test(lab), () => `a lab's name is one topic level, got ${JSON.stringify(lab)}`);
  return `wallance/v1/${lab}/`;
}

export function channelTopic(lab: string, node: string, channel: Channel): string {
  return `${labPrefix(lab)}${node}/${channel}`;
}

export function peerTopic(lab: string, node: string, to: string, channel: Channel): string {
  return `${labPrefix(lab)}${node}/peer/${to}/${channel}`;
}

export function canaryTopic(lab: string, node: string): string {
  return `${labPrefix(lab)}${node}/canary`;
}

/** Filters that bring a node everything addressed to it: both channels and canaries of everybody, and its peer messages. */
export function nodeFilters(lab: string, node: string): readonly string[] {
  const prefix = labPrefix(lab);
  return [`${prefix}+/sensor`, `${prefix}+/consensus`, `${prefix}+/canary`, `${prefix}+/peer/${node}/+`];
}

function isChannel(level: string | undefined): level is Channel {
  return level === 'sensor' || level === 'consensus';
}

/** Reads a topic below `prefix` (see {@link labPrefix}); null for everything that is not a topic of the fabric. */
export function parseFabricTopic(prefix: string, topic: string): FabricTopic | null {
  if (!topic.startsWith(prefix)) return null;
  const levels = topic.slice(prefix.length).split('/');
  const [node, subject, third, fourth] = levels;
  if (node === undefined || !TOPIC_LEVEL_PATTERN.test(node)) return null;
  if (levels.length === 2) {
    if (subject === 'canary') return { kind: 'canary', node };
    return isChannel(subject) ? { kind: 'channel', node, channel: subject } : null;
  }
  if (third === undefined || !TOPIC_LEVEL_PATTERN.test(third)) return null;
  if (levels.length === 3) return subject === 'device' ? { kind: 'device', node, name: third } : null;
  if (levels.length === 4 && subject === 'peer' && isChannel(fourth)) {
    return { kind: 'peer', node, to: third, channel: fourth };
  }
  return null;
}
