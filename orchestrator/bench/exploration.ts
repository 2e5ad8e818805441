/**
 * How many schedules an exploration gets through on two cores: eight nodes, drawn from seeds within the bounds of paper,
 * every invariant judged. Only seeds count whose schedule sends ten requests or more.
 */

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Figure } from './codec.ts';
import type { ExplorationTask, ExplorationTime } from './exploration-worker.ts';

const THREADS = 2;
const SCHEDULES = 600;
const SCHEDULES_QUICK = 150;
const WORKER_URL = new URL(`./exploration-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** About ten seconds. */
export async function benchExploration(quick: boolean): Promise<Figure[]> {
  const schedules = quick ? SCHEDULES_QUICK : SCHEDULES;
  const times = await Promise.all(
    Array.from({ length: THREADS }, (_, index) => timed({ first: 1 + 10_000 * index, schedules })),
  );
  const rate = times.reduce((sum, { ms }) => sum + (1000 * schedules) / ms, 0);
  const requests = times.reduce((sum, time) => sum + time.requests, 0) / (THREADS * schedules);
  return [
    {
      name: 'schedules of 8 nodes, 10 requests or more, all checks, 2 threads',
      value: Math.round(rate),
      unit: '1/s',
      target: '>= 300',
    },
    { name: 'requests in one of them', value: Math.round(10 * requests) / 10, unit: '' },
  ];
}

/** Each thread times its own schedules, while the other is at work. */
function timed(task: ExplorationTask): Promise<ExplorationTime> {
  return new Promise((resolve, reject) => {
    const resourceLimits = { maxYoungGenerationSizeMb: 96 };
    const worker = new Worker(WORKER_URL, { workerData: task, execArgv: [], resourceLimits });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
