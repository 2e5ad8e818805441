/** Time to consensus by number of nodes: what is measured for it. What is shown of it: ../consensus/consensus-section.ts. */
import {
  CONSENSUS_SECTION_ID,
  consensusSection,
  LIVE_NODES,
  liveId,
  MODEL_NODES,
  modelId,
} from '../consensus/consensus-section.ts';
import { type LiveSizes, measureLiveConsensus } from '../consensus/live-consensus.ts';
import { measureModelConsensus } from '../consensus/model-consensus.ts';
import type { Measurement, PaperPart } from '../measurement.ts';

/** Nodes from which on requests are fewer: each takes several times as long. */
const MANY_LIVE = 32;

export const consensusPart: PaperPart = {
  id: CONSENSUS_SECTION_ID,
  measurements: ({ quick }) => [
    ...LIVE_NODES.map((n) => live(liveSizes(n, quick))),
    ...MODEL_NODES.map((n) => model(n, modelDecisions(n, quick))),
  ],
  present: consensusSection,
};

/** Requests of a measurement with so many nodes. */
export function liveSizes(n: number, quick: boolean): LiveSizes {
  if (n < MANY_LIVE) return quick ? { n, requests: 20, warmUp: 5 } : { n, requests: 60, warmUp: 10 };
  return quick ? { n, requests: 10, warmUp: 3 } : { n, requests: 30, warmUp: 6 };
}

/** Six are the least that give an interval of the median. */
function modelDecisions(n: number, quick: boolean): number {
  if (n <= 300) return 20;
  if (n <= 3000) return quick ? 6 : 20;
  return quick ? 2 : 6;
}

function live(sizes: LiveSizes): Measurement {
  const { n, requests, warmUp } = sizes;
  return {
    id: liveId(n),
    title: `time to consensus, ${n} nodes`,
    seconds: Math.round(2 + n * 0.25 + (requests + warmUp) * (n < MANY_LIVE ? 0.1 : 0.009 * n)),
    measure: async (context) => ({ ...(await measureLiveConsensus(sizes, context)) }),
  };
}

function model(n: number, decisions: number): Measurement {
  return {
    id: modelId(n),
    title: `time to consensus, ${n} simulated nodes`,
    seconds: Math.max(1, Math.round(decisions * n * 0.00024)),
    measure: async (context) => ({ ...(await measureModelConsensus(n, decisions, context)) }),
  };
}
