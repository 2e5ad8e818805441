/** Link rules as a fault of a live run; what counts as evidence that they work is in link-evidence.ts. */
import { randomUUID } from 'node:crypto';
import type { LinkRule } from '../fabric/link-rule.ts';
import { numberOf, textOf } from '../history/observation.ts';
import type { Fault } from '../scenario/scenario-plan.ts';
import { type FaultHandler, type FaultWorld, upOf } from './fault-world.ts';
import { type HeardCanary, idleRules, LinkProbe } from './link-evidence.ts';

/** A canary comes back to its sender within this, or the fabric is down. */
const CANARY_MS_MAX = 3000;
/** After the sender has its own: what is not dropped is there as well, the nodes' batching of observations included. */
const GRACE_MS = 150;
const LOOK_EVERY_MS = 250;
/** Timers and clocks may be so much early. */
const EARLY_MS = 0.5;

export function linkFault(
  world: FaultWorld,
  id: string,
  { rules }: Extract<Fault, { readonly kind: 'link' }>,
): FaultHandler {
  return {
    apply: () => world.links.add(id, rules),
    verify: (ending) => verifyRules(world, rules, ending),
    heal: () => world.links.remove(id),
  };
}

/** Null, or which rule was not seen to work. */
async function verifyRules(world: FaultWorld, rules: readonly LinkRule[], ending: AbortSignal): Promise<string | null> {
  const seats = world.plan.seats.map(({ seat }) => seat);
  const probe = new LinkProbe(rules, seats, EARLY_MS);
  while (!probe.over) {
    const senders = probe.begin(upOf(world, seats));
    const graceMs = probe.holdMs + GRACE_MS;
    const heard = await Promise.all(
      senders.map(async (seat) => [seat, await sendCanary(world, seat, graceMs, ending)] as const),
    );
    const problem = probe.take(new Map(heard));
    if (problem !== null) return problem;
    if (ending.aborted) break;
    if (!probe.over) await pause(LOOK_EVERY_MS, ending);
  }
  return probe.missing ?? counted(world, probe.counted, ending);
}

/** Null: its sender did not hear it. */
async function sendCanary(
  { lab, watch }: FaultWorld,
  seat: string,
  graceMs: number,
  ending: AbortSignal,
): Promise<HeardCanary | null> {
  const id = randomUUID();
  let sentMs = Number.NaN;
  const receivedMs = new Map<string, number>();
  const stop = watch.follow((at, observation) => {
    if (textOf(observation, 'id') !== id) return;
    if (observation.event === 'canary.tx') sentMs = numberOf(observation, 't');
    else if (observation.event === 'canary.rx') receivedMs.set(at, numberOf(observation, 't'));
  });
  try {
    const own = watch.next(
      (at, observation) => at === seat && observation.event === 'canary.rx' && observation.id === id,
      CANARY_MS_MAX,
      ending,
    );
    await lab.canary(seat, id);
    if ((await own) === null) return null;
    await new Promise((done) => setTimeout(done, graceMs));
    return { sentMs, receivedMs };
  } finally {
    stop();
  }
}

async function counted(world: FaultWorld, rules: readonly LinkRule[], ending: AbortSignal): Promise<string | null> {
  if (rules.length === 0) return null;
  for (;;) {
    const idle = idleRules(rules, await world.links.counts(rules));
    if (idle.length === 0) return null;
    if (ending.aborted) return `rules ${idle.join(', ')} have changed nothing`;
    await pause(LOOK_EVERY_MS, ending);
  }
}

async function pause(ms: number, ending: AbortSignal): Promise<void> {
  await new Promise<void>((done) => {
    const end = (): void => {
      clearTimeout(timer);
      ending.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    ending.addEventListener('abort', end);
    if (ending.aborted) end();
  });
}
