/** `wallance run`: a scenario, or without one honest nodes that mint and buy, as a bounded run with a verdict. */
import { randomBytes } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { argumentTexts, type FlagTable, type ParsedArguments } from '../cli/arguments.ts';
import { type CommandContext, defineCommand } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { textTable } from '../cli/text-table.ts';
import { Failure } from '../failure.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import { tellGithub } from '../report/github-actions.ts';
import { commandText } from '../report/replay-command.ts';
import type { RunSummary } from '../report/run-summary.ts';
import type { ChosenRuntime } from '../runtimes/choose-runtime.ts';
import { resolveScenario } from '../scenario/resolve-scenario.ts';
import { type FoundScenario, findScenario, problemText } from '../scenario/scenario-files.ts';
import { scenarioOfRun } from '../scenario/scenario-of-run.ts';
import type { ScenarioPlan } from '../scenario/scenario-plan.ts';
import { JSON_FLAG, OUT_FLAG, PLAN_FLAGS, requestedLab, SENSOR_FLAGS } from './lab-flags.ts';
import { PLACEMENT_FLAGS, requestedPlacement } from './placement-flags.ts';
import { printRunSummary } from './run-summary-text.ts';
import { SCENARIO_ARGUMENT, SCENARIO_FLAGS, scenarioOverrides } from './scenario-flags.ts';

/** What a scenario says itself. */
const WITHOUT_SCENARIO = ['services', 'durability', 'qos', 'sensors', 'no-sensors', 'seconds', 'purchases'] as const;

/** What only a lab of real nodes has. */
const WITHOUT_SIMULATION = ['board', 'memory', 'arch', 'arm64', 'images', 'port', 'keep'] as const;

const FLAGS = {
  ...PLAN_FLAGS,
  ...SENSOR_FLAGS,
  seconds: {
    type: 'number',
    min: 2,
    max: 86_400,
    default: 12,
    value: 'S',
    help: 'without a scenario: how long sensors mint and purchases are made',
  },
  purchases: {
    type: 'integer',
    min: 0,
    max: 100_000,
    default: 24,
    value: 'N',
    help: 'without a scenario: how many purchases',
  },
  seed: {
    ...SCENARIO_FLAGS.seed,
    help: 'what is drawn at random follows from it; the file’s when absent, or a new one',
  },
  ...PLACEMENT_FLAGS,
  lab: { ...SCENARIO_FLAGS.lab, help: 'name of the lab that is started; one of its own when absent' },
  out: OUT_FLAG,
  keep: { type: 'switch', help: 'leave the lab standing after the run, until Ctrl-C or wallance down' },
  json: JSON_FLAG,
} as const satisfies FlagTable;

export const runCommand = defineCommand({
  name: 'run',
  summary: 'Run a scenario, or honest nodes that mint and buy, to a verdict and a run directory',
  flags: FLAGS,
  positionals: [{ ...SCENARIO_ARGUMENT, required: false }],
  examples: [
    'wallance run',
    'wallance run split-5-3',
    'wallance run double-request --profile ref-c --json',
    'wallance run --nodes 16 --seconds 30 --purchases 100',
  ],
  details: [
    'Exit code 0 when every check is as the scenario expects, which may be a violation; 1 when one is not; 2 when too little was seen to say, or a fault was not seen to work; 3 when records could not be collected; 4 when the lab could not be run.',
  ],
  perform: async (context, parsed) => {
    const { flags, positionals } = parsed;
    const [scenario] = positionals;
    const simulated = flags.runtime === 'simulated';
    // The name is in every boot line: a simulated run is the same each time.
    const lab = flags.lab ?? (simulated ? 'simulated' : `run-${randomBytes(4).toString('hex')}`);
    const source = scenario == null ? null : findScenario(scenario, context.cwd);
    const plan = source === null ? plainRun(parsed, context, lab) : scenarioRun(parsed, context, source, lab);
    if (plan === null) return EXIT.usage;
    if (simulated) return simulate(parsed, context, plan, source);
    const [{ performRun }, { chooseRuntime }] = await Promise.all([
      import('../run/perform-run.ts'),
      import('../runtimes/choose-runtime.ts'),
    ]);
    const directory = new LabDirectory(context.home, lab);
    if (directory.exists)
      throw new Failure(
        'usage',
        `--lab: expected a new lab, got ${lab}, which has wallets already (wallance down --volumes --lab ${lab})`,
      );
    const runtime = await chooseRuntime(plan.lab, requestedPlacement(parsed), null, {
      ephemeral: !flags.keep,
      onStep: (text) => context.terminal.note(text),
    });
    for (const text of [runtime.why, ...runtime.warnings]) if (text !== null) context.terminal.note(text);
    requireCapabilities(plan, runtime.placement.runtime, runtime.capabilities);
    let keep = flags.keep;
    try {
      const summary = await performRun({
        plan,
        directory,
        out: resolve(context.cwd, flags.out),
        runtime,
        inherited: context.inherited,
        terminal: flags.json ? context.silent : context.terminal,
        signal: context.signal,
        replay: replayOf(parsed, plan),
        onStanding: flags.keep
          ? async (standing, result) => {
              if (!flags.json) printRunSummary(context, plan, result);
              context.terminal.note(
                `Lab ${lab} is left standing: wallance status --lab ${lab}. Ctrl-C or wallance down --lab ${lab} ends it.`,
              );
              await standing.ended();
            }
          : null,
      });
      if (flags.json) context.terminal.json(summary);
      else {
        if (!flags.keep) printRunSummary(context, plan, summary);
        printNext(context, summary);
      }
      tellGithub(context, summary, source === null ? null : source.file);
      return summary.exitCode;
    } catch (error) {
      // What could not be copied is still there.
      if (!(error instanceof Failure) || error.code !== 'artefacts') throw error;
      keep = true;
      const remove = `wallance down --volumes --lab ${lab}`;
      throw new Failure(error.code, `${error.message}\nthe nodes' own files are in ${directory.root} (${remove})`, {
        cause: error,
      });
    } finally {
      // The wallets of a run are in its directory; with --keep the lab stays to be looked at.
      if (!keep) directory.remove();
    }
  },
});

