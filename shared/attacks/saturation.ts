/**
 * Attacks that raise activations end with most of v at its bound, where no step moves it. GD-UAP (K. R. Mopuri, A.
 * Ganeshan, R. V. Babu, TPAMI 2018) and what came of it then halve v.
 */
import type { Descent } from './descend.ts';
import type { CraftInputs } from './types.ts';

/** Of all values: from here on v may be saturated, and it is where fewer than `still` of them came or went. */
const most = 0.5;
const still = 1e-5;

/** Hooks of a descent that halve v when it is saturated. Nothing saturates under norm 2. */
export function halving({ norm, epsilon }: CraftInputs): Required<Pick<Descent, 'state' | 'afterStep'>> {
  const state = { saturated: 0 };
  return {
    state,
    afterStep(v) {
      if (norm === '2') return;
      const before = state.saturated;
      state.saturated = shareAtBound(v, epsilon);
      if (state.saturated <= most || Math.abs(state.saturated - before) >= still) return;
      for (let i = 0; i < v.length; i++) v[i] = Math.max(-epsilon, Math.min(epsilon, v[i])) / 2;
    },
  };
}

function shareAtBound(v: Float32Array, epsilon: number): number {
  // Float32 may lie a hair below.
  const bound = epsilon * (1 - 1e-6);
  let at = 0;
  for (const value of v) if (Math.abs(value) >= bound) at++;
  return at / v.length;
}
