/**
 * Which start of which machine this is: processes that share it share the monotonic clock, also across containers.
 */
import { readFileSync } from 'node:fs';

/** Null where the system has no such id. */
export function runningKernel(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
