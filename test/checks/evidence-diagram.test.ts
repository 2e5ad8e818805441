import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DiagramInput, evidenceDiagram } from '../../orchestrator/checks/evidence-diagram.ts';
import { type DiagramLine, diagramLines } from '../../orchestrator/checks/evidence-lines.ts';
import { equivocation } from '../support/attacked-run.ts';
import { judgedInvariant, nth, RecordedRun, withFields } from '../support/recorded-run.ts';

/** The diagram of a fork, with its lines. */
function fork(): { readonly svg: string; readonly lines: readonly DiagramLine[]; readonly input: DiagramInput } {
  const record = equivocation(['6', '7', '8']).record();
  const judged = judgedInvariant(record, 'I1');
  const lines = diagramLines(record.history(), [judged]).get(judged)!;
  const { seats } = record.plan.lab;
  const input = {
    title: judged.detail,
    lines,
    seats: seats.map(({ seat }) => seat),
    nodeOf: new Map(seats.map(({ seat, node }) => [seat, node])),
  };
  return { svg: evidenceDiagram(input)!, lines, input };
}

interface Text {
  readonly x: number;
  readonly y: number;
  readonly content: string;
}

function texts(svg: string): Text[] {
  return [...svg.matchAll(/<text[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)/g)].map(([, x, y, content]) => ({
    x: Number(x),
    y: Number(y),
    content: content!,
  }));
}

describe('the lines of a diagram', () => {
  it('are the evidence and where its requests and votes came from', () => {
    const { lines } = fork();
    const around = lines.filter(({ proof }) => !proof).map(({ observation }) => observation.event);
    assert.equal(lines.filter(({ proof }) => proof).length, 12);
    assert.deepEqual(new Set(around), new Set(['req.tx', 'vote.tx']));
    assert.equal(around.filter((event) => event === 'vote.tx').length, 7);
  });

  it('of a second vote are how the voter heard of the request', () => {
    const run = new RecordedRun();
    run.buy('1', 'a');
    const record = run.record(
      nth(
        6,
        ({ observation }) => observation.event === 'vote.tx',
        (line) => [line, withFields(line, { remU: 3 })],
      ),
    );
    const judged = judgedInvariant(record, 'I7');
    const lines = diagramLines(record.history(), [judged]).get(judged)!;
    assert.deepEqual(
      lines.map(({ observation }) => observation.event),
      ['req.tx', 'req.rx', 'vote.cast', 'vote.tx'],
    );
  });

  it('have a request once, however often it was sent', () => {
    const record = equivocation(['6', '7', '8']).record(({ observation }) =>
      observation.event === 'req.tx' ? [observation, withFields(observation, { nonce: 99 })] : observation,
    );
    const judged = judgedInvariant(record, 'I1');
    const asked = diagramLines(record.history(), [judged])
      .get(judged)!
      .flatMap(({ seat, observation }) => (observation.event === 'req.tx' ? [`${seat} ${observation.reqId}`] : []));
    assert.ok(asked.length > 0);
    assert.deepEqual(asked, [...new Set(asked)]);
  });

  it('are none where there is no evidence', () => {
    const record = new RecordedRun().record();
    assert.equal(diagramLines(record.history(), [judgedInvariant(record, 'I1')]).size, 0);
  });
});

describe('a diagram of evidence', () => {
  it('has a row for each line, and nothing covers anything', () => {
    const { svg, lines } = fork();
    const width = Number(/width="(\d+)"/.exec(svg)![1]);
    const rows = texts(svg).filter(({ content }) => content.trimStart().startsWith('+'));
    assert.equal(rows.length, lines.length);
    const heights = rows.map(({ y }) => y);
    assert.ok(heights.every((y, index) => index === 0 || y - heights[index - 1]! >= 16));
    for (const { x, content } of rows) assert.ok(x + content.length * 7.3 <= width, content);
    const lanes = texts(svg).filter(({ y }) => y === 44);
    assert.deepEqual(
      lanes.map(({ content }) => content),
      ['1', '2', '3', '4', '5', '6', '7', '8'],
    );
    assert.ok(Math.max(...lanes.map(({ x }) => x)) < Math.min(...rows.map(({ x }) => x)));
  });

  it('draws an arrow for each vote, dashed where its sending is in no record', () => {
    const { svg } = fork();
    const arrows = [...svg.matchAll(/<path class="(wl-arrow[^"]*)"/g)].map(([, name]) => name);
    // Ten votes were counted, two of them the deciders' own; the three lies at the other side were never written down.
    assert.equal(arrows.length, 8);
    assert.equal(arrows.filter((name) => name!.includes('wl-unseen')).length, 3);
    assert.match(svg, /nobody wrote down that it was sent/);
  });

  it('is readable in the dark and needs nothing from elsewhere', () => {
    const { svg } = fork();
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.doesNotMatch(svg.replace('xmlns="http://www.w3.org/2000/svg"', ''), /https?:|url\(|<script|href/);
  });

  it('takes names for text, never for markup', () => {
    const { input } = fork();
    const hostile = '</text><script>alert(1)</script>';
    const lines = input.lines.map((line) => ({
      ...line,
      why: hostile,
      observation: { ...line.observation, voter: hostile },
    }));
    const svg = evidenceDiagram({ ...input, title: hostile, lines })!;
    assert.doesNotMatch(svg, /<script/);
  });

  it('shows the proof first where there is too much, and says so', () => {
    const { input } = fork();
    const [first] = input.lines;
    const many = Array.from({ length: 200 }, (): DiagramLine => ({ ...first!, proof: false }));
    const svg = evidenceDiagram({ ...input, lines: [...many, ...input.lines] })!;
    assert.match(svg, /140 more lines are not shown/);
    assert.equal([...svg.matchAll(/DECIDES/g)].length, 2);
  });

  it('of nothing is none', () => {
    assert.equal(evidenceDiagram({ title: '', lines: [], seats: [], nodeOf: new Map() }), null);
  });
});
