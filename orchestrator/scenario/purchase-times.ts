/**
 * When purchases happen, who buys and what: draws from named streams and nothing else. Times are milliseconds from the
 * beginning of the load. Pure.
 */
import type { Prng } from '../../node/simulation/prng.ts';

/** A rate a second at a time; between two, straight lines. In order of time. */
export type RatePoints = readonly (readonly [ms: number, perSecond: number])[];

interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  /** A second, at either end. */
  readonly from: number;
  readonly to: number;
}

/** `count` times, uniform over whole milliseconds from `fromMs` to `toMs`, sorted. */
export function spreadTimes(count: number, fromMs: number, toMs: number, draws: Prng): number[] {
  const times = Array.from({ length: count }, () => draws.integer(fromMs, Math.max(fromMs, toMs)));
  return times.sort((a, b) => a - b);
}

/** Purchases that the rates make on average from `fromMs` to `toMs`: the integral of the rate. */
export function expectedCount(points: RatePoints, fromMs: number, toMs: number): number {
  return segmentsOf(points, fromMs, toMs).reduce((sum, segment) => sum + areaOf(segment), 0);
}

/** A Poisson process with these rates, in whole milliseconds; before the first point nothing, after the last its rate. */
export function poissonTimes(points: RatePoints, fromMs: number, toMs: number, draws: Prng): number[] {
  const segments = segmentsOf(points, fromMs, toMs);
  const times: number[] = [];
  const next = (): number => -Math.log(1 - draws.float());
  let wanted = next();
  let passed = 0;
  for (const segment of segments) {
    const area = areaOf(segment);
    while (wanted <= passed + area) {
      times.push(Math.floor(segment.fromMs + 1000 * secondsInto(segment, wanted - passed)));
      wanted += next();
    }
    passed += area;
  }
  return times.map((ms) => Math.min(ms, toMs));
}

/** Everybody once, in a drawn order, before anybody twice. */
export function buyersInRounds(count: number, buyers: readonly string[], draws: Prng): string[] {
  const rounds: string[] = [];
  while (rounds.length < count) rounds.push(...shuffled(buyers, draws));
  return rounds.slice(0, count);
}

/** Everybody in turn. */
export function buyersInTurn(count: number, buyers: readonly string[]): string[] {
  return Array.from({ length: count }, (_, index) => buyers[index % buyers.length]!);
}

/** `wanted` evenly; where nothing is wanted, the first of `all` every other time and else one of the others. */
export function drawService(wanted: readonly string[] | null, all: readonly string[], draws: Prng): string {
  if (wanted !== null) return wanted.length === 1 ? wanted[0]! : wanted[draws.integer(0, wanted.length - 1)]!;
  const [first, ...others] = all;
  if (others.length === 0 || draws.integer(0, 1) === 0) return first!;
  return others[draws.integer(0, others.length - 1)]!;
}

function shuffled(items: readonly string[], draws: Prng): string[] {
  const left = [...items];
  const result: string[] = [];
  while (left.length > 0) result.push(...left.splice(draws.integer(0, left.length - 1), 1));
  return result;
}

function segmentsOf(points: RatePoints, fromMs: number, toMs: number): Segment[] {
  const held = points.at(-1);
  const ends: RatePoints = held === undefined ? points : [...points, [Math.max(held[0], toMs), held[1]]];
  return ends.slice(1).flatMap((end, index): Segment[] => {
    const begin = ends[index]!;
    const from = Math.max(begin[0], fromMs);
    const to = Math.min(end[0], toMs);
    if (to <= from) return [];
    const rateAt = (ms: number): number => begin[1] + ((end[1] - begin[1]) * (ms - begin[0])) / (end[0] - begin[0]);
    return [{ fromMs: from, toMs: to, from: rateAt(from), to: rateAt(to) }];
  });
}

function areaOf({ fromMs, toMs, from, to }: Segment): number {
  return (((from + to) / 2) * (toMs - fromMs)) / 1000;
}

/** Seconds after which `area` of the segment has passed: the root of a quadratic, in the form that divides by no slope. */
function secondsInto({ fromMs, toMs, from, to }: Segment, area: number): number {
  if (area <= 0) return 0;
  const slope = (to - from) / ((toMs - fromMs) / 1000);
  return (2 * area) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * area)));
}
