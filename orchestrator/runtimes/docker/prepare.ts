/**
 * Looks at the engine before anything is started: is it there, has it the images, of the right architecture, does it
 * keep the limits that are asked for. What it finds is recorded with a run.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPlan } from '../../lab/lab-plan.ts';
import { PROJECT_ROOT } from '../../project.ts';
import { BOARD_PROFILES, type BoardName } from '../board-profiles.ts';
import { ARCHITECTURES, type Architecture, architectureOf, DEFAULT_PLACEMENT, type Placement } from '../placement.ts';
import type { RuntimeOptions } from '../runtime.ts';
import { type ContainerLimits, DockerRuntime, type DockerSettings } from './docker.ts';
import { DockerFailure } from './docker-failure.ts';
import { Engine, type ImageFacts } from './engine.ts';

export interface PreparedDocker {
  readonly warnings: readonly string[];
  /** For the manifest of a run. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly create: (options: RuntimeOptions) => DockerRuntime;
}

const MEBIBYTE = 1024 * 1024;
const BUILD_MS_MAX = 15 * 60_000;
const BAKE_FILE = 'docker/docker-bake.hcl';
/** For machines that reach no image registry. */
const LOCAL_BASE_FILE = 'docker/base/docker-bake.hcl';

/** Throws a DockerFailure with what is missing. `ephemeral`: the ledgers go with the run. */
export async function prepareDocker(
  plan: Pick<LabPlan, 'seats'>,
  placement: Placement,
  ephemeral: boolean,
): Promise<PreparedDocker> {
  const engine = await Engine.connect();
  const native = nativeArchitecture(engine);
  const { seats } = plan;
  const architectures = new Map(
    seats.map(({ seat, architecture }, index) => [
      seat,
      architecture ?? architectureOf(placement, index, seats.length, native),
    ]),
  );
  const images = await requireImages(engine, placement, native, new Set(architectures.values()));
  const used = [...new Set(seats.map((seat) => seat.board ?? placement.board))];
  const limitsOf = (name: BoardName): ContainerLimits => {
    const { memoryBytes, processors, pidsMax } = BOARD_PROFILES[name];
    return {
      memoryBytes: placement.memoryMegabytes === null ? memoryBytes : placement.memoryMegabytes * MEBIBYTE,
      processors: processors === null ? null : Math.min(processors, engine.facts.processors),
      pidsMax,
    };
  };
  const settings: DockerSettings = {
    nativeArchitecture: native,
    architecture: ({ seat }) => architectures.get(seat)!,
    image: (kind, architecture) => imageName(placement, kind, architecture),
    limits: (seat) => limitsOf(seat.board ?? placement.board),
    pidsMax: BOARD_PROFILES.none.pidsMax,
    fabricPort: placement.fabricPort,
    ephemeral,
  };
  return {
    warnings: used.flatMap((board) => warningsOf(engine, board, placement, limitsOf(board))),
    facts: {
      engine: engine.facts,
      images,
      architectures: Object.fromEntries(architectures),
      board: { name: placement.board, ...limitsOf(placement.board), calibrated: false },
      boards: Object.fromEntries(used.map((board) => [board, { ...limitsOf(board), calibrated: false }])),
      memoryLimitEnforced: used.every((board) => limitsOf(board).memoryBytes === null)
        ? null
        : engine.facts.memoryLimits,
    },
    create: (options) => new DockerRuntime(options, engine, settings),
  };
}

function nativeArchitecture(engine: Engine): Architecture {
  const own = ARCHITECTURES.find((architecture) => architecture === engine.facts.architecture);
  if (own !== undefined) return own;
  throw new DockerFailure(
    'image-architecture',
    `the engine runs on ${engine.facts.architecture}; there are images for ${ARCHITECTURES.join(' and ')}`,
  );
}

function imageName(placement: Placement, kind: 'node' | 'lab', architecture: Architecture): string {
  return `${placement.images}-${kind}:${architecture}`;
}

