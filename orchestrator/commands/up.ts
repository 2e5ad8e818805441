/** `wallance up`: starts a lab in the background, or goes on with one that was stopped. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { argumentTexts, type ParsedArguments } from '../cli/arguments.ts';
import { type CommandContext, defineCommand } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { textTable } from '../cli/text-table.ts';
import { Failure, messageOf } from '../failure.ts';
import { tryLab } from '../lab/ask-lab.ts';
import type { RequestedBoards } from '../lab/boards.ts';
import { continuedPlan, newPlan, type RequestedLab, runningDifferences } from '../lab/kept-lab.ts';
import type { LabSummary } from '../lab/lab-commands.ts';
import { LabDirectory } from '../lab/lab-directory.ts';
import type { LabReportLine } from '../lab/lab-report.ts';
import type { LabEvent } from '../lab/lab-view.ts';
import { programFile } from '../project.ts';
import type { ChosenRuntime, RequestedPlacement } from '../runtimes/choose-runtime.ts';
import { lastLines } from '../runtimes/file-tail.ts';
import { BOARD_FLAGS, requestedBoards } from './board-flags.ts';
import { DASHBOARD_FLAGS, requestedDashboard } from './dashboard-flags.ts';
import { LAB_FLAG, labOption, PLAN_FLAGS, requestedLab, SENSOR_FLAGS } from './lab-flags.ts';
import { PLACEMENT_FLAGS, requestedPlacement } from './placement-flags.ts';
import { watchLab } from './watch.ts';

const FLAGS = {
  lab: LAB_FLAG,
  ...PLAN_FLAGS,
  ...SENSOR_FLAGS,
  ...PLACEMENT_FLAGS,
  ...BOARD_FLAGS,
  ...DASHBOARD_FLAGS,
  seed: {
    type: 'text',
    pattern: /^[^\0]{1,64}$/,
    expected: 'text of 1..64 characters',
    default: '1',
    value: 'SEED',
    help: 'seed of the virtual sensors',
  },
  foreground: { type: 'switch', help: 'stay, and stop the lab on Ctrl-C' },
  json: { type: 'switch', help: 'print the result as JSON' },
  /** Descriptor that a lab process in the background reports to. */
  _report: { type: 'integer', min: 3, max: 255, default: null, value: 'FD', help: '' },
} as const;

type UpArguments = ParsedArguments<typeof FLAGS>;

/** Another command may be starting the same lab. */
const OTHERS_START_MS_MAX = 60_000;
const LOOK_AGAIN_MS = 50;

export const upCommand = defineCommand({
  name: 'up',
  summary: 'Start a lab, or go on with one that was stopped',
  flags: FLAGS,
  examples: [
    'wallance up',
    'wallance up --nodes 4 --lab small --no-sensors',
    'wallance up --set difficulty=2 --durability power',
  ],
  details: [
    'Returns when every node is ready. A lab that was stopped goes on with its wallets; it keeps what it was started with, and sensors, durability, qos and seed can be changed.',
  ],
  perform: async (context, parsed) => {
    const { flags } = parsed;
    const requested = {
      ...requestedLab(parsed, context.cwd),
      ...(parsed.given.has('seed') ? { seed: flags.seed } : {}),
      ...(parsed.given.has('external') ? { external: flags.external } : {}),
    };
    const directory = new LabDirectory(context.home, flags.lab);
    const placed = requestedPlacement(parsed);
    const boards = requestedBoards(parsed);
    if (flags._report !== null) return runInBackground(context, directory, requested, placed, boards, parsed);
    const running = await tryLab<LabSummary>(directory, { kind: 'hello' }, { signal: context.signal });
    if (running !== null) {
      requireSamePlacement(directory, placed);
      return alreadyRunning(context, running.result, requested, flags.json);
    }
    // Found before anything is started: what cannot be, with every reason.
    const chosen = await choose(context, directory, requested, placed);
    for (const text of [chosen.why, ...chosen.warnings]) if (text !== null) context.terminal.note(text);
    return flags.foreground
      ? runInForeground(context, directory, requested, chosen, boards, parsed)
      : startInBackground(context, directory, requested, chosen, parsed);
  },
});

