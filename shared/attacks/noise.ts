/**
 * Random noise of the same bound: the control that every perturbation is read beside.
 *
 * norm inf: `sign`, every value -epsilon or +epsilon; `uniform` in [-epsilon, epsilon]; `gaussian` of standard
 * deviation epsilon / 2, cut off at the bound; `blocks`, one sign for each 4 x 4 pixels of a colour: networks look at
 * coarse patterns more than at fine ones. norm 2: the same draws, scaled to length epsilon; Gaussian draws make every
 * direction equally likely.
 */
import { z } from 'zod';
import { project } from '#shared/images';
import type { Norm } from '#shared/release';
import { random } from '#shared/synthetic';
import { attack } from './attack.ts';
import { startAt } from './descend.ts';

export const distributions = ['sign', 'uniform', 'gaussian', 'blocks'] as const;
export type Distribution = (typeof distributions)[number];

interface Bound {
  norm: Norm;
  epsilon: number;
  seed: number;
}

/** Noise of `length` values that reaches its bound exactly (sign, and norm 2), or stays within it. */
export function noise(
  length: number,
  { distribution, norm, epsilon, seed }: Bound & { distribution: Distribution },
): Float32Array<ArrayBuffer> {
  const draw = random(seed, `noise ${distribution}`);
  const v = new Float32Array(length);
  const sign = () => (draw.bits() >>> 31 ? 1 : -1);
  const one: Record<Distribution, () => number> = {
    sign,
    uniform: () => 2 * draw.uniform() - 1,
    gaussian: () => draw.normal() / 2,
    blocks: blocksOf(length, sign),
  };
  const next = one[distribution];
  let scale = epsilon;
  const values = Float64Array.from({ length }, next);
  if (norm === '2') scale /= Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  for (let i = 0; i < length; i++) v[i] = scale * values[i];
  project(v, norm, epsilon);
  return v;
}

/** Pixels of the side of a block. */
const blockSide = 4;

/** Value after value of planes [3,S,S], each drawn once for a block. */
function blocksOf(length: number, draw: () => number): () => number {
  const size = Math.round(Math.sqrt(length / 3));
  const across = Math.ceil(size / blockSide);
  const row = new Float64Array(across);
  let at = 0;
  return () => {
    const [x, y] = [at % size, Math.floor(at / size) % size];
    at++;
    if (x === 0 && y % blockSide === 0) for (let block = 0; block < across; block++) row[block] = draw();
    return row[Math.floor(x / blockSide)];
  };
}

/** The control of a perturbation: random signs of size epsilon, or a random direction of length epsilon. */
export function noiseControl(length: number, bound: Bound): Float32Array<ArrayBuffer> {
  return noise(length, { ...bound, distribution: bound.norm === 'inf' ? 'sign' : 'gaussian' });
}

export const noiseAttack = attack({
  name: 'noise',
  source: import.meta.url,
  summary: 'Random noise of the same bound, drawn without any model or photo: the control.',
  paper: null,
  usesModel: false,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    distribution: z
      .enum(distributions)
      .optional()
      .describe(
        'sign, uniform, gaussian, or blocks (a sign for each 4 x 4 pixels); left out: sign under norm inf, gaussian (any direction) under norm 2',
      ),
  }),
  begin({ length, task: { norm, epsilon, seed } }, _budget, { distribution }) {
    const v = distribution
      ? noise(length, { distribution, norm, epsilon, seed })
      : noiseControl(length, { norm, epsilon, seed });
    return { state: { v: startAt(length, v) }, step: async () => false };
  },
});

/** The control as an attack with its settings: what is drawn is `noiseControl` of the same bound and seed. */
export const controlRecipe = { attack: noiseAttack.name, settings: {} } as const;

/** Noise that is coarser than the control, and as random. */
export const blocksRecipe = { attack: noiseAttack.name, settings: { distribution: 'blocks' } } as const;

/** Whether an attack with these settings draws the control. */
export function isControl(attack: string, settings: Record<string, unknown>): boolean {
  return attack === noiseAttack.name && settings.distribution === undefined;
}
