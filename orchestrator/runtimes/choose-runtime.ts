/**
 * Which runtime a lab gets: the one that is asked for, the one that has its wallets already, or, for `auto`, containers
 * where an engine is ready for them and processes where it is not, with the reason.
 */
import { Failure } from '../failure.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import type { Capability } from '../scenario/scenario-plan.ts';
import { DEFAULT_PLACEMENT, type Placement } from './placement.ts';
import { CAPABILITIES_OF, type Runtime, type RuntimeOptions } from './runtime.ts';

/** Only what was asked for. */
export type RequestedPlacement = Partial<Omit<Placement, 'runtime'>> & {
  readonly runtime?: Placement['runtime'] | 'auto';
};

export interface ChosenRuntime {
  readonly placement: Placement;
  /** Why this one, where it was left open. */
  readonly why: string | null;
  readonly capabilities: ReadonlySet<Capability>;
  readonly warnings: readonly string[];
  /** For the manifest of a run. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly create: (options: RuntimeOptions) => Runtime;
}

export interface ChoiceSettings {
  /** Ledgers are removed with the run. */
  readonly ephemeral: boolean;
  /** Told what takes long. */
  readonly onStep: (text: string) => void;
}

const OF_CONTAINERS = ['board', 'memoryMegabytes', 'architectures', 'arm64', 'images'] as const;

/** `kept` is where the lab was before; null: it is new. Throws a Failure when it cannot be done. */
export async function chooseRuntime(
  plan: LabPlan,
  requested: RequestedPlacement,
  kept: Placement | null,
  settings: ChoiceSettings,
): Promise<ChosenRuntime> {
  const asked = requested.runtime ?? kept?.runtime ?? DEFAULT_PLACEMENT.runtime;
  const own = OF_CONTAINERS.filter((name) => requested[name] !== undefined);
  if (kept !== null && asked !== 'auto' && asked !== kept.runtime) {
    throw new Failure(
      'usage',
      `lab ${plan.lab} keeps its wallets in ${kept.runtime === 'docker' ? 'volumes of the container engine' : 'its directory'}: ` +
        `--runtime ${kept.runtime} goes on with them, wallance down --volumes --lab ${plan.lab} removes them`,
    );
  }
  const placement = { ...DEFAULT_PLACEMENT, ...kept, ...requested };
  if (placement.arm64 > plan.seats.length)
    throw new Failure('usage', `--arm64: expected at most ${plan.seats.length}, the nodes, got ${placement.arm64}`);
  if (asked === 'auto' && kept === null) return automatic(plan, { ...placement, runtime: 'docker' }, own, settings);
  const runtime = asked === 'auto' ? kept!.runtime : asked;
  const why = asked === 'auto' ? `runtime ${runtime}: the wallets of lab ${plan.lab} are there` : null;
  if (runtime === 'docker') return { ...(await containers(plan, { ...placement, runtime }, settings)), why };
  if (own.length > 0)
    throw new Failure(
      'usage',
      'the board, architecture, memory and images of nodes can be chosen with --runtime docker',
    );
  return { ...(await processes({ ...placement, runtime })), why };
}

async function automatic(
  plan: LabPlan,
  placement: Placement,
  own: readonly string[],
  settings: ChoiceSettings,
): Promise<ChosenRuntime> {
  const why = 'runtime docker: an engine answers and has the images';
  try {
    return { ...(await containers(plan, placement, settings)), why };
  } catch (error) {
    const { DockerFailure } = await import('./docker/docker-failure.ts');
    if (!(error instanceof DockerFailure)) throw error;
    let reason = error.message;
    if (error.problem === 'image-missing') {
      settings.onStep('An engine answers, and images are missing: building them, which takes minutes the first time.');
      const { architecturesOf, buildImages } = await import('./docker/prepare.ts');
      const problem = await buildImages(placement, architecturesOf(placement, plan.seats.length));
      if (problem === null)
        return {
          ...(await containers(plan, placement, settings)),
          why: 'runtime docker: an engine answers, the images are built',
        };
      reason = `${reason}; building them failed: ${problem}`;
    }
    // What can only be had in containers is not quietly left out.
    if (own.length > 0) throw error;
    return { ...(await processes({ ...placement, runtime: 'processes' })), why: `runtime processes: ${reason}` };
  }
}

async function containers(plan: LabPlan, placement: Placement, { ephemeral }: ChoiceSettings) {
  const { prepareDocker } = await import('./docker/prepare.ts');
  return { placement, capabilities: CAPABILITIES_OF.docker, ...(await prepareDocker(plan, placement, ephemeral)) };
}

async function processes(placement: Placement) {
  const { ProcessRuntime } = await import('./processes.ts');
  return {
    placement,
    capabilities: CAPABILITIES_OF.processes,
    warnings: [],
    facts: {},
    create: (options: RuntimeOptions) => new ProcessRuntime(options, placement.fabricPort),
  };
}
