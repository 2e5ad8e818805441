/**
 * What a node costs in a container with the limits of a board: at rest and while purchases are made, by what the engine
 * counts for its container, and what the limits do to the time to decision.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { type Distribution, distributionOf } from '../history/distribution.ts';
import { latencyOf } from '../history/latency.ts';
import { newPlan } from '../lab/kept-lab.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import { type MeasuredLab, PRICE_UNITS, withMeasuredLab } from '../lab/measured-lab.ts';
import { BOARD_PROFILES, type BoardName } from '../runtimes/board-profiles.ts';
import { type ContainerUsage, Engine } from '../runtimes/docker/engine.ts';
import { LABELS } from '../runtimes/docker/labels.ts';
import { DEFAULT_PLACEMENT } from '../runtimes/placement.ts';
import { measuringRuntime } from './live-run.ts';
import type { MeasureContext } from './measurement.ts';

export interface BoardSizes {
  readonly nodes: number;
  /** Nothing happens for so long. */
  readonly idleMs: number;
  /** One after another, requesters in turn; as many as there are nodes go before. */
  readonly purchases: number;
}

/** One container over a stretch of time. */
export interface ContainerStretch {
  readonly node: string;
  readonly tookMs: number;
  /** Of one processor. */
  readonly cpuMs: number;
  readonly throttledPeriods: number;
  readonly periods: number;
  /** At its end, by the control group of the container. */
  readonly memoryBytes: number;
  /** At its end, of the node's process. */
  readonly rssBytes: number;
}

export interface BoardData {
  readonly board: BoardName;
  readonly nodes: number;
  readonly purchases: number;
  readonly engine: { readonly version: string; readonly processors: number; readonly cgroup: string };
  readonly limits: {
    /** As the profile has them. */
    readonly memoryBytes: number | null;
    readonly processors: number | null;
    /** As the engine says that they are in force for the first container. */
    readonly memoryBytesInForce: number | null;
    readonly memoryEnforced: boolean;
    readonly processorsEnforced: boolean;
    /** Whether the speed of the board was measured on one and is charged. */
    readonly calibrated: boolean;
  };
  readonly warnings: readonly string[];
  readonly idle: readonly ContainerStretch[];
  readonly busy: readonly ContainerStretch[];
  /** From sending to the commit at the requester, and on every node. */
  readonly requesterMs: Distribution | null;
  readonly everywhereMs: Distribution | null;
}

/** A report costs a node as much as several messages, and must not fall into what is measured. */
const LOOK_MS = 8;

/** Rejects with CannotMeasure, in the engine's words, where no engine answers or images are missing. `images` as in `--images`. */
export async function measureBoard(
  board: BoardName,
  sizes: BoardSizes,
  context: MeasureContext,
  images: string = DEFAULT_PLACEMENT.images,
): Promise<BoardData> {
  const plan = newPlan('board', { nodes: sizes.nodes, sensors: [], seed: context.seed });
  const runtime = await measuringRuntime(plan, 'docker', { board, images });
  const engine = await Engine.connect();
  const home = mkdtempSync(join(tmpdir(), 'wallance-paper-'));
  const directory = new LabDirectory(home, plan.lab);
  try {
    return await withMeasuredLab(
      { plan, directory, runtime: runtime.create, signal: context.signal, lookMs: LOOK_MS },
      async (measured) => {
        const things = await engine.find(`${LABELS.root}=${directory.root}`, `${LABELS.role}=node`);
        const containers = things.filter(({ kind }) => kind === 'container');
        const look = (): Promise<readonly Look[]> => lookAt(engine, measured, containers);
        const perNode = Math.ceil(sizes.purchases / sizes.nodes) + 2;
        await measured.fund(perNode * PRICE_UNITS);
        // Code is still being compiled; and a node at rest has been at work before.
        await measured.inTurn(sizes.nodes);
        context.note(`${sizes.nodes} containers at rest`);
        const before = await look();
        await after(sizes.idleMs, undefined, { signal: context.signal });
        const rested = await look();
        context.note(`${sizes.purchases} purchases in ${sizes.nodes} containers`);
        const tracks = await measured.inTurn(sizes.purchases);
        const done = await look();
        const latencies = tracks.map((track) => latencyOf(track, measured.members));
        const { memoryBytes, processors } = BOARD_PROFILES[board];
        const inForce = done[0]?.usage.memoryLimitBytes ?? null;
        return {
          board,
          nodes: sizes.nodes,
          purchases: sizes.purchases,
          engine: {
            version: engine.facts.version,
            processors: engine.facts.processors,
            cgroup: engine.facts.cgroup,
          },
          limits: {
            memoryBytes,
            processors,
            memoryBytesInForce: inForce,
            memoryEnforced: engine.facts.memoryLimits && inForce === memoryBytes,
            processorsEnforced: engine.facts.processorLimits,
            calibrated: (runtime.facts.board as { readonly calibrated: boolean }).calibrated,
          },
          warnings: runtime.warnings,
          idle: between(before, rested),
          busy: between(rested, done),
          requesterMs: distributionOf(latencies.flatMap(({ requesterMs }) => requesterMs ?? [])),
          everywhereMs: distributionOf(latencies.flatMap(({ allMs }) => allMs ?? [])),
        };
      },
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

interface Look {
  readonly node: string;
  readonly atMs: number;
  readonly usage: ContainerUsage;
  readonly rssBytes: number;
}

async function lookAt(
  engine: Engine,
  measured: MeasuredLab,
  containers: readonly { readonly id: string; readonly labels: Readonly<Record<string, string>> }[],
): Promise<readonly Look[]> {
  const reports = new Map((await measured.reports()).map((report) => [report.node, report]));
  const looks = await Promise.all(
    containers.map(async ({ id, labels }): Promise<Look[]> => {
      const usage = await engine.usage(id);
      const node = labels[LABELS.seat] ?? '';
      const report = reports.get(node);
      if (usage === null || report === undefined) return [];
      return [{ node, atMs: performance.now(), usage, rssBytes: report.rssBytes }];
    }),
  );
  return looks.flat().sort((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }));
}

function between(from: readonly Look[], to: readonly Look[]): readonly ContainerStretch[] {
  const before = new Map(from.map((look) => [look.node, look]));
  return to.flatMap(({ node, atMs, usage, rssBytes }): ContainerStretch[] => {
    const start = before.get(node);
    if (start === undefined) return [];
    return [
      {
        node,
        tookMs: atMs - start.atMs,
        cpuMs: usage.cpuMs - start.usage.cpuMs,
        throttledPeriods: usage.throttledPeriods - start.usage.throttledPeriods,
        periods: usage.periods - start.usage.periods,
        memoryBytes: usage.memoryBytes,
        rssBytes,
      },
    ];
  });
}
