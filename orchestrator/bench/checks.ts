/**
 * What it costs to judge a long run: a history of a million lines, as real cores write it (sensors, purchases of every
 * node in turn, votes, rewards, decisions, services), all invariants and figures, read from the file in a process of its
 * own. Time is that of loading and judging; memory the largest that the process ever held.
 */
import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { NORMAL_CONDITIONS } from '../../node/host/conditions.ts';
import { Prng } from '../../node/simulation/prng.ts';
import { INVARIANT_IDS, INVARIANTS } from '../checks/invariant-id.ts';
import { EVENTS_FILE, HISTORY_FILE, PLAN_FILE } from '../checks/load-run.ts';
import { newPlan } from '../lab/kept-lab.ts';
import { programFile } from '../project.ts';
import type { PlannedCheck, ScenarioPlan } from '../scenario/scenario-plan.ts';
import type { Figure } from './codec.ts';
import { RecordedCores } from './recorded-cores.ts';

const LINES = 1_000_000;
const LINES_QUICK = 100_000;
const SECONDS_MAX = 10;
const MB_MAX = 1024;
/** A write of so many characters. */
const WRITE_CHARACTERS = 4 << 20;
const PURCHASE_MS = 20;
const SERVICE = 'Nespresso';

interface CheckedRun {
  readonly seconds: number;
  readonly rssMb: number;
  readonly verdict: string;
  readonly violated: readonly string[];
}

/** Figures of judging; about 40 seconds, most of it for making the histories, `quick` five. */
export async function benchChecks(quick = false): Promise<Figure[]> {
  const lines = quick ? LINES_QUICK : LINES;
  return [...(await checkFigures(8, lines, quick)), ...(await checkFigures(48, lines, quick))];
}

async function checkFigures(nodes: number, lines: number, quick: boolean): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'wallance-bench-checks-'));
  try {
    const bytes = makeRun(directory, nodes, lines);
    const { seconds, rssMb, violated } = await checked(directory);
    if (violated.length > 0) throw new Error(`an honest history violates ${violated.join(', ')}`);
    const what = `${lines} lines of ${nodes} nodes`;
    const rounded = (value: number): number => Math.round(value * 100) / 100;
    return [
      { name: `${what}: size of the history`, value: Math.round(bytes / 1024 / 1024), unit: 'MB' },
      {
        name: `${what}: all checks`,
        value: rounded(seconds),
        unit: 's',
        ...(quick ? {} : { target: `<= ${SECONDS_MAX}` }),
      },
      {
        name: `${what}: memory of the process`,
        value: Math.round(rssMb),
        unit: 'MB',
        ...(quick ? {} : { target: `<= ${MB_MAX}` }),
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** In a process of its own, whose memory is nobody else's. */
async function checked(directory: string): Promise<CheckedRun> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    programFile('orchestrator/bench/check-worker').file,
    directory,
  ]);
  return JSON.parse(stdout) as CheckedRun;
}

/** Writes a run of about so many lines into `directory`; returns the bytes of its history. */
export function makeRun(directory: string, nodes: number, lines: number): number {
  const plan = planOf(nodes);
  mkdirSync(directory, { recursive: true });
  const history = join(directory, HISTORY_FILE);
  const file = openSync(history, 'w');
  let text = '';
  let count = 0;
  const flush = (): void => {
    writeSync(file, text);
    text = '';
  };
  const draws = Prng.seeded(`checks/${nodes}`);
  const cores = new RecordedCores({
    lab: plan.lab,
    onLine: (_seat, line) => {
      text += `${line}\n`;
      count++;
      if (text.length > WRITE_CHARACTERS) flush();
    },
  });
  cores.bootAll();
  for (const { seat } of plan.seats) cores.sample(seat, 20);
  cores.settle();
  for (let purchase = 0; count < lines; purchase++) {
    const { seat } = plan.seats[purchase % nodes]!;
    // Enough for the next one, spread over the pause before it.
    for (let i = 0; i < 4; i++) {
      cores.at(cores.t + draws.float() * PURCHASE_MS, () => cores.sample(plan.seats[draws.uint32() % nodes]!.seat));
    }
    cores.order(seat, `order-${purchase}`, SERVICE);
    cores.runUntil(cores.t + PURCHASE_MS);
  }
  cores.settle();
  flush();
  closeSync(file);
  const phases = ['start', 'load', 'heal', 'settle', 'read', 'stop'].map((phase, index) => ({
    t: index < 2 ? 0 : cores.t + index,
    at: 0,
    event: 'phase',
    phase,
  }));
  writeFileSync(join(directory, EVENTS_FILE), phases.map((event) => `${JSON.stringify(event)}\n`).join(''));
  writeFileSync(join(directory, PLAN_FILE), stringify(plan, { aliasDuplicateObjects: false }));
  for (const { seat } of plan.seats) {
    mkdirSync(join(directory, 'nodes', seat), { recursive: true });
    writeFileSync(join(directory, 'nodes', seat, 'ledger.json'), JSON.stringify(cores.report(seat)));
  }
  return statSync(history).size;
}

/** Nodes without sensors and nothing to do, judged by every invariant. */
export function planOf(nodes: number): ScenarioPlan {
  const lab = newPlan('bench', { nodes, sensors: [] });
  const checks = INVARIANT_IDS.map(
    (invariant): PlannedCheck => ({
      id: invariant,
      title: INVARIANTS[invariant],
      expect: 'hold',
      evidenceMin: 1,
      kind: 'invariant',
      invariant,
    }),
  );
  return {
    schema: 1,
    name: 'bench-checks',
    description: '',
    seed: '1',
    timeoutMs: 1,
    requires: [],
    lab,
    seats: lab.seats.map(({ seat, node }) => ({
      seat,
      node,
      group: 'all',
      role: 'honest',
      board: null,
      architecture: null,
      startsAtMs: null,
      sensors: [],
      conditions: NORMAL_CONDITIONS,
    })),
    links: [],
    workload: { fundUnits: {}, purchases: [], closed: [] },
    timeline: [],
    loadMs: 1,
    endsEarly: true,
    settleMsMax: 10_000,
    checks,
  };
}