async function requireImages(
  engine: Engine,
  placement: Placement,
  native: Architecture,
  used: ReadonlySet<Architecture>,
): Promise<readonly ImageFacts[]> {
  const wanted = [
    ...[...used].map((architecture) => ({ kind: 'node', architecture }) as const),
    { kind: 'lab', architecture: native } as const,
  ];
  const found: ImageFacts[] = [];
  const missing: string[] = [];
  const targets: string[] = [];
  for (const { kind, architecture } of wanted) {
    const reference = imageName(placement, kind, architecture);
    const image = await engine.image(reference);
    if (image === null) {
      missing.push(reference);
      targets.push(`${kind}-${architecture}`);
    } else if (image.architecture === architecture) {
      found.push(image);
    } else {
      throw new DockerFailure(
        'image-architecture',
        `image ${reference} is for ${image.architecture}, not for ${architecture}; build it again: ${bakeCommand([`${kind}-${architecture}`]).join(' ')}`,
      );
    }
  }
  if (missing.length > 0) {
    throw new DockerFailure(
      'image-missing',
      `the engine has no image ${missing.join(', ')}; build what is missing: ${bakeCommand(targets).join(' ')}`,
    );
  }
  return found;
}

/** As typed in the project's directory. */
function bakeCommand(targets: readonly string[]): readonly string[] {
  return ['docker', 'buildx', 'bake', '-f', BAKE_FILE, ...targets];
}

function warningsOf(
  engine: Engine,
  board: BoardName,
  { memoryMegabytes }: Placement,
  { memoryBytes, processors }: ContainerLimits,
): readonly string[] {
  const { facts } = engine;
  const warnings: string[] = [];
  if (memoryBytes !== null && !facts.memoryLimits) {
    warnings.push(
      'the engine ignores limits of memory: the memory controller of its kernel is off (on Raspberry Pi OS: cgroup_enable=memory in cmdline.txt)',
    );
  }
  const asked = BOARD_PROFILES[board].processors;
  if (asked !== null && !facts.processorLimits) warnings.push('the engine ignores limits of processor time');
  if (asked !== null && processors! < asked)
    warnings.push(
      `board ${board} has ${asked} cores, the engine's machine ${processors}: a node has no more than that`,
    );
  if (memoryBytes !== null && memoryBytes > facts.memoryBytes) {
    const source = memoryMegabytes === null ? `board ${board}` : '--memory';
    warnings.push(`${source} allows a node more memory than the engine's machine has`);
  }
  return warnings;
}

/**
 * Builds the project's images for `architectures` with the engine's own builder, on the base for closed machines where
 * the engine has that. Null when they are built, else why not.
 */
export async function buildImages(
  placement: Placement,
  architectures: ReadonlySet<Architecture>,
): Promise<string | null> {
  if (placement.images !== DEFAULT_PLACEMENT.images) return `images named ${placement.images} are not this project's`;
  if (!existsSync(join(PROJECT_ROOT, BAKE_FILE))) return `${BAKE_FILE} is not here`;
  const engine = await Engine.connect();
  const native = nativeArchitecture(engine);
  const targets = [...[...architectures].map((architecture) => `node-${architecture}`), `lab-${native}`];
  const localBase =
    existsSync(join(PROJECT_ROOT, LOCAL_BASE_FILE)) && (await engine.image(`wallance-base:${native}`)) !== null;
  const [program, ...args] = bakeCommand([...(localBase ? ['-f', LOCAL_BASE_FILE] : []), ...targets]);
  return new Promise((done) => {
    execFile(program!, args, { cwd: PROJECT_ROOT, timeout: BUILD_MS_MAX }, (error, _stdout, stderr) => {
      if (error === null) return done(null);
      const said = stderr.split('\n').findLast((line) => /error/i.test(line)) ?? error.message;
      done(said.trim());
    });
  });
}

/** Those that `placement` needs on an engine of this machine's architecture. */
export function architecturesOf(placement: Placement, seats: number): ReadonlySet<Architecture> {
  const native = process.arch === 'arm64' ? 'arm64' : 'amd64';
  return new Set(Array.from({ length: seats }, (_, index) => architectureOf(placement, index, seats, native)));
}
