/** `wallance explore`: draws scenarios from seeds and simulates them on all cores, until one shows a violation. */
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { PROFILE_NAMES, type ProfileName } from '../../node/protocol/profiles.ts';
import { argumentTexts, type FlagTable, type ParsedArguments } from '../cli/arguments.ts';
import { type CommandContext, defineCommand } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Outcome } from '../explore/exploration-text.ts';
import type { Exploration } from '../explore/explore.ts';
import { Failure } from '../failure.ts';
import { commandText } from '../report/replay-command.ts';
import { OUT_FLAG } from './lab-flags.ts';

const NODES_MAX = 64;
const SEEDS_DEFAULT = 1000;

const FLAGS = {
  profile: { type: 'choice', choices: PROFILE_NAMES, default: 'paper', help: 'the rules of the ledger' },
  nodes: {
    type: 'text',
    pattern: /^\d{1,2}(\.\.\d{1,2})?$/,
    expected: 'a number of nodes, or two with .. between them',
    default: '4..10',
    value: 'A..B',
    help: 'how many nodes: each seed chooses among these',
  },
  seeds: {
    type: 'integer',
    min: 1,
    max: 1_000_000_000,
    default: null,
    value: 'N',
    help: `how many schedules; ${SEEDS_DEFAULT} where no minutes are given either`,
  },
  from: { type: 'integer', min: 0, max: 1_000_000_000, default: 1, value: 'SEED', help: 'the first seed' },
  minutes: { type: 'number', min: 0.01, max: 100_000, default: null, value: 'M', help: 'for so long at most' },
  'within-bounds': { type: 'switch', help: 'only what the profile promises to survive; this is the default' },
  beyond: { type: 'switch', help: 'more Byzantine voters and lost databases than that, and corrupted messages' },
  workers: {
    type: 'integer',
    min: 1,
    max: 512,
    default: null,
    value: 'N',
    help: 'processes; one for each core when absent',
  },
  out: { ...OUT_FLAG, default: 'runs/explored', help: 'where a scenario that shows a violation is written' },
  json: { type: 'switch', help: 'print the outcome as JSON' },
} as const satisfies FlagTable;

export const exploreCommand = defineCommand({
  name: 'explore',
  summary: 'Search for schedules that violate an invariant, in virtual time',
  flags: FLAGS,
  examples: [
    'wallance explore --profile ref-c',
    'wallance explore --nodes 8 --minutes 5',
    'wallance explore --beyond --seeds 20000 --json',
  ],
  details: [
    'Each seed chooses its own mix of nodes, load, faults and behaviours, and gives one schedule, which is simulated and judged by the invariants that the profile promises; under a reference, which promises nothing, by I1 and I2. The lowest seed with a violation is made small (fewer nodes, requests, faults, shorter) and written as a scenario file that shows it again.',
    'Within the bounds of paper are at most 2q - n Byzantine voters and lost databases together, one more node that misbehaves as a requester only, and any loss, delay, partition, crash, pause, clock and fault of the broker: a violation there is a bug of Wallance Lab. Within means for a reference: no voter misbehaves and no database is lost.',
    'Stuck requests are no violation, since no profile here promises that requests are decided; their share is shown by class.',
    'Exit code 1 when a violation was found, 0 when there was none in all the seeds, 130 when it was interrupted before.',
  ],
  perform: async (context, parsed) => {
    const { flags } = parsed;
    if (flags['within-bounds'] && flags.beyond)
      throw new Failure('usage', '--beyond: expected not to be given beside --within-bounds, got both');
    const { nodesMin, nodesMax } = nodesOf(flags.nodes);
    const [{ explore }, { progressLines }, found] = await Promise.all([
      import('../explore/explore.ts'),
      import('../explore/exploration-text.ts'),
      import('../explore/found-scenario.ts'),
    ]);
    const drawing = {
      profile: flags.profile as ProfileName,
      nodesMin,
      nodesMax,
      bounds: flags.beyond ? 'beyond' : 'within',
    } as const;
    const terminal = flags.json ? context.silent : context.terminal;
    const exploration = await explore({
      ...drawing,
      firstSeed: flags.from,
      seeds: flags.seeds ?? (flags.minutes === null ? SEEDS_DEFAULT : null),
      minutes: flags.minutes,
      workers: flags.workers ?? availableParallelism(),
      signal: context.signal,
      onProgress: (progress) => terminal.live(progressLines(progress, drawing)),
    });
    terminal.live([]);
    const { found: finding } = exploration;
    const shown = finding === null ? null : await found.shrinkFinding(finding, drawing, context.signal);
    const written = shown === null ? null : found.scenarioText(shown, drawing, commandOf(parsed, finding!.seed));
    const file =
      written === null ? null : found.writeScenario(resolve(context.cwd, flags.out), written.name, written.text);
    const outcome = { exploration, drawing, shown, file: file === null ? null : relative(context.cwd, file) };
    await print(context, outcome, flags.json);
    return exitCode(exploration);
  },
});

/** Throws a Failure where they make no range. */
function nodesOf(text: string): { readonly nodesMin: number; readonly nodesMax: number } {
  const [first, last = first] = text.split('..').map(Number);
  if (first! >= 2 && first! <= last! && last! <= NODES_MAX) return { nodesMin: first!, nodesMax: last! };
  throw new Failure('usage', `--nodes: expected numbers of 2..${NODES_MAX} in this order, got ${text}`);
}

/** What finds the same again. */
function commandOf(parsed: ParsedArguments<typeof FLAGS>, seed: number): string {
  const kept = argumentTexts(parsed, ['seeds', 'from', 'minutes', 'workers', 'out', 'json']);
  return commandText(['npx', 'wallance', 'explore', ...kept, `--from=${seed}`, '--seeds=1']);
}

async function print({ terminal }: CommandContext, outcome: Outcome, json: boolean): Promise<void> {
  const { outcomeJson, outcomeLines } = await import('../explore/exploration-text.ts');
  if (json) terminal.json(outcomeJson(outcome));
  else for (const line of outcomeLines(outcome, terminal)) terminal.line(line);
}

function exitCode({ found, interrupted }: Exploration): ExitCode {
  if (found !== null) return EXIT.failed;
  return interrupted ? EXIT.interrupted : EXIT.pass;
}
