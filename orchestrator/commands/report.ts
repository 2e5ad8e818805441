/** `wallance report`: the page of a run, made again from its directory. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';

export const reportCommand = defineCommand({
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
  positionals: [
    {
      name: 'run-dir',
      help: 'the directory of a run, a link to it (latest), or the one of its scenario',
      required: true,
    },
  ],
  details: ['Prints the address of the page. The exit code is 0 when it was made, whatever the verdict.'],
  examples: ['wallance report runs/baseline-8/latest', 'wallance report runs/baseline-8/latest --out page.html'],
  perform: async ({ terminal, cwd }, { flags, positionals }) => {
    const { remakeReport } = await import('../report/write-report.ts');
    const out = flags.out === null ? null : resolve(cwd, flags.out);
    const { summary, file } = remakeReport(resolve(cwd, positionals[0]!), out);
    terminal.note(`${summary.scenario}: ${summary.verdict}`);
    terminal.line(pathToFileURL(file).href);
    return EXIT.pass;
  },
});
