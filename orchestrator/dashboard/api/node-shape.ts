/** A node as the lab sees it, and the node's own view. */
import { z } from 'zod';
import { component, counts, list, nodeId, open, seatName } from './component.ts';

export const SEAT_STATES = ['down', 'starting', 'ready', 'stopping', 'crashed', 'failed', 'refused'] as const;

export const CONDITIONS = component(
  'NodeConditions',
  z.strictObject({
    behaviours: list(open({ kind: z.string() })).describe('empty: an honest node'),
    commitDelayMs: z.number(),
    clockOffsetMs: z.number(),
    sensors: z.boolean(),
  }),
);

export const HELD_WALLET = component(
  'HeldWallet',
  z.strictObject({
    id: nodeId(),
    units: z.int(),
    stateHash: z.string(),
    decidedRequestId: z.string().nullable(),
  }),
);

export const NODE_REPORT = component(
  'NodeReport',
  z.strictObject({
    reportId: z.string(),
    node: nodeId(),
    boot: z.string().describe('drawn at each start of its process'),
    wallets: list(HELD_WALLET),
    storedRequests: z.int(),
    storedVotes: z.int(),
    locks: list(
      z.strictObject({ requester: nodeId(), slot: z.string(), requestId: z.string(), remainingUnits: z.int() }),
    ),
    pendingOrders: list(z.strictObject({ orderId: z.string(), phase: z.string(), requestId: z.string().nullable() })),
    n: z.int().describe("the node's own view of the network's size"),
    quorum: z.int(),
    dcoinRate: z.number(),
    rejections: counts(),
    services: list(
      z.strictObject({
        key: z.string(),
        service: z.string(),
        argument: z.string(),
        phase: z.string(),
        detail: z.string(),
      }),
    ),
    decisions: z.int(),
    sensorTransactions: z.int(),
    rssBytes: z.number(),
    databaseBytes: z.number(),
    cpuMs: z.number(),
    fabricConnected: z.boolean(),
    conditions: CONDITIONS,
  }),
);

export const NODE_VIEW = component(
  'NodeView',
  z.strictObject({
    seat: seatName(),
    node: nodeId(),
    state: z.enum(SEAT_STATES),
    pid: z.int().nullable(),
    readyMs: z.number().nullable(),
    http: z.string().nullable().describe("the node's own HTTP interface"),
    detail: z.string().nullable().describe('why, where the state wants an explanation'),
    report: NODE_REPORT.nullable().describe('null where it does not answer'),
  }),
);
export type NodeViewAnswer = z.output<typeof NODE_VIEW>;

export const NODE_COMMANDS = ['start', 'stop', 'kill', 'restart'] as const;
export type NodeCommand = (typeof NODE_COMMANDS)[number];

export const SEAT_CHANGE = component(
  'SeatChange',
  z.strictObject({ seat: seatName(), node: nodeId(), state: z.enum(SEAT_STATES), detail: z.string().nullable() }),
);
export type SeatChangeAnswer = z.output<typeof SEAT_CHANGE>;

export const SAMPLES = component(
  'Samples',
  z.strictObject({
    node: nodeId(),
    topic: z
      .string()
      .regex(/^[\w.-]{1,32}$/)
      .default('manual'),
    value: z.number().min(-1e9).max(1e9).default(1),
    count: z.int().min(1).max(100_000).default(1),
  }),
);

export const SAMPLES_TAKEN = component(
  'SamplesTaken',
  z.strictObject({ seat: seatName(), node: nodeId(), topic: z.string(), value: z.number(), count: z.int() }),
);
export type SamplesTakenAnswer = z.output<typeof SAMPLES_TAKEN>;
