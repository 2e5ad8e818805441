/**
 * Runs one program of a service to its end. What a purchase puts into it is plain data: percent-encoded in a URL,
 * refused in a topic where it would be a wildcard or a level of its own, escaped in a payload that is JSON, inside one
 * element of an argument list in a command (whose author puts `--` before it where the file takes options).
 * No shell is ever involved. Every program has a time limit, and whatever it says is kept up to a bound.
 *
 * A command gets the environment it is given, not the node's, which holds credentials. It leads a process group of its
 * own, and what is left of the group when it ends or is stopped is killed, so nothing outlives its purchase unnoticed.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ServiceDefinition, ServiceProgram } from './service-definitions.ts';
import { fillTemplate, type PlaceholderTexts } from './service-template.ts';

/** Bytes of a command's output that are kept, and characters of a detail. */
const OUTPUT_BYTES_MAX = 4096;
/** Bytes of a response that are read; the rest is not waited for. */
const RESPONSE_BYTES_MAX = 65_536;
/** Between the polite and the hard signal to a command that is stopped. */
const KILL_AFTER_MS = 500;
/** A command that has ended may leave its output open in another process; it is not waited for longer than this. */
const OUTPUT_AFTER_END_MS = 200;

export interface ProgramSurroundings {
  /** Prints a line for people. */
  readonly print: (line: string) => void;
  /** Resolves when the broker has taken the payload (QoS 1, not retained). */
  readonly publish: (topic: string, payload: string) => Promise<void>;
  /** Environment of commands. */
  readonly commandEnvironment: Readonly<Record<string, string>>;
}

export interface ProgramOutcome {
  readonly ok: boolean;
  /** One line of at most 4096 characters for people. */
  readonly detail: string;
}

/** Never rejects. `stop` ends the program early; the outcome then is not ok. */
export async function runProgram(
  service: ServiceDefinition,
  texts: PlaceholderTexts,
  surroundings: ProgramSurroundings,
  stop: AbortSignal,
): Promise<ProgramOutcome> {
  const { program } = service;
  let timer: NodeJS.Timeout | undefined;
  try {
    if (program.text !== null) surroundings.print(fillTemplate(program.text, texts));
    if (program.kind === 'log') return { ok: true, detail: '' };
    const limit = new AbortController();
    timer = setTimeout(() => limit.abort(), program.timeoutMs);
    const outcome = await start(program, service.name, texts, surroundings, AbortSignal.any([stop, limit.signal]));
    if (!outcome.ok && stop.aborted) return failed(`stopped; ${outcome.detail}`);
    if (!outcome.ok && limit.signal.aborted)
      return failed(`not done within ${program.timeoutMs} ms; ${outcome.detail}`);
    return outcome;
  } catch (error) {
    return failed(described(error));
  } finally {
    clearTimeout(timer);
  }
}

function start(
  program: Exclude<ServiceProgram, { kind: 'log' }>,
  service: string,
  texts: PlaceholderTexts,
  surroundings: ProgramSurroundings,
  signal: AbortSignal,
): Promise<ProgramOutcome> {
  switch (program.kind) {
    case 'mqtt':
      return publish(program, texts, surroundings, signal);
    case 'http':
      return call(program, service, texts, signal);
    case 'command':
      return command(program, texts, surroundings.commandEnvironment, signal);
  }
}

