/** README's table of figures, made of a benchmark file between two markers. Nothing in it is written by hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PROJECT_ROOT } from '../project.ts';
import type { Figure } from './codec.ts';

interface BenchFile {
  readonly at: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly arch: string; readonly node: string };
  readonly figures: readonly (Figure & { readonly module: string; readonly met: boolean | null })[];
}

const START = '<!-- figures -->';
const END = '<!-- /figures -->';

function table(file: BenchFile, path: string): string {
  const { machine, at, figures } = file;
  // What has a target, and what one compares: the rest is in the file.
  const chosen = figures.filter(({ met, name }) => met !== null || /p50|one after another/.test(name));
  const rows = chosen.map(({ module, name, value, unit, target, met }) => {
    const verdict = met === null ? '' : met ? 'met' : 'missed';
    return `| ${module} | ${name} | ${value} ${unit} | ${target ?? ''} | ${verdict} |`;
  });
  return [
    `Measured ${at.slice(0, 10)} on ${machine.cores} x ${machine.cpu} (${machine.arch}), ${machine.node}; raw figures in \`${path}\`.`,
    '',
    '| part | figure | value | target | |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** `source`: a file that `npm run bench` has written. */
export function writeReadmeTable(source: string): void {
  const readme = join(PROJECT_ROOT, 'README.md');
  const text = readFileSync(readme, 'utf8');
  const file = JSON.parse(readFileSync(source, 'utf8')) as BenchFile;
  const [before, after] = [text.indexOf(START) + START.length, text.indexOf(END)];
  writeFileSync(
    readme,
    `${text.slice(0, before)}\n${table(file, relative(PROJECT_ROOT, source))}\n${text.slice(after)}`,
  );
}
