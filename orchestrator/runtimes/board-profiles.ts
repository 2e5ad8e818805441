/**
 * What a container is given of the machine, named after the board whose room it is. Memory and processors are limits
 * of the engine; the speed of a board is not imitated here, so each but `none` is uncalibrated.
 */

export interface BoardProfile {
  readonly about: string;
  /** Memory that programs of the board can have, bytes; null: no limit. */
  readonly memoryBytes: number | null;
  /** Null: no limit. */
  readonly processors: number | null;
  /** Processes and threads; a node has about 15. */
  readonly pidsMax: number;
}

const MEBIBYTE = 1024 * 1024;
/** What the firmware keeps for graphics where nothing else is configured. */
const GRAPHICS_BYTES = 76 * MEBIBYTE;
const PIDS_MAX = 128;

export const BOARD_PROFILES = {
  none: { about: 'no limits but the number of processes', memoryBytes: null, processors: null, pidsMax: PIDS_MAX },
  pi3bplus: {
    about: 'Raspberry Pi 3B+: 1 GB less the share of graphics, 4 cores',
    memoryBytes: 1024 * MEBIBYTE - GRAPHICS_BYTES,
    processors: 4,
    pidsMax: PIDS_MAX,
  },
  pizero2w: {
    about: 'Raspberry Pi Zero 2 W: 512 MB less the share of graphics, 4 cores',
    memoryBytes: 512 * MEBIBYTE - GRAPHICS_BYTES,
    processors: 4,
    pidsMax: PIDS_MAX,
  },
} as const satisfies Record<string, BoardProfile>;

export type BoardName = keyof typeof BOARD_PROFILES;

export const BOARD_NAMES = Object.keys(BOARD_PROFILES) as readonly BoardName[];
