/**
 * Refused input, as a value with its evidence. The list of codes is closed; an unfunded request is not on it,
 * because it waits. Source: R-18.
 */
export const REJECTION_CODES = [
  'malformed',
  'oversized',
  'bad-field',
  'work-insufficient',
  'unknown-service',
  'wrong-price',
  'unknown-voter',
  'unknown-requester',
  'self-vote',
  'sender-mismatch',
  'late',
  'duplicate',
  'conflicting',
  'evicted',
] as const;

export type RejectionCode = (typeof REJECTION_CODES)[number];

export interface Rejection {
  readonly code: RejectionCode;
  /** Kind of the refused message, `unknown` where it could not be decoded. */
  readonly message: string;
  /** Who sent it, as the transport says; null where nobody vouches for a sender. */
  readonly sender: string | null;
  /** Field or place the refusal is about, e.g. `remainingUnits`, `bytes`. */
  readonly where: string;
  readonly expected: string;
  /** What was found, shortened to at most 80 printable characters. */
  readonly found: string;
}

/** Remote text made safe for a log line: control characters escaped, at most 80 characters. */
export function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  const cut = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function rejection(
  code: RejectionCode,
  message: string,
  sender: string | null,
  where: string,
  expected: string,
  found: unknown,
): Rejection {
  return { code, message, sender, where, expected, found: printable(found) };
}
