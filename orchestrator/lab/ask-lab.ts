/** A command's side of the command socket of a running lab. */
import { Failure } from '../failure.ts';
import { type CommandCall, callCommand } from './command-socket.ts';
import type { LabRequest } from './lab-commands.ts';
import type { LabDirectory } from './lab-directory.ts';

/** The answer to `request`; throws a Failure when the lab does not run. */
export async function askLab<T>(directory: LabDirectory, request: LabRequest, call: CommandCall = {}): Promise<T> {
  const answer = await tryLab<T>(directory, request, call);
  if (answer !== null) return answer.result;
  const option = directory.lab === 'lab' ? '' : ` --lab ${directory.lab}`;
  throw new Failure(
    'environment',
    `lab ${directory.lab} is not running; its wallets are kept: npx wallance up${option}`,
  );
}

/** Null when the lab does not run. */
export async function tryLab<T>(
  directory: LabDirectory,
  request: LabRequest,
  call: CommandCall = {},
): Promise<{ readonly result: T } | null> {
  return (await callCommand(directory.socket, request, call)) as { readonly result: T } | null;
}
