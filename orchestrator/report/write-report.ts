/**
 * Writes what people read of a run, next to the run's records: report.html and, where wanted, junit.xml. The record is
 * read twice at most, as a stream.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { drawEvidence } from '../checks/evidence-diagram.ts';
import { judge } from '../checks/judge.ts';
import { loadRun } from '../checks/load-run.ts';
import type { Judgement } from '../checks/verdict.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { Failure, messageOf } from '../failure.ts';
import type { RunRecord } from '../run/run-record.ts';
import { htmlReport } from './html-report.ts';
import { readSeries } from './run-series.ts';
import { exitCodeOf, type RunFacts, type RunSummary, summarise } from './run-summary.ts';

export interface ReportMaterial {
  readonly summary: RunSummary;
  readonly record: RunRecord;
  /** manifest.json. */
  readonly environment: unknown;
}

export function writeReport(file: string, { summary, record, environment }: ReportMaterial): void {
  const page = htmlReport({
    summary,
    series: readSeries(record, summary.judgement.correct),
    finals: record.finals,
    dcoinRate: record.plan.lab.parameters.dcoinRate,
    environment,
    diagrams: drawEvidence(record, summary.judgement.checks),
  });
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
  } catch (cause) {
    throw new Failure('artefacts', `cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** Makes the report of the run at `path` again, judging anew what is there. `out` null: report.html in its directory. */
export function remakeReport(
  path: string,
  out: string | null,
): { readonly summary: RunSummary; readonly file: string } {
  const { directory, record } = loadRun(path);
  const file = out ?? join(directory, 'report.html');
  const environment = jsonFile(join(directory, 'manifest.json'));
  const judgement = judge(record);
  const summary = summarise(record, judgement, factsOf(directory, record, environment, judgement));
  writeReport(file, { summary, record, environment });
  return { summary, file };
}

/** From result.json where the run came so far; otherwise from what was written at its beginning. */
function factsOf(
  directory: string,
  record: RunRecord,
  manifest: Readonly<Record<string, unknown>>,
  judgement: Judgement,
): RunFacts {
  const { events, plan } = record;
  const result = jsonFile(join(directory, 'result.json'));
  const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
  const first = events[0]?.at ?? 0;
  const words = Array.isArray(result.replay) ? result.replay.filter((word) => typeof word === 'string') : [];
  const ended = Object.values(EXIT).find((code) => code === result.exitCode);
  return {
    runtime: text(result.runtime ?? manifest.runtime, 'unknown'),
    startedAt: text(result.startedAt ?? manifest.startedAt, new Date(first).toISOString()),
    tookMs: typeof result.tookMs === 'number' ? result.tookMs : (events.at(-1)?.at ?? first) - first,
    exitCode: otherExit(ended, judgement),
    reasons: [],
    replay: words.length > 0 ? words : ['npx', 'wallance', 'run', plan.name, '--seed', plan.seed],
    path: directory,
  };
}

/** An exit code that is no verdict's (interrupted, records lost) stays, also when the judgement is another now. */
function otherExit(ended: ExitCode | undefined, { verdict }: Judgement): ExitCode {
  const verdicts: readonly ExitCode[] = [EXIT.pass, EXIT.failed, EXIT.inconclusive];
  return ended === undefined || verdicts.includes(ended) ? exitCodeOf(verdict) : ended;
}

/** Empty where there is none, or none that can be read. */
function jsonFile(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
