/**
 * An exploration: seeds in ranges over processes, until one of them shows a violation, the budget is spent or somebody
 * interrupts. Ranges are given out in order and those before the first violation are waited for, so that what is found is
 * that of the lowest seed, however many processes there are.
 */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DrawOptions } from './draw-scenario.ts';
import type { ExploredSeeds, Finding, SeedRange } from './explore-seeds.ts';
import type { ExploreTask } from './explore-worker.ts';
import { forkExplorer } from './explorer-process.ts';
import { add, newTally, type Tally } from './tally.ts';

export interface ExploreOptions extends DrawOptions {
  readonly firstSeed: number;
  /** Null: as many as there is time for. */
  readonly seeds: number | null;
  /** Null: as long as it takes. */
  readonly minutes: number | null;
  /** Default: one for each core. */
  readonly workers?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly tally: Tally;
  readonly elapsedMs: number;
  readonly workers: number;
}

export interface Exploration extends Progress {
  readonly found: Finding | null;
  readonly interrupted: boolean;
}

/** So many at once: about half a second. */
const RANGE_SEEDS = 25;
const WORKER_URL = new URL(`./explore-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

export async function explore(options: ExploreOptions): Promise<Exploration> {
  const { profile, nodesMin, nodesMax, bounds, firstSeed, seeds, minutes, signal } = options;
  const workers = options.workers ?? availableParallelism();
  const drawing: DrawOptions = { profile, nodesMin, nodesMax, bounds };
  const tally = newTally();
  const begunMs = performance.now();
  const endMs = minutes === null ? Number.POSITIVE_INFINITY : begunMs + minutes * 60_000;
  const endSeed = seeds === null ? Number.MAX_SAFE_INTEGER : firstSeed + seeds;
  let nextSeed = firstSeed;
  let found: Finding | null = null;
  const next = (): SeedRange | null => {
    if (signal.aborted || performance.now() >= endMs || nextSeed >= Math.min(endSeed, found?.seed ?? endSeed))
      return null;
    const range = { first: nextSeed, count: Math.min(RANGE_SEEDS, endSeed - nextSeed) };
    nextSeed += range.count;
    return range;
  };
  const progress = (): Progress => ({ tally, elapsedMs: performance.now() - begunMs, workers });
  const taken = (explored: ExploredSeeds): void => {
    add(tally, explored.tally);
    if (explored.found !== null && (found === null || explored.found.seed < found.seed)) found = explored.found;
    options.onProgress?.(progress());
  };
  await Promise.all(Array.from({ length: workers }, () => workThrough(drawing, next, taken, signal)));
  return { ...progress(), found, interrupted: signal.aborted };
}

/** One process, until there is no range left. */
function workThrough(
  options: DrawOptions,
  next: () => SeedRange | null,
  taken: (explored: ExploredSeeds) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = forkExplorer(WORKER_URL);
    let ending = false;
    const end = (): void => {
      ending = true;
      signal.removeEventListener('abort', end);
      worker.kill();
    };
    const go = (): void => {
      const range = next();
      if (range === null) end();
      else worker.send({ range, options } satisfies ExploreTask);
    };
    worker.on('message', (explored: ExploredSeeds) => {
      if (ending) return;
      taken(explored);
      go();
    });
    worker.on('error', reject);
    worker.on('exit', (code, killedBy) => {
      if (ending) resolve();
      else reject(new Error(`an exploring process ended by itself: ${killedBy ?? `code ${code}`}`));
    });
    signal.addEventListener('abort', end);
    go();
  });
}
