/**
 * The node's small HTTP interface, for health checks, curiosity and real sensors:
 *
 *   GET  /health    200 when the node can take part, 503 with the reasons otherwise
 *   GET  /wallets   the node's own view of all wallets
 *   GET  /metrics   what Prometheus scrapes (node-metrics.ts)
 *   POST /samples   text/plain or application/x-ndjson: samples, a line each; application/json: one, or an array of them
 *
 * Nothing else. No GET changes anything. All samples of a body are taken or none, with every problem named. A request
 * that a browser sends from a page (it has an Origin) may not post: a page somebody looks at must not make money.
 * Loaded only where a port is configured.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LineSplitter } from './line-splitter.ts';
import { METRICS_MEDIA_TYPE } from './metrics-text.ts';
import { parseSampleLine, SAMPLE_LINE_BYTES_MAX, type Sample, type SampleIntake } from './sample-intake.ts';

const BODY_BYTES_MAX = 65_536;
const DISCARDED_BYTES_MAX = 1024 * 1024;
const CONNECTIONS_MAX = 64;
const REQUEST_MS_MAX = 10_000;
const PROBLEMS_MAX = 20;

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Why the node cannot take part now; empty when it can. */
  readonly unfit: () => readonly string[];
  /** JSON-able. */
  readonly wallets: () => unknown;
  /** In Prometheus' text format. */
  readonly metrics: () => string;
  readonly intake: SampleIntake;
}

export interface HttpServer {
  /** `http://host:port`, with the port that was opened. */
  readonly url: string;
  close(): Promise<void>;
}

/** Rejects when the port cannot be opened. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, keepAliveTimeout: 5000 },
    (request, response) => {
      respond(request, response, options).catch((error: unknown) => {
        // A client that went away in the middle of its body; with anything else it gets an answer without details.
        if (!response.headersSent && !request.destroyed) answer(response, 500, { error: 'failed' });
        else response.destroy(error instanceof Error ? error : undefined);
      });
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => {}); // a connection that cannot be accepted (no descriptors left) is the client's to repeat
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const ROUTES: Readonly<Record<string, 'GET' | 'POST'>> = {
  '/health': 'GET',
  '/wallets': 'GET',
  '/metrics': 'GET',
  '/samples': 'POST',
};

async function respond(request: IncomingMessage, response: ServerResponse, options: HttpServerOptions): Promise<void> {
  const path = (request.url ?? '').replace(/\?.*$/s, '');
  const method = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (method === undefined)
    return answer(response, 404, { error: `nothing here; there are ${Object.keys(ROUTES).join(', ')}` });
  if (request.method !== method) {
    response.setHeader('allow', method);
    return answer(response, 405, { error: `only ${method}` });
  }
  switch (path) {
    case '/health': {
      const reasons = options.unfit();
      return answer(
        response,
        reasons.length === 0 ? 200 : 503,
        reasons.length === 0 ? { status: 'ready' } : { status: 'unfit', reasons },
      );
    }
    case '/wallets':
      return answer(response, 200, options.wallets());
    case '/metrics':
      return answerText(response, 200, METRICS_MEDIA_TYPE, options.metrics());
    default:
      return postSamples(request, response, options.intake);
  }
}

async function postSamples(request: IncomingMessage, response: ServerResponse, intake: SampleIntake): Promise<void> {
  if (request.headers.origin !== undefined) return answer(response, 403, { error: 'not from a page in a browser' });
  const type = (request.headers['content-type'] ?? '').replace(/;.*$/s, '').trim().toLowerCase();
  const read = READERS.get(type);
  if (read === undefined)
    return answer(response, 415, { error: `content-type must be one of ${[...READERS.keys()].join(', ')}` });
  if (request.headers['content-encoding'] !== undefined)
    return answer(response, 415, { error: 'no content-encoding is understood' });
  const body = await bodyOf(request);
  if (body === null) return answer(response, 413, { error: `at most ${BODY_BYTES_MAX} bytes` });
  const { samples, problems } = read(body);
  if (problems.length > 0) {
    for (const { place, expected, found } of problems) intake.refuse(place, expected, found);
    const shown = problems.slice(0, PROBLEMS_MAX);
    return answer(response, 400, {
      accepted: 0,
      problems: shown,
      ...(shown.length < problems.length ? { more: problems.length - shown.length } : {}),
    });
  }
  for (const sample of samples) {
    const taken = intake.sample(sample);
    if (taken !== undefined) await taken;
  }
  return answer(response, 200, { accepted: samples.length });
}

/**
 * Null when the body is too long. Some of the rest is read and thrown away: a connection that is closed over unread
 * bytes is reset, and the client would not see the answer.
 */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk as Buffer);
    else if (bytes > DISCARDED_BYTES_MAX) break;
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks);
}

interface ReadBody {
  readonly samples: readonly Sample[];
  readonly problems: readonly { readonly place: string; readonly expected: string; readonly found: string }[];
}

const TOPIC = 'http';

const READERS: ReadonlyMap<string, (body: Buffer) => ReadBody> = new Map([
  ['text/plain', readLines],
  ['application/x-ndjson', readLines],
  ['application/json', readJson],
]);

function readLines(body: Buffer): ReadBody {
  const samples: Sample[] = [];
  const problems: ReadBody['problems'][number][] = [];
  const splitter = new LineSplitter(SAMPLE_LINE_BYTES_MAX);
  for (const lines of [splitter.push(body), splitter.flush()]) {
    for (const line of lines) {
      const place = `line ${line.number}`;
      if (line.kind === 'fault') problems.push({ place, expected: line.expected, found: line.found });
      else if (line.text.trim() !== '') take(line.text, place, samples, problems);
    }
  }
  return { samples, problems };
}

function readJson(body: Buffer): ReadBody {
  const samples: Sample[] = [];
  const problems: ReadBody['problems'][number][] = [];
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    const list = Array.isArray(parsed) ? parsed : [parsed];
    list.forEach((element, index) => {
      take(JSON.stringify(element), Array.isArray(parsed) ? `[${index}]` : 'body', samples, problems);
    });
  } catch {
    problems.push({ place: 'body', expected: 'JSON', found: 'something else' });
  }
  return { samples, problems };
}

function take(text: string, place: string, samples: Sample[], problems: ReadBody['problems'][number][]): void {
  const parsed = parseSampleLine(text, TOPIC);
  if (parsed.ok) samples.push(parsed.sample);
  else problems.push({ place, expected: parsed.expected, found: parsed.found });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  // The unread rest of a refused body is not worth a connection.
  if (status >= 400) response.setHeader('connection', 'close');
  answerText(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

function answerText(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
