/**
 * Runs as results to compare: one run directory, or several of the same scenario, whose latencies are pooled and whose
 * other figures are the medians over the runs. Latencies are those of the metrics: of correct requesters, from the time
 * at which a purchase was meant to be ordered.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRun } from '../checks/load-run.ts';
import { METRICS, type MetricName } from '../checks/metric.ts';
import { Failure, messageOf } from '../failure.ts';
import { distributionOf, median } from '../history/distribution.ts';
import { medianInterval, quantileInterval, shareInterval } from '../history/interval.ts';
import { RequestTimes } from '../report/request-times.ts';
import type { RunSummary } from '../report/run-summary.ts';
import { betterBy, type Comparable, type ComparableFigure } from './comparable.ts';

interface ReadRun {
  readonly directory: string;
  readonly summary: RunSummary;
  readonly circumstances: Readonly<Record<string, string>>;
  readonly hashesPerSecond: number | null;
  readonly revision: string;
  readonly requesterMs: readonly number[];
  readonly allMs: readonly number[];
}

/** Counts of what was asked for and what came of it: shown, and for nobody better or worse. */
const COUNTS: readonly MetricName[] = ['requests', 'decisions', 'votes', 'rejections', 'sensor-transactions'];
/** More of these is a finding. */
const HARMS: readonly MetricName[] = ['forks', 'divergent-wallets', 'divergent-states', 'crashes'];

/** `given`: as it was typed. Throws a Failure where a directory is no run, or runs given together are of other things. */
export function runResults(directories: readonly string[], given: string): Comparable {
  const runs = directories.map(readRun);
  const [first] = runs;
  for (const run of runs) {
    const other = Object.entries(first!.circumstances).find(([name, value]) => run.circumstances[name] !== value);
    if (other !== undefined)
      throw new Failure(
        'usage',
        `${given}: expected runs of the same thing, got ${other[0]} ${other[1]} in ${first!.directory} and ${run.circumstances[other[0]]} in ${run.directory}`,
      );
  }
  const summaries = runs.map(({ summary }) => summary);
  const rates = runs.flatMap(({ hashesPerSecond }) => (hashesPerSecond === null ? [] : [hashesPerSecond]));
  const worst = summaries.find(({ verdict }) => verdict === 'failed') ?? summaries.find((s) => s.verdict !== 'pass');
  const count = runs.length === 1 ? '' : `, ${runs.length} runs`;
  return {
    kind: 'run',
    title: `${first!.summary.scenario}, ${[...new Set(runs.map(({ revision }) => revision))].join(' and ')}${count}`,
    path: given,
    circumstances: first!.circumstances,
    hashesPerSecond: rates.length === 0 ? null : median(rates),
    verdict: (worst ?? first!.summary).verdict,
    figures: [
      ...latencyFigures(
        'requester',
        'request to decision at the requester',
        runs.flatMap((run) => run.requesterMs),
      ),
      ...latencyFigures(
        'all',
        'request to commit on every node',
        runs.flatMap((run) => run.allMs),
      ),
      ...shareFigures(summaries),
      ...[...COUNTS, ...HARMS, 'decisions-per-second' as const].flatMap((name) =>
        overRuns(
          name,
          METRICS[name].about,
          METRICS[name].unit,
          HARMS.includes(name) ? 'lower' : betterBy(METRICS[name].unit),
          summaries.map(({ judgement }) => judgement.metrics[name]),
        ),
      ),
      ...overRuns('messages', 'deliveries a decision', '', 'lower', summaries.map(perDecision(deliveries))),
      ...overRuns('cpu', 'processor time of all nodes a decision', 'ms', 'lower', summaries.map(perDecision(cpuMs))),
      ...overRuns(
        'memory',
        'memory of the largest node',
        'MB',
        'lower',
        summaries.map((summary) => largest(summary, ({ rssBytes }) => (rssBytes === null ? null : rssBytes / 1e6))),
      ),
      ...overRuns(
        'database',
        'database of the largest node',
        'kB',
        'lower',
        summaries.map((summary) => largest(summary, ({ databaseBytes: b }) => (b === null ? null : b / 1000))),
      ),
    ],
  };
}

