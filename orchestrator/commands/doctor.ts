/** `wallance doctor`: what this machine has of what a lab needs, in plain words. */
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/exit-code.ts';

const MARKS = { good: 'ok', note: '--', bad: 'NO' } as const;

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'Say what this machine has of what a lab needs',
  flags: { json: { type: 'switch', help: 'print the findings as JSON' } },
  details: [
    'Exit code 0 when everything that is needed is there, 4 otherwise. Lines marked -- are optional: a lab works without.',
  ],
  perform: async ({ terminal, home }, { flags }) => {
    const { examine } = await import('../doctor/examine.ts');
    const findings = await examine(home);
    const fit = findings.every((finding) => finding.verdict !== 'bad');
    if (flags.json) {
      terminal.json({ fit, findings });
    } else {
      for (const { verdict, subject, text, remedy } of findings) {
        const mark = terminal.style(verdict === 'good' ? 'green' : verdict === 'bad' ? 'red' : 'dim', MARKS[verdict]);
        terminal.line(`${mark}  ${subject.padEnd(12)} ${text}`);
        if (remedy !== null) terminal.line(`    ${''.padEnd(12)} ${terminal.style('dim', remedy)}`);
      }
      terminal.line();
      terminal.line(fit ? 'Ready: npx wallance run' : 'Not ready: see the lines marked NO.');
    }
    return fit ? EXIT.pass : EXIT.environment;
  },
});
