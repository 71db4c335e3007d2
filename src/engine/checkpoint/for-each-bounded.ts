// Input and output for many things, a few at a time.

/** Runs an action for each item, so many at a time; stops taking items at the first failure. */
export async function forEachBounded<T>(
  items: readonly T[],
  concurrent: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let hasFailed = false;
  const run = async (): Promise<void> => {
    for (const item of queue) {
      if (hasFailed) return;
      try {
        await action(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const runs = Array.from({ length: Math.min(concurrent, items.length) }, run);
  // All of them, so that nothing still goes on when a failure is reported.
  const results = await Promise.allSettled(runs);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
