/**
 * What a lab sells (the paper's smart contracts): a name, a price, and the small declared program that the buyer's node
 * starts once a majority has agreed. JSON in, definitions or every problem at once out. How a program is run stands in
 * service-programs.ts.
 */
import { INT32_MAX } from '../protocol/message.ts';
import { type Problem, shown } from '../protocol/parameters.ts';
import { RecordReader, readArray } from './record-reader.ts';
import { unknownPlaceholder } from './service-template.ts';

export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] as const;

/** `text` is a line to print when the program starts. Templates are allowed where a comment says so. */
export type ServiceProgram =
  /** Prints `text` (template), nothing else. */
  | { readonly kind: 'log'; readonly text: string }
  /** Publishes `payload` (template) to `topic` (template; no wildcard), at QoS 1 and not retained. */
  | {
      readonly kind: 'mqtt';
      readonly topic: string;
      readonly payload: string;
      readonly text: string | null;
      readonly timeoutMs: number;
    }
  /**
   * Calls `url` (template after the host only, percent-encoded). POST and PUT carry the purchase as a JSON object of
   * service, requester, state, time and argument. Any status but 2xx is a failure; redirects are not followed.
   */
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly method: (typeof HTTP_METHODS)[number];
      readonly text: string | null;
      readonly timeoutMs: number;
    }
  /** Starts `file` with `args` (templates), never through a shell. Any exit status but 0 is a failure. */
  | {
      readonly kind: 'command';
      readonly file: string;
      readonly args: readonly string[];
      readonly text: string | null;
      readonly timeoutMs: number;
    };

export interface ServiceDefinition {
  /** 1..32 bytes of UTF-8 without NUL. */
  readonly name: string;
  /** Whole DCoins, 0 .. 2^31-1. */
  readonly priceDcoins: number;
  readonly program: ServiceProgram;
}

const SERVICES_MAX = 256;
const TEXT_BYTES_MAX = 1024;
const TOPIC_BYTES_MAX = 256;
const PAYLOAD_BYTES_MAX = 4096;
const URL_BYTES_MAX = 2048;
const ARGS_MAX = 64;
const TIMEOUT_MS_MAX = 3_600_000;
const TIMEOUT_MS = 10_000;
const KINDS = ['log', 'mqtt', 'http', 'command'] as const;

/**
 * What a lab sells when nothing else is said: the espresso machine and the reference's two contracts. A node may publish
 * below its own id only, so the machine's topic is the buyer's (see fabric-topics.ts).
 */
export function defaultServices(lab: string): readonly ServiceDefinition[] {
  return [
    {
      name: 'espresso',
      priceDcoins: 2,
      program: {
        kind: 'mqtt',
        topic: `wallance/v1/${lab}/{requester}/device/espresso`,
        payload: '{"service":"espresso","requester":"{requester}","argument":"{argument}"}',
        text: 'one espresso for node {requester}',
        timeoutMs: TIMEOUT_MS,
      },
    },
    { name: 'Nespresso', priceDcoins: 2, program: { kind: 'log', text: 'Nespresso {argument}' } },
    { name: 'Tea', priceDcoins: 1, program: { kind: 'log', text: 'Tea {argument}' } },
  ];
}

/** Price list of `services`, as the protocol wants it. */
export function catalogueOf(services: readonly ServiceDefinition[]): ReadonlyMap<string, number> {
  return new Map(services.map(({ name, priceDcoins }) => [name, priceDcoins]));
}

