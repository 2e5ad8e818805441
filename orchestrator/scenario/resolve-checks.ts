/**
 * Checks of a scenario for the profile that is run: those for other profiles left out, invariants by name, bounds in the
 * units of their metrics. Pure.
 */
import { shown } from '../../node/protocol/parameters.ts';
import type { ProfileName } from '../../node/protocol/profiles.ts';
import { INVARIANT_IDS, INVARIANTS, type InvariantId } from '../checks/invariant-id.ts';
import { METRICS, type MetricName } from '../checks/metric.ts';
import type { Path } from '../files/yaml-source.ts';
import type { WrittenCheck, WrittenFigure } from './check-shape.ts';
import { durationText } from './quantities.ts';
import type { Report } from './scenario-file.ts';
import type { Bound, PlannedCheck } from './scenario-plan.ts';
import { LIVE_METRICS } from './timeline-shape.ts';

/** With votes that nothing limits, no lock and no signature there is nothing that these could be about. */
const NOT_OF_REFERENCES: readonly InvariantId[] = ['I7', 'I19', 'I20'];
/** Nothing is signed, so nothing is evidence. */
const NOT_OF_PAPER: readonly InvariantId[] = ['I20'];
/** Reported, and promised only where a scenario says so. */
const NOT_PROMISED: readonly InvariantId[] = ['I15', 'I16'];

const EVIDENCE_MIN = 1;
/** In a run without restarts there is nothing to see of these; a scenario that has some names them. */
const UNSEEN_ALLOWED: readonly InvariantId[] = ['I19'];

/** All that mean something under a profile. */
export function applicableInvariants(profile: ProfileName): readonly InvariantId[] {
  const none = profile === 'paper' ? NOT_OF_PAPER : NOT_OF_REFERENCES;
  return INVARIANT_IDS.filter((id) => !none.includes(id));
}

/** Those that hold within the bounds of a profile, whatever is done to it; a reference promises nothing. */
export function promisedInvariants(profile: ProfileName): readonly InvariantId[] {
  return profile === 'paper' ? applicableInvariants(profile).filter((id) => !NOT_PROMISED.includes(id)) : [];
}

/** One of those that are checked as a whole, by `default` or `all`. */
export function invariantCheck(invariant: InvariantId): PlannedCheck {
  const evidenceMin = UNSEEN_ALLOWED.includes(invariant) ? 0 : EVIDENCE_MIN;
  return { ...namedCheck(invariant, 'hold'), evidenceMin };
}

function namedCheck(invariant: InvariantId, expect: PlannedCheck['expect']): PlannedCheck {
  const title = `${invariant} ${INVARIANTS[invariant]}`;
  return { id: invariant, title, expect, evidenceMin: EVIDENCE_MIN, kind: 'invariant', invariant };
}

export interface ChecksResolution {
  readonly profile: ProfileName;
  /** Ids, those of faults with problems of their own included; null: the timeline could not be read. */
  readonly faults: ReadonlySet<string> | null;
  readonly report: Report;
}

/** `written` undefined: the file says nothing, and what the profile promises is checked. */
export function resolveChecks(
  written: readonly (WrittenCheck | null)[] | undefined,
  resolution: ChecksResolution,
): readonly PlannedCheck[] {
  const { profile, report } = resolution;
  if (written === undefined) return promisedInvariants(profile).map((id) => invariantCheck(id));
  const named = new Map<InvariantId, PlannedCheck>();
  const collected = new Map<InvariantId, PlannedCheck>();
  const others: PlannedCheck[] = [];
  const ids = new Map<string, number>();
  written.forEach((check, index) => {
    if (check === null) return;
    const path: Path = ['checks', index];
    requireKeys(check, path, report);
    const expect = expectationOf(check, profile);
    if (check.kind !== 'invariant') {
      const bound = boundOf(check, path, report);
      const planned = bound === null ? null : figureCheck(check, path, bound, expect ?? 'hold', resolution);
      if (planned === null || expect === null) return;
      const count = (ids.get(planned.id) ?? 0) + 1;
      ids.set(planned.id, count);
      if (count > 1 && check.id !== undefined)
        report([...path, 'id'], 'an id that no other check has', shown(check.id));
      others.push(count === 1 ? planned : { ...planned, id: `${planned.id}-${count}` });
      return;
    }
    if (expect === null) return;
    for (const id of check.body) {
      const whole = id === 'default' || id === 'all';
      const wanted =
        id === 'default' ? promisedInvariants(profile) : id === 'all' ? applicableInvariants(profile) : [id];
      for (const invariant of wanted) {
        if (!whole && !applicableInvariants(profile).includes(invariant)) {
          report(
            [...path, 'invariant'],
            `an invariant that means something under ${profile}, or profiles beside it`,
            id,
          );
        }
        if (!whole && named.has(invariant))
          report([...path, 'invariant'], `${invariant} once under ${profile}`, 'twice');
        const usual = whole ? invariantCheck(invariant) : namedCheck(invariant, expect);
        const planned = { ...usual, expect, evidenceMin: check.evidence ?? usual.evidenceMin };
        (whole ? collected : named).set(invariant, planned);
      }
    }
  });
  // What is named by itself stands above what came with `default` or `all`.
  const invariants = INVARIANT_IDS.flatMap((id) => named.get(id) ?? collected.get(id) ?? []);
  return [...invariants, ...others];
}

