/**
 * Every request that the API answers, as a table: what it takes, what it answers, what it changes. Server, OpenAPI
 * document and tests are made from it. No GET changes anything.
 */
import { z } from 'zod';
import { FAULT_KINDS_ANSWER, HAND_FAULT, HAND_FAULTS, WRITTEN_FAULT } from './fault-answer-shape.ts';
import { FRAME, TOPICS } from './frame-shape.ts';
import { DOWN, LAB } from './lab-shape.ts';
import { MESSAGES } from './message-shape.ts';
import { NODE_COMMANDS, NODE_VIEW, SAMPLES, SAMPLES_TAKEN, SEAT_CHANGE } from './node-shape.ts';
import { ORDER, PURCHASE, PURCHASES } from './purchase-shape.ts';
import { REQUESTS } from './request-shape.ts';
import { RUN, RUNS } from './run-shape.ts';
import { SERVICES } from './service-shape.ts';
import { WALLET_HISTORY, WALLETS } from './wallet-shape.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As OpenAPI writes it: `/api/nodes/{seat}`. */
  readonly path: string;
  readonly summary: string;
  readonly parameters?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status: 200 | 202;
  /** `answer` absent: no JSON. */
  readonly answer?: z.ZodType;
  readonly mediaType?: string;
  /** An `Idempotency-Key` must be given: the same key is the same purchase. */
  readonly idempotent?: true;
}

const seat = z.string().min(1).max(64);
const node = z.string().min(1).max(64);
const directory = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
  .describe('letters, digits, _, . and -');

/** Numbers in a query arrive as text. */
const whole = (max: number, otherwise: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .default(otherwise)
    .describe(`1..${max}; [${otherwise}]`);

/** Comma-separated. */
const topics = z
  .string()
  .max(200)
  .transform((text) => [...new Set(text.split(','))].sort())
  .pipe(z.array(z.enum(TOPICS)).min(1))
  .default([...TOPICS].sort())
  .describe(`some of ${TOPICS.join(',')}; [all]`);

export const EVENTS_QUERY = z.strictObject({ topics });
export const TAIL_QUERY = z.strictObject({ limit: whole(2000, 200) });

export const ROUTES = {
  lab: { method: 'GET', path: '/api/lab', summary: 'What runs, and what every node holds', status: 200, answer: LAB },
  node: {
    method: 'GET',
    path: '/api/nodes/{seat}',
    summary: 'One node and its own view',
    parameters: { seat },
    status: 200,
    answer: NODE_VIEW,
  },
  changeNode: {
    method: 'POST',
    path: '/api/nodes/{seat}/{command}',
    summary: 'Start, stop, kill or restart one node; answered when that is done',
    parameters: { seat, command: z.enum(NODE_COMMANDS) },
    body: z.strictObject({}),
    status: 200,
    answer: SEAT_CHANGE,
  },
  wallets: {
    method: 'GET',
    path: '/api/wallets',
    summary: "Every node's view of every wallet",
    status: 200,
    answer: WALLETS,
  },
  walletHistory: {
    method: 'GET',
    path: '/api/wallets/{node}/history',
    summary: 'What became of a wallet, as its owner saw it',
    parameters: { node },
    status: 200,
    answer: WALLET_HISTORY,
  },
  services: { method: 'GET', path: '/api/services', summary: 'What can be bought', status: 200, answer: SERVICES },
  buy: {
    method: 'POST',
    path: '/api/purchases',
    summary: 'Order on behalf of a node; answered once the node has taken the order',
    body: ORDER,
    status: 202,
    answer: PURCHASE,
    idempotent: true,
  },
  purchases: {
    method: 'GET',
    path: '/api/purchases',
    summary: 'The last purchases, oldest first',
    status: 200,
    answer: PURCHASES,
  },
  purchase: {
    method: 'GET',
    path: '/api/purchases/{orderId}',
    summary: 'One purchase, from the order to the service',
    parameters: { orderId: z.string().min(1).max(64) },
    status: 200,
    answer: PURCHASE,
  },
  requests: {
    method: 'GET',
    path: '/api/requests',
    summary: 'The last requests with votes, commits and latencies',
    query: TAIL_QUERY,
    status: 200,
    answer: REQUESTS,
  },
  messages: {
    method: 'GET',
    path: '/api/messages',
    summary: 'The last messages, decoded',
    query: TAIL_QUERY,
    status: 200,
    answer: MESSAGES,
  },
  sample: {
    method: 'POST',
    path: '/api/samples',
    summary: 'Values for a node to share, as if its sensor had measured them; each earns it a unit',
    body: SAMPLES,
    status: 200,
    answer: SAMPLES_TAKEN,
  },
  faults: {
    method: 'GET',
    path: '/api/faults',
    summary: 'Faults that were started by hand',
    status: 200,
    answer: HAND_FAULTS,
  },
  faultKinds: {
    method: 'GET',
    path: '/api/faults/kinds',
    summary: 'What the scenario language knows to break',
    status: 200,
    answer: FAULT_KINDS_ANSWER,
  },
  startFault: {
    method: 'POST',
    path: '/api/faults',
    summary: 'Start a fault now; answered once it was asked for, followed on the topic faults',
    body: WRITTEN_FAULT,
    status: 202,
    answer: HAND_FAULT,
  },
  healFault: {
    method: 'DELETE',
    path: '/api/faults/{id}',
    summary: 'Heal a fault; answered when it is healed',
    parameters: { id: z.string().min(1).max(64) },
    status: 200,
    answer: HAND_FAULT,
  },
  runs: { method: 'GET', path: '/api/runs', summary: 'Runs that were kept', status: 200, answer: RUNS },
  run: {
    method: 'GET',
    path: '/api/runs/{scenario}/{run}',
    summary: 'The result of a run',
    parameters: { scenario: directory, run: directory },
    status: 200,
    answer: RUN,
  },
  report: {
    method: 'GET',
    path: '/api/runs/{scenario}/{run}/report.html',
    summary: 'The report of a run, a page of its own',
    parameters: { scenario: directory, run: directory },
    status: 200,
    mediaType: 'text/html',
  },
  down: {
    method: 'POST',
    path: '/api/down',
    summary: 'Stop the lab; its wallets are kept',
    body: z.strictObject({}),
    status: 200,
    answer: DOWN,
  },
  events: {
    method: 'GET',
    path: '/api/events',
    summary: 'What changes, as server-sent events: `data` of each `frame` event is a Frame',
    query: EVENTS_QUERY,
    status: 200,
    answer: FRAME,
    mediaType: 'text/event-stream',
  },
  openapi: {
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This document',
    status: 200,
    answer: z.looseObject({ openapi: z.literal('3.1.0') }),
  },
} as const satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof ROUTES;
export type AnswerOf<N extends RouteName> = (typeof ROUTES)[N] extends { readonly answer: infer A extends z.ZodType }
  ? z.output<A>
  : never;
