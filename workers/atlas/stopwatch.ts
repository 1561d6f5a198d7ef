/**
 * A clock that tells the milliseconds since it was last asked. On Cloudflare a Worker's clock stands still while it
 * computes and moves on when it waits for something, so each reading waits for a timer of no length first.
 */
export async function startStopwatch(): Promise<() => Promise<number>> {
  const now = async () => {
    await scheduler.wait(0);
    return performance.now();
  };
  let last = await now();
  return async () => {
    const time = await now();
    const passed = time - last;
    last = time;
    return milliseconds(passed);
  };
}

/** To a tenth. */
export const milliseconds = (ms: number) => Math.round(ms * 10) / 10;