function readRun(path: string): ReadRun {
  const { directory, record } = loadRun(path);
  const summary = json(join(directory, 'result.json')) as RunSummary;
  const manifest = json(join(directory, 'manifest.json')) as { readonly [name: string]: unknown };
  const machine = (manifest.machine ?? {}) as { readonly [name: string]: unknown };
  const times = new RequestTimes(record, new Set(summary.judgement.correct));
  for (const { seat, observation } of record.history()) times.take(seat, observation);
  const all = times.times();
  const text = (value: unknown): string => (value === undefined || value === null ? 'none' : String(value));
  const { lab } = record.plan;
  const architectures = Object.values((manifest.architectures ?? {}) as Record<string, unknown>);
  const board = manifest.board as { readonly name?: unknown; readonly calibrated?: unknown } | undefined;
  return {
    directory,
    summary,
    circumstances: {
      scenario: summary.scenario,
      profile: lab.profile,
      nodes: String(record.plan.seats.length),
      runtime: summary.runtime,
      fabric: text(manifest.fabric),
      'network emulation': text(manifest.networkEmulation),
      pace: text(manifest.pace),
      durability: text(manifest.durability),
      qos: text(manifest.qos),
      architecture: architectures.length === 0 ? text(machine.arch) : [...new Set(architectures)].join(' and '),
      board: board === undefined ? 'none' : `${text(board.name)}, ${board.calibrated === true ? '' : 'un'}calibrated`,
      processor: `${text(machine.cores)} x ${text(machine.cpu)}`,
    },
    hashesPerSecond: typeof manifest.hashesPerSecond === 'number' ? manifest.hashesPerSecond : null,
    revision: text(machine.revision ?? machine.wallance),
    requesterMs: all.flatMap(({ requesterMs }) => (requesterMs === null ? [] : [requesterMs])),
    allMs: all.flatMap(({ allMs }) => (allMs === null ? [] : [allMs])),
  };
}

function json(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Failure('artefacts', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function latencyFigures(id: string, title: string, values: readonly number[]): ComparableFigure[] {
  const figures = distributionOf(values);
  if (figures === null) return [];
  const common = { unit: 'ms', better: 'lower' } as const;
  return [
    { id: `${id}-p50`, title: `${title}, median`, ...common, value: figures.p50, interval: medianInterval(values) },
    {
      id: `${id}-p95`,
      title: `${title}, 95th percentile`,
      ...common,
      value: figures.p95,
      interval: quantileInterval(values, 0.95),
    },
  ];
}

function shareFigures(summaries: readonly RunSummary[]): ComparableFigure[] {
  const sum = (name: MetricName): number =>
    summaries.reduce((total, { judgement }) => total + (judgement.metrics[name] ?? 0), 0);
  const requests = sum('requests');
  if (requests === 0) return [];
  const share = (id: string, title: string, better: 'higher' | 'lower', hits: number): ComparableFigure => {
    const interval = shareInterval(hits, requests)!;
    const percent = { low: 100 * interval.low, high: 100 * interval.high, coverage: interval.coverage };
    return { id, title, unit: '%', better, value: (100 * hits) / requests, interval: percent };
  };
  return [
    share('decided-share', 'requests decided on every node', 'higher', sum('decided-everywhere')),
    share('stuck-share', 'requests not decided on every node', 'lower', sum('stuck')),
  ];
}

/** None where no run has a value. */
function overRuns(
  id: string,
  title: string,
  unit: string,
  better: ComparableFigure['better'],
  values: readonly (number | null)[],
): ComparableFigure[] {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return [];
  return [{ id, title, unit, better, value: median(known), interval: medianInterval(known) }];
}

function perDecision(sum: (summary: RunSummary) => number | null): (summary: RunSummary) => number | null {
  return (summary) => {
    const total = sum(summary);
    const { decisions } = summary.judgement.metrics;
    return total === null || decisions === null || decisions === 0 ? null : total / decisions;
  };
}

function deliveries({ traffic }: RunSummary): number | null {
  return traffic === null ? null : (traffic.delivered.consensus?.messages ?? 0);
}

function cpuMs({ seats }: RunSummary): number | null {
  return seats.some((seat) => seat.cpuMs === null) ? null : seats.reduce((sum, seat) => sum + seat.cpuMs!, 0);
}

function largest({ seats }: RunSummary, value: (seat: RunSummary['seats'][number]) => number | null): number | null {
  const known = seats.map(value).filter((one) => one !== null);
  return known.length === 0 ? null : Math.max(...known);
}
