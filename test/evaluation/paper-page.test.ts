import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaperResults } from '../../orchestrator/paper/paper-results.ts';
import { paperHtml } from '../../orchestrator/paper/report/paper-html.ts';
import { plotSvg } from '../../orchestrator/paper/report/plot-svg.ts';
import {
  consensusPlot,
  figure,
  given,
  madeUpPaper,
  missing,
  NO_ENGINE,
  section,
  text,
} from '../support/made-up-paper.ts';
import { HOSTILE, markupProblems } from '../support/markup-problems.ts';

function sound(html: string): string {
  assert.deepEqual(markupProblems(html, 'html'), []);
  assert.doesNotMatch(html, /NaN|undefined|Infinity|\[object/);
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]!);
  assert.equal(new Set(ids).size, ids.length, 'no id twice');
  for (const [, target] of html.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g))
    for (const id of target!.split(' ')) assert.ok(ids.includes(id), id);
  return html;
}

/** Every text of the results replaced, but for ids and what the program itself decides. */
function withTexts(value: unknown, words: string): unknown {
  if (Array.isArray(value)) return value.map((one) => withTexts(one, words));
  if (typeof value !== 'object' || value === null) return value;
  const fixed = new Set(['kind', 'id', 'mark', 'scale', 'runtime', 'align']);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (typeof one !== 'string') return [key, withTexts(one, words)];
      return [key, fixed.has(key) || /^(here|model|paper)$/.test(one) ? one : words];
    }),
  );
}

