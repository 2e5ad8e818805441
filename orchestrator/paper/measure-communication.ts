/**
 * Messages and bytes of a decision: counted by the fabric of the simulated runtime, with a core for each node, and for
 * networks too large for that by the engine that calls the protocol's functions without cores.
 */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../node/host/native-search.ts';
import { type LargeConsensusOptions, largeConsensus } from '../../node/simulation/large-consensus.ts';
import { NETWORKS } from '../../node/simulation/network.ts';
import { PACES, serialWork } from '../../node/simulation/pace.ts';
import { Failure, throwIfInterrupted } from '../failure.ts';
import { distributionOf } from '../history/distribution.ts';
import { scenarioOfRun } from '../scenario/scenario-of-run.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { Simulation } from '../simulated/simulation.ts';
import type { RawData } from './measurement.ts';

export interface CommunicationOptions {
  /** Nodes, 2 and more. */
  readonly n: number;
  /** Purchases, 1 and more, one after another. */
  readonly decisions: number;
  readonly seed: string;
  readonly signal: AbortSignal;
}

const SERVICE = 'Nespresso';
const UNITS_A_PURCHASE = 10;
const EVERY_MS = 1000;
const HAPPENINGS_A_SLICE = 20_000;

/** Rejects with a Failure when interrupted, and when not every purchase was decided at every node. */
export async function measureSimulatedCommunication(options: CommunicationOptions): Promise<RawData> {
  const { n, decisions, signal } = options;
  throwIfInterrupted(signal);
  const simulation = new Simulation(planOf(options));
  let end = simulation.advance(HAPPENINGS_A_SLICE);
  while (end === null) {
    throwIfInterrupted(signal);
    await new Promise<void>((resolve) => setImmediate(resolve));
    end = simulation.advance(HAPPENINGS_A_SLICE);
  }
  const undecided = [...end.finals].filter(([, report]) => report.decisions !== decisions);
  if (undecided.length > 0 || end.finals.size !== n) {
    const found = undecided.map(([seat, report]) => `${report.decisions} at ${seat}`).join(', ');
    throw new Failure('environment', `expected ${decisions} decisions at each of ${n} simulated nodes, got ${found}`);
  }
  const { received, delivered } = end.fabric;
  return {
    n,
    decisions,
    perDecision: {
      publishes: received.consensus.messages / decisions,
      deliveries: delivered.consensus.messages / decisions,
      payloadBytes: received.consensus.payloadBytes / decisions,
      deliveredBytes: delivered.consensus.payloadBytes / decisions,
    },
  };
}

function planOf({ n, decisions, seed }: CommunicationOptions): ScenarioPlan {
  const seconds = ((decisions + 1) * EVERY_MS) / 1000;
  const plan = scenarioOfRun({ lab: 'paper', requested: { nodes: n, sensors: [] }, seconds, purchases: 0, seed });
  const buyers = plan.seats.slice(0, Math.min(n, decisions));
  const fundUnits = Math.ceil(decisions / buyers.length) * UNITS_A_PURCHASE;
  return {
    ...plan,
    // One order for all, as a broker gives it: otherwise nodes reward different voters, and later votes do not agree.
    simulation: { network: 'wifi-144', broker: 'total-order', pace: 'pi3bplus' },
    workload: {
      fundUnits: Object.fromEntries(buyers.map(({ seat }) => [seat, fundUnits])),
      purchases: Array.from({ length: decisions }, (_, index) => ({
        atMs: index * EVERY_MS,
        seat: buyers[index % buyers.length]!.seat,
        service: SERVICE,
        mode: 'strict',
      })),
      closed: [],
    },
    checks: [],
  };
}

/** Stands in the way of all else for about two seconds a decision among 10,000. */
export async function measureLargeCommunication(options: CommunicationOptions): Promise<RawData> {
  const { n, decisions, seed, signal } = options;
  throwIfInterrupted(signal);
  await new Promise<void>((resolve) => setImmediate(resolve));
  const settings: LargeConsensusOptions = {
    n,
    profile: 'paper',
    requests: decisions,
    everyMs: 60_000,
    latency: NETWORKS['wifi-144'].latency,
    // One order for all here as well.
    paths: 'shared',
    hashUs: PACES.pi3bplus.hashMs * 1000,
    serial: serialWork(PACES.pi3bplus),
    seed,
    hash: nativeSha256Hex,
    seekNonce: searchNonceNatively,
  };
  const outcome = largeConsensus(settings);
  if (!outcome.ok) throw Failure.ofProblems('a large network', outcome.problems);
  const { times } = outcome;
  if (times.some(({ decidedEverywhereMs }) => decidedEverywhereMs === null)) {
    throw new Failure('environment', `expected ${decisions} decisions at each of ${n} simulated nodes, got fewer`);
  }
  const mean = (value: (time: (typeof times)[number]) => number): number => distributionOf(times.map(value))!.mean;
  return {
    n,
    decisions,
    perDecision: {
      publishes: mean(({ messages }) => messages),
      deliveries: mean(({ messages }) => messages * n),
      payloadBytes: mean(({ bytes }) => bytes),
      deliveredBytes: mean(({ bytes }) => bytes * n),
    },
  };
}
