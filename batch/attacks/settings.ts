/** The settings that the iterative attacks share, and the optimiser that they describe. */
import { z } from 'zod';
import type { Norm } from '#shared/release';
import { adam, momentumSteps, type Optimiser } from './optimisers.ts';

/** For z.strictObject({...descentSettings, …}). The defaults are those of docs/algorithms.md. */
export const descentSettings = {
  optimiser: z
    .enum(['sign-momentum', 'adam'])
    .default('sign-momentum')
    .describe('sign-momentum: steps along the sign (norm inf) or direction (norm 2) of the momentum; or adam'),
  step: z.number().gt(0).max(2).default(0.1).describe('length of the first step, as a share of epsilon'),
  decayTo: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('what share of the first step the last one has; half a cosine in between'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('share of the momentum that each step keeps (sign-momentum)'),
  batch: z.int().min(1).max(1024).default(20).describe('photos of a step'),
  flips: z.boolean().default(true).describe('mirror each photo with probability 1/2'),
  shift: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.07)
    .describe('move each photo by up to this share of its side, right or left, up or down (16 pixels of 224)'),
};

const parsed = z.object(descentSettings);

/** The optimiser for `length` values under a bound. */
export function optimiserOf(
  of: Pick<z.infer<typeof parsed>, 'optimiser' | 'step' | 'decayTo' | 'momentum'>,
  { norm, epsilon }: { norm: Norm; epsilon: number },
  length: number,
): Optimiser {
  // Adam moves every value by about its step: under norm 2, epsilon is spread over all of them.
  const unit = norm === '2' && of.optimiser === 'adam' ? epsilon / Math.sqrt(length) : epsilon;
  const schedule = { step: of.step * unit, decayTo: of.decayTo };
  if (of.optimiser === 'adam') return adam(length, schedule);
  return momentumSteps(length, { ...schedule, norm, momentum: of.momentum });
}
