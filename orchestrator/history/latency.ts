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

/** `fromMs`: when the clock of an open loop starts, the time at which the request was meant to be ordered. */
export function latencyOf(
  track: RequestTrack,
  members: readonly string[],
  fromMs: number = track.sentAtMs,
): RequestLatency {
  const at = track.decidedAtMs.get(track.sentBy);
  const all = members.map((member) => track.decidedAtMs.get(member));
  return {
    requestId: track.requestId,
    requesterMs: at === undefined ? null : at - fromMs,
    allMs: all.includes(undefined) || all.length === 0 ? null : Math.max(...(all as number[])) - fromMs,
  };
}
