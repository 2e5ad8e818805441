/** Bounds of figures, as checks name them. */
import type { Bound } from '../scenario/scenario-plan.ts';

export function within(value: number, { atLeast, atMost }: Bound): boolean {
  return (atLeast === null || value >= atLeast) && (atMost === null || value <= atMost);
}

export function boundText({ atLeast, atMost }: Bound): string {
  if (atLeast === null) return `at most ${atMost}`;
  if (atMost === null) return `at least ${atLeast}`;
  return atLeast === atMost ? String(atLeast) : `${atLeast} to ${atMost}`;
}
