/** The parts of the evaluation, in the order in which they are measured and shown. */
import type { PaperPart } from './measurement.ts';
import { attacksPart } from './parts/attacks.ts';
import { boardPart } from './parts/board.ts';
import { communicationPart } from './parts/communication.ts';
import { consensusPart } from './parts/consensus.ts';
import { energyPart } from './parts/energy.ts';
import { storagePart } from './parts/storage.ts';
import { throughputPart } from './parts/throughput.ts';
import { voteLatencyPart } from './parts/vote-latency.ts';
import { workPart } from './parts/work.ts';

export const PAPER_PARTS: readonly PaperPart[] = [
  voteLatencyPart,
  workPart,
  consensusPart,
  storagePart,
  communicationPart,
  attacksPart,
  throughputPart,
  energyPart,
  boardPart,
];
