/** `wallance run`: a bounded run: start, mint, buy, settle, stop, judge, and a directory that has it all. */
import { randomBytes } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { argumentTexts } from '../cli/arguments.ts';
import { type CommandContext, defineCommand } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { textTable } from '../cli/text-table.ts';
import { Failure } from '../failure.ts';
import type { Distribution } from '../history/distribution.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import { LAB_NAME_PATTERN } from '../lab/lab-plan.ts';
import { PROJECT_ROOT } from '../project.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { RunResult } from '../run/run-result.ts';
import { PLAN_FLAGS, requestedLab, SENSOR_FLAGS } from './lab-flags.ts';
import { PLACEMENT_FLAGS, requestedPlacement } from './placement-flags.ts';

export const runCommand = defineCommand({
  name: 'run',
  summary: 'A bounded run: nodes start, mint and buy; then a summary and a run directory',
  flags: {
    ...PLAN_FLAGS,
    ...SENSOR_FLAGS,
    seconds: {
      type: 'number',
      min: 2,
      max: 86_400,
      default: 12,
      value: 'S',
      help: 'how long sensors mint and purchases are made',
    },
    purchases: { type: 'integer', min: 0, max: 100_000, default: 24, value: 'N', help: 'how many purchases' },
    seed: {
      type: 'text',
      pattern: /^[^\0]{1,64}$/,
      expected: 'text of 1..64 characters',
      default: null,
      value: 'SEED',
      help: 'what is drawn at random follows from it; a new one when absent',
    },
    ...PLACEMENT_FLAGS,
    lab: {
      type: 'text',
      pattern: LAB_NAME_PATTERN,
      expected: '1..32 of a-z, 0-9 and -',
      default: null,
      value: 'NAME',
      help: 'name of the lab that is started; one of its own when absent',
    },
    out: {
      type: 'text',
      pattern: /^[^\0]+$/,
      expected: 'a directory',
      default: 'runs',
      value: 'DIR',
      help: 'where runs are written',
    },
    keep: { type: 'switch', help: 'leave the lab standing after the run, until Ctrl-C or wallance down' },
    json: { type: 'switch', help: 'print the result as JSON' },
  },
  examples: [
    'wallance run',
    'wallance run --nodes 16 --seconds 30 --purchases 100',
    'wallance run --seed 42 --durability power --json',
  ],
  details: [
    'Exit code 0 when every node ends with the same wallets and at least one purchase was decided on all of them; 1 when nodes disagree, a request is stuck or a node died; 2 when nothing was bought.',
  ],
  perform: async (context, parsed) => {
    const { flags } = parsed;
    const seed = flags.seed ?? String(randomBytes(4).readUInt32BE());
    const lab = flags.lab ?? `run-${randomBytes(4).toString('hex')}`;
    const [{ planRun }, { performRun }, { chooseRuntime }] = await Promise.all([
      import('../run/run-plan.ts'),
      import('../run/perform-run.ts'),
      import('../runtimes/choose-runtime.ts'),
    ]);
    const plan = planRun({
      lab,
      requested: requestedLab(parsed, context.cwd),
      seconds: flags.seconds,
      purchases: flags.purchases,
      seed,
    });
    const directory = new LabDirectory(context.home, lab);
    if (directory.exists)
      throw new Failure(
        'usage',
        `--lab: expected a new lab, got ${lab}, which has wallets already (wallance down --volumes --lab ${lab})`,
      );
    const quiet = flags.json;
    const runtime = await chooseRuntime(plan.lab, requestedPlacement(parsed), null, {
      ephemeral: !flags.keep,
      onStep: (text) => context.terminal.note(text),
    });
    for (const text of [runtime.why, ...runtime.warnings]) if (text !== null) context.terminal.note(text);
    const shown = (path: string): string => relative(context.cwd, path);
    try {
      const performed = await performRun({
        plan,
        directory,
        out: resolve(context.cwd, flags.out),
        runtime,
        inherited: context.inherited,
        terminal: quiet ? context.silent : context.terminal,
        signal: context.signal,
        onStanding: flags.keep
          ? async (standing, result, path) => {
              if (!quiet) printSummary(context, plan, result, shown(path));
              context.terminal.note(
                `Lab ${lab} is left standing: wallance status --lab ${lab}. Ctrl-C or wallance down --lab ${lab} ends it.`,
              );
              await standing.ended();
            }
          : null,
      });
      const path = shown(performed.path);
      const code = exitCode(performed.result, performed.interrupted && !flags.keep);
      if (flags.json) context.terminal.json({ ...performed.result, path: performed.path });
      else printSummary(context, plan, performed.result, path);
      if (!flags.json)
        printNext(context, code, path, ['run', ...argumentTexts(parsed, ['seed', 'lab', 'keep']), '--seed', seed]);
      return code;
    } finally {
      // The wallets of a run are in its directory; with --keep the lab stays to be looked at.
      if (!flags.keep) directory.remove();
    }
  },
});

