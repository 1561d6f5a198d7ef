/**
 * Runs `work` on every item, `width` at a time. The first failure stops the taking of new items and is thrown once
 * the running ones have ended; an aborted signal does the same with its reason.
 */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  let failure: { error: unknown } | undefined;
  const lane = async () => {
    while (next < items.length && !failure) {
      const item = items[next++];
      try {
        signal?.throwIfAborted();
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  if (failure) throw failure.error;
}

/**
 * Lets pieces of work run at the same time as long as the sizes that they give come to no more than `most`; the others
 * wait for their turn. One that is larger than that runs alone.
 */
export function sharing(most: number): <T>(size: number, work: () => Promise<T>) => Promise<T> {
  let used = 0;
  const waiting: { size: number; start: () => void }[] = [];
  const fits = (size: number) => used === 0 || used + size <= most;
  const next = () => {
    while (waiting.length > 0 && fits(waiting[0].size)) {
      const { size, start } = waiting.shift()!;
      used += size;
      start();
    }
  };
  return async (size, work) => {
    if (size > 0) {
      await new Promise<void>((start) => {
        waiting.push({ size, start });
        next();
      });
    }
    try {
      return await work();
    } finally {
      used -= size;
      next();
    }
  };
}
