/**
 * From arguments to an exit code: finds the command, parses, performs, and turns what goes wrong into a message and a
 * code. Nothing here touches the process.
 */
import { nearestName } from '../../node/host/nearest-name.ts';
import { describeProblem, shown } from '../../node/protocol/parameters.ts';
import { Failure, type FailureCode } from '../failure.ts';
import { parseArguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { commandHelp, overview } from './help-text.ts';

const EXIT_OF: { readonly [C in FailureCode]: ExitCode } = {
  usage: EXIT.usage,
  environment: EXIT.environment,
  refused: EXIT.failed,
  inconclusive: EXIT.inconclusive,
  artefacts: EXIT.artefacts,
  interrupted: EXIT.interrupted,
};

/**
 * `args` without the interpreter and the script. `describe` says on which program, version and machine a bug came
 * up, for the report.
 */
export async function runCli(
  commands: readonly Command[],
  args: readonly string[],
  context: CommandContext,
  program: { readonly version: string; readonly describe: () => string },
): Promise<ExitCode> {
  const { terminal } = context;
  const [name, ...rest] = args;
  try {
    if (name === '--version' || name === '-V' || name === 'version') {
      terminal.line(program.version);
      return EXIT.pass;
    }
    if (name === undefined || name === '--help' || name === '-h') {
      for (const line of overview(commands, program.version)) terminal.line(line);
      return name === undefined ? EXIT.usage : EXIT.pass;
    }
    if (name === 'help') return help(commands, rest, context, program.version);
    const command = commandNamed(commands, name);
    if (rest.includes('--help') || rest.includes('-h')) return help(commands, [name], context, program.version);
    const result = parseArguments(rest, command.flags, command.positionals);
    if (!result.ok) {
      for (const problem of result.problems) terminal.note(`wallance ${name}: ${describeProblem(problem)}`);
      terminal.note(`wallance help ${name} shows what it takes`);
      return EXIT.usage;
    }
    return await command.perform(context, result.parsed);
  } catch (error) {
    if (error instanceof Failure) {
      terminal.note(`wallance: ${error.message}`);
      return EXIT_OF[error.code];
    }
    if (context.signal.aborted && (error as { name?: unknown } | null)?.name === 'AbortError') return EXIT.interrupted;
    terminal.note('wallance: this is a bug of Wallance Lab. Please report it with these lines:');
    terminal.note(
      `  command: wallance ${args.map((arg) => (/^[\w=./:-]+$/.test(arg) ? arg : JSON.stringify(arg))).join(' ')}`,
    );
    terminal.note(`  ${program.describe()}`);
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    for (const line of stack.split('\n')) terminal.note(`  ${line}`);
    return EXIT.bug;
  }
}

function help(
  commands: readonly Command[],
  names: readonly string[],
  context: CommandContext,
  version: string,
): ExitCode {
  const [name] = names;
  const lines = name === undefined ? overview(commands, version) : commandHelp(commandNamed(commands, name));
  for (const line of lines) context.terminal.line(line);
  return EXIT.pass;
}

function commandNamed(commands: readonly Command[], name: string): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = commands.map((candidate) => candidate.name);
  const nearest = nearestName(name, names);
  throw new Failure(
    'usage',
    `command: expected one of ${names.join(', ')}, got ${shown(name)}${nearest === null ? '' : ` (nearest: ${nearest})`}`,
  );
}
