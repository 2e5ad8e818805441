/**
 * What `up` starts: the plan that the arguments describe, taken together with what an earlier `up` of the same lab left
 * behind. What was not asked for stays as it was; what all nodes share cannot change under their wallets. Pure.
 */
import { describeProblem } from '../../node/protocol/parameters.ts';
import { Failure } from '../failure.ts';
import { type LabOptions, type LabPlan, planLab } from './lab-plan.ts';

/** Only what was asked for. */
export type RequestedLab = Partial<Omit<LabOptions, 'lab'>>;

const DEFAULTS: Omit<LabOptions, 'lab'> = {
  nodes: 8,
  profile: 'paper',
  parameters: {},
  services: null,
  sensors: null,
  durability: 'process',
  qos: 1,
  seed: '1',
};

/** The plan of a lab that is new. Throws a Failure with every problem. */
export function newPlan(lab: string, requested: RequestedLab): LabPlan {
  return planned({ ...DEFAULTS, ...requested, lab });
}

/**
 * The plan of a lab that is kept, with `requested` in place of what it may replace: sensors, durability, delivery and
 * seed. Throws a Failure when something else differs, which names the ways out.
 */
export function continuedPlan(kept: LabPlan, requested: RequestedLab): LabPlan {
  if ((kept.attached ?? false) !== (requested.attached ?? false)) {
    const own = kept.attached === true ? 'wallance attach' : 'wallance up';
    throw new Failure('usage', `lab ${kept.lab} is one of ${own}; another one needs another name (--lab NAME)`);
  }
  const plan = planned(merged(kept, requested));
  // A seat that moves would leave its wallets and its locks behind, and could vote a second time.
  const samePlaces = JSON.stringify(plan.seats) === JSON.stringify(kept.seats);
  if (samePlaces && plan.configurationHash === kept.configurationHash) return plan;
  throw new Failure(
    'usage',
    `lab ${kept.lab} keeps the wallets of another configuration:\n` +
      differences(kept, plan)
        .map((line) => `  ${line}\n`)
        .join('') +
      `Either remove its wallets (wallance down --volumes --lab ${kept.lab}) or start another lab (wallance up --lab NAME).`,
  );
}

/** What is asked for and differs from a running lab, a line each; empty when nothing does. */
export function runningDifferences(running: LabPlan, requested: RequestedLab): readonly string[] {
  if (running.attached === true) return ['nodes that were started elsewhere (wallance attach)'];
  return differences(running, planned(merged(running, requested)));
}

function planned(options: LabOptions): LabPlan {
  const result = planLab(options);
  if (result.ok) return result.plan;
  throw new Failure('usage', result.problems.map(describeProblem).join('\n'));
}

function merged(plan: LabPlan, requested: RequestedLab): LabOptions {
  const options = optionsOf(plan);
  const sameProfile = (requested.profile ?? plan.profile) === plan.profile;
  return {
    ...options,
    ...requested,
    parameters: sameProfile ? { ...options.parameters, ...requested.parameters } : (requested.parameters ?? {}),
  };
}

function optionsOf(plan: LabPlan): LabOptions {
  return {
    lab: plan.lab,
    nodes: plan.seats.length,
    external: externalSeats(plan),
    ...(plan.attached === true ? { attached: true } : {}),
    profile: plan.profile,
    parameters: plan.overrides,
    // As JSON takes it: what is absent is not null.
    services: JSON.parse(JSON.stringify(plan.services, (_, value: unknown) => (value === null ? undefined : value))),
    sensors: plan.sensors,
    durability: plan.durability,
    qos: plan.qos,
    seed: plan.seed,
  };
}

function externalSeats(plan: LabPlan): number {
  return plan.seats.filter(({ external }) => external === true).length;
}

function differences(kept: LabPlan, asked: LabPlan): string[] {
  const lines: string[] = [];
  const compare = (what: string, before: unknown, after: unknown): void => {
    const [a, b] = [JSON.stringify(before), JSON.stringify(after)];
    if (a !== b) lines.push(a.length + b.length > 120 ? `${what}: not the same` : `${what}: ${a}, asked for ${b}`);
  };
  compare('nodes', kept.seats.length, asked.seats.length);
  compare('external', externalSeats(kept), externalSeats(asked));
  compare('profile', kept.profile, asked.profile);
  for (const name of Object.keys(kept.parameters) as (keyof LabPlan['parameters'])[]) {
    compare(name, kept.parameters[name], asked.parameters[name]);
  }
  compare('services', kept.services, asked.services);
  compare('sensors', kept.sensors, asked.sensors);
  compare('durability', kept.durability, asked.durability);
  compare('qos', kept.qos, asked.qos);
  compare('seed', kept.seed, asked.seed);
  return lines;
}