async function choose(
  { terminal }: CommandContext,
  directory: LabDirectory,
  requested: RequestedLab,
  placed: RequestedPlacement,
): Promise<ChosenRuntime> {
  const plan = planFor(directory, requested)(directory.readPlan());
  const { chooseRuntime } = await import('../runtimes/choose-runtime.ts');
  return chooseRuntime(plan, placed, directory.readPlacement(), {
    ephemeral: false,
    onStep: (text) => terminal.note(text),
  });
}

/** Of a lab that runs. */
function requireSamePlacement(directory: LabDirectory, placed: RequestedPlacement): void {
  const kept: Readonly<Record<string, unknown>> = { ...directory.readPlacement() };
  const different = Object.entries(placed).filter(
    ([name, value]) => value !== 'auto' && JSON.stringify(value) !== JSON.stringify(kept[name]),
  );
  if (different.length === 0) return;
  const lines = different.map(
    ([name, value]) => `  ${name}: ${JSON.stringify(kept[name])}, asked for ${JSON.stringify(value)}\n`,
  );
  throw new Failure(
    'usage',
    `lab ${directory.lab} is running with something else:\n${lines.join('')}Stop it first (wallance down${labOption(directory.lab)}).`,
  );
}

function planFor(directory: LabDirectory, requested: RequestedLab) {
  return (kept: ReturnType<LabDirectory['readPlan']>) =>
    kept === null ? newPlan(directory.lab, requested) : continuedPlan(kept, requested);
}

function alreadyRunning(
  context: CommandContext,
  summary: LabSummary,
  requested: RequestedLab,
  json: boolean,
): ExitCode {
  const { lab } = summary.plan;
  const differences = runningDifferences(summary.plan, requested);
  if (differences.length > 0) {
    throw new Failure(
      'usage',
      `lab ${lab} is running with something else:\n${differences.map((line) => `  ${line}\n`).join('')}` +
        `Stop it first (wallance down${labOption(lab)}) or start another one (wallance up --lab NAME).`,
    );
  }
  if (!json) context.terminal.line(`Lab ${lab} is already running.`);
  printSummary(context, summary, json);
  return EXIT.pass;
}

// --- in the foreground ------------------------------------------------------------------------------------------------

async function startLab(
  context: CommandContext,
  directory: LabDirectory,
  requested: RequestedLab,
  { create, placement }: ChosenRuntime,
  boards: RequestedBoards,
  parsed: UpArguments,
  onEvent: (event: LabEvent) => void,
) {
  const [{ LabProcess }, companion] = await Promise.all([
    import('../lab/lab-process.ts'),
    requestedDashboard(parsed, context.cwd, (text) => onEvent({ kind: 'trouble', text })),
  ]);
  return LabProcess.start({
    ...(companion === null ? {} : { companion }),
    directory,
    plan: planFor(directory, requested),
    runtime: create,
    placement,
    boards,
    inherited: context.inherited,
    signal: context.signal,
    onEvent,
  });
}

async function runInForeground(
  context: CommandContext,
  directory: LabDirectory,
  requested: RequestedLab,
  chosen: ChosenRuntime,
  boards: RequestedBoards,
  parsed: UpArguments,
): Promise<ExitCode> {
  const { terminal } = context;
  const { json } = parsed.flags;
  const progress = new StartProgress(context);
  const lab = await startLab(context, directory, requested, chosen, boards, parsed, (event) => progress.take(event));
  if (lab === null) return joinOther(context, directory, requested, json);
  progress.end();
  printSummary(context, lab.summary, json, directory);
  terminal.note('Ctrl-C stops the lab and keeps its wallets.');
  const watched =
    json || lab.summary.dashboardUrl === null
      ? null
      : watchLab(directory, terminal, context.signal).catch((error: unknown) => terminal.note(messageOf(error)));
  const failure = await lab.ended();
  await watched;
  if (failure === null || failure.code === 'interrupted') {
    terminal.note(`Lab ${directory.lab} is stopped; its wallets are kept.`);
    return failure === null ? EXIT.pass : EXIT.interrupted;
  }
  throw failure;
}

