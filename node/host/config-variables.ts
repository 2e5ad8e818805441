/**
 * The environment variables of a node: name, meaning, bounds and default of each in one table. The reader (config.ts)
 * takes its checks from it and the help text is printed from it, so neither can say what the other does not do.
 */
import { NODE_ID_PATTERN } from '../protocol/message.ts';
import { type Problem, shown } from '../protocol/parameters.ts';
import { PROFILE_NAMES, type ProfileName } from '../protocol/profiles.ts';
import { DIFFICULTY_MAX } from '../protocol/work.ts';
import type { SensorDefinition } from '../simulation/sensor-series.ts';
import type { NodeConditions } from './conditions.ts';
import { readConditions } from './read-conditions.ts';
import { isPlainText } from './record-reader.ts';
import { Secret } from './secret.ts';
import { readSensors } from './sensor-definitions.ts';
import { readServices, type ServiceDefinition } from './service-definitions.ts';

export interface Variable<T> {
  readonly about: string;
  /** What a text must be, as problems and help say it. */
  readonly expected: string;
  /** Text that stands for an absent variable; null: it must be given, or has no value. */
  readonly fallback: string | null;
  readonly required: boolean;
  /** Its text never appears anywhere. */
  readonly secret: boolean;
  /** In words, where the default is not a fixed text. */
  readonly fallbackShown: string | null;
  /** Undefined: refused; it may have put problems of its own, and otherwise the reader makes one from `expected`. */
  readonly parse: (text: string, name: string, problems: Problem[]) => T | undefined;
}

type Options = Partial<Pick<Variable<unknown>, 'fallback' | 'required' | 'secret' | 'fallbackShown'>>;

function variable<T>(about: string, expected: string, parse: Variable<T>['parse'], options: Options = {}): Variable<T> {
  return { about, expected, parse, fallback: null, required: false, secret: false, fallbackShown: null, ...options };
}

const REQUIRED: Options = { required: true };
const ID = '1..32 of [A-Za-z0-9-]';
const FILE = 'a path of 1..4096 bytes';
const BROKER = 'mqtt://host[:port] or mqtts://host[:port] without user and password';
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

const id = (text: string) => (NODE_ID_PATTERN.test(text) ? text : undefined);
const truth = (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined);
const plain = (bytesMax: number) => (text: string) => (isPlainText(text, bytesMax) ? text : undefined);
const secret = (text: string) => (isPlainText(text, 1024) ? new Secret(text) : undefined);

function oneOf<T extends string>(...choices: readonly T[]): (text: string) => T | undefined {
  return (text) => choices.find((choice) => choice === text);
}

function integer(min: number, max: number): (text: string) => number | undefined {
  return (text) => {
    const value = Number(text);
    return /^\d{1,15}$/.test(text) && value >= min && value <= max ? value : undefined;
  };
}

/** As openssl prints it, or without the colons. */
function fingerprint(text: string): string | undefined {
  const digits = text.replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}

/** Address of an MQTT broker, port written out. */
function brokerUrl(text: string, name: string, problems: Problem[]): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : null;
  const bare =
    url !== null && Object.hasOwn(DEFAULT_PORTS, url.protocol) && url.hostname !== '' && /^\/?$/.test(url.pathname);
  if (bare && url.username === '' && url.password === '' && url.search === '' && url.hash === '') {
    return `${url.protocol}//${url.hostname}:${url.port === '' ? DEFAULT_PORTS[url.protocol] : url.port}`;
  }
  // What has an @ may have a password before it.
  problems.push({ path: name, expected: BROKER, found: text.includes('@') ? 'a text with @' : shown(text) });
  return undefined;
}

function members(text: string, name: string, problems: Problem[]): readonly string[] | undefined {
  const ids = text.split(',').map((part) => part.trim());
  const before = problems.length;
  if (ids.length < 2 || ids.length > 512) problems.push({ path: name, expected: '2..512 ids', found: `${ids.length}` });
  const seen = new Map<string, number>();
  ids.forEach((member, index) => {
    const earlier = seen.get(member);
    if (!NODE_ID_PATTERN.test(member)) problems.push({ path: `${name}[${index}]`, expected: ID, found: shown(member) });
    else if (earlier !== undefined) {
      problems.push({ path: `${name}[${index}]`, expected: `an id that [${earlier}] is not`, found: shown(member) });
    }
    seen.set(member, earlier ?? index);
  });
  return problems.length > before ? undefined : ids;
}

