/**
 * How a command ends without a result: one class for what a person can do something about, told apart from a bug by
 * being this class at all.
 */
import { describeProblem, type Problem } from '../node/protocol/parameters.ts';

export type FailureCode =
  /** Bad arguments or a bad file. */
  | 'usage'
  /** The machine or the lab is not in the state that is needed. */
  | 'environment'
  /** It was understood and is not done: a purchase that the node refuses. */
  | 'refused'
  | 'inconclusive'
  /** Records could not be collected. */
  | 'artefacts'
  | 'interrupted';

export class Failure extends Error {
  readonly code: FailureCode;

  /** `message` is shown as it is, one or more lines. */
  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.code = code;
  }

  /** Every problem at once, one a line. */
  static ofProblems(what: string, problems: readonly Problem[]): Failure {
    const lines = problems.map((problem) => `  ${describeProblem(problem)}`);
    return new Failure('usage', [`${what}:`, ...lines].join('\n'));
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Throws the failure of an interrupted command once `signal` is aborted. */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new Failure('interrupted', 'interrupted');
}
