/** What nodes sent, decoded, and what they refused. All texts are a node's or an attacker's: show them as text. */
import { z } from 'zod';
import { component, list, nodeId, seatName, unixMs } from './component.ts';

export const MESSAGE_KINDS = ['sensor', 'request', 'vote', 'decision', 'service', 'refusal', 'byzantine'] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export const MESSAGE = component(
  'Message',
  z.strictObject({
    number: z.int().describe('counts up over all kinds, from 1 with each lab process'),
    at: unixMs(),
    t: z.number().describe('monotonic milliseconds'),
    seat: seatName().describe('that says so'),
    node: nodeId(),
    kind: z
      .enum(MESSAGE_KINDS)
      .describe(
        'sensor, request, vote: sent by `node`; decision, service: what happened there; refusal: what it turned down; byzantine: what it was made to do',
      ),
    requestId: z.string().nullable(),
    fields: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), list(z.string())]))
      .readonly()
      .describe('as the node wrote them down; long texts are cut'),
  }),
);
export type MessageAnswer = z.output<typeof MESSAGE>;

export const MESSAGES = component(
  'Messages',
  z.strictObject({ messages: list(MESSAGE).describe('the last ones, oldest first'), total: z.int() }),
);
export type MessagesAnswer = z.output<typeof MESSAGES>;
