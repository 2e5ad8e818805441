/**
 * Virtual time in whole steps of 2^-20 ms, about a nanosecond. Sums of such times are exact in a double as long as they
 * are below 99 days, so they do not depend on the order in which they are made: one engine adds up what each delivery
 * took, another multiplies, and both come to the same moment.
 */
export const GRID_MS = 2 ** -20;

/** Adding it leaves no bits for less than a step. */
const ROUNDING = 1.5 * 2 ** 32;

/** The nearest time on the grid. `ms`: 0..2^31. */
export function onGrid(ms: number): number {
  return ms + ROUNDING - ROUNDING;
}
