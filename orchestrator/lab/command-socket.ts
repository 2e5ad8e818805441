/**
 * How commands reach a running lab process: a Unix socket that only its owner can open, one request a connection, JSON
 * lines. The answer is any number of events and then a result or a failure; closing the connection gives up.
 */
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { Failure, type FailureCode, messageOf } from '../failure.ts';

type Answer =
  | { readonly kind: 'event'; readonly event: unknown }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly code: FailureCode; readonly message: string }
  | { readonly kind: 'bug'; readonly stack: string };

/** Performs one request; `signal` is aborted when the caller has gone. */
export type CommandHandler = (
  request: unknown,
  emit: (event: unknown) => void,
  signal: AbortSignal,
) => Promise<unknown>;

const REQUEST_BYTES_MAX = 65_536;

export class CommandServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Takes over `path`: the caller holds the lab's lock, so whoever had it before is gone. */
  static async listen(path: string, handler: CommandHandler): Promise<CommandServer> {
    rmSync(path, { force: true });
    const server = createServer();
    const self = new CommandServer(server, path);
    server.on('connection', (socket) => self.#serve(socket, handler));
    await new Promise<void>((done, fail) => {
      server.once('error', (cause) =>
        fail(new Failure('environment', `cannot listen on ${path}: ${cause.message}`, { cause })),
      );
      server.listen(path, done);
    });
    chmodSync(path, 0o600);
    return self;
  }

  /** Lets answers under way be written, then closes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    for (const socket of this.#sockets) socket.end();
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 1000);
    await closed;
    clearTimeout(late);
    rmSync(this.#path, { force: true });
  }

  #serve(socket: Socket, handler: CommandHandler): void {
    this.#sockets.add(socket);
    const gone = new AbortController();
    socket.on('close', () => {
      this.#sockets.delete(socket);
      gone.abort();
    });
    socket.on('error', () => socket.destroy());
    const send = (answer: Answer): void => {
      if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
    };
    const decoder = new StringDecoder('utf8');
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += decoder.write(chunk);
      const end = text.indexOf('\n');
      if (end < 0) {
        if (text.length > REQUEST_BYTES_MAX) socket.destroy();
        return;
      }
      socket.off('data', onData);
      socket.resume();
      perform(text.slice(0, end), handler, send, gone.signal).finally(() => socket.end());
    };
    socket.on('data', onData);
  }
}

async function perform(
  line: string,
  handler: CommandHandler,
  send: (answer: Answer) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const result = await handler(JSON.parse(line), (event) => send({ kind: 'event', event }), signal);
    send({ kind: 'result', result });
  } catch (error) {
    if (error instanceof Failure) send({ kind: 'failure', code: error.code, message: error.message });
    else if (!signal.aborted)
      send({ kind: 'bug', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

export interface CommandCall {
  readonly onEvent?: (event: unknown) => void;
  readonly signal?: AbortSignal;
}

/** The result of `request`. Null when nobody listens on `path`; throws what the lab process answers with. */
export async function callCommand(
  path: string,
  request: unknown,
  call: CommandCall = {},
): Promise<{ readonly result: unknown } | null> {
  const socket = await open(path);
  if (socket === null) return null;
  const onAbort = (): void => {
    socket.destroy();
  };
  call.signal?.addEventListener('abort', onAbort);
  if (call.signal?.aborted === true) onAbort();
  try {
    const last = await converse(socket, request, call.onEvent);
    if (call.signal?.aborted === true) throw new Failure('interrupted', 'interrupted');
    if (last?.kind === 'result') return { result: last.result };
    if (last?.kind === 'failure') throw new Failure(last.code, last.message);
    if (last?.kind === 'bug') throw new Error(`in the lab process: ${last.stack}`);
    throw new Failure('environment', 'the lab process ended before it answered');
  } finally {
    call.signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** The answer that ends the conversation; null when the connection ended first. */
function converse(socket: Socket, request: unknown, onEvent: CommandCall['onEvent']): Promise<Answer | null> {
  return new Promise((done) => {
    const decoder = new StringDecoder('utf8');
    let text = '';
    socket.on('data', (chunk) => {
      const lines = (text + decoder.write(chunk)).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const answer = JSON.parse(line) as Answer;
        if (answer.kind === 'event') onEvent?.(answer.event);
        else done(answer);
      }
    });
    socket.on('close', () => done(null));
    if (!socket.destroyed) socket.write(`${JSON.stringify(request)}\n`);
  });
}

function open(path: string): Promise<Socket | null> {
  return new Promise((done, fail) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      // What ends the connection is told by its close.
      socket.on('error', () => {});
      done(socket);
    });
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') done(null);
      else fail(new Failure('environment', `cannot reach the lab at ${path}: ${messageOf(cause)}`, { cause }));
    });
  });
}
