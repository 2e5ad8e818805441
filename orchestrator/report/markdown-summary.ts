/**
 * A run as Markdown of the GitHub kind, for the page of a CI job. Everything of the run is made plain text: no link,
 * image, markup or table cell can come out of an id.
 */
import { expectedText, resultOf } from './check-text.ts';
import { MARKDOWN_ROWS_MAX, plainMarkdown as plain, markdownTable as table } from './markdown-text.ts';
import { onOneLine } from './markup.ts';
import { countText, millisecondsText, plainNumber, secondsText } from './quantity-text.ts';
import { commandText } from './replay-command.ts';
import type { RunSummary } from './run-summary.ts';

const MARKS = { pass: '\u2705', failed: '\u274c', inconclusive: '\u2754' } as const;
const RESULT_MARKS = { 'as expected': '\u2705', 'not as expected': '\u274c', unknown: '\u2754' } as const;

export function markdownSummary(summary: RunSummary): string {
  const { scenario, verdict, profile, runtime, seed, seats, tookMs, reasons, judgement, faults, exitCode } = summary;
  const { metrics, checks, stuck } = judgement;
  const rate = metrics['decisions-per-second'];
  const lines = [
    `## ${MARKS[verdict]} ${plain(scenario)}: ${verdict} (exit code ${exitCode})`,
    '',
    `${seats.length} nodes, profile ${plain(profile)}, runtime ${plain(runtime)}, seed ${plain(seed)}, took ${secondsText(tookMs)}`,
    '',
    ...reasons.slice(0, MARKDOWN_ROWS_MAX).map((reason) => `- ${plain(reason)}`),
    '',
    ...table(
      ['', 'check', 'expected', 'observed'],
      checks.map((judged) => [
        `${RESULT_MARKS[resultOf(judged)]} ${resultOf(judged)}`,
        plain(judged.check.title),
        plain(expectedText(judged.check)),
        plain(judged.detail),
      ]),
    ),
    ...table(
      ['requests', 'decided everywhere', 'stuck', 'p50', 'p95', 'decisions/s'],
      [
        [
          countText(metrics.requests),
          countText(metrics['decided-everywhere']),
          countText(stuck.length),
          millisecondsText(metrics['latency-requester-p50']),
          millisecondsText(metrics['latency-requester-p95']),
          rate === null ? '\u2013' : plainNumber(rate),
        ],
      ],
    ),
    ...(faults.length === 0
      ? []
      : table(
          ['fault', 'state', 'from', 'healed'],
          faults.map((fault) => [
            plain(fault.title),
            fault.state,
            secondsText(fault.askedMs),
            secondsText(fault.healedMs),
          ]),
        )),
    'Run it again:',
    '',
    ...fenced(commandText(summary.replay)),
    '',
    `Everything is in \`${onOneLine(summary.path).replaceAll('`', "'")}\`, with the page report.html.`,
    '',
  ];
  return lines.join('\n');
}

/** A fence longer than any run of backticks inside. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}sh`, onOneLine(text), fence];
}
