/** One process of bench/exploration.ts: looks for seeds with ten requests first, then times those. */
import { invariant } from '../../node/protocol/invariant.ts';
import { type DrawOptions, drawScenario } from '../explore/draw-scenario.ts';
import { kindsOf } from '../explore/kinds.ts';
import { type Explored, exploredInvariants, runDrawn } from '../explore/run-one.ts';
import { count, newTally } from '../explore/tally.ts';

export interface ExplorationTask {
  readonly first: number;
  readonly schedules: number;
}

export interface ExplorationTime {
  readonly ms: number;
  readonly requests: number;
}

const REQUESTS_MIN = 10;
const OPTIONS: DrawOptions = { profile: 'paper', nodesMin: 8, nodesMax: 8, bounds: 'within' };
const invariants = exploredInvariants(OPTIONS.profile);
const tally = newTally();

/** As exploreSeeds does it: drawn, run, judged, counted. */
function explored(seed: number): Explored {
  const drawn = drawScenario(String(seed), OPTIONS);
  const outcome = runDrawn(drawn, { invariants });
  count(tally, seed, kindsOf(drawn), outcome);
  return outcome;
}

process.once('message', ({ first, schedules }: ExplorationTask) => {
  // The search warms up what is timed then.
  const seeds: number[] = [];
  for (let seed = first; seeds.length < schedules; seed++) {
    if (explored(seed).requests >= REQUESTS_MIN) seeds.push(seed);
  }
  const begunAtMs = performance.now();
  let requests = 0;
  for (const seed of seeds) requests += explored(seed).requests;
  const time: ExplorationTime = { ms: performance.now() - begunAtMs, requests };
  invariant(process.send !== undefined, () => 'an explorer is a child process');
  process.send(time);
});
