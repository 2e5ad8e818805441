/**
 * Link rules as a fault, and how they are seen to work. What a rule surely does (it drops everything, or delays) is
 * probed: every node that may send over a link publishes a canary, and the other end says whether and when it came. What
 * a rule does now and then is seen in the broker's counts.
 */
import { randomUUID } from 'node:crypto';
import type { LinkRule } from '../fabric/link-rule.ts';
import { numberOf, textOf } from '../history/observation.ts';
import type { Fault } from '../scenario/scenario-plan.ts';
import { type FaultHandler, type FaultWorld, upOf } from './fault-world.ts';

/** A canary comes back to its sender within this, or the fabric is down. */
const CANARY_MS_MAX = 3000;
/** After the sender has its own: what is not dropped is there as well, the nodes' batching of observations included. */
const GRACE_MS = 150;
const COUNT_EVERY_MS = 250;
/** Timers and clocks may be so much early. */
const EARLY_MS = 0.5;

interface Heard {
  readonly sentMs: number;
  /** By seat. */
  readonly receivedMs: ReadonlyMap<string, number>;
}

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
export async function verifyRules(
  world: FaultWorld,
  rules: readonly LinkRule[],
  ending: AbortSignal,
): Promise<string | null> {
  const sure = rules.filter(isSure);
  const problem = await probe(world, sure, ending);
  if (problem !== null) return problem;
  return counted(
    world,
    rules.filter((rule) => !sure.includes(rule)),
    ending,
  );
}

/** A canary shows it at once. */
function isSure({ drop, delay, flapping }: LinkRule): boolean {
  return flapping === null && (drop === 1 || (delay !== null && delay.ms > 0));
}

/** Pairs of running seats that the rule is about, the sender itself left out. */
function pairsOf(world: FaultWorld, { from, to }: LinkRule): readonly (readonly [string, string])[] {
  const all = world.plan.seats.map(({ seat }) => seat);
  const senders = upOf(world, from ?? all);
  const receivers = upOf(world, to ?? all);
  return senders.flatMap((sender) =>
    receivers.flatMap((receiver) => (receiver === sender ? [] : [[sender, receiver] as const])),
  );
}

async function probe(world: FaultWorld, rules: readonly LinkRule[], ending: AbortSignal): Promise<string | null> {
  const senders = [...new Set(rules.flatMap((rule) => pairsOf(world, rule).map(([from]) => from)))];
  const longestMs = Math.max(0, ...rules.map(({ delay }) => delay?.ms ?? 0));
  const heard = new Map<string, Heard | null>();
  await Promise.all(
    senders.map(async (seat) => heard.set(seat, await sendCanary(world, seat, longestMs + GRACE_MS, ending))),
  );
  for (const rule of rules) {
    for (const [from, to] of pairsOf(world, rule)) {
      const canary = heard.get(from);
      if (canary == null) return `rule ${rule.id}: the canary of seat ${from} did not come back to it`;
      const at = canary.receivedMs.get(to);
      if (rule.drop === 1) {
        if (at !== undefined) return `rule ${rule.id}: seat ${to} still hears seat ${from}`;
      } else if (at !== undefined && at - canary.sentMs < rule.delay!.ms - EARLY_MS) {
        return `rule ${rule.id}: from ${from} to ${to} took ${(at - canary.sentMs).toFixed(1)} ms`;
      }
    }
  }
  return null;
}

/** Null: its sender did not hear it. */
async function sendCanary(
  { lab, watch }: FaultWorld,
  seat: string,
  graceMs: number,
  ending: AbortSignal,
): Promise<Heard | null> {
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
    const counts = await world.links.counts(rules);
    const idle = rules.filter(
      ({ id }) =>
        !counts.some(
          ({ rule, dropped, delayed, duplicated, reordered, corrupted }) =>
            rule === id && dropped + delayed + duplicated + reordered + corrupted > 0,
        ),
    );
    if (idle.length === 0) return null;
    if (ending.aborted) return `rules ${idle.map(({ id }) => id).join(', ')} have changed nothing`;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, COUNT_EVERY_MS);
      ending.addEventListener('abort', () => {
        clearTimeout(timer);
        done();
      });
    });
  }
}
