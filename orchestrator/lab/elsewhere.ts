/** What to do about a node that the lab did not start, in words. Pure. */
import type { LabPlan } from './lab-plan.ts';

/** `action`: verb and seat as docker has them, e.g. `stop 3`. */
export function elsewhere(plan: LabPlan, node: string, action: string): string {
  const [verb, seat] = action.split(' ') as [string, string];
  return plan.attached === true
    ? `this lab was attached to nodes that it did not start; where node ${node} was started: docker compose ${verb} node-${seat}`
    : `node ${node} runs on a board of its own; there: docker ${verb} ${externalContainer(plan.lab, seat)}`;
}

/** Name of an external node's container, as the command that starts it gives it. */
export function externalContainer(lab: string, seat: string): string {
  return `wallance-${lab}-${seat}`;
}
