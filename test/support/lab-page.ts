/**
 * The HTTP interface of a lab as its page uses it. Every answer is held against the contract: what is not written down
 * there, or is missing, fails the test that asked.
 */
import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { FRAME, type Frame } from '../../orchestrator/dashboard/api/frame-shape.ts';
import { REFUSAL, type RefusalAnswer } from '../../orchestrator/dashboard/api/refusal-shape.ts';
import { type AnswerOf, ROUTES, type Route } from '../../orchestrator/dashboard/api/route-table.ts';
import type { JsonRoute } from '../../orchestrator/dashboard/lab-answers.ts';
import { eventually } from './waiting.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Asked {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class LabPage {
  readonly url: URL;

  constructor(url: string) {
    this.url = new URL(url);
  }

  /** Any request, byte for byte. */
  send(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<Reply> {
    return new Promise((done, fail) => {
      const { hostname, port } = this.url;
      const sent = request({ hostname, port, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
        response.on('error', fail);
      });
      sent.on('error', fail);
      sent.end(body);
    });
  }

  /** The answer, which must be one of the contract. */
  async ask<N extends JsonRoute>(name: N, asked: Asked = {}): Promise<AnswerOf<N>> {
    const { route, reply } = await this.#reply(name, asked);
    assert.equal(reply.status, route.status, `${route.method} ${route.path}: ${reply.text}`);
    const answer: unknown = JSON.parse(reply.text);
    route.answer!.parse(answer);
    return answer as AnswerOf<N>;
  }

  /** The refusal, which must be one of the contract. */
  async refused(name: JsonRoute, asked: Asked = {}): Promise<RefusalAnswer & { readonly status: number }> {
    const { reply } = await this.#reply(name, asked);
    assert.ok(reply.status >= 400, reply.text);
    return { status: reply.status, ...REFUSAL.parse(JSON.parse(reply.text)) };
  }

  async #reply(name: JsonRoute, { parameters = {}, query = '', body, headers = {} }: Asked) {
    const route: Route = ROUTES[name];
    const path = route.path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(parameters[key]!));
    const json: Record<string, string> = route.method === 'GET' ? {} : { 'content-type': 'application/json' };
    const text = body === undefined ? undefined : JSON.stringify(body);
    return { route, reply: await this.send(route.method, `${path}${query}`, { ...json, ...headers }, text) };
  }

  /** Follows events until `close`. */
  events(topics = ''): LabEvents {
    return new LabEvents(this.url, topics);
  }
}

export class LabEvents {
  readonly frames: Frame[] = [];
  /** When each came, monotonic milliseconds. */
  readonly atMs: number[] = [];
  readonly lines: string[] = [];
  readonly #sent: ReturnType<typeof request>;
  ended = false;

  constructor(url: URL, topics: string) {
    const path = `/api/events${topics === '' ? '' : `?topics=${topics}`}`;
    this.#sent = request({ hostname: url.hostname, port: url.port, path }, (response) => {
      assert.equal(response.statusCode, 200);
      assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/);
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        const lines = (text + part).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) this.#take(line);
      });
      response.on('close', () => {
        this.ended = true;
      });
    });
    this.#sent.on('error', () => {
      this.ended = true;
    });
    this.#sent.end();
  }

  close(): void {
    this.#sent.destroy();
  }

  /** The first frame, from `from` on, that `accepts` takes. */
  when(accepts: (frame: Frame) => boolean, what: string, from = 0): Promise<Frame> {
    return eventually(() => this.frames.slice(from).find(accepts), what);
  }

  #take(line: string): void {
    if (line !== '') this.lines.push(line);
    if (!line.startsWith('data: ')) return;
    this.frames.push(FRAME.parse(JSON.parse(line.slice('data: '.length))));
    this.atMs.push(performance.now());
  }
}
