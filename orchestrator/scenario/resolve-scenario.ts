/**
 * From a scenario file and what was asked for beside it to the plan that is run: every default written out, every
 * selector as seats, every random choice as its outcome. Pure and deterministic.
 *
 * Each draw comes from the stream of the thing that it is for (`purchases/<id>`, `select/timeline/<id>/nodes`, ...) under
 * the stream `scenario` of the seed, so that another group, fault or stream moves none of the others. Things without an
 * `id` are named by their number among their kind; whoever wants a draw to stay gives it one.
 */
import { NORMAL_CONDITIONS, type NodeConditions } from '../../node/host/conditions.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { type Problem, shown } from '../../node/protocol/parameters.ts';
import { namedProfile, type ProfileName } from '../../node/protocol/profiles.ts';
import { quorum } from '../../node/protocol/quorum.ts';
import { Prng } from '../../node/simulation/prng.ts';
import type { LinkRule } from '../fabric/link-rule.ts';
import type { Path } from '../files/yaml-source.ts';
import { membersOf, planLab, type SeatPlan } from '../lab/lab-plan.ts';
import { type MembersOf, plannedBehaviour, serviceOf, type WrittenBehaviour } from './behaviour-shape.ts';
import { type LaidSeat, layOutSeats } from './lay-out-seats.ts';
import { plannedSensors } from './planned-sensors.ts';
import { problemPath } from './problem-path.ts';
import { requiredCapabilities } from './required-capabilities.ts';
import { resolveChecks } from './resolve-checks.ts';
import { fabricRules } from './resolve-links.ts';
import { resolveTimeline, titleOf } from './resolve-timeline.ts';
import { knownService, resolvePurchases } from './resolve-workload.ts';
import {
  type Report,
  readScenarioFile,
  readScenarioValue,
  type ScenarioFile,
  type ScenarioFileResult,
  type ScenarioProblem,
} from './scenario-file.ts';
import type { PlannedFault, PlannedSeat, ScenarioPlan } from './scenario-plan.ts';
import { SEED_PATTERN } from './scenario-shape.ts';
import { SeatSelector } from './seat-selector.ts';
import { LOAD_MS_MAX, WORKLOAD, type WrittenSensors } from './workload-shape.ts';

export interface ScenarioSource {
  readonly text: string;
  /** Absolute; recorded sensor data is named relative to it. */
  readonly directory: string;
}

/** In place of what the file says. */
export interface ScenarioOverrides {
  readonly seed?: string;
  readonly profile?: ProfileName;
  /** On top of those of the file. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Nodes in all: the first group of honest ones grows or shrinks. */
  readonly nodes?: number;
  /** Name of the lab; that of the scenario, cut to 32 characters, when absent. */
  readonly lab?: string;
}

export type ScenarioResult =
  | { readonly ok: true; readonly plan: ScenarioPlan }
  | { readonly ok: false; readonly problems: readonly ScenarioProblem[] };

const DEFAULT_SEED = '1';
const LAB_NAME_CHARACTERS_MAX = 32;
/** For starting, stopping and collecting, beside load and settling. */
const TIMEOUT_MARGIN_MS = 120_000;
/** What is looked at where the groups cannot be read: the rest of the file can still be wrong. */
const STAND_IN_SEATS = [1, 2, 3, 4, 5, 6, 7, 8].map((id): SeatPlan => ({ seat: String(id), node: String(id) }));

/** Every problem at once, in the order of their lines. Never throws, whatever the text is. */
export function resolveScenario(source: ScenarioSource, overrides: ScenarioOverrides = {}): ScenarioResult {
  return resolvedFile(readScenarioFile(source.text), source.directory, overrides);
}

/** The same for a scenario that a program has made: what the YAML text of `value` would resolve to, without the text. */
export function resolveScenarioValue(
  value: Readonly<Record<string, unknown>>,
  overrides: ScenarioOverrides = {},
): ScenarioResult {
  return resolvedFile(readScenarioValue(value), '/', overrides);
}

