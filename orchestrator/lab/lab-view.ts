/** What a lab tells of itself: what happens to it, and how its seats are. */
import type { NodeReport } from '../../node/host/control-protocol.ts';

export type LabEvent =
  | { readonly kind: 'broker'; readonly which: 'control' | 'fabric'; readonly url: string }
  | {
      readonly kind: 'ready';
      readonly seat: string;
      readonly node: string;
      readonly readyMs: number;
      readonly databaseEmpty: boolean;
    }
  /** It ended, and nobody had asked for it. */
  | { readonly kind: 'died'; readonly seat: string; readonly node: string; readonly reason: string }
  /** It ended as it was asked to. */
  | { readonly kind: 'stopped'; readonly seat: string; readonly node: string; readonly reason: string }
  /** It runs another configuration and was told to end. */
  | { readonly kind: 'refused'; readonly node: string; readonly reason: string }
  | { readonly kind: 'fabric-died'; readonly reason: string }
  /** Something went wrong that stops nothing. */
  | { readonly kind: 'trouble'; readonly text: string };

/**
 * `crashed`: it ended without being asked; `failed`: it says itself that it cannot run; `refused`: it is external and
 * runs another configuration. An external one that has never been heard of is down.
 */
export type SeatState = 'down' | 'starting' | 'ready' | 'stopping' | 'crashed' | 'failed' | 'refused';

export interface SeatView {
  readonly seat: string;
  readonly node: string;
  readonly state: SeatState;
  readonly pid: number | null;
  readonly readyMs: number | null;
  readonly http: string | null;
  /** Why, where the state wants an explanation. */
  readonly detail: string | null;
  /** The node's own view; null where it does not answer. */
  readonly report: NodeReport | null;
}
