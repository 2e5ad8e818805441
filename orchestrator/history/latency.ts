/**
 * How long requests took, in milliseconds from sending: to the decision at the requester, and until the last of
 * all nodes had it committed. A request that did not get there is in neither list: failures are counted apart.
 */
import type { RequestTrack } from './request-track.ts';

export interface RequestLatency {
  readonly requestId: string;
  /** Null: not decided there. */
  readonly requesterMs: number | null;
  /** Null: not decided at every member. */
  readonly allMs: number | null;
}

export function latencyOf(track: RequestTrack, members: readonly string[]): RequestLatency {
  const at = track.decidedAtMs.get(track.requester);
  const all = members.map((member) => track.decidedAtMs.get(member));
  return {
    requestId: track.requestId,
    requesterMs: at === undefined ? null : at - track.sentAtMs,
    allMs: all.includes(undefined) ? null : Math.max(...(all as number[])) - track.sentAtMs,
  };
}
