/** Links that are as they are for the whole load: of the kinds in the mix, one or two. */
import type { Dice } from './dice.ts';
import { drawLink, type FaultLabel } from './draw-faults.ts';
import type { DrawnScenario } from './drawn-scenario.ts';

const STANDING: readonly FaultLabel[] = ['drop', 'delay', 'duplicate', 'reorder', 'rate', 'flapping', 'corrupt'];

export function drawLinks(dice: Dice, kinds: readonly FaultLabel[], keys: readonly number[]): DrawnScenario['links'] {
  const own = kinds.filter((kind) => STANDING.includes(kind));
  if (own.length === 0 || dice.chance(0.5)) return [];
  return Array.from({ length: dice.integer(1, 2) }, () => drawLink(dice.one(own), dice, keys));
}
