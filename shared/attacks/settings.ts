/** The settings that the attacks share, and the optimiser that they describe. */
import { z } from 'zod';
import type { Norm } from '#shared/release';
import { adam, momentumSteps, type Optimiser } from './optimisers.ts';

/** How photos are shown. The defaults are those of docs/algorithms.md. */
export const photoSettings = {
  batch: z.int().min(1).max(1024).default(20).describe('photos of a step'),
  flips: z.boolean().default(true).describe('mirror each photo with probability 1/2'),
  shift: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.07)
    .describe('move each photo by up to this share of its side, in both directions (0.07: 16 pixels of 224)'),
  zoom: z
    .number()
    .min(0)
    .max(3)
    .default(0)
    .describe('enlarge each photo by up to this share of its size (0.3: by 1 to 1.3)'),
};

/** How v moves. */
export const stepSettings = {
  optimiser: z
    .enum(['sign-momentum', 'adam'])
    .default('sign-momentum')
    .describe('sign-momentum: steps along the sign (norm inf) or direction (norm 2) of the momentum; or adam'),
  step: z.number().gt(0).max(3).default(0.1).describe('length of the first step, as a share of epsilon'),
  decayTo: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('length of the last step, as a share of the first; half a cosine in between'),
  momentum: z
    .number()
    .min(0)
    .lt(1)
    .default(0.9)
    .describe('share of the momentum that is kept from step to step; sign-momentum only'),
};

/** For z.strictObject({...descentSettings, …}). */
export const descentSettings = { ...photoSettings, ...stepSettings };

/** For attacks whose loss has a label. */
export const targetSetting = {
  target: z.int().min(0).optional().describe('class that photos should be taken for; left out: any but their own'),
};

/** For attacks that several surrogates can be given to. */
export const ensembleSetting = {
  ensemble: z
    .enum(['loss', 'logits'])
    .default('loss')
    .describe('several surrogates: the mean of their losses, or the loss of their mean logits'),
};

/** For attacks that start away from zero. */
export const startSetting = {
  start: z.number().gt(0).max(1).default(0.1).describe('v starts as uniform noise in +-start * epsilon'),
};

/** For attacks that know of hardened surrogates. */
export const evadeSetting = {
  evade: z
    .number()
    .min(0)
    .optional()
    .describe(
      'on a hardened network: weight of how far "non-natural or tampered with" is in front, beside the cosine; left out: 0.1',
    ),
};

/** For attacks that saturate: v ends at the bound, where no step moves it any more. */
export const halveSetting = {
  halve: z
    .boolean()
    .default(false)
    .describe(
      'halve v whenever more than half of its values lie at the bound and hardly any come or go, so that it can move again (norm inf)',
    ),
};

/** What the driver looks at in the settings of any attack. */
export const driverSettings = z.object({ ...targetSetting, ...ensembleSetting });

const steps = z.object(stepSettings);

/** The optimiser for `length` values under a bound. */
export function optimiserOf(
  settings: z.infer<typeof steps>,
  { norm, epsilon }: { norm: Norm; epsilon: number },
  length: number,
): Optimiser {
  // Adam moves every value by about its step: under norm 2, epsilon is spread over all of them.
  const unit = norm === '2' && settings.optimiser === 'adam' ? epsilon / Math.sqrt(length) : epsilon;
  const schedule = { step: settings.step * unit, decayTo: settings.decayTo };
  if (settings.optimiser === 'adam') return adam(length, schedule);
  return momentumSteps(length, { ...schedule, norm, momentum: settings.momentum });
}
