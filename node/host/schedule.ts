/** One-shot timers as a value that is passed in, so that tests and virtual time need no waiting. */

/** Calls `run` once after `delayMs` (0 or more) unless the returned function is called before. */
export type Schedule = (delayMs: number, run: () => void) => () => void;

export const timerSchedule: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
