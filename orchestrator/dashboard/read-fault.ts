/**
 * A fault that somebody starts by hand, in the words of the scenario language: JSON to a planned fault, or every problem
 * at once. It begins at once, so that it has no `at` and no `when`. Pure.
 */
import { nearestName } from '../../node/host/nearest-name.ts';
import { type Problem, shown } from '../../node/protocol/parameters.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { findingsOf, pathText } from '../files/file-shapes.ts';
import { type Path, sourceOf } from '../files/yaml-source.ts';
import { type LabPlan, membersOf } from '../lab/lab-plan.ts';
import { serviceOf } from '../scenario/behaviour-shape.ts';
import { resolveTimeline } from '../scenario/resolve-timeline.ts';
import { knownService } from '../scenario/resolve-workload.ts';
import type { Report } from '../scenario/scenario-file.ts';
import type { PlannedFault } from '../scenario/scenario-plan.ts';
import { SeatSelector } from '../scenario/seat-selector.ts';
import { FAULT, FAULT_BODIES } from '../scenario/timeline-shape.ts';
import { LOAD_MS_MAX } from '../scenario/workload-shape.ts';

export interface FaultSetting {
  readonly plan: LabPlan;
  readonly quorum: number;
  /** Seats that are told to misbehave now: `byzantine` means these. */
  readonly byzantine: ReadonlySet<string>;
  /** Ids of faults that there were. */
  readonly taken: ReadonlySet<string>;
  /** Grows with each fault: names it, and the stream of its draws. */
  readonly number: number;
}

export type FaultReading =
  | { readonly ok: true; readonly fault: PlannedFault }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const TIMES = ['at', 'when', 'after', 'notLater'];
/** The entry stands alone: where it would be in a scenario is not shown. */
const PREFIX: Path = ['timeline', 0];

export function readFault(written: Readonly<Record<string, unknown>>, setting: FaultSetting): FaultReading {
  const source = sourceOf(written);
  const problems: Problem[] = [];
  const report: Report = (path, expected, found) => {
    const within = PREFIX.every((key, index) => path[index] === key) ? path.slice(PREFIX.length) : path;
    const there = found ?? shown(source.typed(within));
    problems.push({ path: within.length === 0 ? 'fault' : pathText(within), expected, found: there });
  };
  for (const name of TIMES) {
    if (Object.hasOwn(written, name)) report([name], 'nothing: a fault by hand begins at once');
  }
  const timeless = Object.fromEntries(
    Object.entries(source.value as Readonly<Record<string, unknown>>).filter(([name]) => !TIMES.includes(name)),
  );
  const parsed = FAULT.safeParse(timeless);
  if (!parsed.success) {
    for (const { path, expected, known } of findingsOf(parsed.error)) {
      const nearest = known === undefined ? null : nearestName(String(path.at(-1)), known);
      report(
        path,
        expected.replace(`, ${TIMES.join(', ')}`, ''),
        known === undefined ? undefined : `an unknown name${nearest === null ? '' : ` (nearest: ${nearest})`}`,
      );
    }
    return { ok: false, problems };
  }
  const { plan, quorum, byzantine, taken, number } = setting;
  const { kind } = parsed.data;
  const id = parsed.data.id ?? freeId(kind, number, taken);
  const selector = new SeatSelector({
    seats: plan.seats.map(({ seat }) => ({ seat, group: 'nodes', role: byzantine.has(seat) ? 'byzantine' : 'honest' })),
    size: { n: membersOf(plan.seats).length, quorum },
    draws: Prng.seeded(`${plan.seed}/${number}`).stream('hand'),
    report,
  });
  const catalogue = plan.services.map(({ name }) => name);
  const [fault] = resolveTimeline([{ ...parsed.data, id, at: 0 }], {
    selector,
    report,
    loadMs: LOAD_MS_MAX,
    membersOf: (terms, path, stream) => {
      const seats = selector.select(terms, path, stream);
      return seats === null ? null : membersOf(plan.seats.filter(({ seat }) => seats.includes(seat)));
    },
    taken,
    checkBehaviour: (behaviour, path) => {
      const service = serviceOf(behaviour);
      if (service !== null) knownService(service, [...path, behaviour.kind, 'service'], catalogue, report);
    },
  });
  return problems.length > 0 || fault === undefined ? { ok: false, problems } : { ok: true, fault };
}

export const HAND_FAULT_KINDS = Object.keys(FAULT_BODIES) as readonly (keyof typeof FAULT_BODIES)[];

function freeId(kind: string, number: number, taken: ReadonlySet<string>): string {
  for (let next = number; ; next++) {
    const id = `${kind}-${next}`;
    if (!taken.has(id)) return id;
  }
}
