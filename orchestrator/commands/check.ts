/** `wallance check`: judges an old run again, from what it left behind, and says what every check found. */
import { relative, resolve } from 'node:path';
import type { JudgedCheck, Judgement } from '../checks/verdict.ts';
import { type CommandContext, defineCommand } from '../cli/command.ts';
import type { Terminal } from '../cli/terminal.ts';
import { textTable } from '../cli/text-table.ts';
import type { StuckRequest } from '../history/stuck-request.ts';
import { exitCodeOf } from '../report/run-summary.ts';

/** Stuck requests shown of each class; the JSON has all. */
const STUCK_SHOWN = 3;

export const checkCommand = defineCommand({
  name: 'check',
  summary: 'Judge a run again from its directory',
  flags: { json: { type: 'switch', help: 'print the judgement as JSON' } },
  positionals: [
    {
      name: 'run-dir',
      help: 'the directory of a run, a link to it (latest), or the one of its scenario',
      required: true,
    },
  ],
  examples: ['wallance check runs/baseline-8/latest', 'wallance check runs/baseline-8 --json'],
  details: [
    'Nothing in the directory is changed. The checks are those of scenario.resolved.yaml; they read the history and nothing else of this machine.',
    'Exit code 0 when every check is as expected, 1 when one is not, 2 when one is unknown or a fault was not seen to work, 3 when a part of the run is missing, 64 when there is no run or one of another version.',
  ],
  perform: async (context, { flags, positionals }) => {
    const [{ loadRun }, { judge }] = await Promise.all([import('../checks/load-run.ts'), import('../checks/judge.ts')]);
    const { directory, record } = loadRun(resolve(context.cwd, positionals[0]!));
    const judgement = judge(record);
    if (flags.json) context.terminal.json({ ...judgement, gaps: record.gaps, path: directory });
    else printJudgement(context, judgement, record.gaps, directory);
    return exitCodeOf(judgement.verdict);
  },
});

function printJudgement(
  { terminal, cwd }: CommandContext,
  judgement: Judgement,
  gaps: readonly string[],
  directory: string,
): void {
  const columns = [
    { title: 'check' },
    { title: 'expected' },
    { title: 'observed' },
    { title: 'looked at', align: 'right' },
    { title: 'evidence', align: 'right' },
    { title: 'found' },
  ] as const;
  const rows = judgement.checks.map((judged) => [
    judged.check.title,
    judged.check.expect,
    stateText(terminal, judged),
    String(judged.examined),
    judged.evidence.length === 0 ? '-' : String(judged.evidence.length),
    judged.detail,
  ]);
  for (const line of textTable(columns, rows)) terminal.line(line);
  terminal.line();
  printStuck(terminal, judgement.stuck);
  for (const gap of gaps) terminal.line(`missing: ${gap}`);
  const marks = { pass: 'green', failed: 'red', inconclusive: 'yellow' } as const;
  const words = { pass: 'PASS', failed: 'FAILED', inconclusive: 'INCONCLUSIVE' } as const;
  const { verdict, reasons } = judgement;
  terminal.line(`${terminal.style(marks[verdict], words[verdict])}  ${relative(cwd, directory) || '.'}`);
  for (const reason of reasons) terminal.line(`  ${reason}`);
}

function stateText(terminal: Terminal, { state, asExpected }: JudgedCheck): string {
  return terminal.style(asExpected === null ? 'yellow' : asExpected ? 'green' : 'red', state);
}

function printStuck(terminal: Terminal, stuck: readonly StuckRequest[]): void {
  if (stuck.length === 0) {
    terminal.line('No request of a correct requester is stuck.');
    return;
  }
  const classes = new Map<string, StuckRequest[]>();
  for (const request of stuck) classes.set(request.reason, [...(classes.get(request.reason) ?? []), request]);
  const rows = [...classes].flatMap(([reason, requests]) =>
    requests
      .slice(0, STUCK_SHOWN)
      .map(({ requestId, requester, service, undecidedAt, detail }, index) => [
        index === 0 ? reason : '',
        index === 0 ? String(requests.length) : '',
        requestId.slice(0, 8),
        requester,
        service,
        undecidedAt.join(','),
        detail,
      ]),
  );
  const columns = [
    { title: 'stuck' },
    { title: 'requests', align: 'right' },
    { title: 'e.g.' },
    { title: 'node' },
    { title: 'service' },
    { title: 'undecided at' },
    { title: 'why' },
  ] as const;
  for (const line of textTable(columns, rows)) terminal.line(line);
  terminal.line();
}
