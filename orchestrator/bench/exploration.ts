/**
 * How many schedules an exploration gets through on two cores: eight nodes, drawn from seeds within the bounds of paper,
 * every invariant judged. Only seeds count whose schedule sends ten requests or more.
 */

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forkExplorer } from '../explore/explorer-process.ts';
import type { Figure } from './codec.ts';
import type { ExplorationTask, ExplorationTime } from './exploration-worker.ts';

const PROCESSES = 2;
const SCHEDULES = 600;
const SCHEDULES_QUICK = 150;
const WORKER_URL = new URL(`./exploration-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** About ten seconds. */
export async function benchExploration(quick: boolean): Promise<Figure[]> {
  const schedules = quick ? SCHEDULES_QUICK : SCHEDULES;
  const times = await Promise.all(
    Array.from({ length: PROCESSES }, (_, index) => timed({ first: 1 + 10_000 * index, schedules })),
  );
  const rate = times.reduce((sum, { ms }) => sum + (1000 * schedules) / ms, 0);
  const requests = times.reduce((sum, time) => sum + time.requests, 0) / (PROCESSES * schedules);
  return [
    {
      name: 'schedules of 8 nodes, 10 requests or more, all checks, 2 processes',
      value: Math.round(rate),
      unit: '1/s',
      target: '>= 300',
    },
    { name: 'requests in one of them', value: Math.round(10 * requests) / 10, unit: '' },
  ];
}

/** Each process times its own schedules, while the other is at work. */
function timed(task: ExplorationTask): Promise<ExplorationTime> {
  return new Promise((resolve, reject) => {
    const worker = forkExplorer(WORKER_URL);
    worker.once('message', (time: ExplorationTime) => {
      worker.disconnect();
      resolve(time);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`an exploring process ended by itself, code ${code}`)));
    worker.send(task);
  });
}