describe('the page of an evaluation', () => {
  const html = sound(paperHtml(madeUpPaper()));

  it('needs nothing from outside, and forbids it to itself', () => {
    assert.match(
      html,
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';/,
    );
    assert.doesNotMatch(
      html,
      /<script|<link|<iframe|<object|<embed|<form|<img|\son\w+=|@import|url\(|javascript:|https?:/i,
    );
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    for (const address of addresses)
      assert.match(address, /^(#[a-z0-9_-]+|raw\/[a-z-]+\.json|plots\/[a-z-]+\.svg|paper\.json)$/);
  });

  it('says at the top how much was measured, on what, what came out and what is missing', () => {
    const top = html.slice(html.indexOf('<header>'), html.indexOf('</header>'));
    assert.match(top, /Quick evaluation/);
    assert.match(top, /2 \u00d7 A made-up CPU/);
    assert.match(top, /2026-11-20/);
    assert.match(
      top,
      /<a href="#section-consensus">Time to consensus by number of nodes<\/a>: Consensus took 12\.8 ms/,
    );
    assert.match(top, new RegExp(`Cost on a board profile: ${NO_ENGINE}`));
    assert.match(top, /Consensus at 48 nodes/);
    const full = paperHtml({ ...madeUpPaper(), options: { quick: false, runtime: 'processes', seed: '7' } });
    assert.doesNotMatch(full, /Quick evaluation/);
    assert.match(full, /Full evaluation/);
  });

  it('tells each kind of cell by its mark and its form, and leads from measured ones to their raw data', () => {
    const table = html.slice(html.indexOf('<div id="table-vote-latency">'), html.indexOf('How it was measured'));
    assert.match(
      table,
      /<span class="here"><span class="sign" role="img" aria-label="measured here">\u25cf<\/span><a href="raw\/made-up\.json" title="0\.412 ms: data\.some\.p50 in raw\/made-up\.json">412\u00a0\u00b5s<\/a> <small>\u00b1\u00a011<\/small><\/span>/,
    );
    assert.match(table, /<span class="given"><span class="sign" role="img" aria-label="given by[^"]*">\u25c7</);
    assert.match(table, /<span class="formula"><span class="sign" role="img" aria-label="formula">=</);
    assert.match(table, /<th scope="row">8 bytes<\/th>/);
    assert.match(html, /<span class="model"><span class="sign"[^>]*>\u25cb<\/span><a href="raw\/model\.json"/);
  });

  it('shows why a figure is missing, in words on the page', () => {
    const at = html.indexOf('<div id="table-vote-latency">');
    const notes = html.slice(html.indexOf('<ul class="notes">', at), html.indexOf('</ul>', at));
    assert.match(notes, new RegExp(`no figure: ${NO_ENGINE}`));
    assert.match(notes, /header \+ 3 ids/);
    assert.match(notes, /Table II of the paper/);
  });

  it('has a title and a description for each plot, and its values as a table', () => {
    const plots = [...html.matchAll(/<svg[\s\S]*?<\/svg>/g)].map(([svg]) => svg);
    assert.equal(plots.length, 4);
    for (const svg of plots)
      assert.match(svg, /role="img" aria-labelledby="[^"]+"><title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+</);
    assert.match(html, /<details class="values"><summary>Values of the plot<\/summary>/);
  });

  it('orders a section: finding, tables, plots, method, limits', () => {
    const consensus = html.slice(html.indexOf('<section id="section-consensus"'));
    const places = ['class="finding"', '<figure', 'How it was measured', 'What it can and cannot say'].map((part) =>
      consensus.indexOf(part),
    );
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(places.every((place) => place > 0));
  });

  it('stands without sections, and with sections, tables and plots that hold nothing', () => {
    sound(paperHtml({ ...madeUpPaper([]), notMeasured: [] }));
    const empty = section('a', {
      tables: [{ id: 'a', caption: 'Without rows', columns: [{ title: 'x' }], rows: [] }],
      plots: [{ ...consensusPlot, id: 'a', series: [] }],
    });
    const page = sound(paperHtml(madeUpPaper([empty])));
    assert.match(page, /No rows\./);
    assert.match(page, /Nothing has been measured\./);
  });

  it('lets nothing out of a text of the results', () => {
    const hostile = withTexts(madeUpPaper(), HOSTILE) as PaperResults;
    const page = sound(paperHtml(hostile));
    assert.doesNotMatch(page, /<script|<img|\u202e|\u0000/);
    const addresses = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    for (const address of addresses) assert.match(address, /^(#[a-z0-9_-]+|plots\/[a-z-]+\.svg|paper\.json)$/);
    const ids = section('"><b id="x', {
      tables: [{ id: '" onclick="x', caption: 'c', columns: [{ title: 't' }], rows: [[missing('a')], [missing('b')]] }],
      plots: [{ ...consensusPlot, id: '../"x' }],
    });
    assert.doesNotMatch(sound(paperHtml(madeUpPaper([ids]))), /<b |onclick="/);
  });

  it('bounds what long texts and long series take', () => {
    const long = 'word '.repeat(20_000);
    const points = Array.from({ length: 1000 }, (_, x) => ({ x: x + 1, y: x + 1 }));
    const page = sound(
      paperHtml(
        madeUpPaper([
          section('long', {
            title: long,
            finding: long,
            method: [long],
            tables: [
              {
                id: 't',
                caption: 'c',
                columns: [{ title: 'x' }, { title: 'y' }, { title: 'z' }],
                rows: [[text(long), given(null, long, ''), figure(1, 'ms')]],
              },
            ],
            plots: [{ ...consensusPlot, series: [{ name: long, source: 'here', mark: 'line', points }] }],
          }),
        ]),
      ),
    );
    assert.match(page, /the first 200 of 1\u202f?000/);
  });
});

describe('the picture of a plot', () => {
  it('stands alone, in light and in dark, with its heading', () => {
    const svg = plotSvg(consensusPlot);
    assert.deepEqual(markupProblems(svg, 'xml'), []);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="760"/);
    assert.match(svg, /@media \(prefers-color-scheme:dark\)/);
    assert.doesNotMatch(svg, /var\(|url\(|@import|<script|href/);
    assert.match(svg, />Time to consensus by number of nodes<\/text>/);
    const ids = [...svg.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]!);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('is broken by no text', () => {
    const hostile = withTexts(consensusPlot, HOSTILE) as typeof consensusPlot;
    assert.deepEqual(markupProblems(plotSvg(hostile), 'xml'), []);
    assert.doesNotMatch(plotSvg(hostile), /<script|<img/);
  });
});
