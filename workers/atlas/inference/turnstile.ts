/**
 * Lets one piece of work through at a time, in order of arrival: an isolate has 128 MB for all of its concurrent
 * requests, and a decoded photo and a running network take most of it.
 *
 * In workerd a promise settles only while the request that made it is alive, so whoever passes through must be kept
 * alive with ctx.waitUntil until it leaves. Should a holder die all the same, those who wait take over after `leaseMs`.
 */
export class Turnstile {
  #tail: Promise<void> = Promise.resolve();
  #inside = 0;
  readonly #limits: { places: number; leaseMs: number };

  /**
   * @param limits `places`: how many may wait or work at once; `leaseMs`: how long one may wait for the one before it
   */
  constructor(limits: { places: number; leaseMs: number }) {
    this.#limits = limits;
  }

  /** Whether another one may join the queue. */
  admits(): boolean {
    return this.#inside < this.#limits.places;
  }

  /** Runs `work` when all that came before has left. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    let leave = () => {};
    this.#tail = new Promise((resolve) => {
      leave = resolve;
    });
    this.#inside += 1;
    try {
      await withinLease(before, this.#limits.leaseMs);
      return await work();
    } finally {
      this.#inside -= 1;
      leave();
    }
  }
}

async function withinLease(before: Promise<void>, leaseMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, leaseMs);
  });
  await Promise.race([before, expired]);
  if (timer !== undefined) clearTimeout(timer);
}
