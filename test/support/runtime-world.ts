/**
 * Labs over each runtime, for tests that hold all of them to the same: how to make the runtime, where its tests can run,
 * and what it has left behind.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { type History, type Observation, parseObservations } from '../../orchestrator/history/observation.ts';
import { newPlan, type RequestedLab } from '../../orchestrator/lab/kept-lab.ts';
import { Lab } from '../../orchestrator/lab/lab.ts';
import { LabDirectory } from '../../orchestrator/lab/lab-directory.ts';
import type { LabEvent } from '../../orchestrator/lab/lab-view.ts';
import { Engine } from '../../orchestrator/runtimes/docker/engine.ts';
import { LABELS } from '../../orchestrator/runtimes/docker/labels.ts';
import { prepareDocker } from '../../orchestrator/runtimes/docker/prepare.ts';
import { DEFAULT_PLACEMENT, type Placement } from '../../orchestrator/runtimes/placement.ts';
import { ProcessRuntime } from '../../orchestrator/runtimes/processes.ts';
import type { Runtime, RuntimeOptions } from '../../orchestrator/runtimes/runtime.ts';
import { engineTest, isStuckNetwork } from './engine.ts';
import { eventually } from './waiting.ts';

/** First part of the names of the images that are tested. */
export const IMAGES = process.env.WALLANCE_TEST_IMAGES ?? 'wallance';
export const NATIVE = process.arch === 'arm64' ? 'arm64' : 'amd64';

export interface RuntimeKind {
  readonly name: Runtime['name'];
  /** `it`, where this runtime can run. */
  readonly it: (name: string, body: (t: TestContext) => Promise<void>) => void;
  readonly factory: (
    plan: ReturnType<typeof newPlan>,
    placed?: Partial<Placement>,
  ) => Promise<(options: RuntimeOptions) => Runtime>;
  /** Ends a node as somebody else would. */
  readonly killOutside: (lab: Lab, directory: LabDirectory, seat: string) => Promise<void>;
  /** What of the lab in `directory` is still there, in words. */
  readonly left: (directory: LabDirectory) => Promise<readonly string[]>;
}

export const PROCESSES: RuntimeKind = {
  name: 'processes',
  it: (name, body) => {
    it(name, body);
  },
  factory: async () => (options) => new ProcessRuntime(options),
  killOutside: async (lab, _directory, seat) => {
    process.kill(lab.nodeProcess(seat)!.pid, 'SIGKILL');
  },
  left: async (directory) => ownPrograms(directory),
};

export const DOCKER: RuntimeKind = {
  name: 'docker',
  it: engineTest([`${IMAGES}-node:${NATIVE}`, `${IMAGES}-lab:${NATIVE}`]),
  factory: async (plan, placed = {}) => {
    const placement: Placement = { ...DEFAULT_PLACEMENT, runtime: 'docker', images: IMAGES, ...placed };
    return (await prepareDocker(plan, placement, true)).create;
  },
  killOutside: async (_lab, directory, seat) => {
    const engine = await Engine.connect();
    const [container] = await engine.find(`${LABELS.root}=${directory.root}`, `${LABELS.seat}=${seat}`);
    await engine.kill(container!.id);
  },
  left: async (directory) => {
    const left: string[] = [];
    for (const { kind, name } of await (await Engine.connect()).find(`${LABELS.root}=${directory.root}`)) {
      if (kind !== 'network' || !(await isStuckNetwork(name))) left.push(`${kind} ${name}`);
    }
    return left;
  },
};

export const RUNTIMES: readonly RuntimeKind[] = [PROCESSES, DOCKER];

/** Children of this process that are a node of that lab, or a broker. */
function ownPrograms(directory: LabDirectory): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== process.pid) return [];
        const program = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        const own = program.includes('broker-main') || environment.includes(directory.root);
        return own ? [`process ${pid}: ${program}`] : [];
      } catch {
        return [];
      }
    });
}

export interface StartedLab {
  readonly lab: Lab;
  /** What the lab runs on, once it is being started. */
  readonly runtime: () => Runtime;
  /** What the fabric recorded so far. */
  readonly journal: () => readonly Readonly<Record<string, unknown>>[];
  readonly directory: LabDirectory;
  readonly events: readonly LabEvent[];
}

/** A lab that is ready, and is stopped after the test. */
export async function startLab(
  t: TestContext,
  kind: RuntimeKind,
  requested: RequestedLab,
  placed: Partial<Placement> = {},
): Promise<StartedLab> {
  const started = await newLab(t, kind, requested, placed);
  await started.lab.start(new AbortController().signal);
  return started;
}

export async function newLab(
  t: TestContext,
  kind: RuntimeKind,
  requested: RequestedLab,
  placed: Partial<Placement> = {},
): Promise<StartedLab> {
  const home = mkdtempSync(join(tmpdir(), 'wallance-runtime-'));
  const directory = new LabDirectory(home, 'contract');
  directory.create();
  const plan = newPlan('contract', { sensors: [], ...requested });
  const events: LabEvent[] = [];
  const create = await kind.factory(plan, placed);
  let runtime: Runtime | null = null;
  let journal = '';
  const lab = new Lab({
    plan,
    directory,
    runtime: (options) => {
      runtime = create({
        ...options,
        journal: (lines) => {
          journal += lines;
        },
      });
      return runtime;
    },
    inherited: {},
    onEvent: (event) => events.push(event),
  });
  t.after(async () => {
    await lab.stop();
    rmSync(home, { recursive: true, force: true });
  });
  return {
    lab,
    runtime: () => runtime!,
    journal: () => {
      const lines = journal.split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    },
    directory,
    events,
  };
}

/** Gives every node its units, and waits until every node has heard of them all. */
export async function fund(lab: Lab, units: number): Promise<void> {
  const { seats } = lab.plan;
  await Promise.all(seats.map(({ seat }) => lab.sample(seat, { topic: 'x', value: 1, count: units })));
  await eventually(
    async () => {
      const reports = [...(await lab.reports()).values()];
      return (
        reports.length === seats.length &&
        reports.every(({ sensorTransactions }) => sensorTransactions === units * seats.length)
      );
    },
    `${units} units in every wallet on every node`,
    30_000,
    50,
  );
}

/** What every node recorded, as `collectNode` brings it. */
export async function collectedHistory(lab: Lab): Promise<History> {
  const entries: [string, readonly Observation[]][] = [];
  for (const { seat, node } of lab.plan.seats) {
    const { directory } = await lab.collectNode(seat);
    const { observations, malformed } = parseObservations(
      readFileSync(join(directory, 'observations.ndjson'), 'utf8').split('\n'),
    );
    assert.equal(malformed, 0, `lines of node ${node} that are no observation`);
    entries.push([node, observations]);
  }
  return new Map(entries);
}
