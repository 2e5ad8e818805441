/**
 * What GitHub Actions shows of a run that failed: an annotation for each check, and the summary on the job's page.
 * The lines go to stderr, which Actions reads as well, so that `--json` keeps stdout for itself.
 */
import { appendFileSync } from 'node:fs';
import type { CommandContext } from '../cli/command.ts';
import { messageOf } from '../failure.ts';
import { expectedText, observedText, resultOf } from './check-text.ts';
import { markdownSummary } from './markdown-summary.ts';
import { shortened, visible } from './markup.ts';
import { commandText } from './replay-command.ts';
import type { RunSummary } from './run-summary.ts';

/** Actions shows ten errors of a step. */
const ANNOTATIONS_MAX = 10;

/** Does nothing outside of Actions. `scenarioFile`: relative to the repository; null where it is none of it. */
export function tellGithub(
  { github, terminal }: Pick<CommandContext, 'github' | 'terminal'>,
  summary: RunSummary,
  scenarioFile: string | null,
): void {
  if (github === null) return;
  for (const line of annotations(summary, scenarioFile)) terminal.note(line);
  if (github.stepSummaryFile === null) return;
  try {
    appendFileSync(github.stepSummaryFile, markdownSummary(summary));
  } catch (error) {
    // The verdict stands without it.
    terminal.note(`the job summary could not be written: ${messageOf(error)}`);
  }
}

/** `::error` lines; none for a run that passed. */
export function annotations(summary: RunSummary, scenarioFile: string | null): string[] {
  if (summary.exitCode === 0) return [];
  const again = `Again with the same seed: ${commandText(summary.replay)}`;
  const failed = summary.judgement.checks.filter((check) => resultOf(check) !== 'as expected');
  const found = failed.map((judged) => ({
    title: `${summary.scenario}: ${judged.check.id} ${resultOf(judged)}`,
    text: `${judged.detail}\nexpected ${expectedText(judged.check)}\nobserved: ${observedText(judged)}\n${again}`,
  }));
  if (found.length === 0) {
    const title = `${summary.scenario}: exit code ${summary.exitCode}`;
    found.push({ title, text: [...summary.reasons, again].join('\n') });
  }
  const shown = found.slice(0, ANNOTATIONS_MAX);
  const left = found.length - shown.length;
  if (left > 0) shown.push({ ...shown.pop()!, title: `${summary.scenario}: ${left + 1} more checks` });
  const file = scenarioFile === null ? '' : `file=${property(scenarioFile)},`;
  return shown.map(({ title, text }) => `::error ${file}title=${property(title)}::${message(text)}`);
}

function message(text: string): string {
  const lines = text.split('\n').map(visible).join('\n');
  return shortened(lines, 3000).replaceAll('%', '%25').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return message(shortened(text, 200)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
