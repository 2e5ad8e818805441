/**
 * A container engine: all that this project wants of one, and the only file that knows dockerode. What goes wrong comes
 * out as a DockerFailure. The address is dockerode's business: DOCKER_HOST, or the usual socket.
 *
 * Things that this project makes carry its labels and are found by them; nothing else is ever touched.
 */
import { PassThrough, type Readable, type Writable } from 'node:stream';
import Docker from 'dockerode';
import { messageOf } from '../../failure.ts';
import { dockerFailure } from './docker-failure.ts';
import { extractTar, type TarEntry, tarOf } from './tar.ts';

export interface EngineFacts {
  /** Tells one engine from another. */
  readonly id: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly os: string;
  readonly kernel: string;
  /** As image tags name it; as the engine does where that is neither. */
  readonly architecture: string;
  readonly processors: number;
  readonly memoryBytes: number;
  /** False where the kernel ignores limits (its memory controller is off). */
  readonly memoryLimits: boolean;
  readonly processorLimits: boolean;
  readonly cgroup: string;
}

export interface ImageFacts {
  readonly reference: string;
  readonly id: string;
  readonly architecture: string;
  /** Names with digests, where it came from a registry. */
  readonly digests: readonly string[];
  readonly bytes: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In place of the image's. */
  readonly entrypoint?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The first is there when it is created. Null: none. */
  readonly networks: readonly { readonly name: string; readonly alias: string }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly target: string;
    readonly readOnly: boolean;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  /** Only one that is never started may have it: files reach it then. */
  readonly writableRoot?: boolean;
  readonly memoryBytes: number | null;
  readonly processors: number | null;
  readonly pidsMax: number;
  /** Port of the container, and of 127.0.0.1 on the engine's machine (0: any) that leads to it. */
  readonly publish?: { readonly port: number; readonly hostPort: number };
  /** The image's own; each costs the engine as much as starting a program, so nobody asks more often. */
  readonly healthCheck: boolean;
}

export interface ContainerState {
  readonly running: boolean;
  /** Of its first process, as the engine's machine counts; 0 when it does not run. */
  readonly pid: number;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly health: string | null;
  /** On 127.0.0.1, where one is published. */
  readonly hostPort: number | null;
}

export interface ContainerUsage {
  /** Without file pages that can be had back at any time. */
  readonly memoryBytes: number;
  /** In force; without a limit it is what the engine's machine has. */
  readonly memoryLimitBytes: number | null;
  /** Since its start, milliseconds of one processor. */
  readonly cpuMs: number;
  /** Periods of the processor limit (100 ms each) since its start in which it ran; 0 where there is no limit. */
  readonly periods: number;
  /** Of these, periods in which it was held back (`nr_throttled`). */
  readonly throttledPeriods: number;
  readonly throttledMs: number;
  /** Processes and threads. */
  readonly pids: number | null;
}

/** Standard streams of a container. The container's standard input ends when this connection does. */
export interface Attachment {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

export type ThingKind = 'container' | 'network' | 'volume';

export interface Thing {
  readonly kind: ThingKind;
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const ANSWER_MS_MAX = 10_000;
const UNUSED_MS_MAX = 2000;
const LOOK_AGAIN_MS = 100;
const OWN_ARCHITECTURE: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
};
/** Of one container's output that the engine keeps beside what we write down. */
const ENGINE_LOG = { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } };
const MTU_OPTION = 'com.docker.network.driver.mtu';

export class Engine {
  readonly facts: EngineFacts;
  readonly address: string;
  readonly #docker: Docker;

  private constructor(docker: Docker, address: string, facts: EngineFacts) {
    this.#docker = docker;
    this.address = address;
    this.facts = facts;
  }

  /** Throws a DockerFailure when no engine answers. */
  static async connect(): Promise<Engine> {
    let address = 'DOCKER_HOST';
    try {
      const docker = new Docker();
      address = await addressOf(docker);
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      // Its types lack the options.
      const info = await (docker.info as (options: object) => Promise<Readonly<Record<string, unknown>>>).call(docker, {
        abortSignal: signal,
      });
      const version = await docker.version();
      const architecture = String(info.Architecture);
      return new Engine(docker, address, {
        id: String(info.ID),
        version: version.Version,
        apiVersion: version.ApiVersion,
        os: String(info.OperatingSystem),
        kernel: String(info.KernelVersion),
        architecture: OWN_ARCHITECTURE[architecture] ?? architecture,
        processors: Number(info.NCPU),
        memoryBytes: Number(info.MemTotal),
        memoryLimits: info.MemoryLimit === true,
        processorLimits: info.CpuCfsQuota === true,
        cgroup: `v${String(info.CgroupVersion ?? '1')} ${String(info.CgroupDriver)}`,
      });
    } catch (error) {
      throw dockerFailure(error, 'use the container engine', address);
    }
  }

