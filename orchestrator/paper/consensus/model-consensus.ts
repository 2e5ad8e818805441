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
import { PACES, serialWork } from '../../../node/simulation/pace.ts';
import { Failure } from '../../failure.ts';
import { type LatencyFigures, latencyFigures } from '../latency-figures.ts';
import type { MeasureContext } from '../measurement.ts';

/** The paper's messages are 144 bytes long. */
const NETWORK = 'wifi-144';
const BOARD = PACES.pi3bplus;
const HASH_US = BOARD.hashMs * 1000;

/** What the model takes into account. The last one of the list says most. */
export interface ConsensusModel {
  /** [a-z]. */
  readonly id: string;
  readonly title: string;
  /** What takes time in it, for people. */
  readonly about: string;
  readonly options: Pick<LargeConsensusOptions, 'hashUs' | 'serial'>;
}

const RECEIVING = `${BOARD.deliveryMs} ms for each message that a board receives and ${BOARD.commitMs} ms for a commit, one thing at a time (both assumed, not calibrated on a board)`;

export const CONSENSUS_MODELS: readonly ConsensusModel[] = [
  {
    id: 'links',
    title: 'links and hashes',
    about:
      'the links (1.41 ms + Exp(0.25 ms), at most 4.94 ms: Table II) and the search for nonces (46 us a hash: Table III); ' +
      'receiving and storing take no time, and the network carries any number of messages at once',
    options: { hashUs: HASH_US, serial: null },
  },
  {
    id: 'decisions',
    title: 'boards, a commit a decision',
    about: `besides, ${RECEIVING}, with commits for decisions alone`,
    options: { hashUs: HASH_US, serial: serialWork(BOARD, 'decisions') },
  },
  {
    id: 'changes',
    title: 'boards, a commit a vote',
    about: 'the same, with a commit for whatever is stored, each vote too, as nodes do it',
    options: { hashUs: HASH_US, serial: serialWork(BOARD) },
  },
];

/** Times in milliseconds from the order, which the requester's own search for a nonce follows. */
export interface ModelFigures {
  /** Not decided at every node. */
  readonly undecided: number;
  /** The quorum's last vote was sent; it passes a broker half of a link later. */
  readonly quorumMs: LatencyFigures | null;
  readonly requesterMs: LatencyFigures | null;
  readonly everyMs: LatencyFigures | null;
  readonly each: readonly ConsensusTimes[];
}

/** `data` of a raw file `consensus-model-<n>`. */
export interface ModelConsensus {
  readonly n: number;
  readonly decisions: number;
  readonly network: string;
  /** By id of the model. */
  readonly models: Readonly<Record<string, ModelFigures>>;
}

/** Rejects with the signal's reason once it is aborted. */
export async function measureModelConsensus(
  n: number,
  decisions: number,
  context: Pick<MeasureContext, 'seed' | 'signal' | 'note'>,
): Promise<ModelConsensus> {
  const models: Record<string, ModelFigures> = {};
  for (const model of CONSENSUS_MODELS) models[model.id] = await measureModel(model, n, decisions, context);
  return { n, decisions, network: NETWORK, models };
}

async function measureModel(
  { title, options }: ConsensusModel,
  n: number,
  decisions: number,
  { seed, signal, note }: Pick<MeasureContext, 'seed' | 'signal' | 'note'>,
): Promise<ModelFigures> {
  const each: ConsensusTimes[] = [];
  for (let decision = 1; decision <= decisions; decision++) {
    note(`${n} nodes, ${title}: decision ${decision} of ${decisions}`);
    await setImmediate();
    signal.throwIfAborted();
    const result = largeConsensus({
      n,
      profile: 'paper',
      requests: 1,
      latency: NETWORKS[NETWORK].latency,
      seed: `${seed}/${decision}`,
      hash: nativeSha256Hex,
      seekNonce: searchNonceNatively,
      ...options,
    });
    if (!result.ok) throw Failure.ofProblems(`the model of ${n} nodes`, result.problems);
    each.push(...result.times);
  }
  const of = (timesMs: readonly (number | null)[]): LatencyFigures | null =>
    latencyFigures(timesMs.filter((timeMs) => timeMs !== null));
  return {
    undecided: each.filter(({ decidedEverywhereMs }) => decidedEverywhereMs === null).length,
    quorumMs: of(each.map(({ quorumMs }) => quorumMs)),
    requesterMs: of(each.map(({ decidedAtRequesterMs }) => decidedAtRequesterMs)),
    everyMs: of(each.map(({ decidedEverywhereMs }) => decidedEverywhereMs)),
    each,
  };
}
