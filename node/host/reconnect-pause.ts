/**
 * How long a connection waits before it tries again: doubling up to a bound that lets a node be back soon after a broker
 * is, however long that was away; an attempt a second costs nothing. Each client has a spread of its own, so that a lab
 * of many nodes does not come back in one instant; it follows from the client's name, so that the next run waits alike.
 */
import { nativeSha256Hex } from './native-hash.ts';

export const RECONNECT_MS_MIN = 100;
export const RECONNECT_MS_MAX = 1000;

/** Milliseconds, a quarter less than the whole pause at most. `failures`: attempts since the connection was lost, 0.. */
export function reconnectPauseMs(
  clientId: string,
  failures: number,
  msMin = RECONNECT_MS_MIN,
  msMax = RECONNECT_MS_MAX,
): number {
  const wholeMs = Math.min(msMax, msMin * 2 ** failures);
  const share = Number.parseInt(nativeSha256Hex(`reconnect/${clientId}/${failures}`).slice(0, 8), 16) / 2 ** 32;
  return Math.ceil(wholeMs * (1 - share / 4));
}