  async #ask<T>(doing: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw dockerFailure(error, doing, this.address);
    }
  }

  /** As {@link #ask}; null where the thing is not there (any more). */
  async #askIfThere<T>(doing: string, ask: () => Promise<T>): Promise<T | null> {
    try {
      return await ask();
    } catch (error) {
      if ((error as { statusCode?: unknown }).statusCode === 404) return null;
      throw dockerFailure(error, doing, this.address);
    }
  }

  /** Null when the engine does not have it. Nothing is ever pulled. */
  async image(reference: string): Promise<ImageFacts | null> {
    const found = await this.#askIfThere(`look at image ${reference}`, () =>
      this.#docker.getImage(reference).inspect(),
    );
    return found === null
      ? null
      : {
          reference,
          id: found.Id,
          architecture: found.Architecture,
          digests: found.RepoDigests ?? [],
          bytes: found.Size,
        };
  }

  // --- networks ---------------------------------------------------------------------------------------------------

  /** A bridge with the packet size of the engine's own. `internal`: without a way out. Returns its gateway. */
  async createNetwork(name: string, labels: Readonly<Record<string, string>>, internal: boolean): Promise<string> {
    return this.#ask(`create network ${name}`, async () => {
      const bridge = await this.#docker
        .getNetwork('bridge')
        .inspect()
        .catch(() => null);
      const mtu = (bridge?.Options as Record<string, string> | null | undefined)?.[MTU_OPTION];
      const network = await this.#docker.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Driver: 'bridge',
        Internal: internal,
        Labels: { ...labels },
        ...(mtu === undefined ? {} : { Options: { [MTU_OPTION]: mtu } }),
      });
      const created = await network.inspect();
      const gateway = created.IPAM?.Config?.find(({ Gateway }: { Gateway?: string }) =>
        Gateway?.includes('.'),
      )?.Gateway;
      if (gateway === undefined) throw new Error(`network ${name} has no gateway`);
      return gateway;
    });
  }

  // --- containers -------------------------------------------------------------------------------------------------

  /**
   * Creates a container that has nothing it does not need: a root file system it cannot write, no capability, no way to
   * gain one. Images of this project bring an init of their own (tini), of the container's architecture. Returns its id.
   */
  async createContainer(spec: ContainerSpec): Promise<string> {
    const { name, networks, publish, memoryBytes, processors } = spec;
    const [first, ...others] = networks;
    const port = publish === undefined ? null : `${publish.port}/tcp`;
    return this.#ask(`create container ${name}`, async () => {
      const body: Omit<Docker.ContainerCreateOptions, 'name' | 'platform'> = {
        Image: spec.image,
        ...(spec.entrypoint === undefined ? {} : { Entrypoint: [...spec.entrypoint], Cmd: [] }),
        Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
        Labels: { ...spec.labels },
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        OpenStdin: true,
        StdinOnce: true,
        ...(port === null ? {} : { ExposedPorts: { [port]: {} } }),
        ...(spec.healthCheck ? {} : { Healthcheck: { Test: ['NONE'] } }),
        ...(first === undefined
          ? {}
          : { NetworkingConfig: { EndpointsConfig: { [first.name]: { Aliases: [first.alias] } } } }),
        HostConfig: {
          NetworkMode: first?.name ?? 'none',
          Mounts: spec.volumes.map(({ name: Source, target: Target, readOnly: ReadOnly, labels }) => ({
            Type: 'volume' as const,
            Source,
            Target,
            ReadOnly,
            VolumeOptions: { NoCopy: false, Labels: { ...labels }, DriverConfig: { Name: 'local', Options: {} } },
          })),
          ...(port === null
            ? {}
            : {
                PortBindings: {
                  [port]: [{ HostIp: '127.0.0.1', HostPort: publish!.hostPort === 0 ? '' : String(publish!.hostPort) }],
                },
              }),
          ReadonlyRootfs: spec.writableRoot !== true,
          Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=16m,mode=1777' },
          ShmSize: 1024 * 1024,
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges:true'],
          PidsLimit: spec.pidsMax,
          // Without swap: what a board has not, a container has not.
          ...(memoryBytes === null ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
          ...(processors === null ? {} : { NanoCpus: Math.round(processors * 1e9) }),
          LogConfig: ENGINE_LOG,
        },
      };
      // Apart, or dockerode puts all of the body, the environment too, into the address as well.
      const container = await this.#docker.createContainer({
        _query: { name, platform: `linux/${spec.architecture}` },
        _body: body,
      } as Docker.ContainerCreateOptions);
      // An older engine takes one network at creation.
      for (const network of others) {
        await this.#docker
          .getNetwork(network.name)
          .connect({ Container: container.id, EndpointConfig: { Aliases: [network.alias] } });
      }
      return container.id;
    });
  }

  /** Before `start`, so that nothing is missed. */
  async attach(id: string): Promise<Attachment> {
    return this.#ask('attach to a container', async () => {
      const stream = await this.#docker
        .getContainer(id)
        .attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      this.#docker.modem.demuxStream(stream, stdout, stderr);
      const end = (): void => {
        stdout.end();
        stderr.end();
      };
      stream.on('end', end).on('close', end).on('error', end);
      return { stdin: stream as unknown as Writable, stdout, stderr };
    });
  }

  async start(id: string, what: string): Promise<void> {
    await this.#ask(`start ${what}`, () => this.#docker.getContainer(id).start());
  }

  /** Resolves when it does not run any more: at once when it does not. Null when it is not there. */
  async untilStopped(id: string): Promise<ContainerState | null> {
    const ended = await this.#askIfThere('wait for a container', () => this.#docker.getContainer(id).wait());
    return ended === null ? null : this.state(id);
  }

  /** Null when there is no such container. */
  async state(id: string): Promise<ContainerState | null> {
    const found = await this.#askIfThere('look at a container', () => this.#docker.getContainer(id).inspect());
    if (found === null) return null;
    const { Running, Pid, ExitCode, OOMKilled, Health } = found.State;
    const published = Object.values(found.NetworkSettings.Ports ?? {}).flatMap((bindings) => bindings ?? []);
    return {
      running: Running,
      pid: Pid,
      exitCode: ExitCode,
      outOfMemory: OOMKilled,
      health: Health?.Status ?? null,
      hostPort: published[0] === undefined ? null : Number(published[0].HostPort),
    };
  }

  /** SIGTERM, and SIGKILL after `graceMs`, rounded up to seconds. No effect on one that is gone or has ended. */
  async stop(id: string, graceMs: number): Promise<void> {
    await this.#unlessOver('stop a container', () =>
      this.#docker.getContainer(id).stop({ t: Math.ceil(graceMs / 1000) }),
    );
  }

  async kill(id: string): Promise<void> {
    await this.#unlessOver('kill a container', () => this.#docker.getContainer(id).kill({ signal: 'SIGKILL' }));
  }

  async pause(id: string): Promise<void> {
    await this.#unlessOver('pause a container', () => this.#docker.getContainer(id).pause());
  }

  async unpause(id: string): Promise<void> {
    await this.#unlessOver('resume a container', () => this.#docker.getContainer(id).unpause());
  }

  /** The engine answers 304, 404 or 409 where a container is not in the state that the request is about. */
  async #unlessOver(doing: string, ask: () => Promise<unknown>): Promise<void> {
    try {
      await ask();
    } catch (error) {
      const { statusCode } = error as { readonly statusCode?: unknown };
      const over = statusCode === 304 || statusCode === 404 || statusCode === 409;
      // Some answer that with 500.
      if (!over && !/is (not|already) paused|is not running/.test(messageOf(error)))
        throw dockerFailure(error, doing, this.address);
    }
  }

  /** Writes files below `directory` of a container, which need not run. */
  async upload(id: string, directory: string, entries: readonly TarEntry[]): Promise<void> {
    await this.#ask(`write to ${directory} of a container`, () =>
      this.#docker.getContainer(id).putArchive(tarOf(entries), { path: directory }),
    );
  }

  /** Copies the files of a folder of a container, which need not run, to `directory` of this machine. */
  async download(id: string, folder: string, directory: string): Promise<void> {
    await this.#ask(`copy ${folder} of a container`, async () => {
      const archive = await this.#docker.getContainer(id).getArchive({ path: folder });
      await extractTar(archive as unknown as Readable, directory);
    });
  }

  /** Memory that a container holds, file pages that can be had back at any time not counted. Null when it does not run. */
  async memoryBytes(id: string): Promise<number | null> {
    return (await this.usage(id))?.memoryBytes ?? null;
  }

  /** What a container has used since its start, and what holds it back. Null when it does not run. */
  async usage(id: string): Promise<ContainerUsage | null> {
    const {
      memory_stats: memory,
      cpu_stats: cpu,
      pids_stats: pids,
    } = await this.#ask('measure a container', () =>
      this.#docker.getContainer(id).stats({ stream: false, 'one-shot': true } as { stream: false }),
    );
    if (memory?.usage === undefined) return null;
    const counts = memory.stats as unknown as Readonly<Record<string, number | undefined>>;
    const throttling = cpu.throttling_data as
      | { readonly periods: number; readonly throttled_periods: number; readonly throttled_time: number }
      | undefined;
    return {
      memoryBytes: memory.usage - (counts.total_inactive_file ?? counts.inactive_file ?? 0),
      memoryLimitBytes: memory.limit ?? null,
      cpuMs: cpu.cpu_usage.total_usage / 1e6,
      periods: throttling?.periods ?? 0,
      throttledPeriods: throttling?.throttled_periods ?? 0,
      throttledMs: (throttling?.throttled_time ?? 0) / 1e6,
      pids: pids?.current ?? null,
    };
  }

  // --- by label ---------------------------------------------------------------------------------------------------

  /** Everything that carries all of `labels` (`name` or `name=value`), in the order in which it can be removed. */
  async find(...labels: readonly string[]): Promise<readonly Thing[]> {
    const filters = JSON.stringify({ label: labels });
    return this.#ask('look for what carries a label', async () => {
      const [containers, networks, { Volumes }] = await Promise.all([
        this.#docker.listContainers({ all: true, filters }),
        this.#docker.listNetworks({ filters }),
        this.#docker.listVolumes({ filters }),
      ]);
      return [
        ...containers.map(({ Id, Names, Labels }) =>
          thing('container', Id, Names[0]?.replace(/^\//, '') ?? Id, Labels),
        ),
        ...networks.map(({ Id, Name, Labels }) => thing('network', Id, Name, Labels)),
        ...(Volumes ?? []).map(({ Name, Labels }) => thing('volume', Name, Name, Labels)),
      ];
    });
  }

  /** A container also when it runs, with its unnamed volumes. No effect on what is gone. */
  async remove({ kind, id, name }: Pick<Thing, 'kind' | 'id' | 'name'>): Promise<void> {
    await this.#askIfThere(`remove ${kind} ${name}`, async () => {
      if (kind === 'container') await this.#docker.getContainer(id).remove({ force: true, v: true });
      else if (kind === 'network') await untilUnused(() => this.#docker.getNetwork(id).remove());
      else await this.#docker.getVolume(id).remove();
    }).catch(async (error: unknown) => {
      // Somebody else removes it at this moment.
      if (/already in progress/.test((error as Error).message)) return;
      throw error;
    });
  }
}

function thing(
  kind: ThingKind,
  id: string,
  name: string,
  labels: Readonly<Record<string, string>> | null | undefined,
): Thing {
  return { kind, id, name, labels: labels ?? {} };
}

/** A container that is gone may still count for a moment where it was connected. */
async function untilUnused(remove: () => Promise<unknown>): Promise<void> {
  const deadlineMs = performance.now() + UNUSED_MS_MAX;
  for (;;) {
    try {
      await remove();
      return;
    } catch (error) {
      if (!/has active endpoints/.test(messageOf(error)) || performance.now() > deadlineMs) throw error;
    }
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}

async function addressOf({ modem }: Docker): Promise<string> {
  const { host, port, socketPath } = modem as {
    readonly host?: string;
    readonly port?: string | number;
    readonly socketPath?: string | (() => Promise<string>);
  };
  if (typeof host === 'string') return `${host}:${port ?? ''}`;
  return typeof socketPath === 'function' ? socketPath() : (socketPath ?? 'its socket');
}
