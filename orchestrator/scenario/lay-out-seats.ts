/**
 * From groups of nodes to seats: `nodes: 8` is eight honest seats 1..8; groups are numbered on in their order. A twin of
 * seat 3 is seat 3b with the identity of 3; both have role `twin` then, since what the two say under one name is
 * Byzantine even though each of them is honest. Pure.
 */
import { shown } from '../../node/protocol/parameters.ts';
import type { Prng } from '../../node/simulation/prng.ts';
import type { Path } from '../files/yaml-source.ts';
import { NODES_MAX, NODES_MIN } from '../lab/lab-plan.ts';
import type { Report } from './scenario-file.ts';
import type { Role } from './scenario-plan.ts';
import { GROUPS, type Sections, type WrittenGroup } from './scenario-shape.ts';
import { SeatSelector } from './seat-selector.ts';

export const ONLY_GROUP = 'nodes';

export interface LaidSeat {
  readonly seat: string;
  readonly node: string;
  readonly group: string;
  readonly role: Role;
  readonly written: WrittenGroup;
  /** Of its group, in the file. */
  readonly path: Path;
}

interface LaidGroup {
  readonly name: string;
  readonly path: Path;
  readonly role: Role;
  readonly count: number;
  readonly written: WrittenGroup;
}

export interface SeatLayout {
  readonly nodes: Sections['nodes'];
  /** In place of what the file says: the first honest group grows or shrinks. */
  readonly nodeCount: number | null;
  readonly draws: Prng;
  readonly report: Report;
  /** A problem of `nodeCount`. */
  readonly reportCount: (expected: string) => void;
}

/** Null after problems were reported. */
export function layOutSeats(layout: SeatLayout): readonly LaidSeat[] | null {
  const { nodes, report } = layout;
  const written: readonly (readonly [string, Path, WrittenGroup | number])[] =
    typeof nodes === 'number'
      ? [[ONLY_GROUP, ['nodes'], nodes]]
      : Object.entries(nodes).map(([name, group]) => [name, ['nodes', name], group] as const);
  const groups = written.map(([name, path, group]) => groupOf(name, path, group, report));
  if (groups.length > GROUPS.max) report(['nodes'], `at most ${GROUPS.max} groups`, String(groups.length));
  if (groups.some((group) => group === null)) return null;
  const counted = withCount(groups as LaidGroup[], layout);
  if (counted === null) return null;
  const base = numbered(counted.filter(({ role }) => role !== 'twin'));
  if (base.length < NODES_MIN || base.length > NODES_MAX) {
    report(['nodes'], `${NODES_MIN}..${NODES_MAX} nodes over all groups that are no twins`, String(base.length));
    return null;
  }
  return withTwins(
    base,
    counted.filter(({ role }) => role === 'twin'),
    layout,
  );
}

function groupOf(name: string, path: Path, found: WrittenGroup | number, report: Report): LaidGroup | null {
  const written: WrittenGroup = typeof found === 'number' ? { count: found } : found;
  const { behaviours, of } = written;
  const role = written.role ?? (of !== undefined ? 'twin' : behaviours !== undefined ? 'byzantine' : 'honest');
  let right = true;
  const wrong = (at: Path, expected: string, shownAs?: string): void => {
    right = false;
    report(at, expected, shownAs);
  };
  // These words mean roles wherever seats are named.
  if ((name === 'honest' && role !== 'honest') || (name === 'byzantine' && role === 'honest')) {
    wrong(path, `another name for a group of role ${role}`, name);
  }
  if (role === 'twin' && of === undefined) wrong(path, 'of beside role twin: whose identity it shares', 'none');
  if (role !== 'twin' && of !== undefined) wrong([...path, 'of'], 'role twin beside it', shown(role));
  if (role === 'honest' && behaviours !== undefined) {
    wrong([...path, 'behaviours'], 'no behaviours beside role honest', 'both');
  }
  if (role === 'twin' && (written.count ?? 1) > GROUPS.copiesMax) {
    wrong([...path, 'count'], `integer 1..${GROUPS.copiesMax} for twins`);
  }
  return right ? { name, path, role, count: written.count ?? 1, written } : null;
}

function withCount(groups: readonly LaidGroup[], layout: SeatLayout): readonly LaidGroup[] | null {
  const { nodeCount } = layout;
  if (nodeCount === null) return groups;
  const first = groups.find(({ role }) => role === 'honest');
  const others = groups.filter((group) => group !== first && group.role !== 'twin');
  const fixed = others.reduce((sum, { count }) => sum + count, 0);
  if (first !== undefined && nodeCount > fixed && nodeCount <= NODES_MAX) {
    return groups.map((group) => (group === first ? { ...group, count: nodeCount - fixed } : group));
  }
  layout.reportCount(
    first === undefined
      ? 'a scenario with a group of honest nodes'
      : `integer ${fixed + 1}..${NODES_MAX} (${fixed} nodes are not of group ${first.name})`,
  );
  return null;
}

function numbered(groups: readonly LaidGroup[]): LaidSeat[] {
  const seats: LaidSeat[] = [];
  for (const { name, path, role, count, written } of groups) {
    for (let index = 0; index < count; index++) {
      const seat = String(seats.length + 1);
      seats.push({ seat, node: seat, group: name, role, written, path });
    }
  }
  return seats;
}

function withTwins(
  base: readonly LaidSeat[],
  groups: readonly LaidGroup[],
  { draws, report }: SeatLayout,
): readonly LaidSeat[] | null {
  // What a size class means here would depend on the profile; a twin is named.
  const selector = new SeatSelector({ seats: base, size: { n: base.length, quorum: 0 }, draws, report });
  const copies = new Map<string, number>();
  const twins: LaidSeat[] = [];
  let right = true;
  for (const { name, path, count, written } of groups) {
    const shared = selector.select(written.of ?? [], [...path, 'of'], `nodes/${name}/of`);
    if (shared === null) right = false;
    for (const node of shared ?? []) {
      for (let index = 0; index < count; index++) {
        const copy = (copies.get(node) ?? 0) + 1;
        copies.set(node, copy);
        if (copy > GROUPS.copiesMax) {
          report([...path, 'of'], `at most ${GROUPS.copiesMax} twins of one node`, `${copy} of ${node}`);
          return null;
        }
        const seat = `${node}${String.fromCharCode('a'.charCodeAt(0) + copy)}`;
        twins.push({ seat, node, group: name, role: 'twin', written, path });
      }
    }
  }
  if (!right) return null;
  return [...base.map((laid): LaidSeat => (copies.has(laid.seat) ? { ...laid, role: 'twin' } : laid)), ...twins];
}
