/**
 * Reads what nodes send over the control channel. A node may be faulty by intention, so nothing is taken on trust: what
 * does not fit is null, and counted by the caller.
 */
import { z } from 'zod';
import type { NodeConditions } from '../../node/host/conditions.ts';
import type { ConditionsAnswer, NodeReport, NodeStatus, OrderResult, Pong } from '../../node/host/control-protocol.ts';
import { readConditions } from '../../node/host/read-conditions.ts';

const text = z.string().max(4096);
const id = z.string().min(1).max(64);
const count = z.number().int().nonnegative();
const counts = z.record(z.string().max(64), count);

const status = z.object({
  state: z.enum(['starting', 'ready', 'stopping', 'offline', 'failed']),
  seat: id,
  node: id,
  pid: count,
  boot: id,
  profile: id,
  configurationHash: text,
  at: z.number(),
  readyMs: z.number().nullable(),
  databaseEmpty: z.boolean(),
  http: text.nullable(),
  detail: text.nullable(),
}) satisfies z.ZodType<NodeStatus>;

const answered = { orderId: id, node: id };
const orderResult = z.discriminatedUnion('outcome', [
  z.object({
    ...answered,
    outcome: z.literal('refused'),
    reason: z.enum(['insufficient-funds', 'request-pending', 'unknown-service', 'wrong-price', 'unknown-requester']),
    detail: text,
  }),
  z.object({
    ...answered,
    outcome: z.literal('queued'),
    reason: z.enum(['insufficient-funds', 'request-pending']),
  }),
  z.object({ ...answered, outcome: z.literal('requested'), requestId: text, slot: text }),
  z.object({ ...answered, outcome: z.literal('invalid'), detail: z.string() }),
]) satisfies z.ZodType<OrderResult>;

const conditions = z.custom<NodeConditions>((value) => readConditions(value, 'conditions').ok);

const report = z.object({
  reportId: id,
  node: id,
  boot: id,
  wallets: z.array(z.object({ id, units: z.number().int(), stateHash: text, decidedRequestId: text.nullable() })),
  storedRequests: count,
  storedVotes: count,
  locks: z.array(z.object({ requester: id, slot: text, requestId: text, remainingUnits: z.number().int() })),
  pendingOrders: z.array(z.object({ orderId: id, phase: text, requestId: text.nullable() })),
  n: count,
  quorum: count,
  dcoinRate: z.number(),
  rejections: counts,
  services: z.array(z.object({ key: text, service: text, argument: text, phase: text, detail: text })),
  decisions: count,
  sensorTransactions: count,
  rssBytes: z.number(),
  databaseBytes: z.number(),
  cpuMs: z.number(),
  fabricConnected: z.boolean(),
  conditions,
}) satisfies z.ZodType<NodeReport>;

const pong = z.object({ pingId: id, t: z.number(), kernel: id.nullable() }) satisfies z.ZodType<Pong>;

const conditionsAnswer = z.discriminatedUnion('outcome', [
  z.object({ conditionsId: id, node: id, outcome: z.literal('in-force') }),
  z.object({ conditionsId: id, node: id, outcome: z.literal('invalid'), detail: z.string() }),
]) satisfies z.ZodType<ConditionsAnswer>;

function reader<T>(schema: z.ZodType<T>): (payload: Uint8Array) => T | null {
  return (payload) => {
    try {
      return (
        schema.safeParse(JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()))
          .data ?? null
      );
    } catch {
      return null;
    }
  };
}

export const readStatus = reader<NodeStatus>(status);
export const readOrderResult = reader<OrderResult>(orderResult);
export const readReport = reader<NodeReport>(report);
export const readPong = reader<Pong>(pong);
export const readConditionsAnswer = reader<ConditionsAnswer>(conditionsAnswer);
