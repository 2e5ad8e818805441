/** Requests on their way to a decision: what the Consensus view draws. */
import { z } from 'zod';
import { component, list, nodeId, seatName, unixMs } from './component.ts';
import { SERVED } from './purchase-shape.ts';

export const STUCK = component(
  'Stuck',
  z.strictObject({
    reason: z.enum(['double', 'split', 'unfunded', 'stale', 'lost', 'unexplained']),
    detail: z.string(),
    undecidedAt: list(seatName()),
  }),
);

export const REQUEST_STATES = ['open', 'decided', 'everywhere', 'stuck'] as const;

const afterMs = () => z.number().describe('milliseconds after the request was sent, on one clock');

export const REQUEST = component(
  'Request',
  z.strictObject({
    requestId: z.string(),
    requester: nodeId(),
    seat: seatName().describe('that sent it'),
    service: z.string(),
    priceDcoins: z.int(),
    previousState: z.string(),
    newState: z.string().nullable(),
    sentAt: unixMs(),
    state: z.enum(REQUEST_STATES).describe('decided: at its requester; everywhere: at every seat'),
    quorum: z.int(),
    members: z.int(),
    receivedBy: list(seatName()),
    votes: list(z.strictObject({ voter: nodeId(), remainingUnits: z.int(), afterMs: afterMs() })).describe(
      'as their voters cast them, in order',
    ),
    commits: list(z.strictObject({ seat: seatName(), afterMs: afterMs() })).describe('decisions, in order'),
    requesterMs: z.number().nullable(),
    allMs: z.number().nullable(),
    served: SERVED.nullable(),
    stuck: STUCK.nullable().describe('why, where it is not decided everywhere after some seconds'),
  }),
);
export type RequestAnswer = z.output<typeof REQUEST>;

const DISTRIBUTION = component(
  'Distribution',
  z.strictObject({
    count: z.int(),
    min: z.number(),
    p50: z.number(),
    p95: z.number(),
    p99: z.number(),
    max: z.number(),
    mean: z.number(),
  }),
);

export const LATENCY = component(
  'Latency',
  z.strictObject({
    requester: DISTRIBUTION.nullable().describe('request to decision at the requester, milliseconds'),
    all: DISTRIBUTION.nullable().describe("to the last node's decision, milliseconds"),
  }),
);
export type LatencyAnswer = z.output<typeof LATENCY>;

export const REQUESTS = component(
  'Requests',
  z.strictObject({ requests: list(REQUEST).describe('the last ones, oldest first'), latency: LATENCY }),
);
export type RequestsAnswer = z.output<typeof REQUESTS>;
