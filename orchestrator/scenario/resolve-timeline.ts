/**
 * Faults of a scenario with everything written out: ids, seats, partitions and flapping links as rules, triggers. A
 * partition between two sides is one rule for each direction that drops everything; one way, the first alone. Pure.
 */
import { shown } from '../../node/protocol/parameters.ts';
import { nodeList } from '../cli/node-list.ts';
import { IDLE_RULE, type LinkRule } from '../fabric/link-rule.ts';
import type { Path } from '../files/yaml-source.ts';
import { type MembersOf, plannedBehaviour, type WrittenBehaviour } from './behaviour-shape.ts';
import { durationText } from './quantities.ts';
import { effectsText, linkRules, touchedSeats } from './resolve-links.ts';
import type { Report } from './scenario-file.ts';
import type { Fault, PlannedFault, Trigger } from './scenario-plan.ts';
import type { SeatSelector, Selector } from './seat-selector.ts';
import type { WrittenFault } from './timeline-shape.ts';

/** Nothing of these is left to heal. */
const OVER_AT_ONCE: readonly WrittenFault['kind'][] = ['restart', 'broker-restart', 'cut-client'];

export interface TimelineResolution {
  readonly selector: SeatSelector;
  readonly report: Report;
  readonly loadMs: number;
  readonly membersOf: MembersOf;
  /** Ids that are taken: of joins, and of behaviours with a time. */
  readonly taken: ReadonlySet<string>;
  readonly checkBehaviour: (written: WrittenBehaviour, path: Path) => void;
}

/** Entries that could not be read are null; they keep their place and their id for those that refer to them. */
export function resolveTimeline(
  written: readonly (WrittenFault | null)[],
  resolution: TimelineResolution,
): readonly PlannedFault[] {
  const { report } = resolution;
  const ids = new Set(resolution.taken);
  const counts = new Map<string, number>();
  return written.flatMap((entry, index): PlannedFault[] => {
    if (entry === null) return [];
    const path: Path = ['timeline', index];
    const number = (counts.get(entry.kind) ?? 0) + 1;
    if (entry.id === undefined) counts.set(entry.kind, number);
    const id = entry.id ?? `${entry.kind}-${number}`;
    if (ids.has(id))
      report([...path, ...(entry.id === undefined ? [] : ['id'])], 'an id that no other fault has', shown(id));
    ids.add(id);
    const trigger = triggerOf(entry, path, resolution);
    const fault = faultOf(entry, [...path, entry.kind], id, resolution);
    if (entry.for !== undefined && OVER_AT_ONCE.includes(entry.kind)) {
      report([...path, 'for'], `no duration: ${entry.kind} leaves nothing to heal`);
    }
    if (trigger === null || fault === null) return [];
    const title = titleOf(fault, resolution.selector.all, entry);
    return [{ id, title, trigger, durationMs: entry.for ?? null, fault }];
  });
}

function triggerOf(
  { at, when, after, notLater }: WrittenFault,
  path: Path,
  { report, loadMs }: TimelineResolution,
): Trigger | null {
  if ((at === undefined) === (when === undefined)) {
    report(path, 'exactly one of at, when', at === undefined ? 'neither' : 'both');
    return null;
  }
  if (at !== undefined) {
    for (const [key, value] of [['after', after] as const, ['notLater', notLater] as const]) {
      if (value !== undefined) report([...path, key], 'when beside it', 'at');
    }
    if (at >= loadMs) report([...path, 'at'], `a time before the end of the load (${loadMs} ms)`);
    return { atMs: at };
  }
  const conditions = Object.entries(when!);
  if (conditions.length !== 1) {
    report([...path, 'when'], 'one metric', String(conditions.length));
    return null;
  }
  const [metric, atLeast] = conditions[0]!;
  return {
    when: { metric: metric as Extract<Trigger, { when: unknown }>['when']['metric'], atLeast },
    afterMs: after ?? 0,
    notLaterMs: Math.min(notLater ?? loadMs, loadMs),
  };
}