/** Reads an array of definitions, at most 256, each name once. `timeoutMs` is 1 .. 3,600,000 and defaults to 10,000. */
export function readServices(
  value: unknown,
  path: string,
): { ok: true; services: readonly ServiceDefinition[] } | { ok: false; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const services: ServiceDefinition[] = [];
  const names = new Map<string, number>();
  readArray(value, path, SERVICES_MAX, problems).forEach((element, index) => {
    const reader = RecordReader.over(element, `${path}[${index}]`, problems);
    if (reader === null) return;
    const name = reader.name('name');
    const earlier = names.get(name);
    if (name !== '' && earlier !== undefined)
      reader.problem('name', `a name that ${path}[${earlier}] has not`, shown(name));
    names.set(name, earlier ?? index);
    const priceDcoins = reader.integer('priceDcoins', 0, INT32_MAX);
    const program = RecordReader.over(reader.raw('program'), `${reader.path}.program`, problems);
    reader.finish();
    if (program !== null) services.push({ name, priceDcoins, program: readProgram(program, problems) });
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, services };
}

function readProgram(reader: RecordReader, problems: Problem[]): ServiceProgram {
  const kind = reader.choice('kind', KINDS);
  if (reader.raw('kind') !== kind) return { kind: 'log', text: '' };
  const program = readKind(kind, reader, problems);
  reader.finish();
  return program;
}

function readKind(kind: ServiceProgram['kind'], reader: RecordReader, problems: Problem[]): ServiceProgram {
  if (kind === 'log') return { kind, text: readTemplate(reader, 'text', TEXT_BYTES_MAX) };
  const text = reader.has('text') ? readTemplate(reader, 'text', TEXT_BYTES_MAX) : null;
  const timeoutMs = reader.integer('timeoutMs', 1, TIMEOUT_MS_MAX, TIMEOUT_MS);
  switch (kind) {
    case 'mqtt':
      return {
        kind,
        topic: readTopic(reader),
        payload: readTemplate(reader, 'payload', PAYLOAD_BYTES_MAX, ''),
        text,
        timeoutMs,
      };
    case 'http':
      return { kind, url: readUrl(reader), method: reader.choice('method', HTTP_METHODS, 'POST'), text, timeoutMs };
    case 'command':
      return { kind, file: readFile(reader), args: readArgs(reader, problems), text, timeoutMs };
  }
}

function readTemplate(reader: RecordReader, name: string, bytesMax: number, fallback?: string): string {
  const template = reader.text(name, bytesMax, fallback);
  checkPlaceholders(reader, name, template);
  return template;
}

function checkPlaceholders(reader: RecordReader, name: string, template: string): void {
  const unknown = unknownPlaceholder(template);
  if (unknown !== null) reader.problem(name, `a known placeholder (nearest: ${unknown.nearest})`, shown(unknown.found));
}

function readTopic(reader: RecordReader): string {
  const topic = readTemplate(reader, 'topic', TOPIC_BYTES_MAX);
  if (/[+#]/.test(topic) || topic.startsWith('$'))
    reader.problem('topic', 'a topic without + and #, not beginning with $', shown(topic));
  return topic;
}

function readUrl(reader: RecordReader): string {
  const url = readTemplate(reader, 'url', URL_BYTES_MAX);
  if (url !== '' && (!/^https?:\/\/[^/?#{}@\\]+([/?#]|$)/i.test(url) || !URL.canParse(url))) {
    reader.problem(
      'url',
      'http(s)://host[:port]/... without credentials, placeholders after the host only',
      shownUrl(url),
    );
  }
  return url;
}

/** A URL as a problem may show it: nothing of it where it might hold a password. */
function shownUrl(url: string): string {
  return url.includes('@') ? 'a URL with credentials' : shown(url);
}

function readFile(reader: RecordReader): string {
  const file = reader.text('file', 4096);
  if (unknownPlaceholder(file) !== null || /\{(requester|state|time|argument)\}/.test(file)) {
    reader.problem('file', 'a file without placeholders (they belong in args)', shown(file));
  }
  return file;
}

function readArgs(reader: RecordReader, problems: Problem[]): readonly string[] {
  if (!reader.has('args')) return [];
  const path = `${reader.path}.args`;
  return readArray(reader.raw('args'), path, ARGS_MAX, problems).map((element, index) => {
    const expected = `text of at most ${PAYLOAD_BYTES_MAX} characters without NUL`;
    if (typeof element !== 'string' || element.length > PAYLOAD_BYTES_MAX || element.includes('\0')) {
      problems.push({ path: `${path}[${index}]`, expected, found: shown(element) });
      return '';
    }
    const unknown = unknownPlaceholder(element);
    if (unknown !== null) {
      problems.push({
        path: `${path}[${index}]`,
        expected: `a known placeholder (nearest: ${unknown.nearest})`,
        found: shown(unknown.found),
      });
    }
    return element;
  });
}
