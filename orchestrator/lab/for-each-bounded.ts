/** Runs `perform` for every item, at most `limit` at a time. Stops beginning new ones at the first failure, and rejects with it once those under way are done. */
export async function forEachBounded<T>(
  items: readonly T[],
  limit: number,
  perform: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    while (next < items.length && failure === null) {
      const item = items[next++]!;
      try {
        await perform(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
}