/** Null after a problem. */
function faultOf(entry: WrittenFault, path: Path, id: string, resolution: TimelineResolution): Fault | null {
  const { selector, report } = resolution;
  const seatsOf = (nodes: Selector): readonly string[] | null => selector.select(nodes, path, `timeline/${id}/nodes`);
  switch (entry.kind) {
    case 'crash':
    case 'restart': {
      const seats = seatsOf(entry.body.nodes);
      return seats === null ? null : { kind: entry.kind, seats, database: entry.body.database };
    }
    case 'pause':
    case 'leave':
    case 'cut-client': {
      const seats = seatsOf(entry.body.nodes);
      return seats === null ? null : { kind: entry.kind, seats };
    }
    case 'slow-disk': {
      const seats = seatsOf(entry.body.nodes);
      return seats === null ? null : { kind: entry.kind, seats, commitMs: entry.body.commit };
    }
    case 'clock': {
      if (entry.body.offset === 0) report([...path, 'offset'], 'an offset that is not 0');
      const seats = seatsOf(entry.body.nodes);
      return seats === null ? null : { kind: entry.kind, seats, offsetMs: entry.body.offset };
    }
    case 'behave': {
      const seats = seatsOf(entry.body.nodes);
      const behaviours = entry.body.behaviours.map((written, index) => {
        const at = [...path, 'behaviours', index];
        resolution.checkBehaviour(written, at);
        if (written.from !== undefined || written.until !== undefined) {
          report(at, 'no from or until within a fault (it has at and for)', 'one');
        }
        return plannedBehaviour(written, at, `timeline/${id}/behaviour${index}`, resolution.membersOf, report);
      });
      if (seats === null || behaviours.includes(null)) return null;
      return { kind: entry.kind, seats, behaviours: behaviours.filter((behaviour) => behaviour !== null) };
    }
    case 'link': {
      const links = Array.isArray(entry.body) ? entry.body : [entry.body];
      const rules = links.flatMap((link, index) => {
        const at = Array.isArray(entry.body) ? [...path, index] : path;
        const ruleId = link.id ?? (links.length === 1 ? id : `${id}/${index + 1}`);
        return linkRules(link, at, ruleId, `timeline/${id}/${index}`, { selector, report });
      });
      return { kind: 'link', seats: touchedSeats(rules, selector.all), rules };
    }
    case 'partition': {
      const rules = partitionRules(entry.body, path, id, resolution);
      return rules === null ? null : { kind: 'link', seats: touchedSeats(rules, selector.all), rules };
    }
    case 'broker-restart':
      return { kind: entry.kind, sessions: entry.body.sessions, downMs: entry.body.down };
    case 'broker-pause':
      return { kind: entry.kind };
    case 'queue-limit':
      return { kind: entry.kind, messages: entry.body.messages };
  }
}

/** Null after a problem. */
function partitionRules(
  { sides: written, oneWay, classes, flapping }: Extract<WrittenFault, { kind: 'partition' }>['body'],
  path: Path,
  id: string,
  { selector, report }: TimelineResolution,
): readonly LinkRule[] | null {
  const named = written.map((side, index) =>
    selector.select(side, [...path, 'sides', index], `timeline/${id}/side${index}`),
  );
  const sides = named.filter((side) => side !== null);
  if (sides.length < named.length) return null;
  if (sides.length === 1) sides.push(selector.all.filter((seat) => !sides[0]!.includes(seat)));
  if (sides[1]!.length === 0) {
    report([...path, 'sides'], 'somebody on the other side', 'nobody');
    return null;
  }
  const seen = new Set<string>();
  for (const seat of sides.flat()) {
    if (seen.has(seat)) report([...path, 'sides'], 'each seat on one side', `${seat} on several`);
    seen.add(seat);
  }
  if (oneWay && sides.length !== 2) report([...path, 'oneWay'], 'two sides beside it', String(sides.length));
  const rule = (from: number, to: number): LinkRule => ({
    ...IDLE_RULE,
    id: `${id}/${from + 1}>${to + 1}`,
    from: sides[from]!,
    to: sides[to]!,
    classes: classes === undefined ? null : [...new Set(classes)],
    drop: 1,
    flapping: flapping === undefined ? null : { onMs: flapping.on, offMs: flapping.off },
  });
  const indices = sides.map((_, index) => index);
  const pairs = indices.flatMap((from) => indices.filter((to) => to !== from).map((to) => [from, to] as const));
  return (oneWay ? pairs.slice(0, 1) : pairs).map(([from, to]) => rule(from, to));
}

/** As it is shown: `partition 1-5 | 6-8`. `written` is null for what is not in the timeline of the file. */
export function titleOf(fault: Fault, all: readonly string[], written: WrittenFault | null): string {
  const list = (seats: readonly string[]): string => nodeList(seats, all);
  switch (fault.kind) {
    case 'crash':
    case 'restart':
      return `${fault.kind} ${list(fault.seats)}, database ${fault.database}`;
    case 'pause':
    case 'leave':
    case 'join':
    case 'cut-client':
      return `${fault.kind} ${list(fault.seats)}`;
    case 'slow-disk':
      return `slow disk ${list(fault.seats)}: ${durationText(fault.commitMs)} a commit`;
    case 'clock':
      return `clock ${list(fault.seats)}: off by ${durationText(fault.offsetMs)}`;
    case 'behave':
      return `behave ${list(fault.seats)}: ${fault.behaviours.map(({ kind }) => kind).join(', ')}`;
    case 'link':
      return linkTitle(fault, list, written?.kind === 'partition');
    case 'broker-restart':
      return `broker restart, sessions ${fault.sessions}`;
    case 'broker-pause':
      return 'broker pause';
    case 'queue-limit':
      return `queue limit: ${fault.messages} messages`;
  }
}

function linkTitle(
  { rules }: Extract<Fault, { kind: 'link' }>,
  list: (seats: readonly string[]) => string,
  partition: boolean,
): string {
  const [rule] = rules;
  const end = (seats: readonly string[] | null): string => (seats === null ? 'all' : list(seats));
  if (rule === undefined) return 'link';
  if (partition) {
    const flaps = rule.flapping === null ? '' : ', flapping';
    if (rules.length === 1) return `partition ${end(rule.from)} > ${end(rule.to)}, one way${flaps}`;
    const sides = [...new Set(rules.map(({ from }) => end(from)))];
    return `partition ${sides.join(' | ')}${flaps}`;
  }
  const more = rules.length === 1 ? '' : `, and ${rules.length - 1} more`;
  return `link ${end(rule.from)} > ${end(rule.to)}: ${effectsText(rule)}${more}`;
}
