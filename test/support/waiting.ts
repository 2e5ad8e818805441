/** Waiting for an observation: with a bound, and with a reason when it does not come. */

const WAIT_MS_MAX = 10_000;
const LOOK_EVERY_MS = 2;

/** Resolves with the first value of `look` that is neither false nor null nor undefined; rejects after `timeoutMs`. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  what: string,
  timeoutMs = WAIT_MS_MAX,
  lookEveryMs = LOOK_EVERY_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== false && value !== null && value !== undefined) return value as NonNullable<T>;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** `promise`, or a rejection that says what did not come within `timeoutMs`. */
export async function within<T>(promise: Promise<T>, what: string, timeoutMs = WAIT_MS_MAX): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms: ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
