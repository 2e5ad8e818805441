/**
 * What was found, made small and written as a scenario file that shows it again. Within the bounds of a profile the file
 * demands that the invariant holds, so it fails until the bug is mended and then stays as a regression; elsewhere the
 * violation is what the scenario expects.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document, isMap, isSeq } from 'yaml';
import type { InvariantId } from '../checks/invariant-id.ts';
import { INVARIANTS } from '../checks/invariant-id.ts';
import { type DrawOptions, drawScenario } from './draw-scenario.ts';
import { type DrawnScenario, purchaseCount, writtenScenario } from './drawn-scenario.ts';
import type { Finding } from './explore-seeds.ts';
import { planOfDrawn, runPlan } from './run-one.ts';
import { shrinking } from './shrink.ts';

export interface FoundScenario {
  readonly scenario: DrawnScenario;
  /** Null: it could not be run to its end. */
  readonly invariant: InvariantId | null;
  /** What was seen in the small one. */
  readonly detail: string;
  readonly nodes: number;
  readonly requests: number;
  readonly faults: number;
  readonly byzantine: number;
  /** Runs that it took. */
  readonly runs: number;
}

const RUNS_MAX = 2000;
/** Between two looks at the process's own business. */
const RUNS_A_SLICE = 10;

/** The first invariant that is violated, of the weightiest: forks before anything else. */
export function shownBy({ violations }: Pick<Finding, 'violations'>): InvariantId | null {
  return violations[0]?.invariant ?? null;
}

/** Ends early, with what it has, where `signal` is aborted. */
export async function shrinkFinding(
  finding: Finding,
  options: DrawOptions,
  signal: AbortSignal,
): Promise<FoundScenario> {
  const invariant = shownBy(finding);
  const judged = invariant === null ? [] : [invariant];
  let detail = finding.violations[0]?.detail ?? finding.error ?? '';
  const shows = (candidate: DrawnScenario): boolean => {
    const plan = planOfDrawn(candidate, judged);
    if (typeof plan === 'string') return false;
    const { violations, error } = runPlan(plan);
    const found = invariant === null ? error : (violations[0]?.detail ?? null);
    if (found === null) return false;
    detail = found;
    return true;
  };
  const steps = shrinking(drawScenario(String(finding.seed), options), { shows, runsMax: RUNS_MAX });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return described(step.value.scenario, invariant, detail, step.value.runs);
    if (step.value % RUNS_A_SLICE === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    if (signal.aborted) return described(drawScenario(String(finding.seed), options), invariant, detail, step.value);
  }
}

function described(
  scenario: DrawnScenario,
  invariant: InvariantId | null,
  detail: string,
  runs: number,
): FoundScenario {
  const { seats, faults, links } = scenario;
  const standing = seats.filter(({ joinsAtMs }) => joinsAtMs !== null).length + links.length;
  const misbehaving = new Set(
    seats.filter(({ behaviours, twin }) => behaviours.length > 0 || twin).map(({ key }) => key),
  );
  return {
    scenario,
    invariant,
    detail,
    nodes: seats.length,
    requests: purchaseCount(scenario),
    faults: faults.length + standing,
    byzantine: misbehaving.size + faults.filter(({ kind }) => kind === 'behave').length,
    runs,
  };
}

/** The file's text, and what it is called without an extension. */
export function scenarioText(
  { scenario, invariant, detail }: FoundScenario,
  { profile, bounds }: DrawOptions,
  command: string,
): { readonly name: string; readonly text: string } {
  const [seed] = scenario.seed.split('~');
  const name = `explored-${profile}-${(invariant ?? 'error').toLowerCase()}-${seed}`.slice(0, 64);
  const promised = profile === 'paper' && bounds === 'within';
  const what = invariant === null ? 'It does not run to its end' : `${invariant} ${INVARIANTS[invariant]}: violated`;
  const value = writtenScenario(scenario, [], {
    name,
    description: `${what}. Seen: ${detail}.`.slice(0, 4000),
    invariant,
    expect: promised ? 'hold' : 'violate',
  });
  const document = new Document(value);
  document.commentBefore = ` Found and made small by: ${command}`;
  flowInside(document);
  return { name, text: document.toString({ lineWidth: 118, flowCollectionPadding: true }) };
}

export function writeScenario(directory: string, name: string, text: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.yaml`);
  writeFileSync(file, text);
  return file;
}

/** A thing a line: groups, faults, streams, checks. */
function flowInside(document: Document): void {
  const root = document.contents;
  if (!isMap(root)) return;
  for (const { value } of root.items) {
    for (const node of isMap(value) ? value.items.map((pair) => pair.value) : isSeq(value) ? value.items : []) {
      for (const item of isSeq(node) ? node.items : [node]) if (isMap(item) || isSeq(item)) item.flow = true;
    }
  }
}