function exitCode(result: RunResult, interrupted: boolean): ExitCode {
  if (interrupted) return EXIT.interrupted;
  return result.verdict === 'pass' ? EXIT.pass : result.verdict === 'failed' ? EXIT.failed : EXIT.inconclusive;
}

function printSummary({ terminal }: CommandContext, plan: RunPlan, result: RunResult, path: string): void {
  const { orders, requests, decidedEverywhere, latencyMs, stuck, differences } = result;
  const members = plan.lab.seats.length;
  terminal.line();
  const mark = { pass: 'green', failed: 'red', inconclusive: 'yellow' } as const;
  const words = { pass: 'PASS', failed: 'FAILED', inconclusive: 'INCONCLUSIVE' } as const;
  terminal.line(
    `${terminal.style(mark[result.verdict], words[result.verdict])}  ${decidedEverywhere} of ${requests} requests decided on all ${members} nodes; ` +
      (differences.length === 0
        ? 'every node holds the same wallets'
        : `nodes disagree on ${differences.length} wallets`),
  );
  for (const reason of result.reasons) terminal.line(`  ${reason}`);
  const row = (name: string, figures: Distribution | null): string[] =>
    figures === null
      ? [name, '-', '-', '-', '0']
      : [name, figures.p50.toFixed(1), figures.p95.toFixed(1), figures.max.toFixed(1), String(figures.count)];
  terminal.line();
  for (const line of textTable(
    [
      { title: 'request to, ms' },
      { title: 'p50', align: 'right' },
      { title: 'p95', align: 'right' },
      { title: 'max', align: 'right' },
      { title: 'requests', align: 'right' },
    ],
    [row('decision at the requester', latencyMs.requester), row('commit on every node', latencyMs.all)],
    2,
  )) {
    terminal.line(line);
  }
  terminal.line();
  terminal.line(
    `  ${result.sensorTransactions} sensor transactions, ${result.votesCast} votes, ${result.servicesEnded} services served` +
      (result.servicesFailed > 0 ? `, ${result.servicesFailed} failed` : '') +
      (orders.queued > 0 ? `, ${orders.queued} orders still waited for funds` : '') +
      (orders.refused + orders.lost > 0 ? `, ${orders.refused} orders refused, ${orders.lost} not answered` : ''),
  );
  if (stuck.length > 0) {
    terminal.line(`  stuck requests: ${stuck.length}`);
    for (const { requester, service, requestId, reason, detail } of stuck) {
      terminal.line(`    ${reason.padEnd(12)} ${requestId.slice(0, 12)} node ${requester}, ${service}: ${detail}`);
    }
  }
  for (const { wallet, views } of differences) {
    const held = views.map(
      ({ units, stateHash, nodes }) =>
        `nodes ${nodes.join(',')}: ${units ?? 'none'} at ${stateHash?.slice(0, 12) ?? '-'}`,
    );
    terminal.line(`  wallet ${wallet}: ${held.join('; ')}`);
  }
  if (path !== '') terminal.line(`  written to ${path}`);
}

function printNext({ terminal, cwd }: CommandContext, code: ExitCode, path: string, again: readonly string[]): void {
  terminal.line();
  if (code === EXIT.failed) {
    terminal.line(`Again with the same seed: npx wallance ${again.join(' ')}`);
    return;
  }
  terminal.line('Next:');
  const next = [
    ['npx wallance up', 'the same lab, to stay'],
    ['npx wallance buy 3 espresso --wait', 'node 3 buys an espresso as soon as it can pay'],
    ['npx wallance status', 'who holds what'],
    [
      `npx wallance trace ${relative(cwd, join(PROJECT_ROOT, 'test/traces/paper-purchase.yaml'))}`,
      'one exchange of messages, step by step',
    ],
    [`less ${join(path, '..', 'latest', 'history.ndjson')}`, 'what every node saw'],
  ];
  for (const line of textTable([{ title: '' }, { title: '' }], next, 2).slice(1)) terminal.line(line);
}
