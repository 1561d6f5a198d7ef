/** Waiting for what is gone for a while: a database that starts again, a bucket that answers 503, a full disk. */
import { setTimeout as pause } from 'node:timers/promises';
import { UsageError } from '#shared/errors';
import { DamagedError } from './shared-store.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;

export class Patience {
  readonly #say: (text: string) => void;
  readonly #signal: AbortSignal | undefined;
  /** What is gone, and since when. */
  readonly #gone = new Map<string, number>();
  /** When something last went wrong with it. */
  readonly #lastTrouble = new Map<string, number>();

  constructor(say: (text: string) => void, signal?: AbortSignal) {
    this.#say = say;
    this.#signal = signal;
  }

  /**
   * Does something as often as it takes, with pauses that grow to 15 seconds. What is gone is said once, and once when
   * it is back.
   * @param what It is: "database", "store", "disk".
   * @throws What no waiting changes; the signal's reason once it is aborted.
   */
  async through<T>(what: string, work: () => Promise<T>, signal = this.#signal): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      try {
        const result = await work();
        const since = this.#gone.get(what);
        if (since !== undefined) {
          this.#gone.delete(what);
          this.#say(`The ${what} is back after ${Math.ceil((performance.now() - since) / 1000)} s.`);
        }
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        if (isFinal(error)) throw error;
        const now = performance.now();
        this.#lastTrouble.set(what, now);
        if (!this.#gone.has(what)) {
          this.#gone.set(what, now);
          this.#say(`The ${what} cannot be used now (${reasonOf(error)}). Waiting, and trying again.`);
        }
        const longest = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
        await pause(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Milliseconds since something last went wrong with it. */
  quietFor(what: string): number {
    return performance.now() - (this.#lastTrouble.get(what) ?? Number.NEGATIVE_INFINITY);
  }
}

/** Whether waiting changes nothing: bytes that are wrong, wrong usage, and a fault of a program. */
function isFinal(error: unknown): boolean {
  if (error instanceof DamagedError || error instanceof UsageError) return true;
  const { code, name } = error as { code?: string; name?: string };
  // Postgres' classes: what it was given is wrong, nothing that was asked for is there, or it may not be had.
  if (typeof code === 'string' && /^(22|23|42|0A)[0-9A-Z]{3}$/.test(code)) return true;
  return (
    /^(TypeError|RangeError|ReferenceError|SyntaxError|AssertionError|ZodError)$/.test(name ?? '') && !hasCause(error)
  );
}

/** `fetch` says of a connection that fails that it is a TypeError, and keeps why in its cause. */
const hasCause = (error: unknown) => (error as { cause?: unknown }).cause !== undefined;

/** In one line. Of several addresses that were tried, the first that refused. */
export function reasonOf(error: unknown): string {
  const { errors, message, code } = error as AggregateError & NodeJS.ErrnoException;
  if (errors?.length > 0) return reasonOf(errors[0]);
  return (message || code || String(error)).split('\n')[0].replace(/\.$/, '');
}
