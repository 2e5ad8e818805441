/**
 * What a purchase costs in a real lab: eight node processes, a broker process, SQLite files, QoS 1, the paper's
 * profile, no link rule, wallets funded beforehand by injected sensor data. Times are read from the nodes' own
 * records, where a decision's time is that of its durable commit.
 *
 * One after another: requesters in turn, each when all nodes have the one before. Chained: the orders wait in a queue at
 * one node, which sends the next request in the very step of its decision on the one before, so nobody's driver is in
 * the way. Live observations are not listened to: they are for people, and reading them takes processor time from the
 * nodes.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DATABASE_FILE } from '../../node/host/sqlite-store.ts';
import { distributionOf, median } from '../history/distribution.ts';
import { latencyOf } from '../history/latency.ts';
import { type History, parseObservations } from '../history/observation.ts';
import { type RequestTrack, trackRequests } from '../history/request-track.ts';
import { newPlan } from '../lab/kept-lab.ts';
import { Lab } from '../lab/lab.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import type { Durability } from '../lab/lab-plan.ts';
import { ProcessRuntime } from '../runtimes/processes.ts';
import type { Figure } from './codec.ts';

const MEMBERS = 8;
const SERVICE = 'Nespresso';
const PRICE_UNITS = 10;
const RUNS = 3;
/** Every node alone, in turn. */
const STARTS_ALONE = 5;
/** Rows that may be left of requests that were never decided, and of votes that came two States late. */
const ROWS_BOUND = `<= ${4 * MEMBERS * MEMBERS + 4 * MEMBERS}`;
const LOOK_AGAIN_MS = 25;
const WAIT_MS_MAX = 300_000;

interface Sizes {
  /** Requests one after another, of each run; those of a first one are left out: code is still being compiled. */
  readonly inTurn: number;
  readonly chained: number;
  /** Storage: decisions and sensor transactions before the first and before the second look. */
  readonly decisionsFew: number;
  readonly decisionsMany: number;
  readonly sensorTransactions: number;
}

const FULL: Sizes = { inTurn: 160, chained: 400, decisionsFew: 200, decisionsMany: 2000, sensorTransactions: 100_000 };
const QUICK: Sizes = { inTurn: 40, chained: 100, decisionsFew: 200, decisionsMany: 600, sensorTransactions: 5000 };

/** All figures of the lab; about three minutes, `quick` 30 seconds. */
export async function benchLab(quick = false): Promise<Figure[]> {
  const sizes = quick ? QUICK : FULL;
  return [
    ...(await startFigures()),
    ...(await purchaseFigures('process', sizes)),
    ...(await purchaseFigures('power', sizes)),
    ...(await storageFigures(sizes)),
  ];
}

// --- starting -----------------------------------------------------------------------------------------------------------

async function startFigures(): Promise<Figure[]> {
  const together: number[] = [];
  const alone: number[] = [];
  const rssMb: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    await withLab('process', async (bench) => {
      together.push(bench.startedMs);
      rssMb.push(await bench.largestMb());
      if (run > 0) return;
      for (let start = 0; start < STARTS_ALONE; start++) {
        await bench.lab.restartNode(String(start + 1));
        const view = (await bench.lab.view())[start]!;
        alone.push(view.readyMs!);
      }
    });
  }
  return [
    { name: 'a node alone: process start to ready', value: rounded(median(alone)), unit: 'ms', target: '<= 400' },
    {
      name: 'eight nodes together: start to all ready',
      value: rounded(median(together)),
      unit: 'ms',
      target: '<= 1500',
    },
    figure('memory of the largest of eight nodes, connected', median(rssMb), 'MB', '<= 100'),
  ];
}

// --- purchases ----------------------------------------------------------------------------------------------------------

