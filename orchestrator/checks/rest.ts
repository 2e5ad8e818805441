/** Whether a run was over when it ended: what has not happened by then never will, however short the wait was. Pure. */
import type { RunRecord } from '../run/run-record.ts';

/** The wait for rest ends before its time only when there is rest, or when somebody interrupts. */
export function cameToRest({ events, plan }: RunRecord): boolean {
  const begun = (name: 'settle' | 'read'): number | undefined =>
    events.find((event) => event.event === 'phase' && event.phase === name)?.t;
  const settle = begun('settle');
  const read = begun('read');
  return settle !== undefined && read !== undefined && read - settle < plan.settleMsMax;
}
