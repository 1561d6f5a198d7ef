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
  #bytes = 0;
  readonly #limits: { places: number; bytes: number; leaseMs: number };

  /**
   * @param limits `places`: how many may wait or work at once; `bytes`: how much they may hold together (one alone may
   * hold more);
   *   `leaseMs`: how long one may wait for the one before it
   */
  constructor(limits: { places: number; bytes: number; leaseMs: number }) {
    this.#limits = limits;
  }

  /** Whether another one, which holds so many bytes, may join the queue. */
  admits(bytes: number): boolean {
    return this.#inside === 0 || (this.#inside < this.#limits.places && this.#bytes + bytes <= this.#limits.bytes);
  }

  /** Runs `work` when all that came before has left. */
  async pass<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    let leave = () => {};
    this.#tail = new Promise((resolve) => {
      leave = resolve;
    });
    this.#inside += 1;
    this.#bytes += bytes;
    try {
      await withinLease(before, this.#limits.leaseMs);
      return await work();
    } finally {
      this.#inside -= 1;
      this.#bytes -= bytes;
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
