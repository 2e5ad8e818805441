/** `wallance report`: the page of a run, made again from its directory. */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';
import { Failure } from '../failure.ts';
import type { RunReader } from '../report/write-report.ts';

/** `reader` is imported when the command runs. */
export function reportCommand(reader: () => Promise<RunReader>): Command {
  return defineCommand({
    name: 'report',
    summary: 'Make the page of a run again from its directory, judged anew',
    flags: {
      out: {
        type: 'text',
        pattern: /^[^\0]+$/,
        expected: 'a file',
        default: null,
        value: 'FILE',
        help: 'where the page is written; report.html in the run directory when absent',
      },
    },
    positionals: [{ name: 'run-dir', help: 'a run directory; the link latest will do', required: true }],
    details: ['Prints the address of the page. The exit code is 0 when it was made, whatever the verdict.'],
    examples: ['wallance report runs/baseline-8/latest', 'wallance report runs/baseline-8/latest --out page.html'],
    perform: async ({ terminal, cwd }, { flags, positionals }) => {
      const directory = resolve(cwd, positionals[0]!);
      if (!existsSync(directory) || !statSync(directory).isDirectory())
        throw new Failure('usage', `RUN-DIR: expected a run directory, got ${directory}, which is none`);
      if (!existsSync(join(directory, 'scenario.resolved.yaml')))
        throw new Failure(
          'usage',
          `RUN-DIR: expected a run directory, got ${directory} without scenario.resolved.yaml`,
        );
      const file = flags.out === null ? join(directory, 'report.html') : resolve(cwd, flags.out);
      const { remakeReport } = await import('../report/write-report.ts');
      const summary = await remakeReport(directory, file, await reader());
      terminal.note(`${summary.scenario}: ${summary.verdict}`);
      terminal.line(pathToFileURL(file).href);
      return EXIT.pass;
    },
  });
}