async function publish(
  program: Extract<ServiceProgram, { kind: 'mqtt' }>,
  texts: PlaceholderTexts,
  surroundings: ProgramSurroundings,
  signal: AbortSignal,
): Promise<ProgramOutcome> {
  const topic = fillTemplate(program.topic, texts, (text) => {
    if (text === '' || /[+#/\0]/.test(text)) throw new Error('the purchase does not fit into a topic');
    return text;
  });
  const isJson = /^\s*[[{"]/.test(program.payload);
  const payload = fillTemplate(program.payload, texts, (text) => (isJson ? JSON.stringify(text).slice(1, -1) : text));
  await Promise.race([surroundings.publish(topic, payload), aborted(signal)]);
  return signal.aborted ? failed('the broker has not taken it') : { ok: true, detail: `published to ${topic}` };
}

async function call(
  program: Extract<ServiceProgram, { kind: 'http' }>,
  service: string,
  texts: PlaceholderTexts,
  signal: AbortSignal,
): Promise<ProgramOutcome> {
  const { method } = program;
  const url = fillTemplate(program.url, texts, (text) => {
    // The two names that a URL parser acts upon even when they are encoded.
    if (text === '.' || text === '..') throw new Error('the purchase does not fit into a URL');
    return encodeURIComponent(text);
  });
  const carries = method === 'POST' || method === 'PUT';
  try {
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      signal,
      ...(carries
        ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ service, ...texts }) }
        : {}),
    });
    const bytes = await countBytes(response);
    const size = bytes > RESPONSE_BYTES_MAX ? `more than ${RESPONSE_BYTES_MAX} bytes` : `${bytes} bytes`;
    return { ok: response.ok, detail: `${method} answered ${response.status}, ${size}` };
  } catch (error) {
    return failed(signal.aborted ? 'no complete answer' : described(error));
  }
}

/** Reads at most a little more than the bound, then lets go of the connection. */
async function countBytes(response: Response): Promise<number> {
  let bytes = 0;
  if (response.body === null) return bytes;
  for await (const chunk of response.body) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > RESPONSE_BYTES_MAX) break;
  }
  return bytes;
}

async function command(
  program: Extract<ServiceProgram, { kind: 'command' }>,
  texts: PlaceholderTexts,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ProgramOutcome> {
  if (signal.aborted) return failed('not started');
  const { spawn } = await import('node:child_process');
  const args = program.args.map((template) => fillTemplate(template, texts));
  const child = spawn(program.file, args, {
    shell: false,
    detached: true,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = endOf(child, signal); // listens before anything can go wrong
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let bytes = 0;
  // Where the system has no pipe left to give, there are no streams but an error event.
  for (const stream of [child.stdout, child.stderr] as (Readable | undefined)[]) {
    stream?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      const part = chunk.subarray(0, OUTPUT_BYTES_MAX - keptBytes);
      if (part.length > 0) kept.push(Buffer.from(part));
      keptBytes += part.length;
    });
    stream?.on('error', () => {}); // a broken output pipe is no failure of the command
  }
  const ended = await end;
  const output = oneLine(Buffer.concat(kept).toString('utf8')) + (bytes > keptBytes ? ` ... (${bytes} bytes)` : '');
  return { ok: ended.ok, detail: cut(output === '' ? ended.how : `${ended.how}: ${output}`) };
}

function endOf(child: ChildProcess, signal: AbortSignal): Promise<{ ok: boolean; how: string }> {
  return new Promise((resolve) => {
    let hardly: NodeJS.Timeout | undefined;
    const stop = () => {
      killGroup(child, 'SIGTERM');
      hardly = setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS);
    };
    const finish = (ok: boolean, how: string) => {
      clearTimeout(hardly);
      signal.removeEventListener('abort', stop);
      resolve({ ok, how });
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    child.on('error', (error) => finish(false, described(error)));
    child.on('exit', (code, killedBy) => {
      killGroup(child, 'SIGKILL');
      const how = code === null ? `ended by ${killedBy}` : `exit status ${code}`;
      const late = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        finish(code === 0, how);
      }, OUTPUT_AFTER_END_MS);
      child.once('close', () => {
        clearTimeout(late);
        finish(code === 0, how);
      });
    });
  });
}

/** To all of the group that is left; none left is what is wanted. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the group is gone. EPERM: it changed its user; it is out of reach, and its exit is still waited for.
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function failed(detail: string): ProgramOutcome {
  return { ok: false, detail: cut(detail) };
}

/** Message of an error and of its cause (fetch hides the reason there). */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause =
    error.cause instanceof Error ? ` (${error.cause.message || (error.cause as NodeJS.ErrnoException).code})` : '';
  return oneLine(`${error.message}${cause}`);
}

function oneLine(text: string): string {
  return text.trim().replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function cut(text: string): string {
  return text.length > OUTPUT_BYTES_MAX ? `${text.slice(0, OUTPUT_BYTES_MAX - 3)}...` : text;
}
