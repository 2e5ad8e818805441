/**
 * What /api/events sends: after connecting everything of the topics that were asked for (`full`), and then, at most four
 * times a second, what has changed. Entries replace the one with the same key as a whole, so that a frame which is taken
 * twice does no harm. Messages are known by their number: ignore what is not above the last one.
 *
 * A frame with another `boot` than the one before is of another lab process: forget everything. A reader that is too slow
 * gets a `full` frame in place of what it has missed.
 */
import { z } from 'zod';
import { component, counts, list, nodeId, seatName, unixMs } from './component.ts';
import { HAND_FAULT } from './fault-answer-shape.ts';
import { MESSAGE } from './message-shape.ts';
import { SEAT_STATES } from './node-shape.ts';
import { PURCHASE } from './purchase-shape.ts';
import { LATENCY, REQUEST } from './request-shape.ts';
import { WALLET } from './wallet-shape.ts';

export const TOPICS = ['lab', 'wallets', 'requests', 'purchases', 'messages', 'faults'] as const;
export type Topic = (typeof TOPICS)[number];

export const LIVE_NODE = component(
  'LiveNode',
  z.strictObject({
    seat: seatName(),
    node: nodeId(),
    state: z.enum(SEAT_STATES),
    detail: z.string().nullable(),
    paused: z.boolean(),
    connected: z.boolean().nullable().describe('to the fabric, as the node says; null: not heard yet'),
    behaviours: list(z.string()).describe('kinds; empty: honest'),
    n: z.int().nullable().describe("the node's own view of the network's size"),
    quorum: z.int().nullable(),
    units: z.int().nullable().describe('of its own wallet, as it sees it'),
    sent: counts().describe('by class: sensor, request, vote; since the lab process started'),
    decisions: z.int(),
    refusals: z.int().describe('messages that it turned down'),
  }),
);
export type LiveNode = z.output<typeof LIVE_NODE>;

export const LIVE_LAB = component(
  'LiveLab',
  z.strictObject({
    nodes: list(LIVE_NODE).describe('those that changed'),
    fabricFailure: z.string().nullable(),
    messagesPerSecond: counts().describe('by class, over the last two seconds'),
    decisionsPerSecond: z.number().describe('requests decided at their requester'),
  }),
);

const keyed = <T extends z.ZodType>(item: T, key: string) =>
  z.strictObject({
    changed: list(item).describe(`each replaces the one with the same ${key}`),
    removed: list(z.string()).describe(`${key} of those that are not kept any more`),
  });

export const FRAME = component(
  'Frame',
  z.strictObject({
    boot: z.string().describe('drawn at each start of a lab process'),
    version: z.int().describe('grows with every change'),
    at: unixMs(),
    full: z.boolean().describe('everything that is kept, in place of what was known'),
    lab: LIVE_LAB.optional(),
    wallets: keyed(WALLET, 'id').optional(),
    requests: keyed(REQUEST, 'requestId').extend({ latency: LATENCY }).optional(),
    purchases: keyed(PURCHASE, 'orderId').optional(),
    messages: z
      .strictObject({
        tail: list(MESSAGE),
        leftOut: z.int().describe('older ones since the last frame that are not shown'),
      })
      .optional(),
    faults: keyed(HAND_FAULT, 'id').optional(),
  }),
);
export type Frame = z.output<typeof FRAME>;
