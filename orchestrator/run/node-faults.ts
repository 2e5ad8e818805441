/** Faults of nodes: crash, pause, restart, leaving and joining, and what happens inside their processes. */
import type { FaultOf, PlannedFault } from '../scenario/scenario-plan.ts';
import { type FaultHandler, type FaultWorld, requireUp, tellConditions, upOf } from './fault-world.ts';
import type { Change } from './seat-conditions.ts';

type Named = Pick<PlannedFault, 'id'>;

/** An answer that takes longer is none: a node that runs answers within a few milliseconds. */
const ANSWER_MS_MAX = 400;

/** Ends without notice; healed by a start, with or without the database. */
export function crash(world: FaultWorld, { seats, database }: FaultOf<'crash'>): FaultHandler {
  const { lab } = world;
  return {
    apply: async () => {
      requireUp(world, seats);
      await Promise.all(seats.map((seat) => lab.stopNode(seat, true)));
      if (database === 'lost') await Promise.all(seats.map((seat) => lab.eraseNode(seat)));
    },
    verify: async () => stillUp(world, seats),
    heal: () => startAll(world, seats, database),
  };
}

export function restart(world: FaultWorld, { seats, database }: FaultOf<'restart'>): FaultHandler {
  const { lab } = world;
  return {
    apply: async () => {
      requireUp(world, seats);
      await Promise.all(seats.map((seat) => lab.stopNode(seat)));
      if (database === 'lost') await Promise.all(seats.map((seat) => lab.eraseNode(seat)));
      await startAll(world, seats, database);
    },
    verify: async () => notUp(world, seats),
    heal: null,
  };
}

/** Where it has a duration, its nodes are started again after it. */
export function leave(
  world: FaultWorld,
  { seats }: FaultOf<'leave'>,
  { durationMs }: Pick<PlannedFault, 'durationMs'>,
): FaultHandler {
  return {
    apply: async () => {
      requireUp(world, seats);
      await Promise.all(seats.map((seat) => world.lab.stopNode(seat)));
    },
    verify: async () => stillUp(world, seats),
    heal: durationMs === null ? null : () => startAll(world, seats, 'kept'),
  };
}

export function join(world: FaultWorld, { seats }: FaultOf<'join'>): FaultHandler {
  return { apply: () => startAll(world, seats, null), verify: async () => notUp(world, seats), heal: null };
}

export function pause(world: FaultWorld, { seats }: FaultOf<'pause'>): FaultHandler {
  const { lab } = world;
  return {
    apply: async () => {
      requireUp(world, seats);
      await Promise.all(seats.map((seat) => lab.pauseNode(seat)));
    },
    verify: async () => {
      const answering = await answered(world, seats);
      return answering.length === 0 ? null : `seats ${answering.join(', ')} still answer`;
    },
    heal: async () => {
      await Promise.all(seats.map((seat) => lab.resumeNode(seat)));
    },
  };
}

/** The node says that its conditions changed; that is all that can be seen of these two from outside. */
export function slowDisk(world: FaultWorld, { seats, commitMs }: FaultOf<'slow-disk'>, { id }: Named): FaultHandler {
  return conditionFault(world, id, seats, (conditions) => ({ ...conditions, commitDelayMs: commitMs }));
}

export function clock(world: FaultWorld, { seats, offsetMs }: FaultOf<'clock'>, { id }: Named): FaultHandler {
  return conditionFault(world, id, seats, (conditions) => ({ ...conditions, clockOffsetMs: offsetMs }));
}

/** Seen to work by the first message that one of them changes, makes or keeps back. */
export function behave(world: FaultWorld, { seats, behaviours }: FaultOf<'behave'>, { id }: Named): FaultHandler {
  const told = conditionFault(world, id, seats, (conditions) => ({
    ...conditions,
    behaviours: [...conditions.behaviours, ...behaviours],
  }));
  return { ...told, verify: firstAct(world, seats) };
}

/** Begins to look when it is called, so that nothing is missed; answers null as soon as one of `seats` deviates. */
export function firstAct(world: FaultWorld, seats: readonly string[]): FaultHandler['verify'] {
  const among = new Set(seats);
  let seen = false;
  const stop = world.watch.follow((seat, { event }) => {
    if (event === 'byzantine' && among.has(seat)) seen = true;
  });
  return async (ending) => {
    if (!seen)
      await world.watch.next((seat, { event }) => event === 'byzantine' && among.has(seat), 2 ** 31 - 1, ending);
    stop();
    return seen ? null : 'no deviation was seen while it was active';
  };
}

function conditionFault(world: FaultWorld, id: string, seats: readonly string[], change: Change): FaultHandler {
  const { conditions } = world;
  return {
    apply: async () => {
      requireUp(world, seats);
      conditions.add(id, seats, change);
      await tellConditions(world, seats);
    },
    verify: async () => null,
    heal: async () => {
      conditions.remove(id);
      await tellConditions(world, seats);
    },
  };
}

/** `database`: what the nodes must find; null: whatever there is. */
async function startAll(
  { lab }: FaultWorld,
  seats: readonly string[],
  database: 'kept' | 'lost' | null,
): Promise<void> {
  await Promise.all(seats.map((seat) => lab.startNode(seat)));
  const expectedEmpty = database === 'lost';
  const wrong = seats.filter((seat) => database !== null && lab.databaseWasEmpty(seat) !== expectedEmpty);
  if (wrong.length > 0)
    throw new Error(
      `seats ${wrong.join(', ')}: expected a database that is ${expectedEmpty ? 'empty' : 'kept'}, found the other`,
    );
}

function stillUp(world: FaultWorld, seats: readonly string[]): string | null {
  const up = upOf(world, seats);
  return up.length === 0 ? null : `seats ${up.join(', ')} still run`;
}

function notUp({ lab }: FaultWorld, seats: readonly string[]): string | null {
  const down = seats.filter((seat) => !lab.isUp(seat));
  return down.length === 0 ? null : `seats ${down.join(', ')} do not run`;
}

async function answered({ lab }: FaultWorld, seats: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(
    seats.map(async (seat) => ((await lab.answers(seat, ANSWER_MS_MAX)) ? [seat] : [])),
  );
  return answers.flat();
}
