/** An order that gets through whatever happens to the node meanwhile. */
import assert from 'node:assert/strict';
import { Failure } from '../../orchestrator/failure.ts';
import type { Lab } from '../../orchestrator/lab/lab.ts';
import { eventually } from './waiting.ts';

/** Orders until the node has taken it: what a crash left open is asked again under the same id, and is one order. */
export async function orderSurely(lab: Lab, seat: string, orderId: string): Promise<void> {
  await eventually(
    async () => {
      try {
        const { outcome } = await lab.order(seat, 'espresso', 'wait', orderId);
        assert.ok(outcome === 'queued' || outcome === 'requested', outcome);
        return true;
      } catch (error) {
        if (error instanceof Failure) return false;
        throw error;
      }
    },
    `node ${seat} takes order ${orderId}`,
    30_000,
    20,
  );
}
