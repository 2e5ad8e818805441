/**
 * A node's configuration, read from the environment: the only place in node/ that looks at it. Every problem is found
 * at once. Bounds and defaults stand in config-variables.ts; what depends on the profile (its parameters) is checked
 * where the profile is made.
 *
 * Passwords become {@link Secret}; no problem shows one, nor the text of a variable it does not know.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Problem } from '../protocol/parameters.ts';
import type { ProfileName } from '../protocol/profiles.ts';
import { REFERENCE_SENSOR, type SensorDefinition } from '../simulation/sensor-series.ts';
import { NORMAL_CONDITIONS, type NodeConditions } from './conditions.ts';
import {
  services,
  VARIABLE_NAMES,
  VARIABLES,
  type Variable,
  type VariableName,
  type VariableValue,
} from './config-variables.ts';
import { nearestName } from './nearest-name.ts';
import { isPlainText, shownName } from './record-reader.ts';
import { Secret } from './secret.ts';
import { defaultServices, type ServiceDefinition } from './service-definitions.ts';

export interface BrokerAccess {
  /** `mqtt://host:port` or `mqtts://host:port`, port written out. */
  readonly url: string;
  readonly username: string;
  /** Null: none is sent. */
  readonly password: Secret | null;
}

export interface NodeConfig {
  readonly node: string;
  readonly seat: string;
  readonly lab: string;
  readonly members: readonly string[];
  readonly profile: ProfileName;
  /** Overrides by name, not validated yet. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly services: readonly ServiceDefinition[];
  readonly fabric: BrokerAccess & { readonly qos: 0 | 1; readonly cleanSession: boolean };
  /** Null: no control channel. */
  readonly control: BrokerAccess | null;
  /** Of the only authority that brokers may show, 64 hex digits; null: those that the system trusts. */
  readonly caFingerprint: string | null;
  readonly dataDir: string;
  readonly durability: 'process' | 'power';
  readonly sensors: readonly SensorDefinition[];
  readonly seed: string;
  /** From the start on; whether members and services in them exist is checked where the profile is made. */
  readonly conditions: NodeConditions;
  /** Samples from outside; null: not from there. */
  readonly sampleTopic: { readonly filter: string; readonly broker: BrokerAccess } | null;
  readonly sampleFile: string | null;
  readonly sampleStdin: boolean;
  /** Standard input is a pipe from whoever started the node; its end means that nobody is left to stop it. */
  readonly parentPipe: boolean;
  /** Null: no HTTP. */
  readonly http: { readonly host: string; readonly port: number } | null;
  /** Null: no heartbeat. */
  readonly heartbeatFile: string | null;
  readonly inlineDifficultyMax: number;
  /** `none`: nothing is recorded, neither in a file nor for the lab. */
  readonly observations: 'file' | 'none';
  readonly observationsBytesMax: number;
  /** What commands of services get as their environment: nothing of the node's own. */
  readonly commandEnvironment: Readonly<Record<string, string>>;
}

export type ConfigResult = { ok: true; config: NodeConfig } | { ok: false; problems: Problem[] };

/** Names that belong to the lab's command line and may be around. */
const FOREIGN_NAMES: readonly string[] = ['WALLANCE_HOME'];
const COMMAND_NAMES = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
const SERVICES_BYTES_MAX = 1024 * 1024;

