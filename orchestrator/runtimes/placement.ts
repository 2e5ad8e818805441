/**
 * Where the nodes of a lab run, as it is kept beside its plan: the wallets of a lab are where its nodes were, so a lab
 * that goes on stays there. Pure.
 */
import type { BoardName } from './board-profiles.ts';

export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface Placement {
  readonly runtime: 'processes' | 'docker';
  readonly board: BoardName;
  /** Of each container, in place of the board's; null: the board's. */
  readonly memoryMegabytes: number | null;
  /** Seats take them in turn; empty: all are of the engine's own. */
  readonly architectures: readonly Architecture[];
  /** So many of the last seats are arm64, whatever `architectures` says. */
  readonly arm64: number;
  /** Images are `<images>-node:<architecture>` and `<images>-lab:<architecture>`. */
  readonly images: string;
  /** Of the fabric's broker on 127.0.0.1; 0: any free one. */
  readonly fabricPort: number;
}

export const DEFAULT_PLACEMENT: Placement = {
  runtime: 'processes',
  board: 'none',
  memoryMegabytes: null,
  architectures: [],
  arm64: 0,
  images: 'wallance',
  fabricPort: 0,
};

/** Of seat number `index` of `count`, from 0. */
export function architectureOf(
  { architectures, arm64 }: Placement,
  index: number,
  count: number,
  native: Architecture,
): Architecture {
  if (index >= count - arm64) return 'arm64';
  return architectures.length === 0 ? native : architectures[index % architectures.length]!;
}
