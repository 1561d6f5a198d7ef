/** What a craft may spend: the budget, and the count of what went. */
import type { Budget } from '#shared/release';

/** Where the budget names neither gradients nor seconds, crafting ends here at the latest. */
const mostGradients = 20_000;

/** Gradients that a craft can take at most; null where only seconds limit it. */
export function gradientLimit({ gradients, seconds }: Budget): number | null {
  return gradients ?? (seconds === undefined ? mostGradients : null);
}

/**
 * What an attack sees of the budget. A gradient is one photo's input gradient on one model, also where several models
 * were joined into one. Forward passes are not counted, and cost time alone: those that choose the best iterate, those
 * that weigh samples, and those that stand for a second differentiation.
 */
export interface Allowance {
  /** Gradients taken so far. */
  readonly gradients: number;
  /** Gradients before the budget ends. */
  readonly left: number;
  /** How much of the budget is used, 0..1: of its gradients or of its seconds, whichever is more. */
  readonly progress: number;
  /** Counts gradients as taken. */
  spend(gradients: number): void;
  /** For how many photos, of those wanted, the gradients of so many models are left: at least 1. */
  photos(wanted: number, models: number): number;
}

export class Spending implements Allowance {
  /** What a checkpoint keeps: of the runs before this one, and with the gradients of this one. */
  readonly state = { gradients: 0, seconds: 0 };
  readonly #budget: Budget;
  readonly #limit: number;
  readonly #started = performance.now();

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#limit = gradientLimit(budget) ?? Number.MAX_SAFE_INTEGER;
  }

  get gradients(): number {
    return this.state.gradients;
  }

  /** Seconds of all runs together. */
  get seconds(): number {
    return this.state.seconds + (performance.now() - this.#started) / 1000;
  }

  get left(): number {
    return this.#limit - this.gradients;
  }

  get progress(): number {
    return Math.min(1, Math.max(this.gradients / this.#limit, this.seconds / this.#secondsLimit));
  }

  spend(gradients: number): void {
    this.state.gradients += gradients;
  }

  photos(wanted: number, models: number): number {
    return Math.max(1, Math.min(wanted, Math.floor(this.left / Math.max(1, models))));
  }

  /** The state as it is now, to be put back by another run. */
  now(): { gradients: number; seconds: number } {
    return { gradients: this.gradients, seconds: this.seconds };
  }

  /** For people: gradients, or seconds where those are limited. */
  get shown(): { done: number; total: number } {
    const { seconds } = this.#budget;
    return seconds === undefined
      ? { done: this.gradients, total: this.#limit }
      : { done: Math.min(this.seconds, seconds), total: seconds };
  }

  /** Until gradients or seconds end, at `rate` gradients a second; null while that cannot be told. */
  secondsLeft(rate: number): number | null {
    if (this.progress <= 0) return null;
    const byGradients = rate > 0 ? this.left / rate : Number.POSITIVE_INFINITY;
    const left = Math.min(byGradients, this.#secondsLimit - this.seconds);
    return Number.isFinite(left) ? Math.max(0, left) : null;
  }

  get #secondsLimit(): number {
    return this.#budget.seconds ?? Number.POSITIVE_INFINITY;
  }
}
