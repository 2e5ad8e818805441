/** The end of every run, live or simulated: what was recorded is read back, judged, and written down for its readers. */
import { join } from 'node:path';
import { judge } from '../checks/judge.ts';
import type { LiveMetrics } from '../checks/live-metrics.ts';
import { loadRun } from '../checks/load-run.ts';
import { EXIT } from '../cli/exit-code.ts';
import { junitXml } from '../report/junit.ts';
import { type RunSummary, summarise } from '../report/run-summary.ts';
import { writeReport } from '../report/write-report.ts';
import type { LiveFigures } from './progress-lines.ts';
import type { RunDirectory } from './run-directory.ts';

export interface RunCircumstances {
  readonly runtime: string;
  readonly startedAt: Date;
  readonly interrupted: boolean;
  /** Why it did not go as planned, a line each. */
  readonly reasons: readonly string[];
  /** The command that runs it again. */
  readonly replay: readonly string[];
  /** What stands in manifest.json. */
  readonly manifest: unknown;
}

/** Writes result.json, junit.xml and report.html. Throws a Failure where the record is incomplete or cannot be read. */
export function judgedRun(run: RunDirectory, circumstances: RunCircumstances): RunSummary {
  const { runtime, startedAt, interrupted, reasons, replay, manifest } = circumstances;
  const { record } = loadRun(run.path);
  const summary = summarise(record, judge(record), {
    runtime,
    startedAt: startedAt.toISOString(),
    tookMs: Date.now() - startedAt.getTime(),
    exitCode: interrupted ? EXIT.interrupted : null,
    reasons: interrupted ? ['interrupted', ...reasons] : reasons,
    replay,
    path: run.path,
  });
  run.json('result.json', summary);
  run.text('junit.xml', junitXml(summary));
  writeReport(join(run.path, 'report.html'), { summary, record, environment: manifest });
  return summary;
}

/** What a progress display shows of the metrics. */
export function liveFigures(metrics: LiveMetrics): LiveFigures {
  return {
    value: (metric) => metrics.value(metric),
    worst: () => {
      const { invariant, state, detail } = metrics.worstInvariant();
      return state === 'violated' ? { invariant, text: detail } : null;
    },
  };
}
