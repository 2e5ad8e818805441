/**
 * Brings what the nodes recorded into the run directory: their files as they are, and one history of all of them. The
 * history keeps each node's own order; between nodes lines are ordered by the monotonic clock, which the processes of
 * one machine share. Nothing is held in memory but a line of each node.
 */
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { Failure, messageOf } from '../failure.ts';
import { LineWriter } from '../files/line-writer.ts';
import { linesOf } from '../files/lines.ts';
import { parseObservation } from '../history/observation.ts';
import type { Lab } from '../lab/lab.ts';
import type { LabDirectory } from '../lab/lab-directory.ts';
import type { LabPlan } from '../lab/lab-plan.ts';
import { nodeEnvironment } from '../runtimes/node-environment.ts';
import type { RunDirectory } from './run-directory.ts';

const OBSERVATIONS = 'observations.ndjson';

/** What may be missing, a line each. */
export async function collect(
  lab: Lab,
  run: RunDirectory,
  reports: ReadonlyMap<string, NodeReport>,
): Promise<readonly string[]> {
  const gaps: string[] = [];
  try {
    const recorded: { readonly seat: string; readonly files: readonly string[] }[] = [];
    for (const { seat } of lab.plan.seats) {
      const files = await lab.collectNode(seat);
      const folder = run.seat(seat);
      copyAll(folder, [
        [files.stdout, 'stdout.log'],
        [files.stderr, 'stderr.log'],
      ]);
      const observations = [`${OBSERVATIONS}.1`, OBSERVATIONS]
        .map((name) => join(files.directory, name))
        .filter((file) => existsSync(file));
      copyAll(
        folder,
        observations.map((file) => [file, basename(file)]),
      );
      recorded.push({ seat, files: observations.map((file) => join(folder, basename(file))) });
      writeFileSync(join(folder, 'config.json'), `${JSON.stringify(configuration(lab, seat), null, 2)}\n`);
      const report = reports.get(seat);
      if (report !== undefined) writeFileSync(join(folder, 'ledger.json'), `${JSON.stringify(report, null, 2)}\n`);
    }
    mergeHistories(join(run.path, 'history.ndjson'), recorded, gaps);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('artefacts', `what the nodes recorded could not be collected: ${messageOf(cause)}`, { cause });
  }
  return gaps;
}

/** What the nodes printed, of a lab that did not come to run. */
export function saveOutput({ seats }: LabPlan, directory: LabDirectory, run: RunDirectory): void {
  for (const { seat } of seats) {
    const { stdout, stderr } = directory.nodeFiles(seat);
    copyAll(run.seat(seat), [
      [stdout, 'stdout.log'],
      [stderr, 'stderr.log'],
    ]);
  }
}

function copyAll(folder: string, files: readonly (readonly [from: string, name: string])[]): void {
  for (const [from, name] of files) if (existsSync(from)) copyFileSync(from, join(folder, name));
}

/** A node's configuration without secrets and paths. */
function configuration(lab: Lab, seat: string): Record<string, string> {
  const place = lab.plan.seats.find((candidate) => candidate.seat === seat)!;
  const environment = nodeEnvironment(lab.plan, place, {
    fabricUrl: lab.fabricUrl ?? '',
    fabricPasswordFile: '',
    controlUrl: lab.controlUrl,
    controlPasswordFile: '',
    dataDirectory: '',
  });
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

interface Head {
  readonly line: string;
  readonly t: number;
  readonly rest: Iterator<string>;
  readonly seat: string;
}

/** Merges by time without ever changing the order within a node. `files` of a seat: oldest first. */
export function mergeHistories(
  target: string,
  recorded: readonly { readonly seat: string; readonly files: readonly string[] }[],
  gaps: string[],
): void {
  const writer = new LineWriter(target);
  const malformed = new Map<string, number>();
  const advance = (seat: string, rest: Iterator<string>): Head | null => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) {
      const observation = parseObservation(next.value);
      if (observation !== null) return { seat, line: next.value, t: observation.t, rest };
      malformed.set(seat, (malformed.get(seat) ?? 0) + 1);
    }
    return null;
  };
  try {
    let heads = recorded.flatMap(({ seat, files }) => advance(seat, linesOfAll(files)) ?? []);
    while (heads.length > 0) {
      let first = 0;
      for (let i = 1; i < heads.length; i++) if (heads[i]!.t < heads[first]!.t) first = i;
      const head = heads[first]!;
      writer.write(head.line);
      const next = advance(head.seat, head.rest);
      if (next === null) heads = heads.filter((_, i) => i !== first);
      else heads[first] = next;
    }
  } finally {
    writer.close();
  }
  for (const [seat, count] of malformed) gaps.push(`seat ${seat}: ${count} lines of its record are no observations`);
}

function* linesOfAll(files: readonly string[]): Generator<string> {
  for (const file of files) yield* linesOf(file);
}
