/** The same key is the same request: it is performed once, and its answer given again. Keeps the last keys only. */
import { createHash } from 'node:crypto';
import { ApiRefusal } from './api-refusal.ts';
import { LIMITS } from './limits.ts';

interface Known<T> {
  readonly digest: string;
  readonly answer: Promise<T>;
}

export class Idempotency<T> {
  readonly #known = new Map<string, Known<T>>();

  /** `request`: JSON-able; another one under a known key is refused. What was thrown is thrown again. */
  perform(key: string, request: unknown, perform: () => Promise<T>): Promise<T> {
    const digest = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    const known = this.#known.get(key);
    if (known !== undefined) {
      if (known.digest === digest) return known.answer;
      throw new ApiRefusal('key-reused', 'this Idempotency-Key was given with another body');
    }
    const answer = perform();
    answer.catch(() => {});
    this.#known.set(key, { digest, answer });
    if (this.#known.size > LIMITS.idempotencyKeysKept) this.#known.delete(this.#known.keys().next().value!);
    return answer;
  }
}
