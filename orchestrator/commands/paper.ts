/** `wallance paper`: the evaluation of the paper on this machine, beside the paper's own figures. */
import { relative, resolve } from 'node:path';
import type { FlagTable } from '../cli/arguments.ts';
import { defineCommand } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { PaperOptions } from '../paper/measurement.ts';
import type { PaperOutcome } from '../paper/perform-paper.ts';

const FLAGS = {
  quick: { type: 'switch', help: 'smaller samples: 4 minutes at most on two cores in place of 25' },
  runtime: {
    type: 'choice',
    choices: ['processes', 'docker'],
    default: 'processes',
    help: 'where live nodes run; the board’s profile is always measured in a container',
  },
  seed: {
    type: 'text',
    pattern: /^[^\0]{1,64}$/,
    expected: 'text of 1..64 characters',
    default: '2020',
    value: 'SEED',
    help: 'what is drawn at random follows from it',
  },
  out: {
    type: 'text',
    pattern: /^[^\0]+$/,
    expected: 'a directory',
    default: null,
    value: 'DIR',
    help: 'where results are written; an evaluation that is there already is continued. A new one below runs/paper when absent, or the latest where it was interrupted',
  },
  json: { type: 'switch', help: 'print the results as JSON' },
} as const satisfies FlagTable;

export const paperCommand = defineCommand({
  name: 'paper',
  summary: 'Measure what the paper measured, on this machine, and go on where it stopped',
  flags: FLAGS,
  examples: ['wallance paper --quick', 'wallance paper', 'wallance paper --quick --runtime docker --out my-results'],
  details: [
    'Vote latency by size (Table II), the proof of work by difficulty (Table III), time to consensus by number of nodes (live to 48, simulated to 10,000), storage, communication, attacks, throughput, energy, and the cost on a board. The paper’s figures, a model’s and those measured here stand side by side in paper.html, paper.md and paper.json.',
    'Each measurement is written down when it is made (raw/), so an evaluation that was interrupted goes on where it stopped: give the same options again. Measured on a machine that does other work as well, times are of that machine under that load.',
    'Exit code 0 also where something could not be measured for want of an engine or a broker, which the results say; 2 when a measurement went wrong; 130 when it was interrupted.',
  ],
  perform: async (context, { flags }) => {
    const [{ PaperDirectory }, { isUnfinished, performPaper }, { PAPER_PARTS }, { PaperProgress }, report] =
      await Promise.all([
        import('../paper/paper-directory.ts'),
        import('../paper/perform-paper.ts'),
        import('../paper/paper-parts.ts'),
        import('../paper/paper-progress.ts'),
        import('../paper/report/write-paper-report.ts'),
      ]);
    const options: PaperOptions = {
      quick: flags.quick,
      runtime: flags.runtime as PaperOptions['runtime'],
      seed: flags.seed,
    };
    const directory =
      flags.out === null
        ? PaperDirectory.latestOrNew(
            resolve(context.cwd, 'runs'),
            options,
            (kept) => isUnfinished(PAPER_PARTS, options, kept),
            new Date(),
          )
        : PaperDirectory.at(resolve(context.cwd, flags.out), options);
    const terminal = flags.json ? context.silent : context.terminal;
    const shownPath = relative(context.cwd, directory.path) || '.';
    terminal.line(`${directory.resumed ? 'Going on with' : 'Results go to'} ${shownPath}`);
    const progress = new PaperProgress(terminal);
    const outcome = await performPaper({
      parts: PAPER_PARTS,
      options,
      directory,
      signal: context.signal,
      listener: progress,
      onResults: (results) => report.writePaperReport(directory.path, results),
    }).finally(() => progress.end());
    if (flags.json) context.terminal.json(outcome.results);
    else {
      terminal.line();
      for (const { title, finding } of outcome.results.sections) {
        terminal.line(terminal.style('bold', title));
        terminal.line(`  ${finding}`);
      }
      terminal.line();
      if (outcome.interrupted) terminal.line('Interrupted: the same command goes on where it stopped.');
      terminal.line(`Results: ${shownPath}/paper.html (also .md and .json); raw figures in ${shownPath}/raw`);
      terminal.line(`Beside another evaluation: npx wallance compare ${shownPath} OTHER`);
    }
    return exitCode(outcome);
  },
});

function exitCode({ interrupted, failed }: PaperOutcome): ExitCode {
  if (interrupted) return EXIT.interrupted;
  return failed.length > 0 ? EXIT.inconclusive : EXIT.pass;
}
