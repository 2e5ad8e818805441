/** The compose file as docker compose itself reads it: includes, anchors and variables resolved. Needs no engine. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface ResolvedService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly command: readonly string[] | null;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly container_name?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly interval?: string };
  readonly ports?: readonly { readonly host_ip?: string; readonly published?: string; readonly target: number }[];
  readonly volumes?: readonly {
    readonly type: string;
    readonly source: string;
    readonly target: string;
    readonly read_only?: boolean;
  }[];
  readonly deploy?: { readonly resources?: { readonly limits?: Readonly<Record<string, string | number>> } };
}

export interface ResolvedCompose {
  readonly services: Readonly<Record<string, ResolvedService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Null where there is no docker compose. */
export function composeVersion(): string | null {
  try {
    return execFileSync('docker', ['compose', 'version', '--short'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}

/** `docker compose config` at the root of the project. Throws with what it complains about. */
export function resolveCompose(environment: Readonly<Record<string, string>> = {}): ResolvedCompose {
  const { PATH = '', HOME = '' } = process.env;
  const text = execFileSync('docker', ['compose', 'config', '--format', 'json'], {
    cwd: ROOT,
    env: { PATH, HOME, ...environment },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(text) as ResolvedCompose;
}