// --- in the background ------------------------------------------------------------------------------------------------

/** The lab process itself. It reports to whoever started it until it is ready, and stops when that one has gone before. */
async function runInBackground(
  context: CommandContext,
  directory: LabDirectory,
  requested: RequestedLab,
  placed: RequestedPlacement,
  boards: RequestedBoards,
  parsed: UpArguments,
): Promise<ExitCode> {
  const { terminal } = context;
  const descriptor = parsed.flags._report!;
  const report = (line: LabReportLine): void => {
    writeSync(descriptor, `${JSON.stringify(line)}\n`);
  };
  let reporting = true;
  try {
    const chosen = await choose(context, directory, requested, placed);
    const lab = await startLab(context, directory, requested, chosen, boards, parsed, (event) => {
      if (reporting) report({ kind: 'event', event });
      terminal.line(`${new Date().toISOString()} ${describeEvent(event)}`);
    });
    if (lab === null) {
      report({ kind: 'busy' });
      return EXIT.pass;
    }
    report({ kind: 'ready', summary: lab.summary });
    reporting = false;
    closeSync(descriptor);
    const failure = await lab.ended();
    if (failure === null) return EXIT.pass;
    throw failure;
  } catch (error) {
    if (reporting && error instanceof Failure) report({ kind: 'failed', code: error.code, message: error.message });
    throw error;
  }
}