/** Null: this profile is not meant. */
function expectationOf({ expect, profiles }: WrittenCheck, profile: ProfileName): PlannedCheck['expect'] | null {
  if (profiles !== undefined && !profiles.includes(profile)) return null;
  if (typeof expect !== 'object') return expect ?? 'hold';
  return Object.hasOwn(expect, profile) ? expect[profile]! : null;
}

/** Profiles that a check names, in order. */
export function namedProfiles(written: readonly (WrittenCheck | null)[] | undefined): readonly ProfileName[] {
  return (written ?? []).flatMap((check) => {
    const { expect, profiles = [] } = check ?? {};
    return [...profiles, ...(typeof expect === 'object' ? (Object.keys(expect) as ProfileName[]) : [])];
  });
}

function requireKeys(check: WrittenCheck, path: Path, report: Report): void {
  const foreign: (keyof WrittenCheck)[] =
    check.kind === 'invariant' ? ['atLeast', 'atMost', 'equals', 'within', 'after'] : [];
  if (check.kind !== 'invariant' && check.kind !== 'eventually') foreign.push('within', 'after');
  for (const key of foreign) {
    if (check[key] !== undefined) report([...path, key], `nothing of the kind beside ${check.kind}`);
  }
  if (check.kind === 'eventually' && check.within === undefined)
    report([...path, 'within'], 'a duration such as 5s', 'nothing');
}

/** Null after a problem. */
function boundOf(check: Exclude<WrittenCheck, { kind: 'invariant' }>, path: Path, report: Report): Bound | null {
  const { atLeast, atMost, equals } = check;
  if (equals !== undefined && (atLeast !== undefined || atMost !== undefined)) {
    report([...path, 'equals'], 'neither atLeast nor atMost beside it', 'both');
    return null;
  }
  const { unit } = METRICS[check.body];
  const value = (key: 'atLeast' | 'atMost' | 'equals', figure: WrittenFigure | undefined): number | null => {
    if (figure === undefined) return null;
    const fits =
      figure.unit === 'plain' ||
      (figure.unit === 'duration' && unit === 'ms') ||
      (figure.unit === 'share' && unit === 'of requests');
    if (!fits) report([...path, key], `a plain number: ${check.body} is in ${unit === '' ? 'pieces' : unit}`);
    return figure.value;
  };
  const exact = value('equals', equals);
  if (exact !== null) return { atLeast: exact, atMost: exact };
  const least = value('atLeast', atLeast);
  const most = value('atMost', atMost);
  if (least !== null) {
    if (most !== null && most < least) report([...path, 'atMost'], `not less than atLeast (${least})`);
    return { atLeast: least, atMost: most };
  }
  if (most !== null) return { atLeast: null, atMost: most };
  report(path, 'atLeast, atMost or equals', 'none');
  return null;
}

function figureCheck(
  check: Exclude<WrittenCheck, { kind: 'invariant' }>,
  path: Path,
  bound: Bound,
  expect: PlannedCheck['expect'],
  { faults, report }: ChecksResolution,
): PlannedCheck | null {
  const metric = check.body;
  const common = { id: check.id ?? `${check.kind}-${metric}`, expect, evidenceMin: check.evidence ?? EVIDENCE_MIN };
  const text = figureTitle(metric, bound);
  switch (check.kind) {
    case 'eventually': {
      const { after = null, within } = check;
      if (!LIVE_METRICS.includes(metric)) {
        report([...path, 'eventually'], `a metric that is known at any time: ${LIVE_METRICS.join(', ')}`);
      }
      if (after !== null && faults !== null && !faults.has(after)) {
        report([...path, 'after'], `the id of a fault (${[...faults].join(', ') || 'there is none'})`);
      }
      if (within === undefined) return null;
      const title = `${text} within ${durationText(within)} ${after === null ? 'of the load' : `after ${after}`}`;
      return { ...common, title: check.title ?? title, kind: 'eventually', metric, bound, after, withinMs: within };
    }
    case 'at-end':
      return { ...common, title: check.title ?? `at the end ${text}`, kind: 'at-end', metric, bound };
    case 'metric':
      return { ...common, title: check.title ?? text, kind: 'metric', metric, bound };
  }
}

/** `stuck = 0`, `decided-share >= 95 %`, `latency-all-p99 <= 300 ms`. */
export function figureTitle(metric: MetricName, { atLeast, atMost }: Bound): string {
  const { unit } = METRICS[metric];
  const figure = (value: number): string =>
    unit === 'of requests' ? `${Math.round(value * 10_000) / 100} %` : unit === '' ? String(value) : `${value} ${unit}`;
  if (atLeast !== null && atLeast === atMost) return `${metric} = ${figure(atLeast)}`;
  const parts = [atLeast === null ? null : `>= ${figure(atLeast)}`, atMost === null ? null : `<= ${figure(atMost)}`];
  return `${metric} ${parts.filter((part) => part !== null).join(' and ')}`;
}
