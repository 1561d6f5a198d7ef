import type { Norm } from '#shared/release';
import type { State } from './state.ts';

/** Moves v down the loss, in place; the caller projects. `progress` runs from 0 to 1 over the budget. */
export interface Optimiser {
  /** What it remembers between steps. */
  readonly state: State;
  step(v: Float32Array, gradient: Float32Array, progress: number): void;
  /**
   * Where the next step would lead along the momentum alone, written to `to`; the caller projects. Not every optimiser
   * has a momentum to follow.
   */
  lookAhead?(v: Float32Array, to: Float32Array, progress: number): void;
}

export interface Schedule {
  /** Length of the first step, in units of 0..255. */
  step: number;
  /** What share of it is left at the end; 1 for steps that stay the same. */
  decayTo: number;
}

/**
 * From `step` to `step * decayTo` along half a cosine (I. Loshchilov, F. Hutter, "SGDR", 2016, arXiv 1608.03983,
 * without restarts).
 */
export function stepAt({ step, decayTo }: Schedule, progress: number): number {
  const share = Math.min(1, Math.max(0, progress));
  return step * (decayTo + ((1 - decayTo) * (1 + Math.cos(Math.PI * share))) / 2);
}

const signOf = (x: number) => (x > 0 ? 1 : x < 0 ? -1 : 0);

/**
 * Momentum over L1-normalised gradients (Y. Dong et al., "Boosting adversarial attacks with momentum", 2017, arXiv
 * 1710.06081): m <- mu m + g / |g|_1, then v <- v - a sign(m) under norm inf, v <- v - a m / |m|_2 under norm 2. The
 * size of g does not matter. Looking ahead (Y. Nesterov 1983; J. Lin et al., "Nesterov accelerated gradient and scale
 * invariance for adversarial attacks", ICLR 2020, arXiv 1908.06281) is mu times a step.
 */
export function momentumSteps(length: number, options: Schedule & { norm: Norm; momentum: number }): Optimiser {
  const m = new Float64Array(length);
  /** to = v less a step along the momentum. */
  const advance = (v: Float32Array, to: Float32Array, a: number) => {
    if (options.norm === 'inf') {
      for (let i = 0; i < length; i++) to[i] = v[i] - a * signOf(m[i]);
      return;
    }
    let squares = 0;
    for (let i = 0; i < length; i++) squares += m[i] * m[i];
    const along = squares > 0 ? a / Math.sqrt(squares) : 0;
    for (let i = 0; i < length; i++) to[i] = v[i] - along * m[i];
  };
  return {
    state: { m },
    step(v, gradient, progress) {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += Math.abs(gradient[i]);
      const scale = sum > 0 ? 1 / sum : 0;
      for (let i = 0; i < length; i++) m[i] = options.momentum * m[i] + scale * gradient[i];
      advance(v, v, stepAt(options, progress));
    },
    lookAhead: (v, to, progress) => advance(v, to, options.momentum * stepAt(options, progress)),
  };
}

/**
 * Adam (D. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2014, arXiv 1412.6980), with its betas of 0.9
 * and 0.999.
 */
export function adam(length: number, options: Schedule): Optimiser {
  const [beta1, beta2] = [0.9, 0.999];
  const first = new Float64Array(length);
  const second = new Float64Array(length);
  const state = { first, second, steps: 0 };
  return {
    state,
    step(v, gradient, progress) {
      state.steps += 1;
      const a = stepAt(options, progress);
      const [bias1, bias2] = [1 - beta1 ** state.steps, 1 - beta2 ** state.steps];
      for (let i = 0; i < length; i++) {
        const g = gradient[i];
        first[i] = beta1 * first[i] + (1 - beta1) * g;
        second[i] = beta2 * second[i] + (1 - beta2) * g * g;
        // Gradients with respect to pixels are small: an epsilon of 1e-8 would be of their size.
        v[i] -= (a * (first[i] / bias1)) / (Math.sqrt(second[i] / bias2) + 1e-20);
      }
    },
  };
}
