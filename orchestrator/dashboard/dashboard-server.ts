/**
 * The HTTP server of a lab: the routes of the contract, the page, events. Requests are guarded before they are read and
 * read before anything is done; what goes wrong is answered as JSON without a stack trace.
 */
import { STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type Problem, shown } from '../../node/protocol/parameters.ts';
import { Failure, messageOf } from '../failure.ts';
import { ROUTES, type Route } from './api/route-table.ts';
import { ApiRefusal, read } from './api-refusal.ts';
import { ChangeRate } from './change-rate.ts';
import type { EventHub } from './event-hub.ts';
import { type GuardSettings, refusalOf } from './guard.ts';
import { Idempotency } from './idempotency.ts';
import type { KeptRuns } from './kept-runs.ts';
import type { JsonRoute, LabAnswers } from './lab-answers.ts';
import { LIMITS } from './limits.ts';
import type { PageFile } from './page-files.ts';

export interface DashboardServerOptions {
  readonly answers: LabAnswers;
  readonly hub: EventHub;
  readonly runs: KeptRuns;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly guard: GuardSettings;
  /** A bug: the request was answered with 500, and this is why. */
  readonly onBug: (text: string) => void;
}

const REQUEST_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 5000;
const KEY = /^[\x21-\x7e]{8,128}$/;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A report is a page of its own, made of data that nobody has vouched for: nothing in it runs. */
const REPORT_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  'sandbox',
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

export class DashboardServer {
  readonly #app: FastifyInstance;
  readonly #hub: EventHub;

  private constructor(app: FastifyInstance, hub: EventHub) {
    this.#app = app;
    this.#hub = hub;
  }

