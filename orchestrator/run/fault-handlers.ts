/** Which handler a planned fault has: live and simulated runs have one each for every kind that there is. */
import type { Fault, FaultKind, FaultOf, PlannedFault } from '../scenario/scenario-plan.ts';

export type FaultHandlers<World, Handler> = {
  readonly [K in FaultKind]: (world: World, fault: FaultOf<K>, planned: PlannedFault) => Handler;
};

export function handlerOf<World, Handler>(
  handlers: FaultHandlers<World, Handler>,
  world: World,
  planned: PlannedFault,
): Handler {
  // Each is called with a fault of its own kind: the compiler cannot follow a key that it does not know.
  const handle = handlers[planned.fault.kind] as (world: World, fault: Fault, planned: PlannedFault) => Handler;
  return handle(world, planned.fault, planned);
}
