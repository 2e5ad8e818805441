import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cell } from '../../orchestrator/paper/paper-results.ts';
import { plotFile, rawAddress, shownCell, shownTable } from '../../orchestrator/paper/report/shown-cell.ts';
import { figure, formula, given, missing, model, text } from '../support/made-up-paper.ts';

const table = (titles: readonly string[], rows: readonly (readonly Cell[])[]) =>
  shownTable({ columns: titles.map((title) => ({ title })), rows });

describe('a cell', () => {
  it('tells where its figure comes from', () => {
    const looks = [figure(1, 'ms'), model(1, 'ms'), given(1, '', 'ms'), formula(1, 'ms'), text('x'), missing('why')];
    assert.deepEqual(
      looks.map((cell) => shownCell(cell).look),
      ['here', 'model', 'given', 'formula', 'text', 'missing'],
    );
  });

  it('repeats what a source says in its own words, with a unit where it says only a number', () => {
    const said = (value: number | null, words: string, unit: string) =>
      shownCell(given(value, words, unit)).text.replace('\u00a0', ' ');
    assert.equal(said(1000, '< 1 s', 'ms'), '< 1 s');
    assert.equal(said(10.4, '10.40', 'ms'), '10.40 ms');
    assert.equal(said(2000, '', 'ms'), '2 s');
    assert.equal(said(null, '', 'ms'), '\u2013');
  });

  it('without a number is missing, and says so', () => {
    const cell = shownCell(figure(Number.NaN, 'ms'));
    assert.equal(cell.look, 'missing');
    assert.match(cell.note, /raw\/made-up\.json/);
  });
});

describe('the notes of a table', () => {
  it('have letters only where a kind of cell has several', () => {
    const { notes, rows } = table(
      ['', 'paper', 'here'],
      [
        [text('a'), given(1, '', 'ms'), missing('no engine')],
        [text('b'), given(2, '', 'ms'), missing('interrupted')],
        [text('c'), given(3, '', 'ms'), missing('no engine')],
      ],
    );
    assert.deepEqual(
      notes.map(({ look, letter, text: words }) => [look, letter, words]),
      [
        ['given', '', 'Table II of the paper'],
        ['missing', 'a', 'no engine'],
        ['missing', 'b', 'interrupted'],
      ],
    );
    assert.deepEqual(
      rows.map((row) => row[2]!.letter),
      ['a', 'b', 'a'],
    );
  });

  it('go on after z', () => {
    const rows = Array.from({ length: 30 }, (_, index) => [missing(`reason ${index}`)]);
    const letters = table(['x'], rows).notes.map(({ letter }) => letter);
    assert.deepEqual([letters[25], letters[26], letters[29]], ['z', 'aa', 'ad']);
  });
});

describe('a column', () => {
  it('of figures is to the right, one of words to the left', () => {
    const { aligns, keyed } = table(
      ['id', 'here', 'note', 'lost'],
      [
        [text('8 bytes'), figure(1, 'ms'), text(''), missing('x')],
        [text('16 bytes'), missing('x'), text('words'), missing('x')],
      ],
    );
    assert.deepEqual(aligns, ['left', 'right', 'left', 'right']);
    assert.equal(keyed, true);
  });

  it('without a cell in a row is empty there', () => {
    assert.equal(table(['a', 'b'], [[text('x')]]).rows[0]![1]!.text, '');
  });
});

describe('an address of raw data', () => {
  it('stays below the results and is no address of anything else', () => {
    assert.equal(rawAddress({ file: 'raw/a b.json' }), 'raw/a%20b.json');
    assert.equal(rawAddress({ file: "javascript:alert('1')" }), 'javascript%3Aalert%28%271%27%29');
    for (const file of ['../../etc/passwd', '/etc/passwd', 'raw/../../x', '//host/x', '', 'raw/\ud800'])
      assert.equal(rawAddress({ file }), null, file);
  });

  it('of a plot cannot leave its folder', () => {
    assert.equal(plotFile('consensus-by-n'), 'plots/consensus-by-n.svg');
    assert.equal(plotFile('../../x'), 'plots/______x.svg');
  });
});
