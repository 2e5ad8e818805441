/** What an exploration has seen so far, added up over seeds and over workers. Plain data, so that it passes processes. */
import { STUCK_REASONS, type StuckReason } from '../history/stuck-request.ts';
import type { Explored } from './run-one.ts';

export interface Tally {
  schedules: number;
  /** Of correct requesters. */
  requests: number;
  /** On every correct node. */
  decided: number;
  readonly stuck: Record<StuckReason, number>;
  /** Things that happened in virtual time. */
  happenings: number;
  /** Pairs of kinds that one schedule had, `crash+pause`. */
  readonly pairs: Set<string>;
  /** First seed with a stuck request that the rules do not explain; null: there was none. */
  unexplainedSeed: number | null;
}

export function newTally(): Tally {
  return {
    schedules: 0,
    requests: 0,
    decided: 0,
    stuck: Object.fromEntries(STUCK_REASONS.map((reason) => [reason, 0])) as Record<StuckReason, number>,
    happenings: 0,
    pairs: new Set(),
    unexplainedSeed: null,
  };
}

/** `kinds`: in the order of the alphabet, each once. */
export function count(tally: Tally, seed: number, kinds: readonly string[], explored: Explored): void {
  tally.schedules++;
  tally.requests += explored.requests;
  tally.decided += explored.decided;
  tally.happenings += explored.happenings;
  for (const reason of STUCK_REASONS) tally.stuck[reason] += explored.stuck[reason] ?? 0;
  if ((explored.stuck.unexplained ?? 0) > 0) tally.unexplainedSeed ??= seed;
  kinds.forEach((kind, index) => {
    for (let other = index + 1; other < kinds.length; other++) tally.pairs.add(`${kind}+${kinds[other]}`);
  });
}

export function add(into: Tally, more: Tally): void {
  into.schedules += more.schedules;
  into.requests += more.requests;
  into.decided += more.decided;
  into.happenings += more.happenings;
  for (const reason of STUCK_REASONS) into.stuck[reason] += more.stuck[reason];
  for (const pair of more.pairs) into.pairs.add(pair);
  const seeds = [into.unexplainedSeed, more.unexplainedSeed].filter((seed) => seed !== null);
  into.unexplainedSeed = seeds.length === 0 ? null : Math.min(...seeds);
}
