/**
 * What counts as evidence that link rules work, for live and simulated runs alike. What a rule surely does (it drops
 * everything, or delays) is probed: every node that may send over a link publishes a canary, and the other end says
 * whether and when it came. What a rule does now and then, and what it does to copies that it may lose, is seen in the
 * broker's counts. A rule that nothing was sent over has not been seen to work. No I/O, no clock.
 */
import type { LinkCount, LinkRule } from '../fabric/link-rule.ts';

export interface HeardCanary {
  readonly sentMs: number;
  /** By seat. */
  readonly receivedMs: ReadonlyMap<string, number>;
}

interface Probed {
  readonly rule: LinkRule;
  /** Sender and receiver. */
  readonly pairs: readonly (readonly [string, string])[];
}

/** Other rules may lose canaries as well: so many fruitless ones are enough. */
export const PROBES_MAX = 5;

/** The rules that are probed, until each has shown itself. One round: `begin`, canaries, `take`. */
export class LinkProbe {
  /** Rules that the broker's counts have to show. */
  readonly counted: readonly LinkRule[];
  readonly #earlyMs: number;
  /** Rules that have not shown themselves, and how many canaries went over each of them. */
  readonly #unseen: Map<LinkRule, number>;
  #round: readonly Probed[] = [];

  /** `seats`: of the plan. `earlyMs`: timers and clocks may be so much early. */
  constructor(rules: readonly LinkRule[], seats: readonly string[], earlyMs: number) {
    this.#earlyMs = earlyMs;
    // A rule for copies to their own sender has no other end to ask.
    const probed = rules.filter((rule) => isSure(rule) && pairsOf(rule, seats).length > 0);
    this.#unseen = new Map(probed.map((rule) => [rule, 0]));
    this.counted = rules.filter((rule) => isLossy(rule) || !this.#unseen.has(rule));
  }

  /** Nothing is left to be probed. */
  get over(): boolean {
    return this.#unseen.size === 0;
  }

  /** Begins a round. `up`: seats whose node runs. Returns those that are to send a canary each; none is possible. */
  begin(up: readonly string[]): readonly string[] {
    this.#round = [...this.#unseen.keys()].map((rule) => ({ rule, pairs: pairsOf(rule, up) }));
    return [...new Set(this.#round.flatMap(({ pairs }) => pairs.map(([from]) => from)))];
  }

  /** How long to wait for canaries that the rules of the round hold, milliseconds: most of them have arrived then. */
  get holdMs(): number {
    return Math.max(0, ...this.#round.map(({ rule }) => mostlyMs(rule)));
  }

  /**
   * Ends the round. `heard`: by sender; null where its canary did not come back to it. Null, or what shows that a rule
   * does not work, or that it will not be seen to.
   */
  take(heard: ReadonlyMap<string, HeardCanary | null>): string | null {
    for (const { rule, pairs } of this.#round) {
      let shown = isLossy(rule);
      for (const [from, to] of pairs) {
        const canary = heard.get(from);
        if (canary == null) return `rule ${rule.id}: the canary of seat ${from} did not come back to it`;
        const at = canary.receivedMs.get(to);
        if (rule.drop === 1) {
          if (at !== undefined) return `rule ${rule.id}: seat ${to} still hears seat ${from}`;
          shown = true;
        } else if (at !== undefined) {
          const tookMs = at - canary.sentMs;
          if (tookMs < rule.delay!.ms - this.#earlyMs)
            return `rule ${rule.id}: from ${from} to ${to} took ${tookMs.toFixed(1)} ms`;
          shown = true;
        }
      }
      const probes = this.#unseen.get(rule)! + (pairs.length > 0 ? 1 : 0);
      if (shown) this.#unseen.delete(rule);
      else this.#unseen.set(rule, probes);
      if (!shown && probes >= PROBES_MAX) return this.missing;
    }
    return null;
  }

  /** What there is to say where the time is over before the probe is; null when it is over. */
  get missing(): string | null {
    for (const [{ id }, probes] of this.#unseen) {
      return probes === 0
        ? `rule ${id}: no two nodes that run are on its links`
        : `rule ${id}: no canary that it should have delayed arrived`;
    }
    return null;
  }
}

/** Of `rules`, those that have changed nothing. */
export function idleRules(rules: readonly LinkRule[], counts: readonly LinkCount[]): readonly string[] {
  const worked = new Set<string>();
  for (const { rule, dropped, delayed, duplicated, reordered, corrupted } of counts) {
    if (dropped + delayed + duplicated + reordered + corrupted > 0) worked.add(rule);
  }
  return rules.map(({ id }) => id).filter((id) => !worked.has(id));
}

/** A canary shows it at once. */
function isSure({ drop, delay, flapping }: LinkRule): boolean {
  return flapping === null && (drop === 1 || (delay !== null && delay.ms > 0));
}

/** A canary may be lost in it, or come out unreadable. */
function isLossy({ drop, corrupt }: LinkRule): boolean {
  return (drop > 0 && drop < 1) || corrupt > 0;
}

/** At least three of four copies are held no longer than this. */
function mostlyMs({ delay }: LinkRule): number {
  if (delay === null) return 0;
  const { ms, jitter } = delay;
  if (jitter === null) return ms;
  return ms + jitter.ms * (jitter.kind === 'uniform' ? 1 : jitter.kind === 'exponential' ? 1.5 : 2.6);
}

/** Pairs among `seats` that the rule is about, the sender itself left out. */
function pairsOf({ from, to }: LinkRule, seats: readonly string[]): Probed['pairs'] {
  const receivers = seats.filter((seat) => to?.includes(seat) ?? true);
  return seats
    .filter((seat) => from?.includes(seat) ?? true)
    .flatMap((sender) => receivers.flatMap((to) => (to === sender ? [] : [[sender, to] as const])));
}
