/**
 * Which sensor transactions of a publisher have been credited: a window per stream, so that a redelivery earns
 * nothing while a reordered one still counts. Source: D-05. A stream is one life of the publisher's process; the
 * last few are remembered, since a broker may redeliver what an earlier life sent.
 */
import type { StreamPosition } from './message.ts';

/** [stream, highest sequence seen, bit i set: highest - i seen]; newest stream last. */
export type StreamWindows = readonly (readonly [number, number, number])[];

const WINDOW = 32;
/** Streams remembered per publisher. */
const STREAMS_MAX = 4;

/** The windows with `position` marked, or null when it was seen before or is too old to tell. */
export function markSeen(windows: StreamWindows, position: StreamPosition): StreamWindows | null {
  const { stream, sequence } = position;
  const index = windows.findIndex((window) => window[0] === stream);
  const window = windows[index];
  if (window === undefined) return [...windows.slice(-(STREAMS_MAX - 1)), [stream, sequence, 1]];
  const [, highest, seen] = window;
  const ahead = sequence - highest;
  let next: readonly [number, number, number];
  if (ahead > 0) {
    next = [stream, sequence, ahead >= WINDOW ? 1 : ((seen << ahead) | 1) >>> 0];
  } else {
    const bit = -ahead >= WINDOW ? 0 : (1 << -ahead) >>> 0;
    if (bit === 0 || (seen & bit) !== 0) return null;
    next = [stream, highest, (seen | bit) >>> 0];
  }
  return [...windows.slice(0, index), next, ...windows.slice(index + 1)];
}