async function purchaseFigures(durability: Durability, sizes: Sizes): Promise<Figure[]> {
  return withLab(durability, async (bench) => {
    await bench.fund(150);
    const requesterMs: number[] = [];
    const allMs: number[] = [];
    const allMsP95: number[] = [];
    for (let run = 0; run <= RUNS; run++) {
      const tracks = await bench.inTurn(sizes.inTurn);
      if (run === 0) continue;
      const latencies = tracks.map((track) => latencyOf(track, bench.members));
      requesterMs.push(distributionOf(latencies.flatMap(({ requesterMs: ms }) => (ms === null ? [] : [ms])))!.p50);
      const all = distributionOf(latencies.flatMap(({ allMs: ms }) => (ms === null ? [] : [ms])))!;
      allMs.push(all.p50);
      allMsP95.push(all.p95);
    }
    const perSecond: number[] = [];
    for (let run = 0; run <= RUNS; run++) {
      const rate = await bench.chained(String((run % MEMBERS) + 1), sizes.chained);
      if (run > 0) perSecond.push(rate);
    }
    const reports = [...(await bench.lab.reports()).values()];
    const stuck = bench.ordered - Math.min(...reports.map(({ decisions }) => decisions));
    const rows = await bench.mostRows();
    const held = durability === 'process';
    return [
      figure(`${durability}: request to decision at the requester, p50`, median(requesterMs), 'ms'),
      figure(`${durability}: request to all eight committed, p50`, median(allMs), 'ms', held ? '<= 8' : undefined),
      figure(`${durability}: request to all eight committed, p95`, median(allMsP95), 'ms'),
      figure(
        `${durability}: decisions one after another`,
        median(perSecond),
        'decisions/s',
        held ? '>= 150' : undefined,
      ),
      figure(`${durability}: requests stuck, of ${bench.ordered}`, stuck, 'requests', '<= 0'),
      figure(`${durability}: rows of requests and votes left by it`, rows, 'rows', ROWS_BOUND),
      figure(`${durability}: memory of the largest node after it`, await bench.largestMb(), 'MB'),
    ];
  });
}

// --- storage ------------------------------------------------------------------------------------------------------------

async function storageFigures(sizes: Sizes): Promise<Figure[]> {
  return withLab('process', async (bench) => {
    await bench.fund(400);
    // Everybody buys at once, again and again: a queue of orders would be rows of its own.
    const each = async (count: number): Promise<void> => {
      for (let left = count; left > 0; left -= MEMBERS) await bench.everybodyBuys();
    };
    await each(sizes.decisionsFew);
    const few = await bench.largestDatabase();
    await bench.fund(Math.floor(sizes.sensorTransactions / MEMBERS) - 400);
    await each(sizes.decisionsMany - sizes.decisionsFew);
    const rows = await bench.mostRows();
    const many = await bench.largestDatabase();
    const [before, after] = [
      `after ${sizes.decisionsFew} decisions`,
      `after ${sizes.decisionsMany} decisions and ${sizes.sensorTransactions} sensor transactions`,
    ];
    return [
      figure(`database in use ${before}`, few.usedKb, 'kB'),
      figure(`database in use ${after}`, many.usedKb, 'kB', `<= ${rounded(few.usedKb)}`),
      figure(`database file ${before}`, few.fileKb, 'kB'),
      figure(`database file ${after}`, many.fileKb, 'kB'),
      figure('rows of requests and votes left by it', rows, 'rows', ROWS_BOUND),
    ];
  });
}

// --- a lab to measure ---------------------------------------------------------------------------------------------------

