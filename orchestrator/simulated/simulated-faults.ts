/**
 * Faults in virtual time: how each kind is applied, seen to work and healed, as run/node-faults.ts, run/broker-faults.ts
 * and run/link-fault.ts do it in a live run, with the same words where it was not seen.
 *
 * Every generator function here stands at the top level. One that is made anew for each fault gets a hidden class of its
 * own, which lives in the old generation and holds on to all that the function sees: the nursery could free nothing of a
 * whole run, and an exploration would spend a sixth of its time on copying that.
 */
import type { NodeConditions } from '../../node/host/conditions.ts';
import { allOf, perform, type Script, Signal } from '../../node/simulation/script.ts';
import type { LinkRule } from '../fabric/link-rule.ts';
import type { FaultHandlers } from '../run/fault-handlers.ts';
import { idleRules, LinkProbe } from '../run/link-evidence.ts';
import type { Change, SeatConditions } from '../run/seat-conditions.ts';
import type { FaultOf, PlannedFault } from '../scenario/scenario-plan.ts';
import type { SimulatedLab } from './simulated-lab.ts';

export interface FaultWorld {
  readonly lab: SimulatedLab;
  readonly conditions: SeatConditions;
  /** Link rules by their owner. */
  readonly links: Map<string, readonly LinkRule[]>;
  /** By seat: each calls it when it deviates. */
  readonly deviations: Map<string, Set<() => void>>;
}

export interface FaultHandler {
  /** Ends when it is in force; throws where it cannot be. */
  apply(): Script;
  /** Null, or what was not seen. `ending` is raised when the fault is about to be healed; then it ends soon. */
  verify(ending: Signal): Script<string | null>;
  /** Null: there is nothing to heal. */
  readonly heal: (() => Script) | null;
}

const RECONNECT_MS_MAX = 15_000;
const SILENCE_MS = 500;
/** A canary comes back to its sender within this, or the fabric is down. */
const CANARY_MS_MAX = 3000;
/** After the sender has its own: what is not dropped is there as well. */
const GRACE_MS = 150;
const LOOK_EVERY_MS = 250;
/** Half a thousandth of a millisecond: what a sum of floating-point delays may be short of. */
const EARLY_MS = 0.0005;

export const HANDLERS: FaultHandlers<FaultWorld, FaultHandler> = {
  crash,
  restart,
  leave,
  join: (world, { seats }) => ({
    apply: () => startAll(world, seats, null),
    verify: () => notUp(world, seats),
    heal: null,
  }),
  pause,
  'slow-disk': (world, { seats, commitMs }, { id }) =>
    conditionFault(world, id, seats, (was) => ({ ...was, commitDelayMs: commitMs })),
  clock: (world, { seats, offsetMs }, { id }) =>
    conditionFault(world, id, seats, (was) => ({ ...was, clockOffsetMs: offsetMs })),
  behave: (world, { seats, behaviours }, { id }) => ({
    ...conditionFault(world, id, seats, (was) => ({ ...was, behaviours: [...was.behaviours, ...behaviours] })),
    verify: firstAct(world, seats),
  }),
  link: linkFault,
  'broker-restart': brokerRestart,
  'broker-pause': brokerPause,
  'cut-client': cutClient,
  'queue-limit': queueLimit,
};

// --- nodes --------------------------------------------------------------------------------------------------------

function crash(world: FaultWorld, { seats, database }: FaultOf<'crash'>): FaultHandler {
  return {
    apply: () => takeDown(world, seats, true, database),
    verify: () => stillUp(world, seats),
    heal: () => startAll(world, seats, database),
  };
}

function restart(world: FaultWorld, { seats, database }: FaultOf<'restart'>): FaultHandler {
  return {
    apply: () => startAgain(world, seats, database),
    verify: () => notUp(world, seats),
    heal: null,
  };
}

function leave(world: FaultWorld, { seats }: FaultOf<'leave'>, { durationMs }: PlannedFault): FaultHandler {
  return {
    apply: () => takeDown(world, seats, false, 'kept'),
    verify: () => stillUp(world, seats),
    heal: durationMs === null ? null : () => startAll(world, seats, 'kept'),
  };
}

function pause(world: FaultWorld, { seats }: FaultOf<'pause'>): FaultHandler {
  const { lab } = world;
  return {
    apply: () =>
      at(() => {
        requireUp(world, seats);
        for (const seat of seats) lab.node(seat).pause();
      }),
    verify: () =>
      at(() => {
        const answering = seats.filter((seat) => lab.node(seat).answering);
        return answering.length === 0 ? null : `seats ${answering.join(', ')} still answer`;
      }),
    heal: () =>
      at(() => {
        for (const seat of seats) lab.node(seat).resume();
      }),
  };
}

