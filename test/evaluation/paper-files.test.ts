import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../../orchestrator/failure.ts';
import { paperMarkdown } from '../../orchestrator/paper/report/paper-markdown.ts';
import { withPaperTable } from '../../orchestrator/paper/report/readme-table.ts';
import { writePaperReport } from '../../orchestrator/paper/report/write-paper-report.ts';
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
import { HOSTILE } from '../support/markup-problems.ts';

const ROOT = join(import.meta.dirname, '../..');

function directory(use: (path: string) => void): void {
  const path = mkdtempSync(join(tmpdir(), 'paper-files-'));
  try {
    use(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

/** Cells of the rows of all tables. */
const rowsOf = (markdown: string) =>
  markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split(/(?<!\\)\|/).length);

describe('paper.md', () => {
  const markdown = paperMarkdown(madeUpPaper());

  it('has the findings, the tables with their marks, the reasons, and links to plots and raw data', () => {
    assert.match(markdown, /- \*\*Storage\*\*: A wallet stays at 154 bytes\./);
    assert.match(
      markdown,
      /\| 8 bytes \| =\u00a072\u00a0B \| \u25c7\u00a010\.4\u00a0ms \| \u25cf\u00a0\*\*412\u00a0\u00b5s\*\* <sub>\u00b1\u00a011<\/sub> \| \u2205\u00a0no figure \|/,
    );
    assert.match(markdown, new RegExp(`- \u2205 no figure: ${NO_ENGINE}`));
    assert.match(markdown, /\[Time to consensus by number of nodes\]\(plots\/consensus-by-n\.svg\)/);
    assert.match(markdown, /Raw data: \[raw\/made-up\.json\]\(raw\/made-up\.json\)/);
    assert.match(markdown, /\| --- \| ---: \|/);
  });

  it('keeps its tables and its text whole, whatever a text says', () => {
    const hostile = section('x', {
      title: HOSTILE,
      finding: HOSTILE,
      method: [HOSTILE],
      limits: [HOSTILE],
      tables: [
        {
          id: 't',
          caption: HOSTILE,
          columns: [{ title: HOSTILE }, { title: 'b' }],
          rows: [
            [text(HOSTILE), missing(HOSTILE)],
            [given(null, HOSTILE, ''), figure(1, HOSTILE)],
          ],
        },
      ],
      plots: [{ ...consensusPlot, id: '](https://example.org)', caption: HOSTILE }],
    });
    const page = paperMarkdown(madeUpPaper([hostile]));
    assert.doesNotMatch(page, /<script|<img|\]\(https|(?<!\\)`x|\u202e|\u0000|^::/m);
    assert.deepEqual([...new Set(rowsOf(page))], [4]);
  });
});

describe('the files of an evaluation', () => {
  it('are the results, the page, the Markdown, and a picture of each plot; nothing half written is left', () => {
    directory((path) => {
      const results = madeUpPaper();
      const files = writePaperReport(join(path, 'new'), results);
      assert.deepEqual(JSON.parse(readFileSync(files.json, 'utf8')), results);
      assert.deepEqual(readdirSync(join(path, 'new')).sort(), ['paper.html', 'paper.json', 'paper.md', 'plots']);
      assert.deepEqual(readdirSync(join(path, 'new/plots')).sort(), ['consensus-by-n.svg', 'storage.svg']);
    });
  });

  it('are replaced by those of more results, and left alone where they stay the same', () => {
    directory((path) => {
      writePaperReport(path, madeUpPaper([section('a', { plots: [consensusPlot] })]));
      const before = statSync(join(path, 'plots/consensus-by-n.svg')).ino;
      const files = writePaperReport(path, madeUpPaper());
      assert.match(readFileSync(files.html, 'utf8'), /section-storage/);
      assert.equal(statSync(join(path, 'plots/consensus-by-n.svg')).ino, before);
    });
  });

  it('that cannot be written are a failure with their place', () => {
    directory((path) => {
      writeFileSync(join(path, 'file'), '');
      assert.throws(
        () => writePaperReport(join(path, 'file'), madeUpPaper()),
        (error) => error instanceof Failure && error.code === 'artefacts' && error.message.includes(join(path, 'file')),
      );
    });
  });
});

describe('the README', () => {
  const readme = '# Title\n\nBefore.\n<!-- paper -->\nold\n<!-- /paper -->\nAfter.\n';

  it('gets the headlines between its markers, and keeps the rest', () => {
    const changed = withPaperTable(readme, madeUpPaper())!;
    assert.ok(changed.startsWith('# Title\n\nBefore.\n<!-- paper -->\nMeasured 2026-11-20 on 2 \u00d7 A made-up CPU'));
    assert.ok(changed.endsWith('](docs/paper-consensus.svg)\n<!-- /paper -->\nAfter.\n'));
    assert.match(changed, /\| Consensus at 48 nodes \| &#60; 1 s \| 56\.8\u00a0ms \\\[50\.1, 70\.3\\\] \|/);
    assert.match(changed, /\| Consensus at 1,000 nodes \| 2\u00a0s \| \u25cb\u00a01\.48\u00a0s \|/);
    assert.match(changed, /the quick evaluation\. \u25cb model/);
    assert.doesNotMatch(changed, /\bold\b/);
    assert.equal(withPaperTable(changed, madeUpPaper()), changed);
  });

  it('without markers, or with them the wrong way round, is left alone', () => {
    assert.equal(withPaperTable('# Title\n', madeUpPaper()), null);
    assert.equal(withPaperTable('<!-- /paper --><!-- paper -->', madeUpPaper()), null);
  });

  it('is changed by one command, together with the picture', () => {
    directory((path) => {
      const project = join(path, 'project');
      mkdirSync(project);
      writeFileSync(join(project, 'README.md'), readme);
      const out = join(path, 'out');
      writePaperReport(out, madeUpPaper());
      const script = join(ROOT, 'orchestrator/paper/report/readme-paper.ts');
      const run = (...args: string[]) =>
        spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', timeout: 30_000 });
      assert.deepEqual([run(out, project).status, run().status], [0, 64]);
      assert.match(readFileSync(join(project, 'README.md'), 'utf8'), /Vote of 8-byte ids/);
      assert.deepEqual(
        readFileSync(join(project, 'docs/paper-consensus.svg')),
        readFileSync(join(out, 'plots/consensus-by-n.svg')),
      );
      const bare = join(path, 'bare');
      mkdirSync(bare);
      writeFileSync(join(bare, 'README.md'), '# Title\n');
      const refused = run(out, bare);
      assert.equal(refused.status, 70);
      assert.match(refused.stderr, /expected <!-- paper --> and <!-- \/paper -->/);
      assert.equal(existsSync(join(bare, 'docs')), false);
      copyFileSync(join(ROOT, 'package.json'), join(out, 'paper.json'));
      assert.match(run(out, project).stderr, /expected results of an evaluation/);
    });
  });
});
