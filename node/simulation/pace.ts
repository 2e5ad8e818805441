/**
 * How fast a simulated node is: what a hash, a delivery and a commit take of its time. Nonces are really searched for,
 * and the time is charged by the number of hashes; a node does one thing at a time, so what it is given meanwhile waits.
 */
export interface Pace {
  readonly about: string;
  /** Where the numbers are from. */
  readonly source: string;
  /** One nonce tried. */
  readonly hashMs: number;
  /** Taking one message, whatever it leads to. */
  readonly deliveryMs: number;
  /** One transaction of the store; a slow disk comes on top. */
  readonly commitMs: number;
}

export const PACES = {
  instant: {
    about: 'no time at all: only the network takes any',
    source: 'a model, not a measurement',
    hashMs: 0,
    deliveryMs: 0,
    commitMs: 0,
  },
  hashing: {
    about: "the paper's Pi 3B+ in its hashes, otherwise no time at all",
    source: 'paper, Table III: 46 us for 1 nonce, 740 us for 15.96',
    hashMs: 0.046,
    deliveryMs: 0,
    commitMs: 0,
  },
  desktop: {
    about: 'a node process of the lab on an x86 machine',
    source: 'measured: 1.9 M nonces/s, 7.8 us a delivery at QoS 1, 122 k transactions/s (WAL, NORMAL)',
    hashMs: 0.00053,
    deliveryMs: 0.0078,
    commitMs: 0.0082,
  },
  pi3bplus: {
    about: 'Raspberry Pi 3B+; all but its hashes is assumed, not calibrated on a board',
    source: 'paper, Table III: 46 us a hash; assumed: 0.1 ms a delivery, 0.2 ms a commit (WAL, NORMAL)',
    hashMs: 0.046,
    deliveryMs: 0.1,
    commitMs: 0.2,
  },
  pizero2w: {
    about: 'Raspberry Pi Zero 2 W: the cores of a Pi 3B+ at 1 of its 1.4 GHz; not calibrated on a board',
    source: 'the figures of the Pi 3B+ times 1.4',
    hashMs: 0.064,
    deliveryMs: 0.14,
    commitMs: 0.28,
  },
} as const satisfies Record<string, Pace>;

export type PaceName = keyof typeof PACES;

export const PACE_NAMES = Object.keys(PACES) as readonly PaceName[];

/**
 * A node that does one thing at a time: a delivery takes `deliveryMs` (its check is in it), a nonce its hashes, a
 * transaction of the store `commitMs`, and what follows from it leaves the node when all that is done.
 */
export interface SerialWork extends Pick<Pace, 'deliveryMs' | 'commitMs'> {
  /**
   * `changes`: each delivery that stores something is a transaction, as in the nodes of this project. `decisions`: these
   * alone are, as if votes were kept in memory until then.
   */
  readonly commits: 'changes' | 'decisions';
}

export function serialWork({ deliveryMs, commitMs }: Pace, commits: SerialWork['commits'] = 'changes'): SerialWork {
  return { deliveryMs, commitMs, commits };
}