async function startInBackground(
  context: CommandContext,
  directory: LabDirectory,
  requested: RequestedLab,
  chosen: ChosenRuntime,
  parsed: UpArguments,
): Promise<ExitCode> {
  const { terminal, signal } = context;
  directory.create();
  const log = openSync(directory.logFile, 'a', 0o600);
  const child = spawn(
    process.execPath,
    [
      programFile('orchestrator/main').file,
      'up',
      ...argumentTexts(parsed, ['foreground', 'json', '_report', 'runtime']),
      `--runtime=${chosen.placement.runtime}`,
      '--_report',
      '3',
    ],
    {
      cwd: context.cwd,
      detached: true,
      env: { ...context.inherited, WALLANCE_HOME: context.home },
      stdio: ['ignore', log, log, 'pipe'],
    },
  );
  closeSync(log);
  const exited = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, by) => done(by === null ? `exit code ${code}` : `ended by ${by}`));
  });
  const onAbort = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', onAbort);
  const progress = new StartProgress(context);
  try {
    for await (const text of createInterface({ input: child.stdio[3] as Readable })) {
      const line = JSON.parse(text) as LabReportLine;
      switch (line.kind) {
        case 'event':
          progress.take(line.event);
          break;
        case 'ready':
          progress.end();
          child.unref();
          printSummary(context, line.summary, parsed.flags.json, directory);
          return EXIT.pass;
        case 'busy':
          return joinOther(context, directory, requested, parsed.flags.json);
        case 'failed':
          await exited;
          throw new Failure(line.code, line.message);
      }
    }
    const how = await exited;
    const said = lastLines(directory.logFile, 20).join('\n');
    if (signal.aborted) throw new Failure('interrupted', 'interrupted; the lab was stopped again');
    throw new Error(`the lab process ended before it was ready (${how}); the end of ${directory.logFile}:\n${said}`);
  } finally {
    terminal.live([]);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Somebody else starts the same lab: waits for that, and takes it as running. */
async function joinOther(
  context: CommandContext,
  directory: LabDirectory,
  requested: RequestedLab,
  json: boolean,
): Promise<ExitCode> {
  const deadlineMs = performance.now() + OTHERS_START_MS_MAX;
  while (performance.now() < deadlineMs && !context.signal.aborted) {
    const running = await tryLab<LabSummary>(directory, { kind: 'hello' }, { signal: context.signal });
    if (running !== null) return alreadyRunning(context, running.result, requested, json);
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
  if (context.signal.aborted) throw new Failure('interrupted', 'interrupted');
  throw new Failure(
    'environment',
    `another process holds lab ${directory.lab} and does not answer: see ${directory.logFile}`,
  );
}

// --- for people -------------------------------------------------------------------------------------------------------

class StartProgress {
  readonly #context: CommandContext;
  #ready = 0;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  take(event: LabEvent): void {
    const { terminal } = this.#context;
    if (event.kind === 'ready') this.#ready++;
    else if (event.kind === 'trouble') terminal.note(event.text);
    if (terminal.interactive) terminal.live([terminal.style('dim', `starting: ${this.#ready} nodes ready`)]);
  }

  end(): void {
    this.#context.terminal.live([]);
  }
}

export function describeEvent(event: LabEvent): string {
  switch (event.kind) {
    case 'broker':
      return `${event.which} broker at ${event.url}`;
    case 'ready':
      return `node ${event.node} ready in ${event.readyMs} ms${event.databaseEmpty ? '' : ', with the wallets it had'}`;
    case 'died':
      return `node ${event.node} has gone: ${event.reason}`;
    case 'stopped':
      return `node ${event.node} is stopped`;
    case 'refused':
      return `node ${event.node} is refused: ${event.reason}`;
    case 'fabric-died':
      return `the fabric has gone: ${event.reason}`;
    case 'trouble':
      return event.text;
  }
}

/** `started`: where the lab that was just started is kept; its token is shown this once. */
function printSummary(
  { terminal }: CommandContext,
  summary: LabSummary,
  json: boolean,
  started: LabDirectory | null = null,
): void {
  const { plan, fabricUrl, controlUrl, dashboardUrl, continued, external } = summary;
  if (json) {
    terminal.json({
      lab: plan.lab,
      profile: plan.profile,
      nodes: plan.seats.map(({ node }) => node),
      fabricUrl,
      controlUrl,
      dashboardUrl,
      continued,
      external,
    });
    return;
  }
  const option = labOption(plan.lab);
  const service = plan.services[0]!;
  const own = plan.seats.filter((seat) => seat.external !== true);
  const buyer = (own[Math.min(2, own.length - 1)] ?? plan.seats[0]!).node;
  terminal.line(
    `Lab ${terminal.style('bold', plan.lab)}: ${plan.seats.length} nodes, profile ${plan.profile}` +
      (continued ? ', going on with the wallets it had' : ''),
  );
  for (const line of textTable(
    [{ title: '' }, { title: '' }],
    [
      ['fabric', fabricUrl ?? ''],
      ['control', controlUrl],
      ['services', plan.services.map(({ name, priceDcoins }) => `${name} (${priceDcoins} DCoin)`).join(', ')],
    ],
    2,
  ).slice(1)) {
    terminal.line(line);
  }
  for (const { node, command } of external) {
    terminal.line(`Node ${node} is started elsewhere, with the passwords of its seat:`);
    terminal.line(command);
  }
  if (dashboardUrl !== null) {
    const token = started?.readToken() ?? null;
    terminal.line(`See it live: ${dashboardUrl}${token === null ? '' : `#token=${token}`}`);
  }
  terminal.line('Next:');
  const next = [
    [`npx wallance watch${option}`, 'nodes and decisions, live'],
    [`npx wallance status${option}`, 'who holds what'],
    [
      `npx wallance buy ${buyer} ${service.name} --wait${option}`,
      `node ${buyer} buys as soon as it has ${service.priceDcoins} DCoin`,
    ],
    [`npx wallance logs ${buyer}${option}`, 'what a node prints'],
    [`npx wallance down${option}`, 'stop; the wallets are kept'],
  ];
  for (const line of textTable([{ title: '' }, { title: '' }], next, 2).slice(1)) terminal.line(line);
}
