/**
 * What a decision among many nodes costs: with a core for each node and an event for each delivery, and without either.
 * The paper's profile on its WiFi at the pace of its boards, of which one figure charges all and the others the hashes.
 * Each network runs in a process of its own, whose memory is nobody else's; time is that of making the network and
 * running it, so the compiler's warming up is in it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { median } from '../history/distribution.ts';
import { programFile } from '../project.ts';
import type { Figure } from './codec.ts';

export interface LargeTask {
  readonly engine: 'cores' | 'large';
  readonly n: number;
  /** By as many members. */
  readonly requests: number;
  readonly everyMs: number;
  /** Whether nodes do one thing at a time. */
  readonly busy: boolean;
}

export interface LargeRun {
  readonly seconds: number;
  /** Of all threads, the compiler's and the collector's among them. */
  readonly cpuSeconds: number;
  readonly rssMb: number;
  /** Of all nodes together. */
  readonly decisions: number;
}

/** All requests are under way before the first is decided: every one of them gets its votes, and most are decided. */
const AT_ONCE_MS = 0.02;
/** With cores: votes wait for a decision longer than the collector's usual nursery lasts, and would be copied again and again. */
const CORES_FLAGS = [
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  '--no-allocation-site-pretenuring',
  '--single-threaded-gc',
];
/** Of the run with cores, which takes as long as the collector pleases; the median is told. */
const CORES_TURNS = 3;
const REQUESTS = 100;
const REQUESTS_QUICK = 5;
const MANY = 10_000;

/** About three minutes; `quick` 15 seconds. */
export async function benchLarge(quick: boolean): Promise<Figure[]> {
  const requests = quick ? REQUESTS_QUICK : REQUESTS;
  const cores: number[] = [];
  for (let turn = 0; turn < CORES_TURNS; turn++)
    cores.push((await measured({ engine: 'cores', n: 1000, requests: 1, everyMs: 0, busy: false })).seconds);
  const one = await measured({ engine: 'large', n: MANY, requests: 1, everyMs: 0, busy: false });
  const busy = await measured({ engine: 'large', n: MANY, requests: 1, everyMs: 0, busy: true });
  const many = await measured({ engine: 'large', n: MANY, requests, everyMs: AT_ONCE_MS, busy: false });
  const name = `${requests} requests at once among 10,000 nodes`;
  return [
    {
      name: 'a decision among 1,000 cores, an event a delivery',
      value: hundredths(median(cores)),
      unit: 's',
      target: '<= 1.5',
    },
    { name: 'a decision among 10,000 nodes', value: hundredths(one.seconds), unit: 's', target: '<= 2' },
    { name: 'a decision among 10,000 nodes: memory', value: Math.round(one.rssMb), unit: 'MB', target: '<= 500' },
    { name: 'the same with waiting messages', value: hundredths(busy.seconds), unit: 's', target: '<= 2' },
    { name: 'the same with waiting messages: memory', value: Math.round(busy.rssMb), unit: 'MB', target: '<= 500' },
    { name, value: hundredths(many.seconds), unit: 's', ...(quick ? {} : { target: '<= 240' }) },
    { name: `${name}: memory`, value: Math.round(many.rssMb), unit: 'MB' },
    { name: `${name}: decisions of all nodes`, value: many.decisions, unit: '' },
  ];
}

async function measured(task: LargeTask): Promise<LargeRun> {
  const { file } = programFile('orchestrator/bench/large-worker');
  const flags = task.engine === 'cores' ? CORES_FLAGS : [];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file, JSON.stringify(task)]);
  return JSON.parse(stdout) as LargeRun;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
