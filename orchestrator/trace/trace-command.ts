/**
 * `wallance trace FILE.yaml [--json]`: runs a hand-written message schedule and tells what came of it. It reads one
 * file and writes to the two streams it is given; it touches nothing else.
 */
import { readFile } from 'node:fs/promises';
import { describeProblem, shown } from '../../node/protocol/parameters.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { FileProblem } from '../files/yaml-source.ts';
import { runSchedule, type TraceResult } from './run-schedule.ts';
import { readSchedule, type Schedule } from './schedule.ts';
import { TRACE_HELP, TRACE_USAGE } from './trace-help.ts';
import { traceJson } from './trace-json.ts';
import { closingLines, failureLines, headLine, stepLines } from './trace-log.ts';

export interface TraceStreams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/**
 * `args`: what follows `trace` on the command line. Returns the exit code: 0 all expectations hold, 1 one does not,
 * 64 the file or the arguments are bad, 70 a bug of this project.
 */
export async function traceCommand(args: string[], io: TraceStreams): Promise<ExitCode> {
  try {
    return await trace(args, io);
  } catch (error) {
    io.stderr('wallance trace: this is a bug of Wallance Lab. Please report it with the file and these lines:\n');
    io.stderr(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EXIT.bug;
  }
}

async function trace(args: readonly string[], io: TraceStreams): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout(TRACE_HELP);
    return EXIT.pass;
  }
  const options = args.filter((arg) => arg.startsWith('-'));
  const files = args.filter((arg) => !arg.startsWith('-'));
  const faults = options
    .filter((option) => option !== '--json')
    .map((option) => `${option}: expected --json or nothing`);
  if (files.length !== 1)
    faults.push(`FILE: expected one file, got ${files.length === 0 ? 'none' : files.map(shown).join(' and ')}`);
  if (faults.length > 0) {
    for (const fault of faults) io.stderr(`wallance trace: ${fault}\n`);
    io.stderr(`${TRACE_USAGE}\n`);
    return EXIT.usage;
  }
  return traceFile(files[0]!, options.length > 0, io);
}

async function traceFile(file: string, json: boolean, io: TraceStreams): Promise<ExitCode> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    io.stderr(`wallance trace: ${file} cannot be read: ${(error as Error).message}\n`);
    return EXIT.usage;
  }
  const read = readSchedule(text);
  if (!read.ok) {
    for (const problem of read.problems) io.stderr(`${problemLine(file, problem)}\n`);
    return EXIT.usage;
  }
  const { schedule } = read;
  const result = runSchedule(schedule);
  if (!json) printLog(file, schedule, result, io);
  if (!result.ok) {
    io.stderr(`${problemLine(file, result.problem)}\n`);
    return EXIT.usage;
  }
  const { run } = result;
  if (json) {
    io.stdout(`${JSON.stringify(traceJson(run), null, 2)}\n`);
    for (const line of failureLines(run.failures, schedule.members)) io.stderr(`${line}\n`);
  }
  return run.failures.length === 0 ? EXIT.pass : EXIT.failed;
}

function printLog(file: string, schedule: Schedule, result: TraceResult, io: TraceStreams): void {
  const { records, view } = result.ok ? result.run : result;
  const lines = [headLine(file, schedule)];
  for (const record of records) lines.push(...stepLines(record, view));
  if (result.ok) lines.push(...closingLines(result.run));
  io.stdout(`${lines.join('\n')}\n`);
}

function problemLine(file: string, problem: FileProblem): string {
  return `${file}:${problem.line}: ${describeProblem(problem)}`;
}
