import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INVARIANT_IDS } from '../../orchestrator/checks/invariant-id.ts';
import { htmlReport } from '../../orchestrator/report/html-report.ts';
import { readSeries } from '../../orchestrator/report/run-series.ts';
import { summarise } from '../../orchestrator/report/run-summary.ts';
import type { RunRecord } from '../../orchestrator/run/run-record.ts';
import { type MadeUpOptions, madeUpRun } from '../support/made-up-run.ts';
import { HOSTILE, markupProblems } from '../support/markup-problems.ts';

function page(options: MadeUpOptions, change: (record: RunRecord) => RunRecord = (record) => record): string {
  const { record: made, judgement, facts, diagrams } = madeUpRun(options);
  const record = change(made);
  return htmlReport({
    summary: summarise(record, judgement, facts),
    series: readSeries(record, judgement.correct),
    finals: record.finals,
    dcoinRate: 5,
    environment: { machine: { cpu: options.hostile ?? 'a cpu', dependencies: {} }, warnings: [options.hostile ?? ''] },
    diagrams,
  });
}

/** Without the images of diagrams, which are opaque to the page. */
const withoutImages = (html: string) => html.replace(/src="data:[^"]*"/g, 'src=""');

describe('the page of a run', () => {
  const html = page({ nodes: 8, purchases: 40 });

  it('is well-formed, with nothing that is no number', () => {
    assert.deepEqual(markupProblems(html, 'html'), []);
    assert.doesNotMatch(withoutImages(html), /NaN|undefined|Infinity|\[object/);
  });

  it('needs no script, no network and no file, and forbids itself all of them', () => {
    assert.match(
      html,
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">/,
    );
    assert.doesNotMatch(html, /<script|<link|<iframe|<object|<embed|<form|\son\w+=|@import|url\(|javascript:/i);
    const addresses = [...html.matchAll(/(?:src|href|xlink:href)="([^"]*)"/g)].map((match) => match[1]!);
    assert.deepEqual(
      addresses.filter((address) => !/^(data:image\/svg\+xml;base64,|#[a-z]+$)/.test(address)),
      [],
    );
  });

  it('has an end for every link inside, and no id twice', () => {
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]!);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, target] of html.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g))
      for (const id of target!.split(' ')) assert.ok(ids.includes(id), id);
  });

  it('can be read without seeing it: headings in order, heads of columns, titles of plots, text for images', () => {
    const levels = [...html.matchAll(/<h([1-6])/g)].map((match) => Number(match[1]));
    assert.equal(levels[0], 1);
    for (const [index, level] of levels.entries()) if (index > 0) assert.ok(level <= levels[index - 1]! + 1);
    for (const [table] of html.matchAll(/<table[\s\S]*?<\/table>/g)) assert.match(table, /<th scope="col"/);
    for (const [svg] of html.matchAll(/<svg[\s\S]*?<\/svg>/g))
      assert.match(svg, /role="img" aria-labelledby="[^"]+"><title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+</);
    for (const [image] of html.matchAll(/<img[^>]*>/g)) assert.match(image, /alt="[^"]+"/);
    assert.match(html, /<html lang="en">/);
  });

  it('says at the top what came out, why, and how to run it again', () => {
    const top = html.slice(html.indexOf('<header>'), html.indexOf('<nav'));
    assert.match(top, /\u2717 Failed/);
    assert.match(top, /agreement: expected to hold, is violated/);
    assert.match(top, /npx wallance run made-up-8 --seed 7/);
  });

  it('shows of each check what was expected, what was seen, and the evidence with its picture', () => {
    const at = html.indexOf('not as expected</span>');
    const check = html.slice(at, html.indexOf('</article>', at));
    assert.match(check, /Expected to hold: I1 agreement/);
    assert.match(check, /Observed: it is violated; looked at 412 events, at least 8 needed/);
    assert.match(check, /2600\.3/);
    assert.match(check, /<img src="data:image\/svg\+xml;base64,/);
    assert.ok(html.indexOf('not as expected</span>') < html.indexOf('Nearly all is decided'));
  });

  it('has every section, also of a run in which nothing happened', () => {
    const empty = page({ nodes: 2, purchases: 0, faults: false, verdict: 'inconclusive' }, (record) => ({
      ...record,
      events: [],
      history: () => [],
      finals: new Map(),
      fabric: null,
    }));
    assert.deepEqual(markupProblems(empty, 'html'), []);
    assert.doesNotMatch(withoutImages(empty), /NaN|undefined|Infinity/);
    const sections = (text: string) => [...text.matchAll(/<section id="([a-z]+)"/g)].map((match) => match[1]);
    assert.deepEqual(sections(empty), sections(html));
    for (const sentence of [
      'No request was decided.',
      'No vote was sent.',
      'No wallet was seen.',
      'no faults',
      'No broker counted',
    ])
      assert.ok(empty.includes(sentence), sentence);
  });
});

describe('hostile text in a run', () => {
  it('stays text on the page', () => {
    const html = page({ nodes: 8, purchases: 20, hostile: HOSTILE });
    assert.deepEqual(markupProblems(html, 'html'), []);
    assert.doesNotMatch(html, /<script|<img src=x|[\u202e\u0000\u001b]|[\ud800-\udbff](?![\udc00-\udfff])/);
    // It is there: as text, in services, groups, titles, details, gaps and the environment.
    assert.ok(html.split('&#60;script&#62;').length > 30);
  });

  it('does not make the page long', () => {
    const html = page({ nodes: 8, purchases: 20, hostile: HOSTILE.repeat(400) });
    assert.ok(html.length < 700_000, String(html.length));
  });
});

describe('a long run', () => {
  it('of a million lines gives a page below 2 MB in a few seconds', () => {
    const begun = performance.now();
    const html = page({ nodes: 8, purchases: 33_500 });
    assert.match(html, /1\u202f0\d\d\u202f\d\d\d lines of history/);
    assert.ok(html.length < 2_000_000, String(html.length));
    assert.ok(performance.now() - begun < 20_000);
  });

  it('in which everything is stuck and every check has much to show is still below 2 MB, with every class', () => {
    const { record, judgement, facts } = madeUpRun({ nodes: 48, purchases: 100 });
    const violated = judgement.checks[0]!;
    const checks = INVARIANT_IDS.map((id) => ({
      ...violated,
      check: { ...violated.check, id },
      evidence: Array.from({ length: 3000 }, () => violated.evidence[0]!),
    }));
    const undecidedAt = record.plan.seats.map(({ seat }) => seat);
    const stuck = Array.from({ length: 20_000 }, (_, index) => ({
      ...judgement.stuck[0]!,
      reason: index < 19_999 ? ('split' as const) : ('lost' as const),
      undecidedAt,
    }));
    const html = htmlReport({
      summary: summarise(record, { ...judgement, checks, stuck }, facts),
      series: readSeries(record, judgement.correct),
      finals: record.finals,
      dcoinRate: 5,
      environment: {},
      diagrams: new Map(INVARIANT_IDS.map((id) => [id, `<svg>${'x'.repeat(200_000)}</svg>`])),
    });
    assert.ok(html.length < 2_000_000, String(html.length));
    assert.match(html, /<th scope="row">lost<\/th><td class="word"><code>/);
    assert.match(html, /19924 more are in result\.json/);
    assert.match(html, /2960 more lines are in result\.json/);
    assert.match(html, /the page would be too large/);
  });

  it('of 64 nodes too', () => {
    const html = page({ nodes: 64, purchases: 300 });
    assert.ok(html.length < 2_000_000, String(html.length));
    assert.match(html, /16 more are left out/);
  });
});