/** JSON, or undefined and a problem that shows nothing of the text: a definition may hold what is not for logs. */
export function parseJson(text: string, name: string, expected: string, problems: Problem[]): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = / at position \d+/.exec((error as Error).message)?.[0] ?? '';
    problems.push({ path: name, expected, found: `text that is not JSON${place}` });
    return undefined;
  }
}

function jsonObject(text: string, name: string, problems: Problem[]): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text, name, 'a JSON object', problems);
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  problems.push({ path: name, expected: 'a JSON object', found: shown(value) });
  return undefined;
}

export function services(text: string, name: string, problems: Problem[]): readonly ServiceDefinition[] | undefined {
  const value = parseJson(text, name, 'a JSON array of services', problems);
  if (value === undefined) return undefined;
  const result = readServices(value, name);
  if (result.ok) return result.services;
  problems.push(...result.problems);
  return undefined;
}

function sensors(text: string, name: string, problems: Problem[]): readonly SensorDefinition[] | undefined {
  if (text === 'none') return [];
  const value = parseJson(text, name, 'a JSON array of sensors, or none', problems);
  if (value === undefined) return undefined;
  const result = readSensors(value, name);
  if (result.ok) return result.sensors;
  problems.push(...result.problems);
  return undefined;
}

function conditions(text: string, name: string, problems: Problem[]): NodeConditions | undefined {
  const value = parseJson(text, name, 'a JSON object', problems);
  if (value === undefined) return undefined;
  const result = readConditions(value, name);
  if (result.ok) return result.conditions;
  problems.push(...result.problems);
  return undefined;
}

