/**
 * Puts the headlines of an evaluation into README.md and its plot into docs/: `node orchestrator/paper/report/readme-paper.ts
 * DIR [PROJECT]`. DIR: what `wallance paper` has written; PROJECT: where README.md is, this project if it is not said.
 * Nothing of that part is written by hand.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../failure.ts';
import { PROJECT_ROOT } from '../../project.ts';
import type { PaperResults } from '../paper-results.ts';
import { README_PLOT_FILE, readmePlot, withPaperTable } from './readme-table.ts';
import { plotFile } from './shown-cell.ts';

function results(directory: string): PaperResults {
  const file = join(directory, 'paper.json');
  const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<PaperResults> | null;
  if (value?.kind !== 'wallance-paper' || value.version !== 1)
    throw new Error(`${file}: expected results of an evaluation, version 1, got something else`);
  return value as PaperResults;
}

function putIntoReadme(directory: string, project: string): void {
  const readme = join(project, 'README.md');
  const found = results(directory);
  const text = withPaperTable(readFileSync(readme, 'utf8'), found);
  if (text === null) throw new Error(`${readme}: expected <!-- paper --> and <!-- /paper -->, got none`);
  const plot = readmePlot(found);
  if (plot !== null) {
    const picture = join(project, README_PLOT_FILE);
    mkdirSync(dirname(picture), { recursive: true });
    writeFileSync(picture, readFileSync(join(directory, plotFile(plot.id))));
  }
  writeFileSync(readme, text);
}

const [directory, project = PROJECT_ROOT] = process.argv.slice(2);
if (directory === undefined) {
  process.stderr.write('readme-paper: expected the directory of an evaluation, got nothing\n');
  process.exitCode = 64;
} else {
  try {
    putIntoReadme(directory, project);
  } catch (error) {
    process.stderr.write(`readme-paper: ${messageOf(error)}\n`);
    process.exitCode = 70;
  }
}
