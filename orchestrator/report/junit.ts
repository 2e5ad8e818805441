/**
 * junit.xml: a run as a test suite, in the shape that Jenkins and its followers read. A check is a test case: not as
 * expected is a failure, unknown is an error, since a check that could not look must not count as passed and nothing
 * is ever skipped. The run itself is a test case too, so that what no check can say (a fault that was not seen to work,
 * an interrupt, a lab that did not start) is never green.
 */
import type { JudgedCheck } from '../checks/verdict.ts';
import { evidenceFields, expectedText, observedText, resultOf } from './check-text.ts';
import { escaped, shortened } from './markup.ts';
import { commandText } from './replay-command.ts';
import type { RunSummary } from './run-summary.ts';

const EVIDENCE_LINES_MAX = 40;
const TEXT_MAX = 2000;

export function junitXml(summary: RunSummary): string {
  const { scenario, seed, profile, runtime, startedAt, tookMs, judgement, path } = summary;
  const seconds = (tookMs / 1000).toFixed(3);
  const results = judgement.checks.map(resultOf);
  const failures = results.filter((result) => result === 'not as expected').length;
  const blamed = runErrors(summary);
  const errors = results.filter((result) => result === 'unknown').length + (blamed.length > 0 ? 1 : 0);
  const suite = `name=${quoted(scenario)} tests="${judgement.checks.length + 1}" failures="${failures}" errors="${errors}"`;
  const properties = Object.entries({ seed, profile, runtime, path, replay: commandText(summary.replay) }).map(
    ([name, value]) => `      <property name="${name}" value=${quoted(value)}/>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${suite} time="${seconds}">`,
    `  <testsuite ${suite} skipped="0" time="${seconds}" timestamp=${quoted(startedAt.replace(/(\.\d+)?Z$/, ''))}>`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...testCase(scenario, 'run', seconds, blamed),
    // A check takes no time of its own: it looks at what the whole run left behind.
    ...judgement.checks.flatMap((check) =>
      testCase(scenario, `${check.check.id}: ${check.check.title}`, '0.000', outcome(check, summary)),
    ),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** What is wrong with the run and is not said by a check. */
function runErrors({ exitCode, reasons, judgement, faults }: RunSummary): string[] {
  if (exitCode === 0) return [];
  const unseen = faults
    .filter(({ state }) => state === 'unverified' || state === 'failed' || state === 'skipped')
    .map(({ id, title, state, detail }) => `fault ${id} (${title}) ${state}: ${detail}`);
  const wanted = exitCode === 1 ? false : exitCode === 2 ? null : undefined;
  const explained = judgement.checks.some(({ asExpected }) => asExpected === wanted);
  if (explained && unseen.length === 0) return [];
  const told = explained ? unseen : [...reasons, ...unseen];
  const head = `the run ended with exit code ${exitCode}: ${told[0] ?? 'no reason is known'}`;
  return [`      <error message=${quoted(head)} type="run">${escaped(shortened(told.join('\n'), TEXT_MAX))}</error>`];
}

function outcome(judged: JudgedCheck, { loadT }: RunSummary): string[] {
  const result = resultOf(judged);
  if (result === 'as expected') return [];
  const element = result === 'unknown' ? 'error' : 'failure';
  const evidence = judged.evidence.slice(0, EVIDENCE_LINES_MAX).map((line) => {
    const { observation, seat, why } = line;
    const ms = (observation.t - loadT).toFixed(1);
    return `${ms} ms  seat ${seat}  ${observation.event}  ${why}  ${shortened(evidenceFields(line), 400)}`;
  });
  const left = judged.evidence.length - evidence.length;
  const text = [
    `expected ${expectedText(judged.check)}`,
    `observed: ${observedText(judged)}`,
    shortened(judged.detail, TEXT_MAX),
    ...(evidence.length > 0 ? ['evidence, from the beginning of the load:', ...evidence] : []),
    ...(left > 0 ? [`and ${left} more lines in result.json`] : []),
  ].join('\n');
  return [
    `      <${element} message=${quoted(judged.detail)} type=${quoted(judged.check.kind)}>${escaped(text)}</${element}>`,
  ];
}

function testCase(scenario: string, name: string, seconds: string, content: readonly string[]): string[] {
  const head = `    <testcase classname=${quoted(`wallance.${scenario}`)} name=${quoted(name)} time="${seconds}"`;
  return content.length === 0 ? [`${head}/>`] : [`${head}>`, ...content, '    </testcase>'];
}

/** An attribute's value; one line, since XML makes spaces of line feeds there. */
function quoted(text: string): string {
  return `"${escaped(shortened(text.replace(/[\t\r\n]+/g, ' '), 500))}"`;
}
