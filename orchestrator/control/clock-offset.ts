/**
 * How far a node's monotonic clock is from the lab's: a ping over the control channel, whose answer has the node's time.
 * It was made somewhere between sending and receiving, so half a round trip bounds the error; the shortest of several
 * round trips has the smallest. Processes under one kernel share the clock, containers included: nothing to measure.
 */
import type { Pong } from '../../node/host/control-protocol.ts';

export interface ClockOffset {
  /** The node's clock less the lab's, milliseconds. */
  readonly offsetMs: number;
  /** The true offset is at most this far from it; 0 where the clock is the same. */
  readonly errorMs: number;
}

export const SAME_CLOCK: ClockOffset = { offsetMs: 0, errorMs: 0 };

const PINGS = 8;

/** `kernel`: that of this process. Rejects as `ping` does. */
export async function measureClock(
  ping: () => Promise<Pong>,
  kernel: string | null,
  nowMs: () => number,
): Promise<ClockOffset> {
  let best: ClockOffset | null = null;
  for (let i = 0; i < PINGS; i++) {
    const sentMs = nowMs();
    const pong = await ping();
    const receivedMs = nowMs();
    if (kernel !== null && pong.kernel === kernel) return SAME_CLOCK;
    const errorMs = (receivedMs - sentMs) / 2;
    if (best === null || errorMs < best.errorMs) best = { offsetMs: pong.t - (sentMs + receivedMs) / 2, errorMs };
  }
  return best!;
}
