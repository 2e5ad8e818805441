/**
 * What every check needs of the plan, worked out once: who is correct, who must decide, what the rules ask for. Pure.
 *
 * A seat is *correct* when it is honest in the plan, runs no behaviour from its start and is given none by a fault, keeps
 * its database, and shares its identity with nobody: two seats of one node are an equivocator, whatever each of them does.
 * Crashes, pauses, clocks and slow disks leave a seat correct. A behaviour that is healed does not make it correct again.
 */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { catalogueOf } from '../../node/host/service-definitions.ts';
import type { Sha256Hex } from '../../node/protocol/hash.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import { describeProblem, type Parameters } from '../../node/protocol/parameters.ts';
import { namedProfile } from '../../node/protocol/profiles.ts';
import { Failure } from '../failure.ts';
import { membersOf } from '../lab/lab-plan.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';

export interface CheckFacts {
  readonly plan: ScenarioPlan;
  readonly profile: PaperProfile;
  readonly parameters: Parameters;
  readonly hash: Sha256Hex;
  readonly members: readonly string[];
  /** Equal votes that settle a request in a network of all members. */
  readonly quorum: number;
  /** All seats, in the order of the plan. */
  readonly seats: readonly string[];
  readonly nodeOf: ReadonlyMap<string, string>;
  readonly correct: ReadonlySet<string>;
  /** Correct seats that are not sent away for good: every request must be decided on them. */
  readonly obliged: ReadonlySet<string>;
  /** Seats that are not there from the beginning. What was asked before their first start is not asked of them. */
  readonly late: ReadonlySet<string>;
  /** Milliseconds that a service may take, by name. */
  readonly serviceMsMax: ReadonlyMap<string, number>;
}

/** Throws a Failure where the plan names a profile that this version does not have. */
export function checkFacts(plan: ScenarioPlan): CheckFacts {
  const { lab } = plan;
  const members = membersOf(lab.seats);
  const named = namedProfile({
    profile: lab.profile,
    parameters: lab.overrides,
    members,
    catalogue: catalogueOf(lab.services),
    hash: nativeSha256Hex,
  });
  if (!named.ok) throw new Failure('usage', `the plan's lab: ${named.problems.map(describeProblem).join('; ')}`);
  const { profile } = named;
  const correct = correctSeats(plan);
  const gone = new Set(
    plan.timeline.flatMap(({ fault, durationMs }) =>
      fault.kind === 'leave' && durationMs === null ? fault.seats : [],
    ),
  );
  return {
    plan,
    profile,
    parameters: profile.parameters,
    hash: nativeSha256Hex,
    members,
    quorum: profile.quorum(members.length),
    seats: lab.seats.map(({ seat }) => seat),
    nodeOf: new Map(lab.seats.map(({ seat, node }) => [seat, node])),
    correct,
    obliged: new Set([...correct].filter((seat) => !gone.has(seat))),
    late: new Set(plan.seats.filter(({ startsAtMs }) => startsAtMs !== null).map(({ seat }) => seat)),
    serviceMsMax: new Map(
      lab.services.map(({ name, program }) => [name, 'timeoutMs' in program ? program.timeoutMs : 0]),
    ),
  };
}

function correctSeats({ seats, timeline }: ScenarioPlan): ReadonlySet<string> {
  const shared = new Set(
    seats.filter(({ node }, index) => seats.some((other, i) => i !== index && other.node === node)).map((s) => s.seat),
  );
  const spoilt = new Set(
    timeline.flatMap(({ fault }) => {
      if (fault.kind === 'behave') return fault.seats;
      const lost = (fault.kind === 'crash' || fault.kind === 'restart') && fault.database === 'lost';
      return lost ? fault.seats : [];
    }),
  );
  const correct = seats.filter(
    ({ seat, role, conditions }) =>
      role === 'honest' && conditions.behaviours.length === 0 && !shared.has(seat) && !spoilt.has(seat),
  );
  return new Set(correct.map(({ seat }) => seat));
}