  static create(options: DashboardServerOptions): DashboardServer {
    const app = fastify({
      logger: false,
      bodyLimit: LIMITS.bodyBytes,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      exposeHeadRoutes: false,
      // Those that wait for nothing; answers that are under way are written.
      forceCloseConnections: 'idle',
      routerOptions: { maxParamLength: 256 },
    });
    app.server.maxConnections = LIMITS.connections;
    app.removeContentTypeParser(['text/plain', 'application/json']);
    const parse = app.getDefaultJsonParser('error', 'error');
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      // A DELETE has nothing to say; where something is expected, nothing is what was found.
      if (body === '') done(null, undefined);
      else parse(request, body as string, done);
    });
    const rate = new ChangeRate(performance.now());
    app.addHook('onRequest', async (request, reply) => {
      reply.headers(HEADERS);
      const refusal = refusalOf(request.method, request.headers, options.guard);
      if (refusal !== null) throw refusal;
      if (request.method !== 'GET' && !rate.take(performance.now()))
        throw new ApiRefusal('too-many', `at most ${LIMITS.changesPerSecond} changes a second`);
    });
    app.setErrorHandler((error, request, reply) => answerError(error, request, reply, options.onBug));
    app.setNotFoundHandler((request) => {
      throw notFound(request);
    });
    const purchases = new Idempotency<unknown>();
    for (const [name, route] of Object.entries<Route>(ROUTES)) {
      if (name !== 'events' && name !== 'report') addJson(app, name as JsonRoute, route, options.answers, purchases);
    }
    addEvents(app, options.hub);
    addReport(app, options.runs);
    for (const [path, file] of options.page) addFile(app, path, file);
    return new DashboardServer(app, options.hub);
  }

  /** For those who add routes of their own before it listens. */
  get app(): FastifyInstance {
    return this.#app;
  }

  /** Resolves with the port. Rejects with what the system says where it cannot be had. */
  async listen(host: string, port: number): Promise<number> {
    await this.#app.listen({ host, port });
    return (this.#app.server.address() as AddressInfo).port;
  }

  /** Ends events, lets answers be written. Idempotent. */
  async close(): Promise<void> {
    this.#hub.close();
    const late = setTimeout(() => this.#app.server.closeAllConnections(), 1000);
    try {
      await this.#app.close();
    } finally {
      clearTimeout(late);
    }
  }
}

function addJson(
  app: FastifyInstance,
  name: JsonRoute,
  route: Route,
  answers: LabAnswers,
  purchases: Idempotency<unknown>,
): void {
  const answer = answers[name] as (input: unknown) => unknown;
  app.route({
    method: route.method,
    url: urlOf(route.path),
    handler: async (request, reply) => {
      const input = readInput(route, request);
      const { key } = input;
      reply.status(route.status);
      return key === null ? answer(input) : purchases.perform(key, input.body, async () => answer(input));
    },
  });
}

function addEvents(app: FastifyInstance, hub: EventHub): void {
  app.get(ROUTES.events.path, async (request, reply) => {
    const { query } = readInput(ROUTES.events, request);
    if (hub.readers >= LIMITS.readers) throw new ApiRefusal('too-many', `at most ${LIMITS.readers} open pages`);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    // Small frames must not wait for more.
    raw.socket?.setNoDelay(true);
    hub.add(raw, query.topics);
  });
}

function addReport(app: FastifyInstance, runs: KeptRuns): void {
  app.get(urlOf(ROUTES.report.path), async (request, reply) => {
    const { parameters } = readInput(ROUTES.report, request);
    const text = runs.file(parameters.scenario, parameters.run, 'report.html');
    if (text === null) throw new ApiRefusal('unknown', 'there is no such report');
    return reply.header('content-security-policy', REPORT_POLICY).type('text/html; charset=utf-8').send(text);
  });
}

function addFile(app: FastifyInstance, path: string, file: PageFile): void {
  app.get(path, async (request, reply) => {
    reply.header('etag', file.etag);
    reply.header('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (request.headers['if-none-match'] === file.etag) return reply.status(304).send();
    return reply.type(file.type).send(file.bytes);
  });
}

/** As the route's shapes read them. */
interface Input<R> {
  readonly parameters: R extends { readonly parameters: infer P }
    ? { readonly [K in keyof P]: z.output<P[K]> }
    : unknown;
  readonly query: R extends { readonly query: infer Q } ? z.output<Q> : unknown;
  readonly body: unknown;
  readonly key: string | null;
}

/** Throws an ApiRefusal with every problem of the request. */
function readInput<R extends Route>(route: R, request: FastifyRequest): Input<R> {
  const problems: Problem[] = [];
  const parameters: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries(route.parameters ?? {}))
    parameters[name] = read(shape, (request.params as Record<string, unknown>)[name], name, problems);
  // A name that is not of this lab's making is nowhere; the path is what is wrong then, not the request.
  if (problems.length > 0 && route.method === 'GET') throw notFound(request);
  const query = route.query === undefined ? {} : read(route.query, request.query, '', problems);
  const body = route.body === undefined ? undefined : read(route.body, request.body, '', problems);
  const key = route.idempotent === true ? keyOf(request, problems) : null;
  if (problems.length > 0) throw ApiRefusal.ofProblems(problems.map(named));
  return { parameters, query, body, key } as Input<R>;
}

function named(problem: Problem): Problem {
  return problem.path === '' ? { ...problem, path: 'body' } : problem;
}

function keyOf(request: FastifyRequest, problems: Problem[]): string {
  const key = request.headers['idempotency-key'];
  if (typeof key === 'string' && KEY.test(key)) return key;
  problems.push({ path: 'Idempotency-Key', expected: 'a header of 8..128 visible characters', found: shown(key) });
  return '';
}

function notFound(request: FastifyRequest): ApiRefusal {
  const path = request.url.split('?')[0]!;
  const others = Object.values<Route>(ROUTES).filter(
    (route) => route.method !== request.method && new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  return others.length === 0
    ? new ApiRefusal('unknown', 'there is nothing here; what there is stands in /api/openapi.json')
    : new ApiRefusal('method', `only ${others.map(({ method }) => method).join(', ')}`);
}

function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onBug: (text: string) => void,
): void {
  const refusal = refusalFor(error, request, onBug);
  void reply.status(refusal.status).send(refusal.answer);
}

function refusalFor(error: unknown, { method, url }: FastifyRequest, onBug: (text: string) => void): ApiRefusal {
  if (error instanceof ApiRefusal) return error;
  if (error instanceof Failure) return ApiRefusal.ofFailure(error);
  const { statusCode, code } = error as { readonly statusCode?: number; readonly code?: string };
  if (statusCode === 413) return new ApiRefusal('too-long', `at most ${LIMITS.bodyBytes} bytes`);
  if (statusCode === 415) return new ApiRefusal('media-type', 'content-type: expected application/json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500 && code?.startsWith('FST_') === true)
    return ApiRefusal.ofProblems([
      { path: 'body', expected: 'JSON', found: STATUS_CODES[statusCode] ?? 'something else' },
    ]);
  onBug(
    `${method} ${url.split('?')[0]}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
  );
  return new ApiRefusal('failed', 'this is a bug of Wallance Lab; the lab’s log says more');
}

function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
