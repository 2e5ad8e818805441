/**
 * What a lab of containers costs: eight from nothing to all healthy, purchases on eight and on 24, memory of a node, and
 * the way back to nothing. Images are there, built for this machine. A purchase is measured as in lab.ts: one after
 * another, requesters in turn, by the nodes' own records.
 *
 * Healthy is what the engine says, which asks each container every two seconds; ready, what the node says.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distributionOf, median } from '../history/distribution.ts';
import { latencyOf } from '../history/latency.ts';
import { parseObservations } from '../history/observation.ts';
import { trackRequests } from '../history/request-track.ts';
import { newPlan } from '../lab/kept-lab.ts';
import { Lab } from '../lab/lab.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import { Engine } from '../runtimes/docker/engine.ts';
import { LABELS } from '../runtimes/docker/labels.ts';
import { prepareDocker } from '../runtimes/docker/prepare.ts';
import { DEFAULT_PLACEMENT } from '../runtimes/placement.ts';
import type { Figure } from './codec.ts';

const SERVICE = 'Nespresso';
const PRICE_UNITS = 10;
const RUNS = 3;
const LOOK_AGAIN_MS = 20;
const WAIT_MS_MAX = 120_000;
const MEBIBYTE = 1024 * 1024;

interface Measured {
  readonly readyMs: number;
  readonly healthyMs: number;
  readonly memoryMb: number;
  readonly allMs: { readonly p50: number; readonly p95: number };
  readonly endMs: number;
  readonly left: number;
}

/** About a minute and a half. `images` as in `--images`. Rejects with a DockerFailure where no engine is ready for it. */
export async function benchContainers(quick = false, images: string = DEFAULT_PLACEMENT.images): Promise<Figure[]> {
  const eight: Measured[] = [];
  for (let run = 0; run < (quick ? 1 : RUNS); run++) eight.push(await measure(8, quick ? 40 : 160, images));
  const many = await measure(24, quick ? 24 : 96, images);
  const of = (pick: (measured: Measured) => number): number => median(eight.map(pick));
  return [
    figure('eight containers: start to all ready', of(({ readyMs }) => readyMs) / 1000, 's'),
    figure('eight containers: start to all healthy', of(({ healthyMs }) => healthyMs) / 1000, 's', '<= 15'),
    figure('eight containers: stop to nothing left', of(({ endMs }) => endMs) / 1000, 's', '<= 10'),
    figure(
      'containers, networks and volumes left, of all runs',
      [...eight, many].reduce((sum, { left }) => sum + left, 0),
      'things',
      '<= 0',
    ),
    figure(
      'eight containers: request to all committed, p50',
      of(({ allMs }) => allMs.p50),
      'ms',
      '<= 15',
    ),
    figure(
      'eight containers: request to all committed, p95',
      of(({ allMs }) => allMs.p95),
      'ms',
    ),
    figure(
      'memory of the largest of eight node containers',
      of(({ memoryMb }) => memoryMb),
      'MB',
      '<= 100',
    ),
    figure('24 containers: start to all ready', many.readyMs / 1000, 's'),
    figure('24 containers: request to all committed, p50', many.allMs.p50, 'ms', '<= 100'),
    figure('24 containers: request to all committed, p95', many.allMs.p95, 'ms'),
    figure('24 containers: stop to nothing left', many.endMs / 1000, 's'),
  ];
}

async function measure(nodes: number, purchases: number, images: string): Promise<Measured> {
  const home = mkdtempSync(join(tmpdir(), 'wallance-bench-'));
  const directory = new LabDirectory(home, 'bench');
  directory.create();
  const plan = newPlan('bench', { nodes, sensors: [] });
  const { create } = await prepareDocker(plan, { ...DEFAULT_PLACEMENT, runtime: 'docker', images }, true);
  const engine = await Engine.connect();
  const lab = new Lab({
    plan,
    directory,
    runtime: create,
    inherited: {},
    onEvent: (event) => {
      if (event.kind === 'died') throw new Error(`node ${event.node} died while it was measured: ${event.reason}`);
    },
    observe: false,
  });
  try {
    const begunMs = performance.now();
    await lab.start(new AbortController().signal);
    const readyMs = performance.now() - begunMs;
    const containers = (await engine.find(`${LABELS.root}=${directory.root}`, `${LABELS.role}=node`)).filter(
      ({ kind }) => kind === 'container',
    );
    await until('every container is healthy', async () => {
      const states = await Promise.all(containers.map(({ id }) => engine.state(id)));
      return states.every((state) => state?.health === 'healthy');
    });
    const healthyMs = performance.now() - begunMs;
    // Each pays for its share of them, with those left out of the figure, and has some to spare.
    await fund(lab, (Math.ceil(purchases / nodes) + 2) * PRICE_UNITS);
    const allMs = await purchaseLatency(lab, purchases);
    const memory = await Promise.all(containers.map(({ id }) => engine.memoryBytes(id)));
    const memoryMb = Math.max(...memory.map((bytes) => bytes ?? 0)) / MEBIBYTE;
    const endsMs = performance.now();
    await lab.stop();
    const endMs = performance.now() - endsMs;
    const left = (await engine.find(`${LABELS.root}=${directory.root}`)).length;
    return { readyMs, healthyMs, memoryMb, allMs, endMs, left };
  } finally {
    await lab.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function fund(lab: Lab, units: number): Promise<void> {
  const { seats } = lab.plan;
  await Promise.all(seats.map(({ seat }) => lab.sample(seat, { topic: 'x', value: 1, count: units })));
  await everyReport(
    lab,
    'sensor data everywhere',
    ({ sensorTransactions }) => sensorTransactions >= units * seats.length,
  );
}

/** Of `count` purchases in turn; the first of every node are left out: code is still being compiled. */
async function purchaseLatency(lab: Lab, count: number): Promise<Measured['allMs']> {
  const { seats } = lab.plan;
  const measured = new Set<string>();
  for (let index = 0; index < count + seats.length; index++) {
    const result = await lab.order(seats[index % seats.length]!.seat, SERVICE, 'strict');
    if (result.outcome !== 'requested') throw new Error(`an order was not taken: ${JSON.stringify(result)}`);
    if (index >= seats.length) measured.add(result.requestId);
    await everyReport(lab, 'the decision everywhere', ({ decisions }) => decisions > index);
  }
  const history = new Map(
    await Promise.all(
      seats.map(async ({ seat, node }) => {
        const { directory } = await lab.collectNode(seat);
        const text = readFileSync(join(directory, 'observations.ndjson'), 'utf8');
        return [node, parseObservations(text.split('\n')).observations] as const;
      }),
    ),
  );
  const members = seats.map(({ node }) => node);
  const latencies = trackRequests(history)
    .filter(({ requestId }) => measured.has(requestId))
    .flatMap((track) => latencyOf(track, members).allMs ?? []);
  if (latencies.length !== count) throw new Error(`${latencies.length} of ${count} purchases were decided everywhere`);
  return distributionOf(latencies)!;
}

function everyReport(
  lab: Lab,
  what: string,
  holds: (report: { readonly decisions: number; readonly sensorTransactions: number }) => boolean,
): Promise<void> {
  return until(what, async () => {
    const reports = [...(await lab.reports(WAIT_MS_MAX)).values()];
    return reports.length === lab.plan.seats.length && reports.every(holds);
  });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}

function figure(name: string, value: number, unit: string, target?: string): Figure {
  return { name, value: Math.round(value * 10) / 10, unit, ...(target === undefined ? {} : { target }) };
}
