/** A world for faults without a lab: every node runs and nothing happens, but for what a test says. */
import type { BrokerStats } from '../../orchestrator/fabric/embedded-broker.ts';
import { ActiveLinks } from '../../orchestrator/run/active-links.ts';
import type { FaultLab, FaultWorld } from '../../orchestrator/run/fault-world.ts';
import { ObservationWatch } from '../../orchestrator/run/observation-watch.ts';
import { SeatConditions } from '../../orchestrator/run/seat-conditions.ts';
import { simulatedPlan } from './simulated-plan.ts';

export function quietFaultWorld(nodes: number, fabric: Partial<FaultLab['fabric']> = {}): FaultWorld {
  const plan = simulatedPlan({ nodes });
  const lab: FaultLab = {
    isUp: () => true,
    startNode: async () => {},
    stopNode: async () => {},
    eraseNode: async () => {},
    pauseNode: async () => {},
    resumeNode: async () => {},
    databaseWasEmpty: () => false,
    setConditions: async () => {},
    answers: async () => true,
    canary: async () => {},
    fabric: {
      control: null,
      stats: async (): Promise<BrokerStats | null> => null,
      restart: async () => {},
      pause: async () => {},
      resume: async () => {},
      untilConnected: async () => [],
      ...fabric,
    },
  };
  return {
    lab,
    plan,
    watch: new ObservationWatch(),
    conditions: new SeatConditions(plan.seats),
    links: new ActiveLinks(() => null),
  };
}
