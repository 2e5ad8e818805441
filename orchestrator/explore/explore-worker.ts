/** A thread of an exploration: takes ranges of seeds, answers with what they showed. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../../node/protocol/invariant.ts';
import type { DrawOptions } from './draw-scenario.ts';
import { exploreSeeds, type SeedRange } from './explore-seeds.ts';

const port = parentPort;
invariant(port !== null, () => 'an explorer is a thread');
port.on('message', (range: SeedRange) => port.postMessage(exploreSeeds(range, workerData as DrawOptions)));