/** Begins to look when it is called; its script ends as soon as one of `seats` deviates. */
export function firstAct({ deviations }: FaultWorld, seats: readonly string[]): FaultHandler['verify'] {
  const acted = new Signal();
  const raise = (): void => acted.raise();
  for (const seat of seats) deviations.set(seat, (deviations.get(seat) ?? new Set()).add(raise));
  const stop = (): void => {
    for (const seat of seats) deviations.get(seat)?.delete(raise);
  };
  return (ending) => untilActed(acted, ending, stop);
}

function* untilActed(acted: Signal, ending: Signal, stop: () => void): Script<string | null> {
  if (!acted.raised) yield { ms: null, signals: [acted, ending] };
  stop();
  return acted.raised ? null : 'no deviation was seen while it was active';
}

function conditionFault(world: FaultWorld, id: string, seats: readonly string[], change: Change): FaultHandler {
  const { lab, conditions } = world;
  const tell = (): void => lab.tellConditions(lab.upOf(seats), (seat): NodeConditions => conditions.of(seat));
  return {
    apply: () =>
      at(() => {
        requireUp(world, seats);
        conditions.add(id, seats, change);
        tell();
      }),
    verify: () => at(() => null),
    heal: () =>
      at(() => {
        conditions.remove(id);
        tell();
      }),
  };
}

/** A fault of a node that does not run is none. */
function requireUp({ lab }: FaultWorld, seats: readonly string[]): void {
  const down = seats.filter((seat) => !lab.isUp(seat));
  if (down.length > 0) throw new Error(`seats ${down.join(', ')}: expected to run, found down`);
}

function* takeDown(world: FaultWorld, seats: readonly string[], kill: boolean, database: 'kept' | 'lost'): Script {
  requireUp(world, seats);
  yield* stopAll(world, seats, kill);
  if (database === 'lost') yield* eraseAll(world, seats);
}

function* startAgain(world: FaultWorld, seats: readonly string[], database: 'kept' | 'lost'): Script {
  yield* takeDown(world, seats, false, database);
  yield* startAll(world, seats, database);
}

function* stopAll({ lab }: FaultWorld, seats: readonly string[], kill: boolean): Script {
  yield* allOf(seats.map((seat) => perform(lab.timeline, lab.stop(seat, kill))));
}

function* eraseAll({ lab }: FaultWorld, seats: readonly string[]): Script {
  const running: string[] = [];
  yield* allOf(seats.map((seat) => perform(lab.timeline, erase(lab, seat, running))));
  if (running.length > 0) throw new Error(`seats ${running.join(', ')}: expected to be down, found running`);
}

/** A seat that runs joins `running`. */
function* erase(lab: SimulatedLab, seat: string, running: string[]): Script {
  if (!(yield* lab.erase(seat))) running.push(seat);
}

/** `database`: what the nodes must find; null: whatever there is. */
function* startAll(
  { lab, conditions }: FaultWorld,
  seats: readonly string[],
  database: 'kept' | 'lost' | null,
): Script {
  yield* allOf(
    seats.map((seat) =>
      perform(
        lab.timeline,
        lab.start(seat, () => conditions.of(seat)),
      ),
    ),
  );
  const expectedEmpty = database === 'lost';
  const wrong = seats.filter((seat) => database !== null && lab.node(seat).databaseWasEmpty !== expectedEmpty);
  if (wrong.length > 0)
    throw new Error(
      `seats ${wrong.join(', ')}: expected a database that is ${expectedEmpty ? 'empty' : 'kept'}, found the other`,
    );
}

function stillUp({ lab }: FaultWorld, seats: readonly string[]): Script<string | null> {
  return at(() => {
    const up = lab.upOf(seats);
    return up.length === 0 ? null : `seats ${up.join(', ')} still run`;
  });
}

function notUp({ lab }: FaultWorld, seats: readonly string[]): Script<string | null> {
  return at(() => {
    const down = seats.filter((seat) => !lab.isUp(seat));
    return down.length === 0 ? null : `seats ${down.join(', ')} do not run`;
  });
}

// --- the broker ---------------------------------------------------------------------------------------------------

function brokerRestart({ lab }: FaultWorld, { sessions, downMs }: FaultOf<'broker-restart'>): FaultHandler {
  let away: readonly string[] = [];
  return {
    apply: () => {
      const up = lab.upOf(lab.seats);
      away = up.filter((seat) => !lab.fabric.connected(seat));
      return restartBroker(lab, sessions, downMs, up);
    },
    verify: () => at(() => (away.length === 0 ? null : `seats ${away.join(', ')} never lost their session`)),
    heal: null,
  };
}

