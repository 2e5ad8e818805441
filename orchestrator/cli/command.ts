/**
 * A command of the CLI: its arguments as a table, what it does as a function of a context that holds everything it may
 * touch of the outside. Commands end by returning an exit code or by throwing a Failure; they never end the process.
 */
import type { FlagTable, ParsedArguments, Positional } from './arguments.ts';
import type { ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export interface GithubJob {
  /** What is appended to it is shown on the job's page; null where there is none. */
  readonly stepSummaryFile: string | null;
}

export interface CommandContext {
  readonly terminal: Terminal;
  /** Takes everything and shows nothing. */
  readonly silent: Terminal;
  /** Absolute path of the directory that holds labs. */
  readonly home: string;
  readonly cwd: string;
  /** What child processes get of the environment: a path, a language, nothing of secrets. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Aborted by the first Ctrl-C or SIGTERM; a command then cleans up and ends. */
  readonly signal: AbortSignal;
  /** Null where it does not run in GitHub Actions. */
  readonly github: GithubJob | null;
}

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Paragraphs after the table of options. */
  readonly details: readonly string[];
  readonly examples: readonly string[];
  readonly flags: FlagTable;
  readonly positionals: readonly Positional[];
  readonly perform: (context: CommandContext, parsed: ParsedArguments<FlagTable>) => Promise<ExitCode>;
}

/** Declares a command; `perform` gets its flags typed by the table. */
export function defineCommand<const T extends FlagTable>(command: {
  readonly name: string;
  readonly summary: string;
  readonly details?: readonly string[];
  readonly examples?: readonly string[];
  readonly flags: T;
  readonly positionals?: readonly Positional[];
  readonly perform: (context: CommandContext, parsed: ParsedArguments<T>) => Promise<ExitCode>;
}): Command {
  return {
    ...command,
    details: command.details ?? [],
    examples: command.examples ?? [],
    positionals: command.positionals ?? [],
    perform: command.perform as unknown as Command['perform'],
  };
}
