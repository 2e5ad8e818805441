/**
 * The programmer's assertion. A broken invariant is a bug of ours: nobody catches it, the process ends,
 * and the message carries the values. Input from outside never reaches one.
 */
export function invariant(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${typeof message === 'string' ? message : message()}`);
}
