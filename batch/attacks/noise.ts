/**
 * Random noise of the same bound: the control that every perturbation is read beside.
 *
 * norm inf: `sign`, every value -epsilon or +epsilon; `uniform` in [-epsilon, epsilon]; `gaussian` of standard
 * deviation epsilon / 2, cut off at the bound. norm 2: the same draws, scaled to length epsilon; Gaussian draws make
 * every direction equally likely.
 */
import { z } from 'zod';
import { project } from '#shared/images';
import type { Norm } from '#shared/release';
import { random } from '../synthetic/index.ts';
import { attack } from './attack.ts';
import { startAt } from './descend.ts';

export const distributions = ['sign', 'uniform', 'gaussian'] as const;
export type Distribution = (typeof distributions)[number];

/** Noise of `length` values that reaches its bound exactly (sign, and norm 2), or stays within it. */
export function noise(
  length: number,
  of: { distribution: Distribution; norm: Norm; epsilon: number; seed: number },
): Float32Array<ArrayBuffer> {
  const draw = random(of.seed, `noise ${of.distribution}`);
  const v = new Float32Array(length);
  const one: Record<Distribution, () => number> = {
    sign: () => (draw.bits() >>> 31 ? 1 : -1),
    uniform: () => 2 * draw.uniform() - 1,
    gaussian: () => draw.normal() / 2,
  };
  const next = one[of.distribution];
  let scale = of.epsilon;
  const values = Float64Array.from({ length }, next);
  if (of.norm === '2') scale /= Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  for (let i = 0; i < length; i++) v[i] = scale * values[i];
  project(v, of.norm, of.epsilon);
  return v;
}

/** The control of a perturbation: random signs of size epsilon, or a random direction of length epsilon. */
export function noiseControl(
  length: number,
  of: { norm: Norm; epsilon: number; seed: number },
): Float32Array<ArrayBuffer> {
  return noise(length, { ...of, distribution: of.norm === 'inf' ? 'sign' : 'gaussian' });
}

export const noiseAttack = attack({
  name: 'noise',
  source: import.meta.url,
  summary: 'Random noise of the same bound, which no model or photo has a part in: the control.',
  paper: null,
  usesModel: false,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    distribution: z
      .enum(distributions)
      .optional()
      .describe('sign, uniform or gaussian; left out: sign under norm inf, gaussian (any direction) under norm 2'),
  }),
  begin(work, { distribution }) {
    const { norm, epsilon, seed } = work.task;
    const v = distribution
      ? noise(work.length, { distribution, norm, epsilon, seed })
      : noiseControl(work.length, { norm, epsilon, seed });
    return { state: { v: startAt(work, v) }, step: async () => false };
  },
});
