/** From what is given on the command line to results to compare: runs, an evaluation, or a benchmark. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import type { Comparable } from './comparable.ts';
import { BENCH_FILE, benchResults, PAPER_FILE, paperResults } from './kept-results.ts';
import { runResults } from './run-results.ts';

/**
 * `given`: a run directory (or several of one scenario, with commas between), the directory or paper.json of an
 * evaluation, or the JSON of a benchmark; `.../latest~2` is the one two before the last there. Throws a Failure `usage`
 * where it is none of these.
 */
export function readResults(given: string, cwd: string): Comparable {
  const paths = given.split(',').map((path) => earlier(resolve(cwd, path)));
  if (paths.length > 1) return runResults(paths, given);
  const [path] = paths as [string];
  if (!existsSync(path)) throw new Failure('usage', `expected results, got ${given}, which does not exist`);
  if (!statSync(path).isDirectory()) return fromFile(path, given);
  const paper = join(path, 'paper.json');
  return existsSync(paper) ? fromFile(paper, given) : runResults(paths, given);
}

function fromFile(file: string, given: string): Comparable {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Failure('usage', `expected JSON, got ${given}: ${messageOf(cause)}`, { cause });
  }
  const paper = PAPER_FILE.safeParse(value);
  if (paper.success) return paperResults(paper.data, given);
  const bench = BENCH_FILE.safeParse(value);
  if (bench.success) return benchResults(bench.data, given);
  throw new Failure(
    'usage',
    `expected a run directory, the results of wallance paper or of npm run bench, got ${given}, which is none of them`,
  );
}

/** Directories begin with the time at which they were made, so their order by name is the order in time. */
function earlier(path: string): string {
  const back = /[/\\]latest~(\d{1,4})$/.exec(path);
  if (back === null) return path;
  const folder = dirname(path);
  const made = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort()
    : [];
  const chosen = made.at(-1 - Number(back[1]));
  if (chosen === undefined)
    throw new Failure('usage', `expected more than ${back[1]} results in ${folder}, got ${made.length}`);
  return join(folder, chosen);
}