function* restartBroker(lab: SimulatedLab, sessions: 'kept' | 'lost', downMs: number, up: readonly string[]): Script {
  lab.fabric.goDown(sessions);
  yield { ms: downMs };
  lab.fabric.comeUp();
  const back = yield* lab.untilConnected(lab.upOf(up), RECONNECT_MS_MAX);
  if (back.length > 0) throw new Error(`seats ${back.join(', ')} are not connected again`);
}

function brokerPause({ lab }: FaultWorld): FaultHandler {
  return {
    apply: () => at(() => lab.fabric.pause()),
    verify: (ending) => seenSilent(lab, ending),
    heal: () => at(() => lab.fabric.resume()),
  };
}

function* seenSilent(lab: SimulatedLab, ending: Signal): Script<string | null> {
  const [seat] = lab.upOf(lab.seats);
  if (seat === undefined) return 'no node runs that could notice';
  const canary = lab.canary(seat);
  yield { ms: SILENCE_MS, signals: [canary.returned, ending] };
  return canary.returned.raised ? 'messages still pass' : null;
}

function cutClient({ lab }: FaultWorld, { seats }: FaultOf<'cut-client'>): FaultHandler {
  let missed: readonly string[] = [];
  return {
    apply: () =>
      at(() => {
        const cut = new Set(lab.fabric.cut(seats));
        missed = seats.filter((seat) => !cut.has(seat));
      }),
    verify: () => at(() => (missed.length === 0 ? null : `seats ${missed.join(', ')} were not connected`)),
    heal: null,
  };
}

/** Seen to work when a queue was full. */
function queueLimit({ lab }: FaultWorld, { messages }: FaultOf<'queue-limit'>): FaultHandler {
  let before = 0;
  const dropped = (): number => lab.fabric.stats().dropped['queue-full'];
  return {
    apply: () =>
      at(() => {
        before = dropped();
        lab.fabric.setQueueLimit(messages);
      }),
    verify: (ending) => atEnd(ending, () => (dropped() > before ? null : 'no queue was ever full')),
    heal: () => at(() => lab.fabric.setQueueLimit(null)),
  };
}

// --- links --------------------------------------------------------------------------------------------------------

export function linkFault(
  world: FaultWorld,
  { rules }: FaultOf<'link'>,
  { id }: Pick<PlannedFault, 'id'>,
): FaultHandler {
  const { lab, links } = world;
  const apply = (): void => lab.fabric.setLinks([...links.values()].flat());
  return {
    apply: () =>
      at(() => {
        links.set(id, rules);
        apply();
      }),
    verify: (ending) => verifyRules(lab, rules, ending),
    heal: () =>
      at(() => {
        links.delete(id);
        apply();
      }),
  };
}

function* verifyRules(lab: SimulatedLab, rules: readonly LinkRule[], ending: Signal): Script<string | null> {
  const probe = new LinkProbe(rules, lab.seats, EARLY_MS);
  while (!probe.over) {
    const canaries = new Map(probe.begin(lab.upOf(lab.seats)).map((seat) => [seat, lab.canary(seat)]));
    const endMs = lab.timeline.nowMs + CANARY_MS_MAX;
    for (const { returned } of canaries.values()) {
      if (!returned.raised) yield { ms: Math.max(0, endMs - lab.timeline.nowMs), signals: [returned, ending] };
    }
    if (canaries.size > 0) yield { ms: probe.holdMs + GRACE_MS };
    const heard = Array.from(canaries, ([seat, canary]) => [seat, canary.returned.raised ? canary : null] as const);
    const problem = probe.take(new Map(heard));
    if (problem !== null) return problem;
    if (ending.raised) break;
    if (!probe.over) yield { ms: LOOK_EVERY_MS, signals: [ending] };
  }
  return probe.missing ?? (yield* counted(lab, probe.counted, ending));
}

function* counted(lab: SimulatedLab, rules: readonly LinkRule[], ending: Signal): Script<string | null> {
  for (;;) {
    const idle = idleRules(rules, lab.fabric.linkCounts());
    if (idle.length === 0) return null;
    if (ending.raised) return `rules ${idle.join(', ')} have changed nothing`;
    yield { ms: LOOK_EVERY_MS, signals: [ending] };
  }
}

function* atEnd<T>(ending: Signal, look: () => T): Script<T> {
  yield { ms: null, signals: [ending] };
  return look();
}

/** What takes no time, as a script. */
// biome-ignore lint/correctness/useYield: it is one for the sake of its type
function* at<T>(act: () => T): Script<T> {
  return act();
}
