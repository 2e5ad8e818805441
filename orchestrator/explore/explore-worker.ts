/** A process of an exploration: takes ranges of seeds, answers with what they showed. */
import { invariant } from '../../node/protocol/invariant.ts';
import type { DrawOptions } from './draw-scenario.ts';
import { exploreSeeds, type SeedRange } from './explore-seeds.ts';

export interface ExploreTask {
  readonly range: SeedRange;
  readonly options: DrawOptions;
}

// An interrupt at a terminal goes to all processes; the one that explores ends its workers itself.
process.on('SIGINT', () => {});
process.on('message', ({ range, options }: ExploreTask) => {
  invariant(process.send !== undefined, () => 'an explorer is a child process');
  process.send(exploreSeeds(range, options));
});