/** Reads `env`, by default that of the process. Files it names are read as well. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): ConfigResult {
  const problems: Problem[] = [];
  const reader = new EnvironmentReader(env, problems);

  const node = reader.read('WALLANCE_NODE') ?? '';
  const seat = reader.read('WALLANCE_SEAT') ?? node;
  const lab = reader.read('WALLANCE_LAB') ?? '';
  const members = reader.read('WALLANCE_MEMBERS') ?? [];
  if (node !== '' && members.length > 0 && !members.includes(node)) {
    problems.push({
      path: 'WALLANCE_MEMBERS',
      expected: `ids with ${node} (WALLANCE_NODE) among them`,
      found: 'a list without it',
    });
  }
  const fabricAccess = {
    url: reader.read('WALLANCE_FABRIC_URL') ?? '',
    username: seat,
    password: reader.password('WALLANCE_FABRIC_PASSWORD'),
  };
  const controlUrl = reader.read('WALLANCE_CONTROL_URL');
  const controlPassword = reader.password('WALLANCE_CONTROL_PASSWORD');
  const sampleStdin = reader.read('WALLANCE_SAMPLE_STDIN') ?? false;
  const parentPipe = reader.read('WALLANCE_PARENT_PIPE') ?? false;
  if (sampleStdin && parentPipe) {
    problems.push({ path: 'WALLANCE_PARENT_PIPE', expected: 'not true beside WALLANCE_SAMPLE_STDIN', found: 'both' });
  }
  const port = reader.read('WALLANCE_HTTP_PORT');
  const host = reader.read('WALLANCE_HTTP_HOST') ?? '';

  const config: NodeConfig = {
    node,
    seat,
    lab,
    members,
    profile: reader.read('WALLANCE_PROFILE') ?? 'paper',
    parameters: reader.read('WALLANCE_PARAMETERS') ?? {},
    services: reader.services() ?? defaultServices(lab),
    fabric: {
      ...fabricAccess,
      qos: reader.read('WALLANCE_QOS') === 0 ? 0 : 1,
      cleanSession: reader.read('WALLANCE_CLEAN_SESSION') ?? false,
    },
    control: controlUrl === undefined ? null : { url: controlUrl, username: seat, password: controlPassword },
    caFingerprint: reader.read('WALLANCE_CA_FINGERPRINT') ?? null,
    dataDir: reader.read('WALLANCE_DATA_DIR') ?? '',
    durability: reader.read('WALLANCE_DURABILITY') ?? 'process',
    sensors: reader.read('WALLANCE_SENSORS') ?? [REFERENCE_SENSOR],
    seed: reader.read('WALLANCE_SEED') ?? '',
    conditions: reader.read('WALLANCE_CONDITIONS') ?? NORMAL_CONDITIONS,
    sampleTopic: reader.sampleTopic(fabricAccess),
    sampleFile: reader.read('WALLANCE_SAMPLE_FILE') ?? null,
    sampleStdin,
    parentPipe,
    http: port === undefined ? null : { host, port },
    heartbeatFile: reader.read('WALLANCE_HEARTBEAT_FILE') ?? null,
    inlineDifficultyMax: reader.read('WALLANCE_INLINE_DIFFICULTY_MAX') ?? 0,
    observations: reader.read('WALLANCE_OBSERVATIONS') ?? 'file',
    observationsBytesMax: reader.read('WALLANCE_OBSERVATIONS_MAX_BYTES') ?? 0,
    commandEnvironment: Object.fromEntries(
      COMMAND_NAMES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
    ),
  };
  reader.unknownNames();
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
}

class EnvironmentReader {
  readonly #env: NodeJS.ProcessEnv;
  readonly #problems: Problem[];

  constructor(env: NodeJS.ProcessEnv, problems: Problem[]) {
    this.#env = env;
    this.#problems = problems;
  }

  has(name: VariableName): boolean {
    return (this.#env[name] ?? '') !== '';
  }

  /** Undefined when it is absent without a default, or wrong. */
  read<K extends VariableName>(name: K): VariableValue<K> | undefined {
    const { expected, fallback, required, secret, parse } = VARIABLES[name] as Variable<VariableValue<K>>;
    const given = this.has(name) ? this.#env[name] : undefined;
    const text = given ?? fallback;
    if (text === null || text === undefined) {
      if (required) this.#problem(name, expected, 'nothing');
      return undefined;
    }
    const before = this.#problems.length;
    const value = parse(text, name, this.#problems);
    if (value === undefined && this.#problems.length === before) {
      this.#problem(name, expected, secret ? 'something else (not shown)' : excerpt(text));
    }
    return value;
  }

  /** From the variable or the file that `<name>_FILE` names; null when there is neither. */
  password(name: 'WALLANCE_FABRIC_PASSWORD' | 'WALLANCE_CONTROL_PASSWORD' | 'WALLANCE_SAMPLE_PASSWORD'): Secret | null {
    const fileName = `${name}_FILE` as const;
    const direct = this.read(name);
    const file = this.#either(name, fileName);
    if (file === null) return direct ?? null;
    const text = this.#file(fileName, file, 4096)?.replace(/\r?\n$/, '');
    if (text === undefined) return null;
    if (isPlainText(text, 1024)) return new Secret(text);
    this.#problem(fileName, 'a file with one line of 1..1024 bytes', 'something else (not shown)');
    return null;
  }

  services(): readonly ServiceDefinition[] | undefined {
    const direct = this.read('WALLANCE_SERVICES');
    const file = this.#either('WALLANCE_SERVICES', 'WALLANCE_SERVICES_FILE');
    if (file === null) return direct;
    const text = this.#file('WALLANCE_SERVICES_FILE', file, SERVICES_BYTES_MAX);
    return text === undefined ? undefined : services(text, 'WALLANCE_SERVICES_FILE', this.#problems);
  }

  sampleTopic(fabric: BrokerAccess): NodeConfig['sampleTopic'] {
    const filter = this.read('WALLANCE_SAMPLE_TOPIC');
    const url = this.read('WALLANCE_SAMPLE_URL');
    const username = this.read('WALLANCE_SAMPLE_USER');
    const password = this.password('WALLANCE_SAMPLE_PASSWORD');
    const lonely = (name: VariableName, needed: VariableName) => {
      if (this.has(name) && !this.has(needed)) this.#problem(name, `${needed} beside it`, 'none');
    };
    lonely('WALLANCE_SAMPLE_URL', 'WALLANCE_SAMPLE_TOPIC');
    lonely('WALLANCE_SAMPLE_USER', 'WALLANCE_SAMPLE_URL');
    lonely('WALLANCE_SAMPLE_PASSWORD', 'WALLANCE_SAMPLE_USER');
    lonely('WALLANCE_SAMPLE_PASSWORD_FILE', 'WALLANCE_SAMPLE_USER');
    if (filter === undefined) return null;
    return { filter, broker: url === undefined ? fabric : { url, username: username ?? '', password } };
  }

  unknownNames(): void {
    for (const name of Object.keys(this.#env)) {
      if (!name.startsWith('WALLANCE_') || Object.hasOwn(VARIABLES, name) || FOREIGN_NAMES.includes(name)) continue;
      const nearest = nearestName(name, VARIABLE_NAMES);
      // Its text is not shown: it may be a password under a misspelt name.
      this.#problem(shownName(name), 'a known name', `an unknown one (nearest: ${nearest})`);
    }
  }

  /** The file's path when only that is given; giving both is a problem. */
  #either(
    name: VariableName,
    fileName: 'WALLANCE_SERVICES_FILE' | `${'WALLANCE_FABRIC' | 'WALLANCE_CONTROL' | 'WALLANCE_SAMPLE'}_PASSWORD_FILE`,
  ): string | null {
    const file = this.read(fileName);
    if (file === undefined) return null;
    if (!this.has(name)) return file;
    this.#problem(fileName, `nothing beside ${name}`, 'both');
    return null;
  }

  #file(name: string, path: string, bytesMax: number): string | undefined {
    const expected = `a readable file of at most ${bytesMax} bytes`;
    try {
      const stat = statSync(path);
      if (stat.isFile() && stat.size <= bytesMax) return readFileSync(path, 'utf8');
      this.#problem(name, expected, stat.isFile() ? `${stat.size} bytes` : 'no file');
    } catch (error) {
      this.#problem(name, expected, (error as NodeJS.ErrnoException).code ?? 'an error');
    }
    return undefined;
  }

  #problem(path: string, expected: string, found: string): void {
    this.#problems.push({ path, expected, found });
  }
}

/** At most 60 characters of `text`, as JSON. */
function excerpt(text: string): string {
  return JSON.stringify(text.length > 58 ? `${text.slice(0, 55)}...` : text);
}
