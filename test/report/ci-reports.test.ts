import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Terminal } from '../../orchestrator/cli/terminal.ts';
import { annotations, tellGithub } from '../../orchestrator/report/github-actions.ts';
import { junitXml } from '../../orchestrator/report/junit.ts';
import { markdownSummary } from '../../orchestrator/report/markdown-summary.ts';
import { type RunSummary, summarise } from '../../orchestrator/report/run-summary.ts';
import { type MadeUpOptions, madeUpRun } from '../support/made-up-run.ts';
import { HOSTILE, markupProblems } from '../support/markup-problems.ts';

function summaryOf(options: Partial<MadeUpOptions> = {}): RunSummary {
  const { record, judgement, facts } = madeUpRun({ nodes: 8, purchases: 20, faults: false, ...options });
  return summarise(record, judgement, facts);
}

const cases = (xml: string) => [...xml.matchAll(/<testcase [^>]*name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
const count = (xml: string, pattern: RegExp) => [...xml.matchAll(pattern)].length;

describe('junit.xml', () => {
  it('has a case for each check and one for the run, and counts what it holds', () => {
    for (const verdict of ['pass', 'failed', 'inconclusive'] as const) {
      const xml = junitXml(summaryOf({ verdict }));
      assert.deepEqual(markupProblems(xml, 'xml'), []);
      const suite = /<testsuite [^>]*>/.exec(xml)![0];
      const figure = (name: string) => Number(new RegExp(`${name}="(\\d+)"`).exec(suite)![1]);
      assert.equal(figure('tests'), 5);
      assert.equal(count(xml, /<testcase /g), 5);
      assert.equal(figure('failures'), count(xml, /<failure /g));
      assert.equal(figure('errors'), count(xml, /<error /g));
      assert.equal(figure('failures') + figure('errors') === 0, verdict === 'pass');
      assert.equal(figure('skipped'), 0);
      assert.doesNotMatch(xml, /<skipped/);
      assert.match(suite, /time="\d+\.\d{3}" timestamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"/);
      for (const name of ['seed', 'profile', 'runtime'])
        assert.match(xml, new RegExp(`<property name="${name}" value="[^"]+"/>`));
    }
  });

  it('tells of a failure what was expected, what was seen and on what evidence; unknown is an error', () => {
    const failed = cases(junitXml(summaryOf())).find(([, name]) => name!.startsWith('agreement'))![2]!;
    assert.match(failed, /<failure message="Seats 3 and 4 decided differently/);
    assert.match(failed, /expected to hold: I1 agreement/);
    assert.match(failed, /observed: it is violated/);
    assert.match(failed, /2600\.3 ms {2}seat 3 {2}decide {2}seat 3 decided 30 u/);
    const unknown = cases(junitXml(summaryOf({ verdict: 'inconclusive' }))).find(([, name]) =>
      name!.startsWith('evidence'),
    )![2]!;
    assert.match(unknown, /<error message="No evidence was seen\."/);
  });

  it('is never green for a run that did not pass, whatever the checks say', () => {
    const passed = summaryOf({ verdict: 'pass' });
    const interrupted = junitXml({ ...passed, exitCode: 130, reasons: ['interrupted'] });
    assert.match(interrupted, /<error message="the run ended with exit code 130: interrupted"/);
    const { faults } = summaryOf({ verdict: 'pass', faults: true });
    const unseen = junitXml({ ...passed, exitCode: 2, faults, reasons: ['fault cut was not seen to work'] });
    assert.match(unseen, /errors="1"/);
    assert.match(unseen, /fault cut \(connection of 3 cut\) unverified/);
    const both = junitXml(summaryOf({ faults: true }));
    assert.match(both, /failures="1" errors="1"/);
    assert.match(both, /<error message="the run ended with exit code 1: fault cut/);
  });

  it('keeps hostile text inside', () => {
    const xml = junitXml(summaryOf({ hostile: HOSTILE, faults: true }));
    assert.deepEqual(markupProblems(xml, 'xml'), []);
    assert.equal(count(xml, /<testcase /g), 5);
    assert.doesNotMatch(xml, /<script|\]\]>|\u202e/);
  });
});

describe('annotations', () => {
  it('name file and check of what failed, one line each, and are none for a run that passed', () => {
    const lines = annotations(summaryOf(), 'scenarios/made up,8.yaml');
    assert.equal(lines.length, 1);
    assert.match(
      lines[0]!,
      /^::error file=scenarios\/made up%2C8\.yaml,title=made-up-8%3A agreement not as expected::Seats 3 and 4 .*%0Aexpected to hold/,
    );
    assert.match(lines[0]!, /npx wallance run made-up-8 --seed 7$/);
    assert.deepEqual(annotations(summaryOf({ verdict: 'pass' }), null), []);
  });

  it('say something when no check is to blame', () => {
    const summary = { ...summaryOf({ verdict: 'pass' }), exitCode: 4 as const, reasons: ['node 3 did not start'] };
    assert.match(annotations(summary, null)[0]!, /^::error title=made-up-8%3A exit code 4::node 3 did not start%0A/);
  });

  it('cannot be led astray by text of the run', () => {
    const text = HOSTILE.replaceAll('::error::', '\r\n::stop-commands::x');
    for (const line of annotations(summaryOf({ hostile: text }), null)) {
      assert.doesNotMatch(line, /[\r\n\u001b\u202e]/);
      assert.match(line, /%250A/);
    }
  });

  it('are at most ten, and say how many more there are', () => {
    const summary = summaryOf();
    const bad = summary.judgement.checks[0]!;
    const checks = Array.from({ length: 25 }, () => bad);
    const lines = annotations({ ...summary, judgement: { ...summary.judgement, checks } }, null);
    assert.equal(lines.length, 10);
    assert.match(lines[9]!, /16 more checks/);
  });
});

describe('the summary of a job', () => {
  it('has the verdict, a row for each check and the command to run it again', () => {
    const text = markdownSummary(summaryOf({ faults: true }));
    assert.match(text, /^## \u274c made-up-8: failed \(exit code 1\)/);
    assert.equal(count(text, /^\| [\u2705\u274c\u2754] /gmu), 4);
    assert.match(text, /```sh\nnpx wallance run made-up-8 --seed 7\n```/);
    assert.match(text, /partition 1,2,3,4,5 \\\| 6,7,8/);
  });

  it('keeps hostile text out of tables, links and markup', () => {
    const summary = summaryOf({ hostile: HOSTILE, faults: true });
    const text = markdownSummary(summary);
    assert.doesNotMatch(text, /<script|<img|https:\/\/|[\u202e\u0000\u001b]/);
    for (const row of text.split('\n').filter((line) => /^\| [\u2705\u274c\u2754] /u.test(line)))
      assert.equal(row.replaceAll('\\|', '').split('|').length, 6, row);
    assert.equal(count(text, /(?<!\\)`x/g), 0);
  });

  it('goes where GitHub wants it, after what is there; without GitHub nothing is written', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'wallance-summary-')), 'summary.md');
    writeFileSync(file, 'before\n');
    const text = { out: '', err: '' };
    const terminal = new Terminal({
      stdout: {
        write: (part) => {
          text.out += part;
        },
      },
      stderr: {
        write: (part) => {
          text.err += part;
        },
      },
      colourAllowed: false,
    });
    tellGithub({ github: null, terminal }, summaryOf(), null);
    assert.equal(text.err, '');
    tellGithub({ github: { stepSummaryFile: file }, terminal }, summaryOf(), null);
    assert.match(readFileSync(file, 'utf8'), /^before\n## /);
    assert.match(text.err, /^::error title=/);
    assert.equal(text.out, '', 'stdout is for the result');
    tellGithub({ github: { stepSummaryFile: join(file, 'not a folder') }, terminal }, summaryOf(), null);
    assert.match(text.err, /the job summary could not be written/);
  });
});
