/** Records of simulated nodes, changed by a test or as they are, driven through a core again. */
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { catalogueOf } from '../../node/host/service-definitions.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { parseObservation } from '../../orchestrator/history/observation.ts';
import { membersOf } from '../../orchestrator/lab/lab-plan.ts';
import { KnownRequests } from '../../orchestrator/replay/known-requests.ts';
import { replaySeat, type SeatReplay } from '../../orchestrator/replay/replay-seat.ts';
import type { ScenarioPlan } from '../../orchestrator/scenario/scenario-plan.ts';
import { simulateRun } from '../../orchestrator/simulated/simulation.ts';

export class RecordedSeats {
  readonly plan: ScenarioPlan;
  readonly lines: ReadonlyMap<string, readonly string[]>;
  readonly #requests = new KnownRequests(nativeSha256Hex);
  readonly #end: ReturnType<typeof simulateRun>;

  constructor(plan: ScenarioPlan) {
    this.plan = plan;
    const lines = new Map<string, string[]>(plan.seats.map(({ seat }) => [seat, []]));
    this.lines = lines;
    this.#end = simulateRun(plan, { onLines: (seat, text) => lines.get(seat)!.push(...text.split('\n').slice(0, -1)) });
    for (const line of [...lines.values()].flat()) this.#requests.take(parseObservation(line)!);
  }

  replay(
    seat: string,
    lines: readonly string[] = this.lines.get(seat)!,
    change: (report: NodeReport) => NodeReport = (report) => report,
  ): SeatReplay {
    const { lab, seats } = this.plan;
    const profiled = namedProfile({
      profile: lab.profile,
      parameters: lab.overrides,
      members: membersOf(lab.seats),
      catalogue: catalogueOf(lab.services),
      hash: nativeSha256Hex,
    });
    if (!profiled.ok) throw new Error(JSON.stringify(profiled.problems));
    const { events, finals } = this.#end;
    const final = finals.get(seat);
    return replaySeat({
      seat,
      node: seats.find((planned) => planned.seat === seat)!.node,
      lines,
      profile: profiled.profile,
      known: { requests: this.#requests, hash: nativeSha256Hex },
      orders: [],
      final: final === undefined ? null : change(final),
      readMs: events.find((event) => event.event === 'phase' && event.phase === 'read')!.t,
    });
  }
}

/** What went wrong, for a message. */
export function differenceOf({ seat, difference, notes }: SeatReplay): string {
  if (difference === null) return '';
  const { line, why, recorded, made } = difference;
  return `seat ${seat}, line ${line}: ${why}\nrecorded ${recorded}\ncore     ${made}\n${notes.join('\n')}`;
}
