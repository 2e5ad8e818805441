/**
 * What can go wrong with a container engine, as a closed set, each with words that say what to do. Engines answer with
 * prose: it is read here, once, and nowhere else.
 */
import { Failure, messageOf } from '../../failure.ts';

export type DockerProblem =
  /** Nobody has ever listened on the socket. */
  | 'engine-absent'
  /** The socket is there and nobody listens. */
  | 'engine-stopped'
  | 'engine-forbidden'
  /** It answers late or not at all, or is reached over a network. */
  | 'engine-unreachable'
  /** Its networks are not networks of this machine. */
  | 'engine-elsewhere'
  | 'image-missing'
  | 'image-architecture'
  | 'emulation-missing'
  | 'port-taken'
  | 'name-taken'
  | 'addresses-exhausted'
  | 'disk-full'
  | 'limit-refused'
  /** The engine has lost count of what is connected to a network. */
  | 'network-stuck'
  /** Anything else that the engine refuses; the message is its own. */
  | 'engine-refused';

export class DockerFailure extends Failure {
  readonly problem: DockerProblem;

  constructor(problem: DockerProblem, message: string, options?: ErrorOptions) {
    super('environment', message, options);
    this.name = 'DockerFailure';
    this.problem = problem;
  }
}

const WITHOUT = 'labs of processes work without an engine: --runtime processes';

const OF_SOCKET: Readonly<Record<string, readonly [DockerProblem, (at: string) => string]>> = {
  ENOENT: ['engine-absent', (at) => `no container engine: ${at} does not exist. Install Docker; ${WITHOUT}`],
  ECONNREFUSED: [
    'engine-stopped',
    (at) => `the container engine is stopped: nobody listens at ${at}. Start it; ${WITHOUT}`,
  ],
  EACCES: ['engine-forbidden', forbidden],
  EPERM: ['engine-forbidden', forbidden],
};

function forbidden(at: string): string {
  return `no permission to use ${at}: add yourself to its group (sudo usermod -aG docker $USER) and log in again; ${WITHOUT}`;
}

const OF_WORDS: readonly (readonly [RegExp, DockerProblem, string])[] = [
  [/does not match the specified platform/i, 'image-architecture', 'the image is for another architecture'],
  [/no such image/i, 'image-missing', 'an image is missing'],
  [
    /exec format error/i,
    'emulation-missing',
    'the engine cannot run programs of that architecture. On Debian: apt-get install qemu-user-static binfmt-support',
  ],
  [/port is already allocated|address already in use/i, 'port-taken', 'the port is taken by somebody else'],
  [/no space left on device/i, 'disk-full', 'the disk is full'],
  [
    /address pool|fully subnetted/i,
    'addresses-exhausted',
    'the engine has no addresses left for another network; wallance clean removes those of old runs, docker network prune all that are unused',
  ],
  [/is already in use by container/i, 'name-taken', 'another container has the name'],
  [
    /has active endpoints/i,
    'network-stuck',
    'the engine counts connections to it that are not there (moby issue 42119): it can be removed once the engine was restarted',
  ],
  [/range of cpus|minimum memory limit|memory limit/i, 'limit-refused', 'the engine does not take these limits'],
];

/** `error` as dockerode throws it, in our words. `doing` says what was tried, `at` where the engine is. */
export function dockerFailure(error: unknown, doing: string, at: string): DockerFailure {
  if (error instanceof DockerFailure) return error;
  const { code, json } = error as { readonly code?: unknown; readonly json?: { readonly message?: unknown } | null };
  const socket = typeof code === 'string' ? OF_SOCKET[code] : undefined;
  if (socket !== undefined) return new DockerFailure(socket[0], socket[1](at), { cause: error });
  if (typeof code === 'string' || (error as { name?: unknown }).name === 'AbortError') {
    const why = typeof code === 'string' ? messageOf(error) : 'it does not answer';
    return new DockerFailure('engine-unreachable', `cannot ${doing}: the engine at ${at}: ${why}`, { cause: error });
  }
  const said = typeof json?.message === 'string' ? json.message.trim() : messageOf(error);
  for (const [words, problem, meaning] of OF_WORDS) {
    if (words.test(said))
      return new DockerFailure(problem, `cannot ${doing}: ${meaning}\n  (the engine: ${said})`, { cause: error });
  }
  return new DockerFailure('engine-refused', `cannot ${doing}: the engine says: ${said}`, { cause: error });
}
