/** What is answered where something is not done. Never a stack trace. */
import { z } from 'zod';
import { component, list } from './component.ts';

export const PROBLEM = component(
  'Problem',
  z.strictObject({ path: z.string(), expected: z.string(), found: z.string() }),
);

export const REFUSAL_CODES = [
  /** 400: the request itself; `problems` has all of them. */
  'usage',
  /** 401: the token is missing or wrong. */
  'token',
  /** 403: from another page, or under another name. */
  'foreign',
  /** 404 */
  'unknown',
  /** 405 */
  'method',
  /** 409: understood and not done, e.g. an order that the node refuses. */
  'refused',
  /** 409: this idempotency key was given with another body. */
  'key-reused',
  /** 413 */
  'too-long',
  /** 415 */
  'media-type',
  /** 429 */
  'too-many',
  /** 503: the lab is not in the state that is needed. */
  'environment',
  /** 500: a bug; what it was is in the lab's log. */
  'failed',
] as const;

export const REFUSAL = component(
  'Refusal',
  z.strictObject({
    code: z.enum(REFUSAL_CODES),
    message: z.string().describe('for people, one or more lines'),
    problems: list(PROBLEM).describe('every problem of the request, each shown as `path: expected X, got Y`'),
  }),
);
export type RefusalAnswer = z.output<typeof REFUSAL>;
