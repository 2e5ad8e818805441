/**
 * Time to consensus in a model of the paper's set-up: boards that take 46 us a hash on the paper's WiFi, up to 10,000 of
 * them in virtual time. Each decision is a network of its own with draws of its own, so decisions are independent, and
 * between two of them the process looks up: progress is shown, an interruption is heard.
 */
import { setImmediate } from 'node:timers/promises';
import { nativeSha256Hex } from '../../../node/host/native-hash.ts';
import { searchNonceNatively } from '../../../node/host/native-search.ts';
import {
  type ConsensusTimes,
  type LargeConsensusOptions,
  largeConsensus,
} from '../../../node/simulation/large-consensus.ts';
import { NETWORKS } from '../../../node/simulation/network.ts';
import { PACES } from '../../../node/simulation/pace.ts';
import { Failure } from '../../failure.ts';
import { type LatencyFigures, latencyFigures } from '../latency-figures.ts';
import type { MeasureContext } from '../measurement.ts';

/** The paper's messages are 144 bytes long. */
const NETWORK = 'wifi-144';
const PACE = 'pi3bplus';

/** `data` of a raw file `consensus-model-<n>`. Times in milliseconds from the order. */
export interface ModelConsensus {
  readonly n: number;
  readonly decisions: number;
  readonly network: string;
  readonly pace: string;
  readonly hashUs: number;
  /** Not decided at every node. */
  readonly undecided: number;
  /** The quorum's last vote was sent; it passes half of a link later. */
  readonly quorumMs: LatencyFigures | null;
  readonly requesterMs: LatencyFigures | null;
  readonly everyMs: LatencyFigures | null;
  readonly each: readonly ConsensusTimes[];
}

/** What is simulated, for one decision. */
export function modelOptions(n: number, seed: string): LargeConsensusOptions {
  return {
    n,
    profile: 'paper',
    requests: 1,
    latency: NETWORKS[NETWORK].latency,
    hashUs: PACES[PACE].hashMs * 1000,
    seed,
    hash: nativeSha256Hex,
    seekNonce: searchNonceNatively,
  };
}

/** Rejects with the signal's reason once it is aborted. */
export async function measureModelConsensus(
  n: number,
  decisions: number,
  { seed, signal, note }: Pick<MeasureContext, 'seed' | 'signal' | 'note'>,
): Promise<ModelConsensus> {
  const each: ConsensusTimes[] = [];
  for (let decision = 1; decision <= decisions; decision++) {
    note(`${n} nodes, simulated: decision ${decision} of ${decisions}`);
    await setImmediate();
    signal.throwIfAborted();
    const result = largeConsensus(modelOptions(n, `${seed}/${decision}`));
    if (!result.ok) throw Failure.ofProblems(`the model of ${n} nodes`, result.problems);
    each.push(...result.times);
  }
  const of = (timesMs: readonly (number | null)[]): LatencyFigures | null =>
    latencyFigures(timesMs.filter((timeMs) => timeMs !== null));
  return {
    n,
    decisions,
    network: NETWORK,
    pace: PACE,
    hashUs: PACES[PACE].hashMs * 1000,
    undecided: each.filter(({ decidedEverywhereMs }) => decidedEverywhereMs === null).length,
    quorumMs: of(each.map(({ quorumMs }) => quorumMs)),
    requesterMs: of(each.map(({ decidedAtRequesterMs }) => decidedAtRequesterMs)),
    everyMs: of(each.map(({ decidedEverywhereMs }) => decidedEverywhereMs)),
    each,
  };
}
