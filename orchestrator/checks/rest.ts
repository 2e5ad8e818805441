/** Whether a run was over when it ended: what has not happened by then never will, however short the wait was. Pure. */
import type { RunRecord } from '../run/run-record.ts';

export function cameToRest({ events }: RunRecord): boolean {
  return events.some((event) => event.event === 'rest' && event.quiet);
}
