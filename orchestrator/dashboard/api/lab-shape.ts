/** The lab as a whole: what `wallance status --json` prints. */
import { z } from 'zod';
import { component, counts, list, nodeId, open, seatName, unixMs } from './component.ts';
import { NODE_VIEW } from './node-shape.ts';

export const WALLET_DIFFERENCE = component(
  'WalletDifference',
  z.strictObject({
    wallet: nodeId(),
    views: list(
      z.strictObject({ units: z.int().nullable(), stateHash: z.string().nullable(), nodes: list(nodeId()) }),
    ).describe('each distinct view and who holds it, most nodes first'),
  }),
);

const TRAFFIC = z.record(z.string(), z.strictObject({ messages: z.int(), payloadBytes: z.int() })).readonly();

export const BROKER_STATS = component(
  'BrokerStats',
  z.strictObject({
    received: TRAFFIC,
    delivered: TRAFFIC,
    redelivered: z.int(),
    dropped: counts(),
    refused: counts(),
    connected: list(z.string()),
    sessions: list(open({ seat: z.string(), waiting: z.int(), inFlight: z.int() })),
    delayed: z.int(),
    cpuMs: z.number(),
    rssBytes: z.number(),
  }),
);

export const LAB_PLAN = component(
  'LabPlan',
  open({
    schema: z.literal(1),
    lab: z.string(),
    attached: z.literal(true).optional(),
    seats: list(open({ seat: seatName(), node: nodeId(), external: z.literal(true).optional() })),
    profile: z.string(),
    services: list(open({ name: z.string(), priceDcoins: z.int() })),
    durability: z.enum(['process', 'power']),
    qos: z.union([z.literal(0), z.literal(1)]),
    seed: z.string(),
    configurationHash: z.string(),
  }).describe('what the lab was started as, every default written out'),
);

export const LAB = component(
  'Lab',
  z.strictObject({
    running: z.literal(true),
    plan: LAB_PLAN,
    fabricUrl: z.string().nullable(),
    controlUrl: z.string(),
    dashboardUrl: z.string().nullable().describe('of this API and its page; null where it was not wanted'),
    startedAt: unixMs(),
    continued: z.boolean().describe('at least one node found wallets of an earlier start'),
    external: list(z.strictObject({ seat: seatName(), node: nodeId() })).describe('nodes that are started elsewhere'),
    nodes: list(NODE_VIEW),
    differences: list(WALLET_DIFFERENCE).describe('wallets on which the nodes that answered differ'),
    fabric: BROKER_STATS.nullable(),
    fabricFailure: z.string().nullable(),
    control: BROKER_STATS,
  }),
);
export type LabAnswer = z.output<typeof LAB>;

export const DOWN = component(
  'Down',
  z.strictObject({
    missed: counts().describe('by node: messages that waited for nodes which were down, and are lost'),
  }),
);