type RunArguments = ParsedArguments<typeof FLAGS>;

function plainRun(parsed: RunArguments, { cwd }: CommandContext, lab: string): ScenarioPlan {
  const { flags } = parsed;
  return scenarioOfRun({
    lab,
    requested: requestedLab(parsed, cwd),
    seconds: flags.seconds,
    purchases: flags.purchases,
    seed: flags.seed ?? String(randomBytes(4).readUInt32BE()),
  });
}

/** Null where the file has problems: they are printed. */
function scenarioRun(
  parsed: RunArguments,
  context: CommandContext,
  source: FoundScenario,
  lab: string,
): ScenarioPlan | null {
  const { given } = parsed;
  const misplaced = WITHOUT_SCENARIO.filter((name) => given.has(name));
  if (misplaced.length > 0)
    throw new Failure(
      'usage',
      misplaced.map((name) => `--${name}: expected not to be given, since the scenario says it, got one`).join('\n'),
    );
  const result = resolveScenario(source, { ...scenarioOverrides(parsed), lab });
  if (result.ok) return result.plan;
  for (const problem of result.problems) context.terminal.note(problemText(source.file, problem));
  return null;
}

function replayOf(parsed: RunArguments, plan: ScenarioPlan): readonly string[] {
  const repeated = argumentTexts(parsed, ['seed', 'lab', 'keep', 'json']);
  return ['npx', 'wallance', 'run', ...repeated, '--seed', plan.seed];
}

/** In virtual time: no lab is started. */
async function simulate(
  parsed: RunArguments,
  context: CommandContext,
  plan: ScenarioPlan,
  source: FoundScenario | null,
): Promise<ExitCode> {
  const { flags, given } = parsed;
  const misplaced = WITHOUT_SIMULATION.filter((name) => given.has(name));
  if (misplaced.length > 0)
    throw new Failure(
      'usage',
      misplaced.map((name) => `--${name}: expected not to be given with --runtime simulated, got it`).join('\n'),
    );
  const { performSimulatedRun, SIMULATED_CAPABILITIES } = await import('../simulated/perform-simulated-run.ts');
  requireCapabilities(plan, 'simulated', SIMULATED_CAPABILITIES);
  const summary = await performSimulatedRun({
    plan,
    out: resolve(context.cwd, flags.out),
    terminal: flags.json ? context.silent : context.terminal,
    signal: context.signal,
    replay: replayOf(parsed, plan),
  });
  if (flags.json) context.terminal.json(summary);
  else {
    printRunSummary(context, plan, summary);
    printNext(context, summary);
  }
  tellGithub(context, summary, source === null ? null : source.file);
  return summary.exitCode;
}

function requireCapabilities(plan: ScenarioPlan, runtime: string, capabilities: ChosenRuntime['capabilities']): void {
  const missing = plan.requires.filter((capability) => !capabilities.has(capability));
  if (missing.length === 0) return;
  throw new Failure(
    'environment',
    `scenario ${plan.name} needs ${missing.join(', ')}, which runtime ${runtime} does not have`,
  );
}

function printNext({ terminal, cwd }: CommandContext, { verdict, path, replay, scenario }: RunSummary): void {
  const run = relative(cwd, path);
  terminal.line();
  if (verdict !== 'pass') {
    terminal.line(`Again with the same seed: ${commandText(replay)}`);
    terminal.line(`Its record, judged again: npx wallance check ${run}`);
    return;
  }
  terminal.line('Next:');
  const own = scenario.startsWith('baseline-');
  const next = own
    ? [
        ['npx wallance up', 'the same lab, to stay'],
        ['npx wallance buy 3 espresso --wait', 'node 3 buys an espresso as soon as it can pay'],
        ['npx wallance plan --list', 'what can be broken, scenario by scenario'],
        ['npx wallance run equivocators-above-bound', 'three Byzantine voters fork a wallet'],
      ]
    : [
        [`npx wallance plan ${scenario}`, 'what was run, written out'],
        [`npx wallance check ${run}`, 'its record, judged again'],
      ];
  next.push([`less ${join(run, 'history.ndjson')}`, 'what every node saw']);
  for (const line of textTable([{ title: '' }, { title: '' }], next, 2).slice(1)) terminal.line(line);
}
