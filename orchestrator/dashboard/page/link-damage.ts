/** What faults do to pairs of nodes, for the topology: which copies are lost or late, and which sides result. Pure. */
import type { FaultAnswer } from '../api/fault-answer-shape.ts';

export interface DamagedPair {
  readonly from: string;
  readonly to: string;
  readonly kind: 'cut' | 'lossy' | 'late';
  /** In the other direction as well. */
  readonly both: boolean;
}

export interface LinkDamage {
  readonly pairs: readonly DamagedPair[];
  /** Seats that hear each other, where the network has fallen apart; empty otherwise. Largest first. */
  readonly sides: readonly (readonly string[])[];
}

/** In force or about to be: what is drawn while a fault is being asked for is what was asked. */
export function linkDamage(faults: Iterable<FaultAnswer>, seats: readonly string[]): LinkDamage {
  const found = new Map<string, DamagedPair['kind']>();
  for (const { active, links, state } of faults) {
    if (!active || state === 'asked') continue;
    for (const { from, to, drop, delayMs } of links) {
      const kind = drop >= 1 ? 'cut' : drop > 0 ? 'lossy' : delayMs > 0 ? 'late' : null;
      if (kind === null) continue;
      for (const a of from ?? seats) {
        for (const b of to ?? seats) {
          const key = keyOf(a, b);
          if (a !== b && worse(kind, found.get(key))) found.set(key, kind);
        }
      }
    }
  }
  const pairs: DamagedPair[] = [];
  for (const a of seats) {
    for (const b of seats) {
      const kind = found.get(keyOf(a, b));
      if (kind === undefined) continue;
      const both = found.get(keyOf(b, a)) === kind;
      if (!both || seats.indexOf(a) < seats.indexOf(b)) pairs.push({ from: a, to: b, kind, both });
    }
  }
  return { pairs, sides: sidesOf(found, seats) };
}

const SEVERITY = { late: 1, lossy: 2, cut: 3 } as const;

function worse(kind: DamagedPair['kind'], than: DamagedPair['kind'] | undefined): boolean {
  return than === undefined || SEVERITY[kind] > SEVERITY[than];
}

/** Seats are texts of any kind: what no separator in them can confuse. */
function keyOf(a: string, b: string): string {
  return JSON.stringify([a, b]);
}

function sidesOf(found: ReadonlyMap<string, DamagedPair['kind']>, seats: readonly string[]): string[][] {
  if (found.size === 0) return [];
  const left = new Set(seats);
  const sides: string[][] = [];
  for (const start of seats) {
    if (!left.delete(start)) continue;
    const side = [start];
    for (const a of side) {
      for (const b of [...left]) {
        if (found.get(keyOf(a, b)) === 'cut' && found.get(keyOf(b, a)) === 'cut') continue;
        left.delete(b);
        side.push(b);
      }
    }
    sides.push(side);
  }
  return sides.length < 2 ? [] : sides.sort((a, b) => b.length - a.length);
}
