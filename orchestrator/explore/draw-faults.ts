/** Instances of the kinds of fault that a mix has. `FaultLabel` tells apart what the coverage tells apart. */
import type { Dice } from './dice.ts';
import { type DrawnFault, type Part, Seats } from './drawn-scenario.ts';

const NODE_FAULTS = ['crash', 'crash-lost', 'restart', 'restart-lost', 'pause', 'leave', 'slow-disk', 'clock'] as const;
const LINK_FAULTS = ['drop', 'delay', 'duplicate', 'reorder', 'rate', 'flapping'] as const;
const OTHER_FAULTS = [
  'join',
  'partition',
  'one-way',
  'broker-restart',
  'broker-restart-lost',
  'broker-pause',
  'cut-client',
  'queue-limit',
] as const;

/** `drop` to `flapping` may be in force for the whole load as well. */
export const FAULTS_WITHIN = [...NODE_FAULTS, ...LINK_FAULTS, ...OTHER_FAULTS] as const;
export const FAULTS_BEYOND = [...FAULTS_WITHIN, 'corrupt'] as const;

export type FaultLabel = (typeof FAULTS_BEYOND)[number];

export interface FaultTargets {
  readonly keys: readonly number[];
  /** Whose database may be lost. */
  readonly forgetful: readonly number[];
  readonly misbehaving: readonly number[];
  readonly services: readonly string[];
}

/** Anything but `join`, which is a seat's; of `*-lost` only where somebody may lose a database. */
export function drawFault(label: FaultLabel, dice: Dice, atMs: number, targets: FaultTargets): DrawnFault {
  const { keys, forgetful } = targets;
  const forMs = drawDuration(dice);
  const several = (): Seats =>
    new Seats(dice.some(keys, dice.chance(0.65) ? 1 : dice.integer(1, Math.max(1, keys.length >> 1))));
  const fault = (kind: string, body: { readonly [key: string]: Part }, lasts: number | null = forMs): DrawnFault => ({
    kind,
    atMs,
    forMs: lasts,
    body,
  });
  switch (label) {
    case 'crash':
      return fault('crash', { nodes: several(), database: 'kept' });
    case 'crash-lost':
      return fault('crash', { nodes: new Seats([dice.one(forgetful)]), database: 'lost' });
    case 'restart':
      return fault('restart', { nodes: several(), database: 'kept' }, null);
    case 'restart-lost':
      return fault('restart', { nodes: new Seats([dice.one(forgetful)]), database: 'lost' }, null);
    case 'pause':
      return fault('pause', { nodes: several() });
    case 'leave':
      return fault('leave', { nodes: new Seats([dice.one(keys)]) }, dice.chance(0.6) ? forMs : null);
    case 'slow-disk':
      return fault('slow-disk', { nodes: several(), commit: dice.one([1, 2, 5, 20, 80]) });
    case 'clock':
      return fault('clock', { nodes: several(), offset: dice.one([-3_600_000, -1500, 1500, 60_000, 3_600_000]) });
    case 'partition':
    case 'one-way':
      return fault('partition', {
        sides: [new Seats(dice.some(keys, dice.integer(1, Math.max(1, keys.length - 1))))],
        ...(label === 'one-way' ? { oneWay: true } : {}),
        ...(dice.chance(0.25) ? { classes: dice.mix(['sensor', 'request', 'vote'], 0.4) } : {}),
        ...(dice.chance(0.2) ? { flapping: flappingOf(dice) } : {}),
      });
    case 'broker-restart':
    case 'broker-restart-lost': {
      const sessions = label === 'broker-restart' ? 'kept' : 'lost';
      return fault('broker-restart', { sessions, down: dice.one([0, 10, 100, 400]) }, null);
    }
    case 'broker-pause':
      return fault('broker-pause', {});
    case 'cut-client':
      return fault('cut-client', { nodes: several() }, null);
    case 'queue-limit':
      return fault('queue-limit', { messages: dice.one([1, 2, 5, 20]) });
    case 'drop':
    case 'delay':
    case 'duplicate':
    case 'reorder':
    case 'rate':
    case 'flapping':
    case 'corrupt':
    case 'join':
      return fault('link', drawLink(label, dice, keys));
  }
}

/** From some to some, or everywhere. */
export function drawLink(label: FaultLabel, dice: Dice, keys: readonly number[]): { readonly [key: string]: Part } {
  const ends = (): Seats => new Seats(dice.some(keys, dice.integer(1, keys.length)));
  return {
    ...(dice.chance(0.5) ? { from: ends() } : {}),
    ...(dice.chance(0.5) ? { to: ends() } : {}),
    ...(dice.chance(0.3) ? { classes: dice.mix(['sensor', 'request', 'vote'], 0.4) } : {}),
    ...(dice.chance(0.15) ? { self: true } : {}),
    ...effectOf(label, dice),
  };
}

function effectOf(label: FaultLabel, dice: Dice): { readonly [key: string]: Part } {
  switch (label) {
    case 'delay':
      return { delay: delayOf(dice) };
    case 'duplicate':
      return { duplicate: { share: dice.one([0.05, 0.3, 1]), copies: dice.integer(1, 2) } };
    case 'reorder':
      return { reorder: { share: dice.one([0.05, 0.3]), hold: dice.one([1, 5, 50]) } };
    case 'rate':
      return { rate: dice.one([20, 100, 500]) };
    case 'corrupt':
      return { corrupt: dice.one([0.01, 0.1]) };
    case 'flapping':
      return { drop: 1, flapping: flappingOf(dice) };
    default:
      return { drop: dice.one([0.01, 0.05, 0.2, 0.5, 1]) };
  }
}

function delayOf(dice: Dice): Part {
  const scale = dice.one([1, 5, 30, 200]);
  if (dice.chance(0.3)) return scale;
  return { fixed: dice.one([0, 1]), [dice.one(['uniform', 'exponential', 'pareto'] as const)]: scale };
}

function flappingOf(dice: Dice): Part {
  return { on: dice.one([5, 20, 100]), off: dice.one([5, 20, 100]) };
}

/** Short ones meet single messages, long ones whole purchases; some last until the load is over. */
function drawDuration(dice: Dice): number | null {
  if (dice.chance(0.15)) return null;
  return dice.chance(0.4) ? dice.integer(1, 30) : dice.integer(3, 90) * 10;
}
