/** `wallance trace`: a hand-written message schedule against n cores. The work is in orchestrator/trace. */
import { defineCommand } from '../cli/command.ts';
import { TRACE_HELP, TRACE_USAGE } from '../trace/trace-help.ts';
import { JSON_FLAG } from './lab-flags.ts';

export const traceCommand = defineCommand({
  name: 'trace',
  summary: 'Run a hand-written schedule of messages against the cores alone',
  flags: { json: JSON_FLAG },
  positionals: [{ name: 'file', help: 'the schedule, YAML', required: true }],
  details: [TRACE_HELP.replace(TRACE_USAGE, '').trim()],
  examples: ['wallance trace test/traces/paper-purchase.yaml'],
  perform: async ({ terminal }, { flags, positionals }) => {
    const { traceCommand: trace } = await import('../trace/trace-command.ts');
    const line = (print: (text: string) => void) => (text: string) => print(text.replace(/\n$/, ''));
    return trace([positionals[0]!, ...(flags.json ? ['--json'] : [])], {
      stdout: line((text) => terminal.line(text)),
      stderr: line((text) => terminal.note(text)),
    });
  },
});
