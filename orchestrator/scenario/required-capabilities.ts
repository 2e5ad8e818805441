/** What a runtime must be able to do for a scenario: from the plan, and what the file asks for beside it. Pure. */
import { CAPABILITIES, type Capability, type Fault, type FaultKind, type ScenarioPlan } from './scenario-plan.ts';

const OF_FAULT: { readonly [K in Fault['kind']]: readonly Capability[] } = {
  crash: ['node-control'],
  pause: ['node-pause'],
  restart: ['node-control'],
  leave: ['node-control'],
  join: ['node-control'],
  // These go over the control channel, which every runtime has.
  'slow-disk': [],
  clock: [],
  behave: [],
  link: ['link-rules'],
  'broker-restart': ['broker-restart'],
  'broker-pause': ['broker-pause'],
  // The broker must be the lab's own, as for rules.
  'cut-client': ['link-rules'],
  'queue-limit': ['link-rules'],
};

export function faultCapabilities(fault: Fault): readonly Capability[] {
  const sessions = fault.kind === 'broker-restart' && fault.sessions === 'kept';
  return sessions ? [...OF_FAULT[fault.kind], 'broker-sessions'] : OF_FAULT[fault.kind];
}

/** What every fault of a kind needs. */
export function kindCapabilities(kind: FaultKind): readonly Capability[] {
  return OF_FAULT[kind];
}

export function requiredCapabilities(
  { seats, links, timeline }: Pick<ScenarioPlan, 'seats' | 'links' | 'timeline'>,
  written: readonly Capability[],
): readonly Capability[] {
  const needed = new Set<Capability>(written);
  if (links.length > 0) needed.add('link-rules');
  for (const { fault } of timeline) for (const capability of faultCapabilities(fault)) needed.add(capability);
  for (const { seat, node, board, architecture } of seats) {
    if (board !== null && board !== 'none') needed.add('board-limits');
    if (architecture !== null) needed.add('architectures');
    if (seat !== node) needed.add('twins');
  }
  return CAPABILITIES.filter((capability) => needed.has(capability));
}
