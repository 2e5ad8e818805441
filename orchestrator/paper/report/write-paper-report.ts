/**
 * Writes what there is of an evaluation: paper.json, paper.md, paper.html and the plots. Called after each measurement, so
 * an interrupted evaluation has its report; each file is the old one or the new one, and those that would not change are
 * left alone. paper.json comes last: what it names is there.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../../failure.ts';
import { writeAtomically } from '../../lab/write-atomically.ts';
import type { PaperResults } from '../paper-results.ts';
import { paperHtml } from './paper-html.ts';
import { paperMarkdown } from './paper-markdown.ts';
import { plotSvg } from './plot-svg.ts';
import { plotFile } from './shown-cell.ts';

export interface PaperReportFiles {
  readonly html: string;
  readonly markdown: string;
  readonly json: string;
}

/** Into `directory`, which is made where it is missing. Throws Failure `artefacts`. */
export function writePaperReport(directory: string, results: PaperResults): PaperReportFiles {
  const files = {
    html: join(directory, 'paper.html'),
    markdown: join(directory, 'paper.md'),
    json: join(directory, 'paper.json'),
  };
  const texts: (readonly [file: string, text: string])[] = [
    ...results.sections.flatMap(({ plots }) =>
      plots.map((plot) => [join(directory, plotFile(plot.id)), plotSvg(plot)] as const),
    ),
    [files.html, paperHtml(results)],
    [files.markdown, paperMarkdown(results)],
    [files.json, `${JSON.stringify(results, null, 2)}\n`],
  ];
  try {
    mkdirSync(join(directory, 'plots'), { recursive: true });
    for (const [file, text] of texts) replace(file, text);
  } catch (cause) {
    throw new Failure('artefacts', `cannot write the report to ${directory}: ${messageOf(cause)}`, { cause });
  }
  return files;
}

function replace(file: string, text: string): void {
  let before: string | null = null;
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // None yet, or none that can be read: it is written.
  }
  if (before !== text) writeAtomically(file, text, 0o644);
}
