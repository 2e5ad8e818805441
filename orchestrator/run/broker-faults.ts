/** Faults of the fabric's broker, which is a part of the system under test. */
import type { Fault } from '../scenario/scenario-plan.ts';
import { type FaultHandler, type FaultWorld, upOf } from './fault-world.ts';

type Of<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

/** Nodes connect again within a second or two. */
const RECONNECT_MS_MAX = 15_000;
const SILENCE_MS = 500;

/** Resolves when it runs again and every node that is up has a session. */
export function brokerRestart(world: FaultWorld, { sessions, downMs }: Of<'broker-restart'>): FaultHandler {
  const { lab, plan, links, watch } = world;
  let away: readonly string[] = [];
  return {
    apply: async () => {
      const up = upOf(
        world,
        plan.seats.map(({ seat }) => seat),
      );
      const gone = new Set<string>();
      const stop = watch.follow((seat, { event, link, connected }) => {
        if (event === 'session' && link === 'fabric' && connected === false) gone.add(seat);
      });
      await lab.fabric.restart({ sessions, downMs });
      await links.apply();
      const back = await lab.fabric.untilConnected(up, RECONNECT_MS_MAX);
      stop();
      away = up.filter((seat) => !gone.has(seat));
      if (back.length > 0) throw new Error(`seats ${back.join(', ')} are not connected again`);
    },
    verify: async () => (away.length === 0 ? null : `seats ${away.join(', ')} never lost their session`),
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
      const id = `pause-${process.hrtime.bigint()}`;
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
