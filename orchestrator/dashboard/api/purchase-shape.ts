/** Purchases on behalf of a node, followed from the order to the service's output. */
import { z } from 'zod';
import { component, list, nodeId, seatName, unixMs } from './component.ts';

export const ORDER_MODES = ['strict', 'wait', 'force'] as const;

export const ORDER = component(
  'Order',
  z.strictObject({
    node: nodeId(),
    service: z.string().min(1).max(32),
    mode: z
      .enum(ORDER_MODES)
      .default('strict')
      .describe(
        'strict: refused where the node cannot pay now; wait: kept until it can; force: requested all the same',
      ),
  }),
);
export type OrderBody = z.input<typeof ORDER>;

export const SERVED = component(
  'Served',
  z.strictObject({ phase: z.string(), detail: z.string().describe("the service's output, as text") }),
);

/** `undecided` is what a command says that has waited in vain; here an order stays `queued` or `requested`. */
export const PURCHASE_OUTCOMES = ['ordered', 'queued', 'requested', 'decided', 'undecided', 'refused', 'lost'] as const;

export const PURCHASE = component(
  'Purchase',
  z.strictObject({
    outcome: z.enum(PURCHASE_OUTCOMES).describe('lost: the node did not answer, and may have taken the order'),
    detail: z.string().nullable().describe('why it waits, was refused or lost'),
    orderId: z.string(),
    orderedAt: unixMs(),
    node: nodeId(),
    seat: seatName(),
    service: z.string(),
    priceDcoins: z.int(),
    mode: z.enum(ORDER_MODES),
    requestId: z.string().nullable().describe('its row under /api/requests has votes and commits'),
    votes: z.int().describe('counted at the requester'),
    quorum: z.int(),
    remainingUnits: z.int().nullable(),
    requesterMs: z.number().nullable().describe('from the request to the decision at the requester'),
    allMs: z.number().nullable().describe("to the last node's decision, where all have decided"),
    decidedBy: z.int(),
    members: z.int(),
    clockErrorMs: z.number().nullable().describe('times of nodes on other machines are off by this at most'),
    served: SERVED.nullable(),
  }),
);
export type PurchaseAnswer = z.output<typeof PURCHASE>;

export const PURCHASES = component('Purchases', z.strictObject({ purchases: list(PURCHASE) }));
