/**
 * A run directory as the record that judges read. The history is read from the file in pieces at every pass and never
 * kept: a million lines are some 300 MB. What is missing or of another version is said before anything is judged.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { type Problem, shown } from '../../node/protocol/parameters.ts';
import type { BrokerStats } from '../fabric/embedded-broker.ts';
import { Failure, messageOf } from '../failure.ts';
import { linesOf } from '../files/lines.ts';
import { type Observation, parseObservation } from '../history/observation.ts';
import type { RunEvent, RunRecord } from '../run/run-record.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';

export const PLAN_FILE = 'scenario.resolved.yaml';
export const EVENTS_FILE = 'events.ndjson';
export const HISTORY_FILE = 'history.ndjson';
const GAPS_FILE = 'gaps.json';
const FABRIC_FILE = 'fabric.json';
const LATEST = 'latest';
const PLAN_SCHEMA = 1;

export interface SeatLine {
  readonly seat: string;
  readonly observation: Observation;
}

export interface LoadedRun {
  /** The directory itself, also where the path was that of its scenario. */
  readonly directory: string;
  readonly record: RunRecord;
}

/**
 * Reads the run in `path`: its directory, a link to it, or the directory of its scenario, whose `latest` is taken. Throws
 * a Failure: `usage` where there is no run or one of another version, `artefacts` where a part of it is missing or torn.
 */
export function loadRun(path: string): LoadedRun {
  const directory = runDirectoryAt(path);
  const plan = readPlan(join(directory, PLAN_FILE));
  const history = join(directory, HISTORY_FILE);
  if (!existsSync(history)) throw missing(directory, HISTORY_FILE);
  if (!existsSync(join(directory, EVENTS_FILE))) throw missing(directory, EVENTS_FILE);
  const gaps = readGaps(join(directory, GAPS_FILE));
  const events = readEvents(join(directory, EVENTS_FILE));
  const finals = readFinals(join(directory, 'nodes'), plan, gaps);
  const fabric = join(directory, FABRIC_FILE);
  return {
    directory,
    record: {
      plan,
      events,
      history: () => readHistory(history),
      finals,
      fabric: existsSync(fabric) ? (readJson(fabric) as BrokerStats) : null,
      gaps,
    },
  };
}

/** Lines of a history, each with the seat that wrote it. What is no observation is left out; it shows as a hole. */
export function* readHistory(file: string): Generator<SeatLine> {
  for (const line of linesOf(file)) {
    const observation = parseObservation(line);
    if (observation === null) continue;
    const { seat } = observation;
    // A boot line has its seat in any case; other lines name it where it differs from the node.
    yield { seat: typeof seat === 'string' ? seat : observation.node, observation };
  }
}

function runDirectoryAt(path: string): string {
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new Failure('usage', `RUN-DIR: expected the directory of a run, got ${path}, which does not exist`);
  }
  if (existsSync(join(path, PLAN_FILE))) return path;
  const latest = join(path, LATEST);
  if (existsSync(join(latest, PLAN_FILE))) return latest;
  throw new Failure('usage', `RUN-DIR: expected the directory of a run, got ${path}, which has no ${PLAN_FILE}`);
}

function missing(directory: string, file: string): Failure {
  return new Failure('artefacts', `the run in ${directory} has no ${file}: it was not collected, and cannot be judged`);
}

function readPlan(file: string): ScenarioPlan {
  let plan: unknown;
  try {
    plan = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Failure('artefacts', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  const problems = planProblems(plan);
  if (problems.length > 0) throw Failure.ofProblems(`${file} is no plan that this version can judge`, problems);
  return plan as ScenarioPlan;
}

/** The parts that judging reads; the plan was checked when it was made. */
function planProblems(value: unknown): Problem[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path: 'plan', expected: 'a map', found: shown(value) }];
  }
  const plan = value as { readonly [name: string]: unknown };
  if (plan.schema !== PLAN_SCHEMA) {
    return [{ path: 'schema', expected: String(PLAN_SCHEMA), found: shown(plan.schema) }];
  }
  const problems: Problem[] = [];
  for (const name of ['seats', 'timeline', 'checks']) {
    if (!Array.isArray(plan[name])) problems.push({ path: name, expected: 'a list', found: shown(plan[name]) });
  }
  const lab = plan.lab as { readonly [name: string]: unknown } | null | undefined;
  if (typeof lab !== 'object' || lab === null) {
    problems.push({ path: 'lab', expected: 'the plan of a lab', found: shown(lab) });
  } else {
    for (const name of ['seats', 'services']) {
      if (!Array.isArray(lab[name]))
        problems.push({ path: `lab.${name}`, expected: 'a list', found: shown(lab[name]) });
    }
  }
  return problems;
}

function readEvents(file: string): RunEvent[] {
  const events: RunEvent[] = [];
  let number = 0;
  for (const line of linesOf(file)) {
    number++;
    try {
      events.push(JSON.parse(line) as RunEvent);
    } catch (cause) {
      throw new Failure('artefacts', `${file}, line ${number}: ${messageOf(cause)}`, { cause });
    }
  }
  return events;
}

/** What was known to be missing when the run was collected; none where nobody wrote it down. */
function readGaps(file: string): string[] {
  const found = existsSync(file) ? readJson(file) : [];
  return Array.isArray(found) ? found.map(String) : [];
}

function readFinals(directory: string, plan: ScenarioPlan, gaps: string[]): Map<string, NodeReport> {
  const finals = new Map<string, NodeReport>();
  const folders = new Set(existsSync(directory) ? readdirSync(directory) : []);
  for (const { seat } of plan.lab.seats) {
    const file = join(directory, seat, 'ledger.json');
    if (!folders.has(seat) || !existsSync(file)) gaps.push(`seat ${seat} has no final report`);
    else finals.set(seat, readJson(file) as NodeReport);
  }
  return finals;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Failure('artefacts', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
