/**
 * What a purchase costs in a real lab: eight node processes, a broker process, SQLite files, QoS 1, the paper's
 * profile, no link rule, wallets funded beforehand by injected sensor data. Times are read from the nodes' own
 * records, where a decision's time is that of its durable commit.
 *
 * One after another: requesters in turn, each when all nodes have the one before. Chained: one node sends the next request
 * in the very step of its decision on the one before (measured-lab.ts).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DATABASE_FILE } from '../../node/host/sqlite-store.ts';
import { distributionOf, median } from '../history/distribution.ts';
import { latencyOf } from '../history/latency.ts';
import type { RequestTrack } from '../history/request-track.ts';
import { newPlan } from '../lab/kept-lab.ts';
import type { Lab } from '../lab/lab.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import type { Durability } from '../lab/lab-plan.ts';
import { type MeasuredLab, PRICE_UNITS, withMeasuredLab } from '../lab/measured-lab.ts';
import { ProcessRuntime } from '../runtimes/processes.ts';
import type { Figure } from './codec.ts';

const MEMBERS = 8;
const RUNS = 3;
/** Every node alone, in turn. */
const STARTS_ALONE = 5;
/** Rows that may be left of requests that were never decided, and of votes that came two States late. */
const ROWS_BOUND = `<= ${4 * MEMBERS * MEMBERS + 4 * MEMBERS}`;

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
  try {
    return await withMeasuredLab(
      {
        plan: newPlan('bench', { nodes: MEMBERS, sensors: [], durability }),
        directory,
        runtime: (options) => new ProcessRuntime(options),
      },
      (lab) => measure(new Bench(lab, directory)),
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

class Bench {
  readonly #measured: MeasuredLab;
  readonly #directory: LabDirectory;

  constructor(measured: MeasuredLab, directory: LabDirectory) {
    this.#measured = measured;
    this.#directory = directory;
  }

  get lab(): Lab {
    return this.#measured.lab;
  }

  get members(): readonly string[] {
    return this.#measured.members;
  }

  get startedMs(): number {
    return this.#measured.startedMs;
  }

  /** Orders so far. */
  get ordered(): number {
    return this.#measured.ordered;
  }

  async largestMb(): Promise<number> {
    return Math.max(...(await this.#measured.reports()).map(({ rssBytes }) => rssBytes)) / 1024 / 1024;
  }

  async mostRows(): Promise<number> {
    const reports = await this.#measured.reports();
    return Math.max(...reports.map(({ storedRequests, storedVotes }) => storedRequests + storedVotes));
  }

  /**
   * Of the node with most: the file, and the pages of it that hold something (the rest was needed at the busiest moment
   * and waits to be used again). With the journal written back: nodes are stopped for that, and started again.
   */
  async largestDatabase(): Promise<{ readonly usedKb: number; readonly fileKb: number }> {
    await Promise.all(this.members.map((seat) => this.lab.stopNode(seat)));
    const sizes = this.members.map((seat) => {
      const database = new Database(join(this.#directory.nodeFiles(seat).directory, DATABASE_FILE), { readonly: true });
      const ask = (name: string): number => database.pragma(name, { simple: true }) as number;
      const [pages, free, bytes] = [ask('page_count'), ask('freelist_count'), ask('page_size')];
      database.close();
      return { usedKb: ((pages - free) * bytes) / 1024, fileKb: (pages * bytes) / 1024 };
    });
    await Promise.all(this.members.map((seat) => this.lab.startNode(seat)));
    this.#measured.startedAgain();
    return {
      usedKb: Math.max(...sizes.map(({ usedKb }) => usedKb)),
      fileKb: Math.max(...sizes.map(({ fileKb }) => fileKb)),
    };
  }

  fund(units: number): Promise<void> {
    return this.#measured.fund(units);
  }

  inTurn(count: number): Promise<readonly RequestTrack[]> {
    return this.#measured.inTurn(count);
  }

  /** One request after another at `seat`; decisions a second there, of those after the last order was placed. */
  async chained(seat: string, count: number): Promise<number> {
    const measured = this.#measured;
    await measured.fund(count * PRICE_UNITS, [seat]);
    const before = new Set((await measured.tracks()).map(({ requestId }) => requestId));
    const placed = await measured.place([seat], count);
    await measured.decided();
    const times = (await measured.tracks())
      .filter(({ requestId }) => !before.has(requestId))
      .map(({ decidedAtMs }) => decidedAtMs.get(seat)!)
      .filter((at) => at > placed)
      .sort((a, b) => a - b);
    return ((times.length - 1) / (times.at(-1)! - times[0]!)) * 1000;
  }

  /** One purchase of every node at once, and everything decided everywhere. */
  async everybodyBuys(): Promise<void> {
    await this.#measured.place(this.members, 1);
    await this.#measured.decided();
  }
}

function figure(name: string, value: number, unit: string, target?: string): Figure {
  return { name, value: rounded(value), unit, ...(target === undefined ? {} : { target }) };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