async function withLab<T>(durability: Durability, measure: (bench: Bench) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'wallance-bench-'));
  const directory = new LabDirectory(home, 'bench');
  directory.create();
  const lab = new Lab({
    plan: newPlan('bench', { nodes: MEMBERS, sensors: [], durability }),
    directory,
    runtime: (options) => new ProcessRuntime(options),
    inherited: {},
    onEvent: (event) => {
      if (event.kind === 'died') throw new Error(`node ${event.node} died while it was measured: ${event.reason}`);
    },
    observe: false,
  });
  const begunMs = performance.now();
  try {
    await lab.start(new AbortController().signal);
    return await measure(new Bench(lab, directory, performance.now() - begunMs));
  } finally {
    await lab.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

class Bench {
  readonly lab: Lab;
  readonly members: readonly string[];
  readonly startedMs: number;
  readonly #directory: LabDirectory;
  #ordered = 0;
  #funded = 0;

  constructor(lab: Lab, directory: LabDirectory, startedMs: number) {
    this.lab = lab;
    this.#directory = directory;
    this.startedMs = startedMs;
    this.members = lab.plan.seats.map(({ node }) => node);
  }

  /** Orders so far. */
  get ordered(): number {
    return this.#ordered;
  }

  async largestMb(): Promise<number> {
    return Math.max(...[...(await this.lab.reports()).values()].map(({ rssBytes }) => rssBytes)) / 1024 / 1024;
  }

  async mostRows(): Promise<number> {
    const reports = [...(await this.lab.reports()).values()];
    return Math.max(...reports.map(({ storedRequests, storedVotes }) => storedRequests + storedVotes));
  }

  /**
   * Of the node with most: the file, and the pages of it that hold something (the rest was needed at the busiest moment
   * and waits to be used again). With the journal written back: nodes are stopped for that, and started again.
   */
  async largestDatabase(): Promise<{ readonly usedKb: number; readonly fileKb: number }> {
    await this.everybody((seat) => this.lab.stopNode(seat));
    const sizes = this.members.map((seat) => {
      const database = new Database(join(this.#directory.nodeFiles(seat).directory, DATABASE_FILE), { readonly: true });
      const ask = (name: string): number => database.pragma(name, { simple: true }) as number;
      const [pages, free, bytes] = [ask('page_count'), ask('freelist_count'), ask('page_size')];
      database.close();
      return { usedKb: ((pages - free) * bytes) / 1024, fileKb: (pages * bytes) / 1024 };
    });
    await this.everybody((seat) => this.lab.startNode(seat));
    this.#funded = 0;
    this.#ordered = 0;
    return {
      usedKb: Math.max(...sizes.map(({ usedKb }) => usedKb)),
      fileKb: Math.max(...sizes.map(({ fileKb }) => fileKb)),
    };
  }

  everybody<T>(perform: (seat: string) => Promise<T>): Promise<T[]> {
    return Promise.all(this.members.map(perform));
  }

  /** So many units more in every wallet, or in one, known to every node. */
  async fund(units: number, seats: readonly string[] = this.members): Promise<void> {
    await Promise.all(seats.map((seat) => this.lab.sample(seat, { topic: 'x', value: 1, count: units })));
    this.#funded += units * seats.length;
    await this.#until('sensor data everywhere', ({ sensorTransactions }) => sensorTransactions >= this.#funded);
  }

  /** Requesters in turn, each once all nodes have decided the one before. Returns what the nodes recorded of them. */
  async inTurn(count: number): Promise<readonly RequestTrack[]> {
    const ids = new Set<string>();
    for (let index = 0; index < count; index++) {
      const result = await this.lab.order(this.members[index % MEMBERS]!, SERVICE, 'strict');
      if (result.outcome !== 'requested') throw new Error(`an order was not taken: ${JSON.stringify(result)}`);
      ids.add(result.requestId);
      this.#ordered++;
      await this.#decided();
    }
    return this.#tracks().filter(({ requestId }) => ids.has(requestId));
  }

  /** One request after another at `seat`; decisions a second there, of those after the last order was placed. */
  async chained(seat: string, count: number): Promise<number> {
    await this.fund(count * PRICE_UNITS, [seat]);
    const before = new Set(this.#tracks().map(({ requestId }) => requestId));
    const placed = await this.#place(seat, count);
    await this.#decided();
    const times = this.#tracks()
      .filter(({ requestId }) => !before.has(requestId))
      .map(({ decidedAtMs }) => decidedAtMs.get(seat)!)
      .filter((at) => at > placed)
      .sort((a, b) => a - b);
    return ((times.length - 1) / (times.at(-1)! - times[0]!)) * 1000;
  }

  /** One purchase of every node at once, and everything decided everywhere. */
  async everybodyBuys(): Promise<void> {
    await this.everybody((seat) => this.#place(seat, 1));
    await this.#decided();
  }

  /** Returns when the last one was taken, on the clock of the nodes' records. */
  async #place(seat: string, count: number): Promise<number> {
    this.#ordered += count;
    await Promise.all(Array.from({ length: count }, () => this.lab.order(seat, SERVICE, 'wait')));
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  }

  #decided(): Promise<void> {
    return this.#until('decisions everywhere', ({ decisions }) => decisions >= this.#ordered);
  }

  async #until(
    what: string,
    holds: (report: { readonly decisions: number; readonly sensorTransactions: number }) => boolean,
  ): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS_MAX;
    for (;;) {
      // Not at once: a report costs a node as much as several messages, and would fall into what is measured.
      await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
      const reports = [...(await this.lab.reports(WAIT_MS_MAX)).values()];
      if (reports.length === MEMBERS && reports.every(holds)) return;
      if (performance.now() > deadlineMs) throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}`);
    }
  }

  #tracks(): readonly RequestTrack[] {
    const history: History = new Map(
      this.lab.plan.seats.map(({ seat, node }) => {
        const text = readFileSync(join(this.#directory.nodeFiles(seat).directory, 'observations.ndjson'), 'utf8');
        return [node, parseObservations(text.split('\n')).observations];
      }),
    );
    return trackRequests(history);
  }
}

function figure(name: string, value: number, unit: string, target?: string): Figure {
  return { name, value: rounded(value), unit, ...(target === undefined ? {} : { target }) };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
