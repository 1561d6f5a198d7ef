import type { CraftProgress } from '#shared/attacks';

/** How often v is told, in milliseconds. */
const TELL_MS = 250;

/** How fast it goes, without the time in which it does not craft. */
export class Pace {
  /** Milliseconds in which it crafted, from any moment on. */
  readonly #clock: () => number;
  #first: { at: number; done: number } | null = null;
  #told = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Whether it is time to tell how far it is. */
  isDue(isLast: boolean): boolean {
    const now = performance.now();
    if (now - this.#told < TELL_MS && !isLast) return false;
    this.#told = now;
    return true;
  }

  times({ done, total, gradients }: Pick<CraftProgress, 'done' | 'total' | 'gradients'>) {
    const at = this.#clock();
    this.#first ??= { at, done: gradients };
    const rate = (1000 * (gradients - this.#first.done)) / Math.max(1, at - this.#first.at);
    return { gradientsPerSecond: rate, secondsLeft: rate > 0 ? (total - done) / rate : null };
  }
}