function resolvedFile(read: ScenarioFileResult, directory: string, overrides: ScenarioOverrides): ScenarioResult {
  if (!read.ok) return read;
  const { file } = read;
  const plan = resolved(file, directory, overrides);
  if (plan !== null && file.problems.length === 0) return { ok: true, plan };
  return { ok: false, problems: file.problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

/** Null, or a plan that means nothing, where there is a problem. */
function resolved(file: ScenarioFile, directory: string, overrides: ScenarioOverrides): ScenarioPlan | null {
  const { written, source, wrong, report, problems } = file;
  const reportAside = (path: string, expected: string, found: string): void => {
    problems.push({ path, expected, found, line: null });
  };
  const seed = overrides.seed ?? written.seed ?? DEFAULT_SEED;
  if (!SEED_PATTERN.test(seed)) reportAside('--seed', 'text of 1..64 characters', shown(seed));
  const draws = Prng.seeded(seed, nativeSha256Hex).stream('scenario');
  const profile = overrides.profile ?? written.profile ?? 'paper';
  const ownParameters = written.parameters === undefined ? {} : (source.typed(['parameters']) as object);
  const parameters = { ...ownParameters, ...overrides.parameters };
  const workload = written.workload ?? WORKLOAD.parse({});
  const loadMs = wrong.has('workload') ? LOAD_MS_MAX : workload.duration;

  const laid =
    written.nodes === undefined
      ? null
      : layOutSeats({
          nodes: written.nodes,
          nodeCount: overrides.nodes ?? null,
          draws,
          report,
          reportCount: (expected) => reportAside('--nodes', expected, String(overrides.nodes)),
        });
  const members = membersOf(laid ?? STAND_IN_SEATS);
  const rules = namedProfile({ profile, parameters, members, catalogue: null });
  const selector = new SeatSelector({
    seats: laid ?? [],
    size: {
      n: members.length,
      quorum: rules.ok
        ? quorum(rules.profile.parameters.majorityThreshold, members.length, rules.profile.parameters.quorumRounding)
        : members.length,
    },
    draws,
    report,
  });

  const services = written.services === undefined ? null : servicesOf(source.typed(['services']));
  const sensorsAt = (sensors: WrittenSensors | undefined, path: Path): readonly unknown[] =>
    plannedSensors(sensors ?? 'fast', path, { loadMs, directory, source, report });
  const labSensors = sensorsAt(workload.sensors, ['workload', 'sensors']);
  const name = written.name ?? '';
  const labOf = (seats: readonly SeatPlan[]) =>
    planLab({
      lab: overrides.lab ?? (name === '' ? 'lab' : name.slice(0, LAB_NAME_CHARACTERS_MAX)),
      nodes: seats.length,
      seats,
      profile,
      parameters,
      services,
      sensors: labSensors,
      durability: written.durability ?? 'process',
      qos: written.fabric?.qos === '0' ? 0 : 1,
      seed,
    });

  // What a lab is made of is checked before anything refers to it; its seats are not final yet.
  const draft = labOf(laid ?? STAND_IN_SEATS);
  if (!draft.ok) for (const problem of draft.problems) reportOfLab(problem, file, overrides, reportAside);
  if (laid === null) return null;
  const catalogue = draft.ok ? draft.plan.services.map((service) => service.name) : [];

  addZones(selector, file);
  const toMembers: MembersOf = (terms, path, stream) => {
    const seats = selector.select(terms, path, stream);
    return seats === null ? null : membersOf(laid.filter(({ seat }) => seats.includes(seat)));
  };
  const checkBehaviour = (behaviour: WrittenBehaviour, path: Path): void => {
    const service = serviceOf(behaviour);
    if (service !== null) knownService(service, [...path, behaviour.kind, 'service'], catalogue, report);
  };
  const groups = resolveGroups(laid, { file, loadMs, membersOf: toMembers, checkBehaviour, sensorsAt, labSensors });
  const links = written.fabric === undefined ? [] : fabricRules(written.fabric, { selector, report });
  const { timeline: entries, checks: demands } = written;
  const timeline = [
    ...groups.faults,
    ...resolveTimeline(entries, {
      selector,
      report,
      loadMs,
      membersOf: toMembers,
      taken: new Set(groups.faults.map(({ id }) => id)),
      checkBehaviour,
    }),
  ];
  requireOwnRuleIds([...links, ...timeline.flatMap(({ fault }) => (fault.kind === 'link' ? fault.rules : []))], report);
  const startsAtMs = new Map(groups.seats.flatMap(({ seat, startsAtMs: at }) => (at === null ? [] : [[seat, at]])));
  const present = groups.seats.filter(({ seat }) => !startsAtMs.has(seat));
  const { purchases, closed } = resolvePurchases(workload.purchases, {
    selector,
    draws,
    report,
    loadMs,
    services: catalogue,
    startsAtMs,
    usualBuyers: present.filter(({ role }) => role === 'honest').map(({ seat }) => seat),
  });
  const checks = resolveChecks(wrong.has('checks') ? [] : demands, {
    profile,
    faults: wrong.has('timeline') ? null : new Set([...timeline.map(({ id }) => id), ...brokenIds(file)]),
    report,
  });
  if (problems.length > 0) return null;

  const seats = withRoles(groups.seats, timeline);
  if (!draft.ok) return null;
  // Members are what they were: all else of the lab stands.
  const lab = { ...draft.plan, seats: seats.map((seat) => labSeat(seat, labSensors)) };
  const funds = laid.flatMap(({ seat, node, written: group }): [string, number][] => {
    // A late node is not there to be given anything, and a twin shares what its node has.
    const units = startsAtMs.has(seat) || seat !== node ? (group.funds ?? 0) : (group.funds ?? workload.funds ?? 0);
    return units === 0 ? [] : [[seat, units]];
  });
  return {
    schema: 1,
    name,
    description: (written.description ?? '').trim(),
    seed,
    timeoutMs: written.timeout ?? loadMs + workload.settle + TIMEOUT_MARGIN_MS,
    requires: requiredCapabilities({ seats, links, timeline }, written.requires ?? []),
    lab,
    ...(written.simulation === undefined ? {} : { simulation: written.simulation }),
    seats,
    links,
    workload: { fundUnits: Object.fromEntries(funds), purchases, closed },
    timeline,
    loadMs,
    endsEarly: workload.endsEarly,
    settleMsMax: workload.settle,
    checks,
  };
}

/** Decisions are drawn by the id of a rule. */
function requireOwnRuleIds(rules: readonly LinkRule[], report: Report): void {
  const ids = new Set<string>();
  for (const { id } of rules) {
    if (ids.has(id))
      report(['fabric', 'links'], 'ids of links that differ from each other and from those of faults', shown(id));
    ids.add(id);
  }
}

/** A list as it is; a map from name to price as services that say what they did. */
function servicesOf(found: unknown): readonly unknown[] {
  if (Array.isArray(found)) return found;
  return Object.entries(found as object).map(([name, priceDcoins]: [string, unknown]) => ({
    name,
    priceDcoins,
    program: { kind: 'log', text: `${name.replace(/[{}]/g, '')} {argument}` },
  }));
}

interface GroupResolution {
  readonly file: ScenarioFile;
  readonly loadMs: number;
  readonly membersOf: MembersOf;
  readonly checkBehaviour: (written: WrittenBehaviour, path: Path) => void;
  readonly sensorsAt: (sensors: WrittenSensors | undefined, path: Path) => readonly unknown[];
  readonly labSensors: readonly unknown[];
}

/** Seats with their conditions, and the faults that follow from groups: late starts, behaviours with a time. */
function resolveGroups(
  laid: readonly LaidSeat[],
  resolution: GroupResolution,
): { readonly seats: readonly PlannedSeat[]; readonly faults: readonly PlannedFault[] } {
  const seats = new Map<string, PlannedSeat>();
  const faults: PlannedFault[] = [];
  const all = laid.map(({ seat }) => seat);
  for (const group of new Set(laid.map((seat) => seat.group))) {
    const own = laid.filter((seat) => seat.group === group);
    const { written, path } = own[0]!;
    const ids = own.map(({ seat }) => seat);
    const { report } = resolution.file;
    if (written.at !== undefined) {
      if (written.at >= resolution.loadMs) {
        report([...path, 'at'], `a time before the end of the load (${resolution.loadMs} ms)`);
      }
      if ((written.funds ?? 0) > 0) report([...path, 'funds'], 'none beside at: it is not there to be given any');
      const fault = { kind: 'join', seats: ids } as const;
      const title = titleOf(fault, all, null);
      faults.push({ id: `join-${group}`, title, trigger: { atMs: written.at }, durationMs: null, fault });
    }
    const conditions = conditionsOf(own, all, faults, resolution);
    const sensors =
      written.sensors === undefined
        ? resolution.labSensors
        : resolution.sensorsAt(written.sensors, [...path, 'sensors']);
    for (const { seat, node, role } of own) {
      seats.set(seat, {
        seat,
        node,
        group,
        role,
        board: written.board ?? null,
        architecture: written.architecture ?? null,
        startsAtMs: written.at ?? null,
        sensors,
        conditions,
      });
    }
  }
  return { seats: all.map((seat) => seats.get(seat)!), faults };
}

/** Of a group; behaviours with a time become `faults`. */
function conditionsOf(
  own: readonly LaidSeat[],
  all: readonly string[],
  faults: PlannedFault[],
  { file: { report }, membersOf: toMembers, checkBehaviour }: GroupResolution,
): NodeConditions {
  const { group, role, written, path } = own[0]!;
  const behaviours: NodeConditions['behaviours'][number][] = role === 'silent' ? [{ kind: 'silent-voter' }] : [];
  written.behaviours?.forEach((behaviour, index) => {
    const at = [...path, 'behaviours', index];
    checkBehaviour(behaviour, at);
    const planned = plannedBehaviour(behaviour, at, `nodes/${group}/behaviour${index}`, toMembers, report);
    const { from, until } = behaviour;
    if (planned === null) return;
    if (from === undefined && until === undefined) {
      behaviours.push(planned);
      return;
    }
    const fromMs = from ?? 0;
    if (until !== undefined && until <= fromMs) report([...at, 'until'], `a time after from (${fromMs} ms)`);
    const fault = { kind: 'behave', seats: own.map(({ seat }) => seat), behaviours: [planned] } as const;
    faults.push({
      id: `${group}-behaves-${index + 1}`,
      title: titleOf(fault, all, null),
      trigger: { atMs: fromMs },
      durationMs: until === undefined ? null : until - fromMs,
      fault,
    });
  });
  return { ...NORMAL_CONDITIONS, behaviours, clockOffsetMs: written.clock ?? 0 };
}

/** Whoever is ever told to misbehave is Byzantine, whatever its group is called. */
function withRoles(seats: readonly PlannedSeat[], timeline: readonly PlannedFault[]): readonly PlannedSeat[] {
  const told = new Set(timeline.flatMap(({ fault }) => (fault.kind === 'behave' ? fault.seats : [])));
  return seats.map((seat) => (seat.role === 'honest' && told.has(seat.seat) ? { ...seat, role: 'byzantine' } : seat));
}

function labSeat(
  { seat, node, startsAtMs, board, architecture, sensors, conditions }: PlannedSeat,
  labSensors: readonly unknown[],
): SeatPlan {
  const normal = conditions.behaviours.length === 0 && conditions.clockOffsetMs === 0;
  return {
    seat,
    node,
    ...(startsAtMs === null ? {} : { late: true }),
    ...(board === null ? {} : { board }),
    ...(architecture === null ? {} : { architecture }),
    ...(sensors === labSensors ? {} : { sensors }),
    ...(normal ? {} : { conditions }),
  };
}

function addZones(selector: SeatSelector, { written, source, wrong }: ScenarioFile): void {
  if (wrong.has('fabric')) {
    const zones = source.typed(['fabric', 'zones']);
    for (const name of typeof zones === 'object' && zones !== null ? Object.keys(zones) : [])
      selector.addZone(name, null);
    return;
  }
  for (const [name, terms] of Object.entries(written.fabric?.zones ?? {})) {
    selector.addZone(name, selector.select(terms, ['fabric', 'zones', name], `zones/${name}`));
  }
}

/** Ids of faults that have problems of their own: a check that names one has none. */
function brokenIds({ written, source }: ScenarioFile): readonly string[] {
  return written.timeline.map((_, index) => String(source.typed(['timeline', index, 'id'])));
}

/** A problem that planLab found, at the place that it came from. */
function reportOfLab(
  { path, expected, found }: Problem,
  { written, report }: ScenarioFile,
  overrides: ScenarioOverrides,
  reportAside: (path: string, expected: string, found: string) => void,
): void {
  const [head, ...rest] = problemPath(path);
  if (head === 'lab') reportAside('--lab', expected, found);
  else if (head === 'members') report(['nodes'], expected, found);
  else if (head === 'parameters' && Object.hasOwn(overrides.parameters ?? {}, String(rest[0]))) {
    reportAside(`--set ${rest.join('.')}`, expected, found);
  } else if (head === 'sensors') report(['workload', 'sensors', ...rest], expected, found);
  else if (head === 'services' && typeof written.services === 'object' && !Array.isArray(written.services.found)) {
    report(['services'], expected, found);
  } else report([head!, ...rest], expected, found);
}
