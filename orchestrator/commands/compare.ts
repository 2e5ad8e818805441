/** `wallance compare`: two results beside each other, with a gate. */
import type { FlagTable } from '../cli/arguments.ts';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { Failure } from '../failure.ts';

const FLAGS = {
  gate: {
    type: 'number',
    min: 0.1,
    max: 1000,
    default: 10,
    value: 'PERCENT',
    help: 'a change of at most so much is none',
  },
  force: { type: 'switch', help: 'compare what was made in other circumstances as well, and say so' },
  markdown: { type: 'switch', help: 'print a Markdown table, for a pull request' },
  json: { type: 'switch', help: 'print the comparison as JSON' },
} as const satisfies FlagTable;

export const compareCommand = defineCommand({
  name: 'compare',
  summary: 'Two runs, evaluations or benchmarks beside each other, with a gate',
  flags: FLAGS,
  positionals: [
    {
      name: 'results-a',
      help: 'a run directory (or several of one scenario, with commas between), an evaluation, or the JSON of a benchmark; latest~1 is the one before the latest',
      required: true,
    },
    { name: 'results-b', help: 'the same of what came after', required: true },
  ],
  examples: [
    'wallance compare runs/baseline-8/latest~1 runs/baseline-8/latest',
    'wallance compare runs/paper/latest~1 runs/paper/latest --markdown',
    'wallance compare bench/2026-11-22.json runs/bench/latest.json --gate 15',
  ],
  details: [
    'A figure is worse or better where its median changed by more than the gate and the intervals of the two do not touch; unclear where it changed by more but the intervals touch, or where there was only one value. Intervals cover 95 % where six values or more were measured.',
    'Results of another scenario, runtime, fabric, architecture, processor or calibration (hashes a second, by more than a quarter) are refused, with all that differs, unless --force says otherwise.',
    'Exit code 1 when a figure is worse, or a run that passed does not pass any more.',
  ],
  perform: async ({ terminal, cwd }, { flags, positionals }) => {
    if (flags.json && flags.markdown)
      throw new Failure('usage', '--markdown: expected not to be given beside --json, got both');
    const [{ readResults }, { compare, differencesOf }, { comparisonLines, comparisonMarkdown }] = await Promise.all([
      import('../compare/read-results.ts'),
      import('../compare/compare.ts'),
      import('../compare/comparison-text.ts'),
    ]);
    const [a, b] = [readResults(positionals[0]!, cwd), readResults(positionals[1]!, cwd)];
    const differences = differencesOf(a, b);
    if (differences.length > 0 && (a.kind !== b.kind || !flags.force)) {
      const lines = differences.map(({ name, a: left, b: right }) => `  ${name}: ${left} against ${right}`);
      const way = a.kind === b.kind ? '\n--force compares them all the same' : '';
      throw new Failure('usage', `these results are not of the same thing:\n${lines.join('\n')}${way}`);
    }
    const comparison = compare(a, b, flags.gate);
    if (flags.json) terminal.json(comparison);
    else if (flags.markdown) terminal.line(comparisonMarkdown(comparison));
    else for (const line of comparisonLines(comparison, terminal)) terminal.line(line);
    return comparison.failed ? EXIT.failed : EXIT.pass;
  },
});