/** A topic filter of MQTT: + is a whole level, # the whole last one. */
function topicFilter(text: string): string | undefined {
  const levels = text.split('/');
  const fits = levels.every(
    (level, i) => level === '+' || (level === '#' ? i === levels.length - 1 : !/[+#]/.test(level)),
  );
  return fits && isPlainText(text, 256) ? text : undefined;
}

export const VARIABLES = {
  WALLANCE_NODE: variable('Identity of the node in messages', ID, id, REQUIRED),
  WALLANCE_SEAT: variable('Place in the lab: client id, credential, logs', ID, id, { fallbackShown: 'WALLANCE_NODE' }),
  WALLANCE_LAB: variable('Name of the lab, a part of every topic', ID, id, { fallback: 'lab' }),
  WALLANCE_MEMBERS: variable(
    'All nodes of the lab, this one included',
    `2..512 different ids with commas between, each ${ID}`,
    members,
    REQUIRED,
  ),
  WALLANCE_PROFILE: variable(
    'Rules of the ledger',
    `one of ${PROFILE_NAMES.join(', ')}`,
    oneOf<ProfileName>(...PROFILE_NAMES),
    {
      fallback: 'paper',
    },
  ),
  WALLANCE_PARAMETERS: variable("Single parameters in place of the profile's", 'a JSON object', jsonObject, {
    fallback: '{}',
  }),
  WALLANCE_SERVICES: variable('What can be bought', 'a JSON array of services', services, {
    fallbackShown: 'espresso 2, Nespresso 2, Tea 1',
  }),
  WALLANCE_SERVICES_FILE: variable('File with the same in place of it', FILE, plain(4096)),
  WALLANCE_FABRIC_URL: variable("Broker of the protocol's messages", BROKER, brokerUrl, REQUIRED),
  WALLANCE_FABRIC_PASSWORD: variable('Password of the seat there', 'text of 1..1024 bytes', secret, { secret: true }),
  WALLANCE_FABRIC_PASSWORD_FILE: variable('File with the same in place of it', FILE, plain(4096)),
  WALLANCE_CONTROL_URL: variable('Broker of the control channel', BROKER, brokerUrl, {
    fallbackShown: 'no control channel',
  }),
  WALLANCE_CONTROL_PASSWORD: variable('Password of the seat there', 'text of 1..1024 bytes', secret, { secret: true }),
  WALLANCE_CONTROL_PASSWORD_FILE: variable('File with the same in place of it', FILE, plain(4096)),
  WALLANCE_CA_FINGERPRINT: variable(
    'The one authority whose brokers are trusted over mqtts',
    'SHA-256 of its certificate, 64 hex digits',
    fingerprint,
    { fallbackShown: 'those of the system' },
  ),
  WALLANCE_QOS: variable('MQTT quality of service on the fabric', '0 or 1', integer(0, 1), { fallback: '1' }),
  WALLANCE_CLEAN_SESSION: variable('The fabric forgets the seat when it disconnects', 'true or false', truth, {
    fallback: 'false',
  }),
  WALLANCE_DATA_DIR: variable('Directory of database and observations, made when missing', FILE, plain(4096), REQUIRED),
  WALLANCE_DURABILITY: variable(
    'What a committed step survives',
    'process (kill -9) or power',
    oneOf('process', 'power'),
    {
      fallback: 'process',
    },
  ),
  WALLANCE_SENSORS: variable('Virtual sensors', 'a JSON array of sensors, or none', sensors, {
    fallbackShown: 'a counter every 1..10 s',
  }),
  WALLANCE_SEED: variable('Seed of the virtual sensors', 'text of 1..256 bytes', plain(256), { fallback: '1' }),
  WALLANCE_CONDITIONS: variable(
    'What the node runs under: behaviours, commitDelayMs, clockOffsetMs, sensors',
    'a JSON object',
    conditions,
    { fallback: '{}', fallbackShown: 'an honest node, nothing out of the ordinary' },
  ),
  WALLANCE_SAMPLE_TOPIC: variable(
    'MQTT topic whose payloads are samples',
    'a topic filter of 1..256 bytes',
    topicFilter,
  ),
  WALLANCE_SAMPLE_URL: variable('Broker of that topic', BROKER, brokerUrl, {
    fallbackShown: 'the fabric, as the seat',
  }),
  WALLANCE_SAMPLE_USER: variable('User at that broker', 'text of 1..256 bytes', plain(256)),
  WALLANCE_SAMPLE_PASSWORD: variable('Password of that user', 'text of 1..1024 bytes', secret, { secret: true }),
  WALLANCE_SAMPLE_PASSWORD_FILE: variable('File with the same in place of it', FILE, plain(4096)),
  WALLANCE_SAMPLE_FILE: variable('File to follow, a sample a line', FILE, plain(4096)),
  WALLANCE_SAMPLE_STDIN: variable('Read samples from standard input, one a line', 'true or false', truth, {
    fallback: 'false',
  }),
  WALLANCE_PARENT_PIPE: variable('The node stops when its standard input ends', 'true or false', truth, {
    fallback: 'false',
  }),
  WALLANCE_HTTP_PORT: variable('Port of health, wallets and samples; 0: any', 'integer 0..65535', integer(0, 65_535), {
    fallbackShown: 'no HTTP',
  }),
  WALLANCE_HTTP_HOST: variable('Address that port is opened on', 'an address or host name', plain(255), {
    fallback: '127.0.0.1',
  }),
  WALLANCE_HEARTBEAT_FILE: variable('File that says every 2 s whether the node can take part', FILE, plain(4096), {
    fallbackShown: 'no heartbeat',
  }),
  WALLANCE_INLINE_DIFFICULTY_MAX: variable(
    'Work above this difficulty is searched in a worker',
    `integer 0..${DIFFICULTY_MAX}`,
    integer(0, DIFFICULTY_MAX),
    { fallback: '2' },
  ),
  WALLANCE_OBSERVATIONS: variable(
    'Record of what the node sees and does: its file and the lab, or nobody; without it a run cannot be checked',
    'file or none',
    oneOf('file', 'none'),
    { fallback: 'file' },
  ),
  WALLANCE_OBSERVATIONS_MAX_BYTES: variable(
    'Size at which the observation file is rotated (one older is kept)',
    'integer 65536..1099511627776',
    integer(65_536, 1_099_511_627_776),
    { fallback: '134217728' },
  ),
} as const satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof VARIABLES;

/** What a variable reads as. */
export type VariableValue<K extends VariableName> = (typeof VARIABLES)[K] extends Variable<infer T> ? T : never;

export const VARIABLE_NAMES = Object.keys(VARIABLES) as readonly VariableName[];

/** The table for people: two lines a variable. */
export function variablesHelp(): string {
  const lines = VARIABLE_NAMES.flatMap((name) => {
    const { about, expected, fallback, fallbackShown, required, secret: hidden } = VARIABLES[name] as Variable<unknown>;
    const absent = required ? 'required' : `default: ${fallbackShown ?? fallback ?? 'none'}`;
    return [`${name}`, `    ${about}${hidden ? ' (never shown)' : ''}. ${expected}; ${absent}`];
  });
  return `${lines.join('\n')}\nAn empty variable counts as absent.\n`;
}
