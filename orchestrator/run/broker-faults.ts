/** Faults of the fabric's broker, which is a part of the system under test. */
import { randomUUID } from 'node:crypto';
import type { Fault } from '../scenario/scenario-plan.ts';
import { type FaultHandler, type FaultWorld, upOf } from './fault-world.ts';

type Of<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

/** Nodes connect again within a second or two. */
const RECONNECT_MS_MAX = 15_000;
/** A node has told of its lost session within this: nodes gather their lines, and a busy machine keeps them waiting. */
const TOLD_MS_MAX = 10_000;
const SILENCE_MS = 500;

/** Resolves when it runs again and every node that is up has a session. */
export function brokerRestart(world: FaultWorld, { sessions, downMs }: Of<'broker-restart'>): FaultHandler {
  const { lab, plan, watch } = world;
  /** Have not told of a lost session. */
  const untold = new Set<string>();
  let stopLooking = (): void => {};
  return {
    apply: async () => {
      const up = upOf(
        world,
        plan.seats.map(({ seat }) => seat),
      );
      for (const seat of up) untold.add(seat);
      stopLooking = watch.follow((seat, { event, link, connected }) => {
        if (event === 'session' && link === 'fabric' && connected === false) untold.delete(seat);
      });
      try {
        await lab.fabric.restart({ sessions, downMs });
        const away = await lab.fabric.untilConnected(up, RECONNECT_MS_MAX);
        if (away.length > 0) throw new Error(`seats ${away.join(', ')} are not connected again`);
      } catch (error) {
        stopLooking();
        throw error;
      }
    },
    // That it is connected again, the broker knows; that it was away, only the node, whose lines may come later.
    verify: async (ending) => {
      if (untold.size > 0) await watch.next(() => untold.size === 0, TOLD_MS_MAX, ending);
      stopLooking();
      return untold.size === 0 ? null : `seats ${[...untold].join(', ')} never lost their session`;
    },
    heal: null,
  };
}

export function brokerPause(world: FaultWorld): FaultHandler {
  const { lab, plan, watch } = world;
  return {
    apply: () => lab.fabric.pause(),
    verify: async (ending) => {
      const [seat] = upOf(
        world,
        plan.seats.map(({ seat: name }) => name),
      );
      if (seat === undefined) return 'no node runs that could notice';
      const id = randomUUID();
      const own = watch.next(
        (_, observation) => observation.event === 'canary.rx' && observation.id === id,
        SILENCE_MS,
        ending,
      );
      await lab.canary(seat, id);
      return (await own) === null ? null : 'messages still pass';
    },
    heal: () => lab.fabric.resume(),
  };
}

export function cutClient(world: FaultWorld, { seats }: Of<'cut-client'>): FaultHandler {
  const { lab } = world;
  let missed: readonly string[] = [];
  return {
    apply: async () => {
      const cut = new Set(await lab.fabric.control!.cut(seats));
      missed = seats.filter((seat) => !cut.has(seat));
    },
    verify: async () => (missed.length === 0 ? null : `seats ${missed.join(', ')} were not connected`),
    heal: null,
  };
}

/** Seen to work when a queue was full. */
export function queueLimit(world: FaultWorld, { messages }: Of<'queue-limit'>): FaultHandler {
  const { lab } = world;
  let before = 0;
  const dropped = async (): Promise<number> => (await lab.fabric.stats())?.dropped['queue-full'] ?? 0;
  return {
    apply: async () => {
      before = await dropped();
      await lab.fabric.control!.setQueueLimit(messages);
    },
    verify: async (ending) => {
      if (!ending.aborted) await new Promise<void>((done) => ending.addEventListener('abort', () => done()));
      return (await dropped()) > before ? null : 'no queue was ever full';
    },
    heal: () => lab.fabric.control!.setQueueLimit(null),
  };
}
