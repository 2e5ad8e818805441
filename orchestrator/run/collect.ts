/**
 * Brings what the nodes recorded into the run directory: their files as they are, and one history of all of them. The
 * history keeps each node's own order; between nodes lines are ordered by the monotonic clock, which the processes of
 * one machine share.
 */

import { once } from 'node:events';
import { copyFileSync, createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeReport } from '../../node/host/control-protocol.ts';
import { Failure, messageOf } from '../failure.ts';
import { type History, type Observation, parseObservation } from '../history/observation.ts';
import type { Lab } from '../lab/lab.ts';
import type { LabDirectory } from '../lab/lab-directory.ts';
import { nodeEnvironment } from '../runtimes/node-environment.ts';
import type { RunDirectory } from './run-directory.ts';
import type { RunPlan } from './run-plan.ts';

export interface Collected {
  readonly history: History;
  /** Lines that are no observation, by node. */
  readonly malformed: Readonly<Record<string, number>>;
}

const OBSERVATIONS = 'observations.ndjson';

export async function collect(
  lab: Lab,
  run: RunDirectory,
  reports: ReadonlyMap<string, NodeReport>,
): Promise<Collected> {
  const records = new Map<string, RecordedLine[]>();
  const malformed: Record<string, number> = {};
  try {
    for (const { seat, node } of lab.plan.seats) {
      const files = await lab.collectNode(seat);
      const folder = run.node(node);
      const copies = [
        [files.stdout, 'stdout.log'],
        [files.stderr, 'stderr.log'],
        [join(files.directory, `${OBSERVATIONS}.1`), `${OBSERVATIONS}.1`],
        [join(files.directory, OBSERVATIONS), OBSERVATIONS],
      ] as const;
      for (const [from, name] of copies) if (existsSync(from)) copyFileSync(from, join(folder, name));
      writeFileSync(join(folder, 'config.json'), `${JSON.stringify(configuration(lab, seat), null, 2)}\n`);
      const report = reports.get(node);
      if (report !== undefined) writeFileSync(join(folder, 'ledger.json'), `${JSON.stringify(report, null, 2)}\n`);
      const lines = [`${OBSERVATIONS}.1`, OBSERVATIONS].flatMap((name) => readLines(join(folder, name)));
      const recorded = lines.flatMap((line): RecordedLine[] => {
        const observation = parseObservation(line);
        return observation === null ? [] : [{ line, observation }];
      });
      records.set(node, recorded);
      malformed[node] = lines.length - recorded.length;
    }
    await writeMerged(join(run.path, 'history.ndjson'), [...records.values()]);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('artefacts', `what the nodes recorded could not be collected: ${messageOf(cause)}`, { cause });
  }
  return {
    history: new Map([...records].map(([node, recorded]) => [node, recorded.map(({ observation }) => observation)])),
    malformed,
  };
}

/** What the nodes printed, of a lab that did not come to run. */
export function saveOutput({ lab: { seats } }: RunPlan, directory: LabDirectory, run: RunDirectory): void {
  for (const { seat, node } of seats) {
    const { stdout, stderr } = directory.nodeFiles(seat);
    if (existsSync(stdout)) copyFileSync(stdout, join(run.node(node), 'stdout.log'));
    if (existsSync(stderr)) copyFileSync(stderr, join(run.node(node), 'stderr.log'));
  }
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

interface RecordedLine {
  readonly line: string;
  readonly observation: Observation;
}

function readLines(file: string): string[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

/** Merges by time without ever changing the order within a node. */
async function writeMerged(file: string, nodes: readonly (readonly RecordedLine[])[]): Promise<void> {
  const stream = createWriteStream(file);
  const places = nodes.map(() => 0);
  for (;;) {
    let first = -1;
    for (let node = 0; node < nodes.length; node++) {
      const head = nodes[node]![places[node]!];
      if (head !== undefined && (first < 0 || head.observation.t < nodes[first]![places[first]!]!.observation.t))
        first = node;
    }
    if (first < 0) break;
    const { line } = nodes[first]![places[first]!++]!;
    if (!stream.write(`${line}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
}
